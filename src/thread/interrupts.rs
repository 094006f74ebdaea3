//! Interrupts that wait until running code serves them: signal handlers, other threads, asynchronous exceptions,
//! garbage collection.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};

use pyo3_ffi as ffi;

use super::owned::{Owned, succeeded};
use super::traceback::drop_head;
use super::{Result, errors, once};
use crate::cpython::proof::is_eval_breaker_proven;
use crate::cpython::{EvalBreaker, Layout, functions as api};
use crate::embed::{Object, Python};

/// Serves waiting interrupts, as CPython does at backward jumps and after calls.
#[inline]
pub fn serve(python: &Python) -> Result {
    if nothing_waits(python) { Ok(()) } else { serve_pending(python) }
}

/// Whether nothing waits. If the flag can't be found, something may wait.
#[inline]
fn nothing_waits(python: &Python) -> bool {
    static PROVEN: OnceLock<bool> = OnceLock::new();
    *PROVEN.get_or_init(|| is_eval_breaker_proven(python)) && flag(python) == 0
}

#[inline]
fn flag(_: &Python) -> i32 {
    // SAFETY: the thread is attached; both states live while it is, and the flag was proven to be at this offset.
    unsafe {
        match Layout::CURRENT.eval_breaker {
            EvalBreaker::OfInterpreter(offset) => {
                let flag = ffi::PyInterpreterState_Get().byte_add(offset as usize).cast::<AtomicI32>();
                (*flag).load(Ordering::Relaxed)
            }
            // The low bits of a word; its low byte is first.
            EvalBreaker::OfThread(offset) => {
                let flag = ffi::PyThreadState_Get().byte_add(offset as usize).cast::<AtomicU8>();
                (*flag).load(Ordering::Relaxed).into()
            }
        }
    }
}

#[cold]
fn serve_pending(python: &Python) -> Result {
    // SAFETY: the thread is attached.
    if let Some(status) = unsafe { api::handle_pending() } {
        return succeeded(status);
    }
    // Only a call of a Python function serves all interrupts.
    let result = nothing(python)?.call();
    if result.is_err() {
        drop_head();
    }
    result.map(drop)
}

/// A Python function that does nothing. Making it runs no Python code, so that its caller serves the waiting
/// interrupts.
fn nothing(python: &Python) -> Result<Owned> {
    static NOTHING: OnceLock<Object> = OnceLock::new();
    let function = once(&NOTHING, || {
        const FILE_INPUT: std::ffi::c_int = 257;
        // SAFETY: the thread is attached; both are C strings.
        let source = unsafe {
            let (text, file) = (c"def nothing(): pass", c"<typedcall>");
            Owned::new(ffi::Py_CompileString(text.as_ptr(), file.as_ptr(), FILE_INPUT))?
        };
        let globals = python.namespace().map_err(|_| errors::system_error(c"there is no namespace"))?;
        // SAFETY: the thread is attached; a code object's constants are a tuple, which keeps its items alive.
        unsafe {
            let constants = Owned::new(ffi::PyObject_GetAttrString(source.as_ptr(), c"co_consts".as_ptr()))?;
            let code = (0..ffi::PyTuple_GET_SIZE(constants.as_ptr()))
                .map(|index| ffi::PyTuple_GET_ITEM(constants.as_ptr(), index))
                .find(|constant| ffi::PyCode_Check(*constant) != 0)
                .ok_or_else(|| errors::system_error(c"a module that defines a function has its code"))?;
            let function = Owned::new(api::PyFunction_New(code, globals.as_ptr()))?;
            Ok(function.into_object(python))
        }
    })?;
    Ok(Owned::of(python, function))
}
