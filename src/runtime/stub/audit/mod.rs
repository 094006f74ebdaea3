//! Audits: checks whether underlying functions keep the promises of their signatures. The code of audited stubs calls
//! these functions.
//!
//! An audited stub calls [`begin`] before the underlying function, [`end`] after it, and then [`returned`] with its
//! result as an object, or [`raised`]. A broken promise is a `SystemError` that names it and both values. A method that
//! promises `pure` or `borrowed_result` is also called through its wrapper, before its underlying function. A method is
//! accused only if it is certain.
//!
//! | file | content |
//! | --- | --- |
//! | `frames` | `no_python`: counts the Python frames that a call enters |
//! | `references` | borrowed and new results: counts their references |
//! | `compare` | `pure`: whether two results are the same |
//! | `exception` | whether an exception says something about the function; objects that die while one is set |

mod compare;
mod exception;
mod frames;
mod references;

use std::ffi::c_int;
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::cell::original_in;
use crate::cpython::current_exception;
use crate::lower::{Promises, RECORD_WORDS};
use exception::{drop_behind_exception, is_no_answer};

/// The most objects of one call, with the receiver.
const MAX_OBJECTS: usize = crate::metadata::MAX_PARAMETERS + 1;

/// The state before a call, on the stack of the audited stub.
#[repr(C)]
pub struct Record {
    /// The objects of the call, borrowed from the stub's caller, the receiver first, and their number.
    objects: *const *mut ffi::PyObject,
    count: usize,
    /// The names of the last ones, a tuple or null.
    names: *mut ffi::PyObject,
    /// Their reference counts.
    references: [isize; MAX_OBJECTS],
    /// The result or the exception of the wrapper, owned; both null if it was not called.
    wrapper_result: *mut ffi::PyObject,
    wrapper_error: *mut ffi::PyObject,
    /// The reference count of the wrapper's result.
    result_references: isize,
    /// Python frames that this thread entered since [`begin`].
    frames: usize,
    /// The audit around this one.
    outer: *mut Record,
}

const _: () = assert!(size_of::<Record>() == RECORD_WORDS * size_of::<usize>());

/// Called before the underlying function is called with these objects, the last ones by these names. `wrapper_result`
/// is the result of the wrapper for them, which the record takes over; null if it was not called, or raised.
///
/// # Safety
/// The thread is attached, `objects` has `count` live objects, and `record` room for one.
pub unsafe extern "C-unwind" fn begin(
    _cell: *mut ffi::PyObject,
    promises: Promises,
    record: *mut Record,
    objects: *const *mut ffi::PyObject,
    count: usize,
    names: *mut ffi::PyObject,
    wrapper_result: *mut ffi::PyObject,
) {
    // SAFETY: the caller promises all of it.
    unsafe {
        let failed = promises.need_wrapper() && wrapper_result.is_null();
        record.write(Record {
            objects,
            count: count.min(MAX_OBJECTS),
            names,
            references: [0; MAX_OBJECTS],
            wrapper_result,
            // Also null if there is no wrapper.
            wrapper_error: if failed { current_exception::take() } else { null_mut() },
            result_references: if wrapper_result.is_null() { 0 } else { ffi::Py_REFCNT(wrapper_result) },
            frames: 0,
            outer: null_mut(),
        });
        for index in 0..(*record).count {
            (*record).references[index] = ffi::Py_REFCNT(*objects.add(index));
        }
        if promises.has(Promises::NO_PYTHON) {
            frames::begin_watch(record);
        }
    }
}

/// Called after the underlying function, which returned `result` (null if that is not an object). Returns 0; or -1 with
/// a `SystemError` set, and with a result given up that the caller would have owned.
///
/// # Safety
/// The condition of [`begin`], which came before with the same record; `cell` is a live cell.
pub unsafe extern "C-unwind" fn end(
    cell: *mut ffi::PyObject,
    promises: Promises,
    record: *mut Record,
    result: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: the caller promises all of it; a result that is not null is a live object.
    unsafe {
        if promises.has(Promises::NO_PYTHON) {
            frames::end_watch(record);
        }
        let original = original_in(cell);
        let is_object = promises.has(Promises::OBJECT_RESULT) && !result.is_null();
        let mut owned = is_object && !promises.has(Promises::BORROWED_RESULT);
        let mut broken = check_raised(original, promises) || check_frames(original, promises, (*record).frames);
        if !broken && is_object {
            broken = references::check(original, promises, &*record, result);
            // If the count shows that the reference is not the caller's, there is none to give up.
            owned = false;
        }
        if !broken {
            return 0;
        }
        give_up(record);
        if owned {
            drop_behind_exception(result);
        }
        -1
    }
}

