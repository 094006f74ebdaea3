//! The handled exception, which `sys.exc_info()` returns.

use pyo3_ffi as ffi;

use super::owned::{Owned, pointer};
use crate::cpython::functions as api;
use crate::embed::Python;

/// The handled exception of this function or of one of its callers.
pub fn current(_: &Python) -> Option<Owned> {
    // SAFETY: the thread is attached; the reference is handed over.
    unsafe { Owned::maybe(ffi::PyErr_GetHandledException()) }
}

/// Sets the handled exception of the running function or generator, or sets none.
pub fn set(_: &Python, exception: Option<&Owned>) {
    // SAFETY: the thread is attached, and the exception alive; null means none.
    unsafe { api::PyErr_SetHandledException(pointer(exception)) };
}

/// The result of [`current`] if it belongs to the running function or generator itself. CPython keeps a list of handled
/// exceptions, one for each running generator; the end of a generator must restore its own.
pub fn own(python: &Python) -> Option<Owned> {
    let handled = current(python)?;
    set(python, None);
    let outer = current(python);
    set(python, Some(&handled));
    match outer {
        // It is the exception of an outer function. (If it is also handled here, it stays visible either way.)
        Some(outer) if outer.as_ptr() == handled.as_ptr() => {
            set(python, None);
            None
        }
        _ => Some(handled),
    }
}
