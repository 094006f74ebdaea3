//! Code as function pointers, and the warning if the system refuses it.

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3_ffi as ffi;

use crate::lower::CompileError;

/// The one place that turns code into a function pointer.
pub(crate) fn method_pointer(code: NonNull<u8>) -> ffi::PyMethodDefPointer {
    // SAFETY: the code is that of a METH_ function, and a function pointer is an address; CPython casts it back by the
    // definition's flags before it calls it.
    let function = unsafe { std::mem::transmute::<NonNull<u8>, ffi::PyCFunction>(code) };
    ffi::PyMethodDefPointer { PyCFunction: function }
}

/// The system refuses executable memory.
pub(crate) fn refused(error: io::Error) -> CompileError {
    let error = CompileError::ExecutableMemory(error);
    warn_once(&error);
    error
}

/// If executable memory is refused, there is one warning, however many callables stay unspecialized.
pub(crate) fn warn_once(error: &CompileError) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if matches!(error, CompileError::ExecutableMemory(_)) && !WARNED.swap(true, Ordering::Relaxed) {
        log::warn!(target: "typedcall", "{error}");
    }
}
