//! Python functions: the fields of the object that their calls depend on, and the replacement of their vectorcall.
//!
//! From 3.12 on, the interpreter calls a function whose vectorcall is not CPython's own through it. 3.11 ignores a
//! replaced one (`CALL` in Python/ceval.c), so there it stays as it is.

use std::sync::OnceLock;

use pyo3_ffi as ffi;

#[cfg(Py_3_12)]
use super::functions;
use super::layout::Layout;
use crate::embed::{Exception, Python};

type PyObject = *mut ffi::PyObject;

/// A vectorcall function that may run Python code, so that the interpreter may end the thread in it.
pub type VectorcallFunction = unsafe extern "C-unwind" fn(PyObject, *const PyObject, usize, PyObject) -> PyObject;

/// Whether the interpreter calls a function through its vectorcall.
pub const HEEDS_VECTORCALL: bool = cfg!(Py_3_12);

/// The least version of a function that stands for its present state. 3.14 and later mark a function whose version was
/// taken away with 1 (`FUNC_VERSION_CLEARED` in `Include/internal/pycore_function.h`).
const FIRST_VERSION: u32 = 2;

/// The parts of a function that decide what its version stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionState {
    version: u32,
    code: PyObject,
    /// The number of defaults, which CPython's specialized calls count on; -1 for none.
    defaults: isize,
}

/// # Safety
/// `function` is a Python function, and `offset` that of a field of this type.
unsafe fn field<T>(function: PyObject, offset: i32) -> *mut T {
    // SAFETY: the caller promises a field of the object.
    unsafe { function.byte_add(offset as usize).cast() }
}

/// The code of a function, borrowed.
///
/// # Safety
/// `function` is a live Python function.
#[inline]
pub unsafe fn code(function: PyObject) -> PyObject {
    // SAFETY: the layout's offset, proven at start-up.
    unsafe { *field(function, Layout::CURRENT.python_function_code) }
}

/// The tuple of a function's defaults, borrowed; null for none.
///
/// # Safety
/// `function` is a live Python function.
#[inline]
pub unsafe fn defaults(function: PyObject) -> PyObject {
    // SAFETY: as above.
    unsafe { *field(function, Layout::CURRENT.python_function_defaults) }
}

/// The dict of the defaults of a function's keyword-only parameters, borrowed; null for none.
///
/// # Safety
/// `function` is a live Python function.
#[inline]
pub unsafe fn keyword_defaults(function: PyObject) -> PyObject {
    // SAFETY: as above.
    unsafe { *field(function, Layout::CURRENT.python_function_keyword_defaults) }
}

/// The vectorcall of a function.
///
/// # Safety
/// `function` is a live Python function.
pub unsafe fn vectorcall(function: PyObject) -> Option<VectorcallFunction> {
    // SAFETY: as above; null stands for none.
    unsafe { *field(function, Layout::CURRENT.python_function_vectorcall) }
}

/// CPython's own vectorcall of Python functions: that of a fresh function. It is not exported by all versions.
///
/// # Errors
/// If memory runs out.
pub fn own_vectorcall(python: &Python) -> Result<VectorcallFunction, Exception> {
    static OWN: OnceLock<VectorcallFunction> = OnceLock::new();
    if let Some(own) = OWN.get() {
        return Ok(*own);
    }
    let globals = python.namespace()?;
    // SAFETY: the thread is attached; the texts are C strings; a fresh function is alive, and has a vectorcall.
    let own = unsafe {
        let code = python.owned(ffi::PyCode_NewEmpty(c"".as_ptr(), c"".as_ptr(), 0).cast())?;
        let function = python.owned(ffi::PyFunction_New(code.as_ptr(), globals.as_ptr()))?;
        vectorcall(function.as_ptr())
    };
    let own = own.ok_or_else(|| Exception::new("SystemError", "a Python function has no vectorcall"))?;
    Ok(*OWN.get_or_init(|| own))
}

/// The state of a function for which its version stands; to be taken before its vectorcall is replaced.
///
/// # Safety
/// `function` is a live Python function.
pub unsafe fn state(function: PyObject) -> FunctionState {
    // SAFETY: as the caller promises.
    unsafe {
        let defaults = defaults(function);
        FunctionState {
            version: *version(function),
            code: code(function),
            defaults: if defaults.is_null() { -1 } else { ffi::PyTuple_GET_SIZE(defaults) },
        }
    }
}

/// Replaces the vectorcall of a function. Its callers notice, since the function loses its version.
///
/// # Safety
/// The thread is attached, `function` is a live Python function, and `address` is that of a vectorcall function that
/// stays callable until [`give_back`].
pub unsafe fn replace_vectorcall(function: PyObject, address: *const u8) {
    #[cfg(Py_3_12)]
    // SAFETY: as the caller promises.
    unsafe {
        functions::PyFunction_SetVectorcall(function, address);
    }
    #[cfg(not(Py_3_12))]
    {
        let _ = (function, address);
    }
}

/// Puts CPython's own vectorcall back, with the version that the function had before it was replaced, so that callers
/// are specialized again; unless the function has changed since.
///
/// # Safety
/// The thread is attached; the memory of the function is still that of a Python function, which may be dying; `own` is
/// CPython's own vectorcall; `before` is its state before the vectorcall was replaced.
pub unsafe fn give_back(function: PyObject, own: VectorcallFunction, before: &FunctionState) {
    // SAFETY: as the caller promises. Whoever knew the replaced vectorcall knew that the function has no version.
    unsafe {
        field::<VectorcallFunction>(function, Layout::CURRENT.python_function_vectorcall).write(own);
        let now = FunctionState { version: before.version, ..state(function) };
        if before.version >= FIRST_VERSION && now == *before {
            version(function).write(before.version);
        }
    }
}

/// The version of a function, which is after its vectorcall.
///
/// # Safety
/// `function` is a live Python function.
unsafe fn version(function: PyObject) -> *mut u32 {
    const AFTER_VECTORCALL: i32 = size_of::<VectorcallFunction>() as i32;
    // SAFETY: as above.
    unsafe { field(function, Layout::CURRENT.python_function_vectorcall + AFTER_VECTORCALL) }
}
