//! The current exception, as one reference.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

/// Takes the current exception and unsets it; null if there is none.
///
/// # Safety
/// The thread is attached.
pub unsafe fn take_raised() -> *mut ffi::PyObject {
    // SAFETY: the caller promises it; PyErr_Fetch hands over the references.
    #[allow(deprecated, reason = "PyErr_GetRaisedException is not in 3.11")]
    unsafe {
        let (mut class, mut value, mut traceback) = (null_mut(), null_mut(), null_mut());
        ffi::PyErr_Fetch(&mut class, &mut value, &mut traceback);
        ffi::PyErr_NormalizeException(&mut class, &mut value, &mut traceback);
        if !traceback.is_null() {
            ffi::PyException_SetTraceback(value, traceback);
            ffi::Py_DECREF(traceback);
        }
        ffi::Py_XDECREF(class);
        value
    }
}

/// Sets an exception again.
///
/// # Safety
/// The thread is attached, and `error` an exception, whose reference this takes over.
pub unsafe fn restore(error: *mut ffi::PyObject) {
    // SAFETY: the caller promises both; PyErr_Restore takes over the references.
    #[allow(deprecated, reason = "PyErr_SetRaisedException is not in 3.11")]
    unsafe {
        let class = ffi::Py_TYPE(error).cast::<ffi::PyObject>();
        ffi::Py_INCREF(class);
        ffi::PyErr_Restore(class, error, ffi::PyException_GetTraceback(error));
    }
}

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
pub unsafe fn drop_keeping_exception(object: *mut ffi::PyObject) {
    // SAFETY: the caller promises both; what is fetched is restored.
    #[allow(deprecated, reason = "PyErr_GetRaisedException is not in 3.11")]
    unsafe {
        let (mut class, mut value, mut traceback) = (null_mut(), null_mut(), null_mut());
        ffi::PyErr_Fetch(&mut class, &mut value, &mut traceback);
        ffi::Py_XDECREF(object);
        ffi::PyErr_Restore(class, value, traceback);
    }
}
