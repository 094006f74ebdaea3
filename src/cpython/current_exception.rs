//! The current exception, as one object on all versions. CPython keeps it in this form since 3.12; before, it was a
//! class, a value and a traceback, and the value was not always an instance.

use pyo3_ffi as ffi;

use super::functions;

type Object = *mut ffi::PyObject;

/// Takes the current exception away: an instance with its traceback, owned, or null.
///
/// # Safety
/// The thread is attached.
pub unsafe fn take() -> Object {
    #[cfg(Py_3_12)]
    // SAFETY: the thread is attached.
    unsafe {
        ffi::PyErr_GetRaisedException()
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: the thread is attached; the references are handed over, or null.
    unsafe {
        let (mut class, mut value, mut traceback) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
        ffi::PyErr_Fetch(&mut class, &mut value, &mut traceback);
        if class.is_null() {
            return class;
        }
        functions::PyErr_NormalizeException(&mut class, &mut value, &mut traceback);
        if !value.is_null() {
            let none = ffi::Py_None();
            functions::PyException_SetTraceback(value, if traceback.is_null() { none } else { traceback });
        }
        ffi::Py_XDECREF(traceback);
        ffi::Py_XDECREF(class);
        value
    }
}

/// Makes an exception the current one without changes: it gets no context.
///
/// # Safety
/// The thread is attached; the exception is an instance, and its reference is handed over.
pub unsafe fn set(exception: Object) {
    #[cfg(Py_3_12)]
    // SAFETY: as the caller promises.
    unsafe {
        functions::PyErr_SetRaisedException(exception);
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: as the caller promises; class and traceback get references of their own.
    unsafe {
        let class = ffi::Py_NewRef(ffi::Py_TYPE(exception).cast());
        let traceback = ffi::PyException_GetTraceback(exception);
        functions::PyErr_Restore(class, exception, traceback);
    }
}

/// Whether the current exception is an instance, not a class with the value for making one.
///
/// # Safety
/// The thread is attached.
pub unsafe fn is_instance() -> bool {
    #[cfg(Py_3_12)]
    {
        true
    }
    #[cfg(not(Py_3_12))]
    // SAFETY: the thread is attached; the references are handed over, or null, and given back.
    unsafe {
        let (mut class, mut value, mut traceback) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
        ffi::PyErr_Fetch(&mut class, &mut value, &mut traceback);
        let is_instance = !value.is_null() && ffi::PyExceptionInstance_Check(value) != 0;
        functions::PyErr_Restore(class, value, traceback);
        is_instance
    }
}
