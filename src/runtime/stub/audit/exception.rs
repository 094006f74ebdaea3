//! What the audit asks about exceptions.

use pyo3_ffi as ffi;

use crate::cpython::current_exception;

/// Whether an exception says nothing about the function that it came from: memory or stack ran out, or an interrupt
/// arrived.
///
/// # Safety
/// The thread is attached, and `error` an exception or null.
pub unsafe fn is_no_answer(error: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller promises both; the classes are CPython's own.
    unsafe {
        let is = |class| ffi::PyErr_GivenExceptionMatches(error, class) != 0;
        !error.is_null() && (is(ffi::PyExc_MemoryError) || is(ffi::PyExc_RecursionError) || !is(ffi::PyExc_Exception))
    }
}

/// Drops a reference. A destructor must not see the current exception.
///
/// # Safety
/// The thread is attached, and the caller has the reference, or null.
pub unsafe fn drop_behind_exception(object: *mut ffi::PyObject) {
    // SAFETY: the caller promises both; what is taken is set again.
    unsafe {
        let error = current_exception::take();
        ffi::Py_XDECREF(object);
        if !error.is_null() {
            current_exception::set(error);
        }
    }
}
