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

    // Frames of the interpreter (`Include/internal/pycore_ceval.h`, `pycore_frame.h`); the first is exported by 3.11 to 3.15, the others
    // from 3.13 on.
    pub fn _PyEval_EvalFrameDefault(thread: *mut ffi::PyThreadState, frame: *mut c_void, throwing: c_int) -> Object;
    #[cfg(Py_3_13)]
    pub fn _PyEval_FrameClearAndPop(thread: *mut ffi::PyThreadState, frame: *mut c_void);
    #[cfg(Py_3_13)]
    pub fn _PyThreadState_PopFrame(thread: *mut ffi::PyThreadState, frame: *mut c_void);
    #[cfg(Py_3_15)]
    pub fn _PyThreadState_PushFrame(thread: *mut ffi::PyThreadState, words: usize) -> *mut c_void;
    #[cfg(not(Py_3_12))]
    pub fn _Py_CheckRecursiveCall(thread: *mut ffi::PyThreadState, place: *const c_char) -> c_int;
    pub fn PyThreadState_GetFrame(thread: *mut ffi::PyThreadState) -> Object;

    pub fn _PyInterpreterState_GetEvalFrameFunc(interpreter: *mut ffi::PyInterpreterState) -> FrameEvaluator;
    pub fn _PyInterpreterState_SetEvalFrameFunc(interpreter: *mut ffi::PyInterpreterState, evaluator: FrameEvaluator);
}
