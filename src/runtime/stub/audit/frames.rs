//! Counts the Python frames that this thread enters during a call, through the interpreter's frame evaluator (PEP 523).
//!
//! The garbage collector is off meanwhile, since finalizers of other garbage are not the function's.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pyo3_ffi as ffi;

use crate::cpython::unowned::{
    _PyInterpreterState_GetEvalFrameFunc, _PyInterpreterState_SetEvalFrameFunc, FrameEvaluator,
};

use super::Record;

thread_local! {
    /// The innermost audit of this thread that watches.
    static CURRENT: Cell<*mut Record> = const { Cell::new(null_mut()) };
}

/// Audits of all threads that watch, the evaluator that was in place before the first of them, and whether garbage was
/// collected then. The GIL orders every access.
static WATCHING: AtomicUsize = AtomicUsize::new(0);
static EVALUATOR: AtomicUsize = AtomicUsize::new(0);
static COLLECTED: AtomicBool = AtomicBool::new(false);

unsafe extern "C-unwind" fn count_frame(
    thread_state: *mut ffi::PyThreadState,
    frame: *mut c_void,
    throws: c_int,
) -> *mut ffi::PyObject {
    let current = CURRENT.get();
    // SAFETY: a record is on its stub's stack until `end_watch`; the evaluator is the one that was in place.
    unsafe {
        if !current.is_null() {
            (*current).frames += 1;
        }
        evaluator()(thread_state, frame, throws)
    }
}

/// The evaluator that was in place.
///
/// # Safety
/// An audit watches.
unsafe fn evaluator() -> FrameEvaluator {
    // SAFETY: the stored value is the address of an evaluator.
    unsafe { std::mem::transmute::<usize, FrameEvaluator>(EVALUATOR.load(Ordering::Relaxed)) }
}

/// # Safety
/// The thread is attached; `record` is not moved until [`end_watch`].
pub unsafe fn begin_watch(record: *mut Record) {
    // SAFETY: the caller promises both; the functions take the stored types.
    unsafe {
        if WATCHING.fetch_add(1, Ordering::Relaxed) == 0 {
            let interpreter = ffi::PyInterpreterState_Get();
            EVALUATOR.store(_PyInterpreterState_GetEvalFrameFunc(interpreter) as usize, Ordering::Relaxed);
            _PyInterpreterState_SetEvalFrameFunc(interpreter, count_frame);
            COLLECTED.store(ffi::PyGC_Disable() != 0, Ordering::Relaxed);
        }
        (*record).outer = CURRENT.replace(record);
    }
}

/// # Safety
/// The condition of [`begin_watch`], which came before.
pub unsafe fn end_watch(record: *mut Record) {
    // SAFETY: as in `begin_watch`; the restored evaluator was in place there. An evaluator that others put in place
    // meanwhile stays.
    unsafe {
        CURRENT.set((*record).outer);
        if WATCHING.fetch_sub(1, Ordering::Relaxed) == 1 {
            let interpreter = ffi::PyInterpreterState_Get();
            if _PyInterpreterState_GetEvalFrameFunc(interpreter) as usize == count_frame as *const () as usize {
                _PyInterpreterState_SetEvalFrameFunc(interpreter, evaluator());
            }
            if COLLECTED.load(Ordering::Relaxed) {
                ffi::PyGC_Enable();
            }
        }
    }
}
