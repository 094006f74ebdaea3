//! The error of too many nested calls.

use pyo3_ffi as ffi;

/// Raises the `RecursionError` of a call of a Python function, for which nothing is left.
///
/// # Safety
/// The thread is the attached one.
pub unsafe fn raise(thread: *mut ffi::PyThreadState) {
    // 3.11 makes the error with a reserve of 50 calls, since that is a call too. CPython has counted by then, and takes it back itself.
    #[cfg(not(Py_3_12))]
    // SAFETY: the thread is attached; the field is proven.
    unsafe {
        let offset = super::layout::Layout::CURRENT.frame.thread.recursion_remaining;
        *thread.byte_offset(offset as isize).cast::<i32>() -= 1;
        super::unowned::_Py_CheckRecursiveCall(thread, c"".as_ptr());
    }
    #[cfg(Py_3_12)]
    // SAFETY: the thread is attached; exceptions live for ever.
    unsafe {
        let _ = thread;
        super::unowned::PyErr_SetString(ffi::PyExc_RecursionError, c"maximum recursion depth exceeded".as_ptr());
    }
}
