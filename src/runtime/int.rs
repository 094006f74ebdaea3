//! The value of an `int` read from its digits: what compiled code calls where the inline test for one digit fails.

use pyo3_ffi::PyObject;

use super::layout::{DIGIT_BITS, IntForm, Layout, TAG_SHIFT, TAG_SIGN_MASK};

/// A 64-bit number has at most this many digits of 30 bits.
const MAX_DIGITS: i64 = 3;

/// The value of an `int`, unless it has more than 90 bits.
///
/// # Safety
/// `object` is an `int` (or an instance of a subclass), laid out as `layout` says.
pub unsafe fn value_of(object: *mut PyObject, layout: &Layout) -> Option<i128> {
    let base = object.cast::<u8>();
    // SAFETY: the caller promises an int of this layout, so the size field lies within the object.
    let size = unsafe { base.offset(layout.int.size as isize).cast::<i64>().read() };
    let (count, sign) = match layout.int.form {
        IntForm::SignedSize => (size.abs(), size.signum()),
        IntForm::Tag => (size >> TAG_SHIFT, 1 - (size & TAG_SIGN_MASK)),
    };
    if count > MAX_DIGITS {
        return None;
    }
    let digits = base.wrapping_offset(layout.int.digits as isize).cast::<u32>();
    let mut magnitude = 0i128;
    for index in (0..count as usize).rev() {
        // SAFETY: the int has `count` digits.
        magnitude = magnitude << DIGIT_BITS | i128::from(unsafe { digits.add(index).read() });
    }
    Some(magnitude * i128::from(sign))
}

/// Writes the value of an `int` to `out` if it fits; says whether it does. Runs no Python code.
///
/// # Safety
/// `object` is an `int` of the running interpreter, `out` may be written.
pub unsafe extern "C" fn unbox_i64(object: *mut PyObject, out: *mut i64) -> i32 {
    // SAFETY: the caller promises both.
    unsafe { store(value_of(object, &Layout::CURRENT).and_then(|value| i64::try_from(value).ok()), out) }
}

/// As [`unbox_i64`], for the numbers from 0 to 2^64 - 1.
///
/// # Safety
/// `object` is an `int` of the running interpreter, `out` may be written.
pub unsafe extern "C" fn unbox_u64(object: *mut PyObject, out: *mut u64) -> i32 {
    // SAFETY: the caller promises both.
    unsafe { store(value_of(object, &Layout::CURRENT).and_then(|value| u64::try_from(value).ok()), out) }
}

/// # Safety
/// `out` may be written.
unsafe fn store<T>(value: Option<T>, out: *mut T) -> i32 {
    match value {
        Some(value) => {
            // SAFETY: the caller promises that `out` may be written.
            unsafe { out.write(value) };
            1
        }
        None => 0,
    }
}
