//! The handled exception: what `sys.exc_info()` tells.

use pyo3_ffi as ffi;

use super::owned::{Owned, pointer};
use crate::cpython::functions as api;
use crate::embed::Python;

/// The one of this function or one that called it.
pub fn current(_: &Python) -> Option<Owned> {
    // SAFETY: the thread is attached; the reference is handed over.
    unsafe { Owned::maybe(ffi::PyErr_GetHandledException()) }
}

/// Makes an exception the handled one of the running function or generator, or none.
pub fn set(_: &Python, exception: Option<&Owned>) {
    // SAFETY: the thread is attached, and the exception alive; null means none.
    unsafe { api::PyErr_SetHandledException(pointer(exception)) };
}

/// What [`current`] tells, where it is of the running function or generator itself: CPython keeps a list of handled
/// exceptions, one for each generator that runs, and what its end restores must be its own.
pub fn own(python: &Python) -> Option<Owned> {
    let handled = current(python)?;
    set(python, None);
    let outer = current(python);
    set(python, Some(&handled));
    match outer {
        // It shone through from outside (or is handled there, too: then it will).
        Some(outer) if outer.as_ptr() == handled.as_ptr() => {
            set(python, None);
            None
        }
        _ => Some(handled),
    }
}
