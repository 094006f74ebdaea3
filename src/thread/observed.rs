//! Who observes how functions run: trace and profile functions, and an evaluator of frames (PEP 523). While somebody
//! does, the original of a compiled function runs.

use pyo3_ffi as ffi;

use crate::cpython::Layout;
use crate::cpython::unowned::{_PyEval_EvalFrameDefault, _PyInterpreterState_GetEvalFrameFunc, FrameEvaluator};
use crate::embed::Python;

/// Whether the thread has a trace or a profile function.
#[inline]
pub fn is_traced(_: &Python) -> bool {
    const TRACE: usize = Layout::CURRENT.thread_trace as usize;
    const PROFILE: usize = TRACE - size_of::<usize>();
    // SAFETY: the thread is attached; the fields are at the layout's offsets.
    unsafe {
        let thread = ffi::PyThreadState_Get();
        thread.byte_add(TRACE).cast::<usize>().read() != 0 || thread.byte_add(PROFILE).cast::<usize>().read() != 0
    }
}

/// Whether frames are evaluated by something else than CPython's own interpreter.
#[inline]
pub fn has_evaluator(_: &Python) -> bool {
    let own: FrameEvaluator = _PyEval_EvalFrameDefault;
    // SAFETY: the thread is attached; the call only reads a pointer.
    let found = unsafe { _PyInterpreterState_GetEvalFrameFunc(ffi::PyInterpreterState_Get()) };
    !std::ptr::fn_addr_eq(found, own)
}