/// # Safety
/// The thread is attached, the original alive.
unsafe fn check_raised(original: *mut ffi::PyObject, promises: Promises) -> bool {
    // SAFETY: the caller promises both.
    unsafe {
        if !promises.has(Promises::NEVER_RAISES) || ffi::PyErr_Occurred().is_null() {
            return false;
        }
        let error = current_exception::take();
        ffi::PyErr_Format(
            ffi::PyExc_SystemError,
            c"%R promises never to raise, but its underlying function raised %R".as_ptr(),
            original,
            error,
        );
        drop_behind_exception(error);
        true
    }
}

/// # Safety
/// The thread is attached, the original alive.
unsafe fn check_frames(original: *mut ffi::PyObject, promises: Promises, frames: usize) -> bool {
    if !promises.has(Promises::NO_PYTHON) || frames == 0 {
        return false;
    }
    // SAFETY: the caller promises both.
    unsafe {
        // The exception of the function is of no interest any more.
        ffi::PyErr_Clear();
        ffi::PyErr_Format(
            ffi::PyExc_SystemError,
            c"%R promises no_python, which is 0 Python frames, but its underlying function entered %zu".as_ptr(),
            original,
            frames,
        );
    }
    true
}

/// The result of an audited call as an object, which is passed on; null with an exception set if the wrapper's outcome
/// differs.
///
/// # Safety
/// The condition of [`end`], which came before; `result` is a live object, whose reference this takes over, or null.
pub unsafe extern "C-unwind" fn returned(
    cell: *mut ffi::PyObject,
    promises: Promises,
    record: *mut Record,
    result: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the caller promises all of it.
    unsafe {
        let (expected, error) = ((*record).wrapper_result, (*record).wrapper_error);
        if is_no_answer(error) {
            // The wrapper was interrupted: that is the outcome, and nothing is compared.
            (*record).wrapper_error = null_mut();
            current_exception::set(error);
        } else if promises.has(Promises::PURE) && !result.is_null() {
            if !error.is_null() {
                differ(original_in(cell), c"returned %R and its wrapper raised %R", result, error);
            } else if !expected.is_null() && !compare::is_same(expected, result) {
                differ(original_in(cell), c"returned %R and its wrapper returned %R", result, expected);
            }
        }
        give_up(record);
        if result.is_null() || ffi::PyErr_Occurred().is_null() {
            return result;
        }
        drop_behind_exception(result);
        null_mut()
    }
}

/// Called after an audited call that raised. Replaces the exception by a `SystemError` if the wrapper's outcome
/// differs.
///
/// # Safety
/// The condition of [`end`], which came before.
pub unsafe extern "C-unwind" fn raised(cell: *mut ffi::PyObject, promises: Promises, record: *mut Record) {
    // SAFETY: the caller promises all of it.
    unsafe {
        let (expected, expected_error) = ((*record).wrapper_result, (*record).wrapper_error);
        let was_called = !expected.is_null() || !expected_error.is_null();
        let error = current_exception::take();
        if error.is_null() {
            let format = c"%R returned an error without an exception from its underlying function".as_ptr();
            ffi::PyErr_Format(ffi::PyExc_SystemError, format, original_in(cell));
        } else if !promises.has(Promises::PURE)
            || !was_called
            || is_no_answer(error)
            || is_no_answer(expected_error)
            || !expected_error.is_null() && compare::is_same_exception(error, expected_error)
        {
            current_exception::set(error);
        } else {
            if expected_error.is_null() {
                differ(original_in(cell), c"raised %R and its wrapper returned %R", error, expected);
            } else {
                differ(original_in(cell), c"raised %R and its wrapper raised %R", error, expected_error);
            }
            drop_behind_exception(error);
        }
        give_up(record);
    }
}

/// Raises an error about a pure method that did one thing while its wrapper did another.
///
/// # Safety
/// The thread is attached, all three are live objects, and the outcomes have two `%R`.
unsafe fn differ(
    original: *mut ffi::PyObject,
    outcomes: &std::ffi::CStr,
    mine: *mut ffi::PyObject,
    wrappers: *mut ffi::PyObject,
) {
    // SAFETY: the caller promises the objects; a text that can't be made leaves its own exception.
    unsafe {
        let text = ffi::PyUnicode_FromFormat(outcomes.as_ptr(), mine, wrappers);
        if !text.is_null() {
            let format = c"%R promises pure, but its underlying function %U".as_ptr();
            ffi::PyErr_Format(ffi::PyExc_SystemError, format, original, text);
            drop_behind_exception(text);
        }
    }
}

/// Drops the objects of the record, with or without a current exception.
///
/// # Safety
/// The thread is attached, and the record initialized.
unsafe fn give_up(record: *mut Record) {
    // SAFETY: the record owns both.
    unsafe {
        drop_behind_exception(std::mem::replace(&mut (*record).wrapper_result, null_mut()));
        drop_behind_exception(std::mem::replace(&mut (*record).wrapper_error, null_mut()));
    }
}
