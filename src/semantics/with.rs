//! `with`.

use pyo3_ffi as ffi;

use super::attributes::{Method, bound, find_special};
use super::calls::ARGUMENTS_OFFSET;
use super::words::Word;
use crate::cpython::functions as api;
use crate::embed::Python;
use crate::thread::owned::{Owned, pointer};
use crate::thread::{Result, errors};

/// A manager's bound `__enter__` and `__exit__`.
#[derive(Debug)]
pub struct Manager {
    /// The method that enters.
    pub enter: Owned,
    /// The method that leaves.
    pub exit: Owned,
}

/// Looks up both methods of a manager.
pub fn manager(python: &Python, manager: &Owned) -> Result<Manager> {
    let Some(enter) = find_special(python, manager, Word::Enter)? else {
        let format = c"'%.200s' object does not support the context manager protocol";
        return Err(errors::type_error_of(format, manager));
    };
    let Some(exit) = find_special(python, manager, Word::Exit)? else {
        let format = c"'%.200s' object does not support the context manager protocol (missed __exit__ method)";
        return Err(errors::type_error_of(format, manager));
    };
    Ok(Manager { enter: bound_method(enter, manager)?, exit: bound_method(exit, manager)? })
}

/// The result of `__exit__` for an exception.
pub fn exit(python: &Python, exit: &Owned, object: Option<&Owned>, exception: &Owned) -> Result<Owned> {
    // SAFETY: the exception is alive.
    let traceback = unsafe { Owned::maybe(ffi::PyException_GetTraceback(exception.as_ptr())) };
    let traceback = traceback.unwrap_or_else(|| Owned::none(python));
    let mut arguments =
        [std::ptr::null_mut(), pointer(object), exception.class().cast(), exception.as_ptr(), traceback.as_ptr()];
    let skipped = if object.is_some() { 1 } else { 2 };
    let count = (arguments.len() - skipped) | ARGUMENTS_OFFSET;
    // SAFETY: the objects are alive, and there is a slot before the arguments.
    unsafe {
        let first = arguments.as_mut_ptr().add(skipped);
        Owned::new(api::PyObject_Vectorcall(exit.as_ptr(), first, count, std::ptr::null_mut()))
    }
}

/// A method bound to its object.
fn bound_method(method: Method, object: &Owned) -> Result<Owned> {
    if method.takes_object { bound(&method.callable, object) } else { Ok(method.callable) }
}
