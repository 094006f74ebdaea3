//! The UTF-8 of a string that is not compact ASCII, for compiled code.

use std::ffi::c_char;
use std::ptr::null;

use pyo3_ffi as ffi;

use crate::cpython::layout::{Layout, TEXT_COMPACT, TEXT_KIND_MASK, TEXT_KIND_SHIFT};

/// The UTF-8 of an exact `str`, which keeps it for as long as it lives, with its number of bytes in `length`; null if
/// it has none (lone surrogates) or memory runs out. Raises nothing and runs no Python code.
///
/// # Safety
/// The thread is attached, `text` is an exact `str`, `length` can be written.
pub unsafe extern "C" fn utf8(text: *mut ffi::PyObject, length: *mut ffi::Py_ssize_t) -> *const c_char {
    // SAFETY: the caller promises a string.
    if unsafe { has_surrogates(text) } {
        return null();
    }
    // SAFETY: the caller promises a string, and room for the length. Only running out of memory may be raised: CPython
    // keeps that exception ready, so neither making nor clearing it runs other code.
    unsafe {
        let found = ffi::PyUnicode_AsUTF8AndSize(text, length);
        if found.is_null() {
            ffi::PyErr_Clear();
        }
        found
    }
}

/// Whether encoding a string may fail. `PyUnicode_AsUTF8AndSize` would raise an exception, and making that may collect
/// garbage (3.11), and so run any code.
///
/// # Safety
/// `text` is an exact `str`.
unsafe fn has_surrogates(text: *mut ffi::PyObject) -> bool {
    let layout = Layout::CURRENT.text;
    let at = |offset: i32| text.cast::<u8>().wrapping_offset(offset as isize);
    // SAFETY: every string has a state and a length, at these offsets.
    let (state, length) = unsafe { (at(layout.state).cast::<u32>().read(), at(layout.length).cast::<usize>().read()) };
    if state & TEXT_COMPACT == 0 {
        // Strings of 3.11 that were made through functions long deprecated: the original can handle them.
        return true;
    }
    let characters = at(layout.other_data);
    match state >> TEXT_KIND_SHIFT & TEXT_KIND_MASK {
        // SAFETY: a compact string that is not ASCII has `length` characters of this size after its header.
        2 => unsafe { std::slice::from_raw_parts(characters.cast::<u16>(), length) }
            .iter()
            .any(|character| is_surrogate(u32::from(*character))),
        // SAFETY: as above.
        4 => unsafe { std::slice::from_raw_parts(characters.cast::<u32>(), length) }
            .iter()
            .any(|character| is_surrogate(*character)),
        _ => false,
    }
}

fn is_surrogate(character: u32) -> bool {
    (0xd800..0xe000).contains(&character)
}
