//! Calls that take the fallback are counted by reason. Nothing here panics or runs Python code.

use std::sync::atomic::Ordering;

use pyo3_ffi as ffi;

use super::cell::{guards_in, is_changed};
use super::counters::FALLBACKS;
use super::fallback_reason::FallbackReason;
use super::guards::GuardedCall;

/// Counts a call that takes the fallback, by its reason. Compiled code calls this before the original.
///
/// # Safety
/// The thread is attached, and `cell` is that of a stub which counts its calls. `args` has first `receivers` objects,
/// then arguments: `given` live objects in total, followed by one for each element of `names`, a tuple, or null for
/// none. `receiver` is the live object that the call is made on, if it is not among `args`; or null.
pub unsafe extern "C-unwind" fn count_fallback(
    cell: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    given: usize,
    names: *mut ffi::PyObject,
    receivers: usize,
    receiver: *mut ffi::PyObject,
) {
    // SAFETY: the caller promises a live cell and the arguments. The watched words are at the provider's addresses.
    let reason = unsafe {
        match guards_in(cell) {
            None => FallbackReason::Other,
            Some(own) if own.foreign.is_some_and(|foreign| is_changed(foreign)) => FallbackReason::Changed,
            Some(_) if given < receivers => FallbackReason::Arity,
            Some(own) => {
                let named = if names.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(names) };
                own.guards.reason(&GuardedCall {
                    receiver: if receivers == 0 { receiver } else { *args },
                    class: own.class,
                    args: args.add(receivers),
                    given: given - receivers,
                    names,
                    named: usize::try_from(named).unwrap_or(0),
                    parameters: own.parameters,
                    foreign: own.foreign,
                })
            }
        }
    };
    if let Some(counter) = FALLBACKS.get(reason as usize) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
