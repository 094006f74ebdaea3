//! The current exception: raising one with CPython's messages, taking it away, putting it back.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use super::owned::Owned;
use super::{Raised, Result};
use crate::cpython::{current_exception, functions as api};

/// Raises an exception with a fixed message.
pub fn raise(class: *mut ffi::PyObject, text: &CStr) -> Raised {
    // SAFETY: the thread is attached, as for all code that runs here; the class is an exception class.
    unsafe { ffi::PyErr_SetString(class, text.as_ptr()) };
    Raised
}

/// A `TypeError`.
pub fn type_error(text: &CStr) -> Raised {
    // SAFETY: exceptions live for ever.
    raise(unsafe { ffi::PyExc_TypeError }, text)
}

/// A `SystemError`: the code or the state is not one that the decoder and compiled code make.
pub fn system_error(text: &CStr) -> Raised {
    // SAFETY: exceptions live for ever.
    raise(unsafe { ffi::PyExc_SystemError }, text)
}

/// A `RuntimeError`.
pub fn runtime_error(text: &CStr) -> Raised {
    // SAFETY: exceptions live for ever.
    raise(unsafe { ffi::PyExc_RuntimeError }, text)
}

/// Raises an exception whose format has one `%s` for the name of an object's type.
pub fn raise_of_type(class: *mut ffi::PyObject, format: &'static CStr, object: &Owned) -> Raised {
    // SAFETY: the thread is attached, the object alive, and so is its type's name; the callers' formats have one `%s`.
    unsafe { ffi::PyErr_Format(class, format.as_ptr(), (*object.class()).tp_name) };
    Raised
}

/// A `TypeError` whose format has one `%s` for the name of an object's type.
pub fn type_error_of(format: &'static CStr, object: &Owned) -> Raised {
    // SAFETY: exceptions live for ever.
    raise_of_type(unsafe { ffi::PyExc_TypeError }, format, object)
}

/// Whether the current exception is of a class.
pub fn current_is(class: *mut ffi::PyObject) -> bool {
    // SAFETY: the thread is attached; the callers have an exception set.
    unsafe { ffi::PyErr_ExceptionMatches(class) != 0 }
}

/// Whether there is a current exception.
pub fn is_set() -> bool {
    // SAFETY: the thread is attached.
    unsafe { !ffi::PyErr_Occurred().is_null() }
}

/// Forgets the current exception.
pub fn clear() {
    // SAFETY: the thread is attached.
    unsafe { api::PyErr_Clear() };
}

/// The result of a lookup that failed because there is nothing. If the current exception is of this class, it is
/// cleared; others stay set.
pub fn absent(class: *mut ffi::PyObject) -> Result<Option<Owned>> {
    if !current_is(class) {
        return Err(Raised);
    }
    clear();
    Ok(None)
}

/// Takes the current exception away, normalized and with its traceback on it.
pub fn take() -> Option<Owned> {
    // SAFETY: the thread is attached; the reference is handed over.
    unsafe { Owned::maybe(current_exception::take()) }
}

/// Whether the current exception is an instance, not a class with the arguments for one.
pub fn is_instance() -> bool {
    // SAFETY: the thread is attached.
    unsafe { current_exception::is_instance() }
}

/// Makes an exception the current one without changes: it gets no context.
pub fn restore(exception: Owned) -> Raised {
    // SAFETY: the thread is attached; the reference is handed over.
    unsafe { current_exception::set(exception.into_ptr()) };
    Raised
}
