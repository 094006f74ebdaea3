//! From CPython's calling convention to Rust and back: one entry point for all functions of the module.

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::arguments::FastcallArguments;
use super::method_error::MethodError;
use super::state;
use crate::callable::Error;
use crate::embed::{Object, Python};

/// A function of the module.
pub trait NativeMethod {
    /// Its name in Python.
    const NAME: &'static CStr;
    /// Its text signature and its docstring.
    const DOC: &'static CStr;
    /// The number of its arguments.
    const ARITY: usize;

    /// The call.
    fn call(python: &Python, arguments: &FastcallArguments<'_>) -> Result<Object, MethodError>;
}

/// The definition of a function.
pub const fn method<M: NativeMethod>() -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: M::NAME.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: entry::<M> },
        ml_flags: ffi::METH_FASTCALL,
        ml_doc: M::DOC.as_ptr(),
    }
}

unsafe extern "C" fn entry<M: NativeMethod>(
    _module: *mut ffi::PyObject,
    objects: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    caught(|python| {
        // SAFETY: METH_FASTCALL: an array of that many objects, which the caller keeps through the call.
        let arguments = unsafe { FastcallArguments::new(objects, count) };
        if arguments.len() != M::ARITY {
            let name = M::NAME.to_string_lossy();
            return Err(MethodError::Type(format!("{name}() takes {} arguments, not {}", M::ARITY, arguments.len())));
        }
        M::call(python, &arguments)
    })
    .map_or(null_mut(), Object::into_ptr)
}

/// Runs a function that CPython called, on its attached thread. If it fails or panics, an exception is set, and the
/// result is `None`.
pub fn caught<T>(body: impl FnOnce(&Python) -> Result<T, MethodError>) -> Option<T> {
    // SAFETY: CPython calls with the GIL held, and it is held on return.
    let python = unsafe { Python::assume_attached() };
    // A panic can leave only a stub half done, to which nothing refers yet; poisoned locks are taken all the same.
    match catch_unwind(AssertUnwindSafe(|| body(&python))) {
        Ok(Ok(value)) => return Some(value),
        Ok(Err(MethodError::Error(Error::Python(exception)))) if exception.restore_urgent(&python) => {}
        Ok(Err(MethodError::Error(error))) => raise(&python, state::error_class(), &text_of(&error)),
        Ok(Err(MethodError::NotCompiled(refused))) => raise(&python, state::error_class(), &refused.to_string()),
        // SAFETY: a static of libpython, set before any code of ours runs.
        Ok(Err(MethodError::Type(text))) => raise(&python, unsafe { ffi::PyExc_TypeError }, &text),
        Ok(Err(MethodError::Current)) => {}
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
            let text = format!("typedcall panicked ({text}): this is a bug in it, please report it");
            // SAFETY: as above.
            raise(&python, unsafe { ffi::PyExc_SystemError }, &text);
        }
    }
    None
}

/// An error's text, in Python's terms if the crate's text names things that Python does not have.
fn text_of(error: &Error) -> String {
    match error {
        Error::Untyped(name) => {
            format!("{name} has no typed metadata: an extension declares it with typedcall.h (typedcall.get_include())")
        }
        error => error.to_string(),
    }
}

/// Sets an exception; if there is no memory for its text, a `MemoryError` is set instead.
fn raise(_: &Python, class: *mut ffi::PyObject, text: &str) {
    // SAFETY: the thread is attached; the class is alive; the bytes are UTF-8 and live through the call, which copies
    // them.
    unsafe {
        let message = ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t);
        if !message.is_null() {
            ffi::PyErr_SetObject(class, message);
            ffi::Py_DECREF(message);
        }
    }
}
