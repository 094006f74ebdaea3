//! The limit on the depth of calls.

use std::cell::Cell;

use pyo3_ffi as ffi;

use crate::cpython::Behaviour;

use crate::embed::Python;

use super::{Raised, Result, errors};

thread_local! {
    /// The number of functions that run in this thread's loops.
    static DEPTH: Cell<i32> = const { Cell::new(0) };
    /// The address below which this thread's stack must not grow; zero if it is not known.
    static STACK_END: usize = stack_end();
}

/// The part of the stack that is left to functions without a check of their own.
const RESERVE: usize = 192 << 10;

/// That part for a stack of this size: half of a small stack (`threading.stack_size`).
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn reserve(size: usize) -> usize {
    RESERVE.min(size / 2)
}

/// Checks that there is enough stack for a function that CPython counts itself.
///
/// # Errors
/// `RecursionError` if there is not.
pub fn check_room(python: &Python) -> Result {
    if has_room(python) { Ok(()) } else { Err(raise()) }
}

/// Whether there is enough stack for a function that CPython counts itself.
#[inline]
pub fn has_room(_: &Python) -> bool {
    let marker = 0_u8;
    (&raw const marker as usize) >= STACK_END.with(|end| *end)
}

/// Counts a call against CPython's own recursion limit, where C and Python calls count together.
///
/// # Errors
/// `RecursionError`, with CPython's own text; then the call is not counted.
pub fn enter_call(_: &Python) -> Result {
    // SAFETY: the thread is attached; a C string.
    match unsafe { ffi::Py_EnterRecursiveCall(c"".as_ptr()) } {
        0 => Ok(()),
        _ => Err(Raised),
    }
}

/// The end of a call that [`enter_call`] counted.
pub fn leave_call(_: &Python) {
    // SAFETY: the thread is attached, and entered the call.
    unsafe { ffi::Py_LeaveRecursiveCall() };
}

fn raise() -> Raised {
    // SAFETY: exceptions live for ever.
    errors::raise(unsafe { ffi::PyExc_RecursionError }, c"maximum recursion depth exceeded")
}

/// One running function, counted until this is dropped.
pub struct Depth;

impl Depth {
    /// Counts one more function, as CPython counts a call of a Python function.
    pub fn enter(python: &Python) -> Result<Self> {
        check_room(python)?;
        let depth = DEPTH.get();
        // SAFETY: the thread is attached.
        if depth >= unsafe { ffi::Py_GetRecursionLimit() } {
            return Err(raise());
        }
        // 3.11 counts C and Python calls together. Later versions count only C calls here; a function of ours makes
        // more of these than the limit allows for, so the stack is checked above.
        if Behaviour::CURRENT.counts_c_calls_with_pythons {
            enter_call(python)?;
        }
        DEPTH.set(depth + 1);
        Ok(Self)
    }
}

impl Drop for Depth {
    fn drop(&mut self) {
        if Behaviour::CURRENT.counts_c_calls_with_pythons {
            // SAFETY: the thread is attached: it made this.
            leave_call(&unsafe { Python::assume_attached() });
        }
        DEPTH.set(DEPTH.get() - 1);
    }
}

#[cfg(target_os = "linux")]
fn stack_end() -> usize {
    // SAFETY: the attributes are initialized before they are read, and destroyed after.
    unsafe {
        let mut attributes = std::mem::zeroed::<libc::pthread_attr_t>();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) != 0 {
            return 0;
        }
        let (mut lowest, mut size) = (std::ptr::null_mut(), 0);
        let status = libc::pthread_attr_getstack(&attributes, &mut lowest, &mut size);
        libc::pthread_attr_destroy(&mut attributes);
        if status == 0 { (lowest as usize).saturating_add(reserve(size)) } else { 0 }
    }
}

#[cfg(target_os = "macos")]
fn stack_end() -> usize {
    // SAFETY: asks about the calling thread.
    unsafe {
        let thread = libc::pthread_self();
        let size = libc::pthread_get_stacksize_np(thread);
        (libc::pthread_get_stackaddr_np(thread) as usize).saturating_sub(size).saturating_add(reserve(size))
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn stack_end() -> usize {
    0
}
