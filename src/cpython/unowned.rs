//! CPython's functions that are called while no reference is owned.
//!
//! They may run Python code, and thus release the GIL and acquire it again. Up to 3.13, a daemon thread that does this
//! while the interpreter shuts down is ended by unwinding, so their callers must have nothing to drop. Some are
//! declared here only because pyo3-ffi does not declare them, or declares that they do not unwind.

use std::ffi::{c_char, c_int, c_long, c_void};

use pyo3_ffi as ffi;

pub use super::functions::unwrapped::*;

type Object = *mut ffi::PyObject;

/// A function that evaluates frames (PEP 523).
pub type FrameEvaluator = unsafe extern "C-unwind" fn(*mut ffi::PyThreadState, *mut c_void, c_int) -> Object;

#[allow(clashing_extern_declarations, reason = "the declarations of pyo3-ffi say that nothing unwinds")]
unsafe extern "C-unwind" {
    pub fn PyArg_Parse(argument: Object, format: *const c_char, ...) -> c_int;
    pub fn PyArg_ParseTuple(arguments: Object, format: *const c_char, ...) -> c_int;
    pub fn PyArg_ParseTupleAndKeywords(
        arguments: Object,
        keywords: Object,
        format: *const c_char,
        names: *const *const c_char,
        ...
    ) -> c_int;
    pub fn PyBuffer_Release(view: *mut ffi::Py_buffer);
    pub fn PyObject_GetBuffer(object: Object, view: *mut ffi::Py_buffer, flags: c_int) -> c_int;
    pub fn PyErr_Format(exception: Object, format: *const c_char, ...) -> Object;
    pub fn PyErr_SetString(exception: Object, message: *const c_char);
    pub fn PyLong_AsLong(object: Object) -> c_long;

    // The functions that Argument Clinic's wrappers call for these C types (Objects/longobject.c), exported by 3.11 to
    // 3.15.
    pub fn _PyLong_UnsignedShort_Converter(object: Object, variable: *mut c_void) -> c_int;
    pub fn _PyLong_UnsignedInt_Converter(object: Object, variable: *mut c_void) -> c_int;
    pub fn _PyLong_UnsignedLong_Converter(object: Object, variable: *mut c_void) -> c_int;
    pub fn _PyLong_Size_t_Converter(object: Object, variable: *mut c_void) -> c_int;

    /// Evaluates a frame, unless another evaluator was installed. Only its address is taken.
    pub fn _PyEval_EvalFrameDefault(thread: *mut ffi::PyThreadState, frame: *mut c_void, throwing: c_int) -> Object;
    pub fn _PyInterpreterState_GetEvalFrameFunc(interpreter: *mut ffi::PyInterpreterState) -> FrameEvaluator;
    pub fn _PyInterpreterState_SetEvalFrameFunc(interpreter: *mut ffi::PyInterpreterState, evaluator: FrameEvaluator);
}
