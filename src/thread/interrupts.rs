//! What waits until running code lets it through: signal handlers, other threads, asynchronous exceptions, garbage collection.

#[cfg(not(Py_3_13))]
use std::sync::OnceLock;

#[cfg(not(Py_3_13))]
use pyo3_ffi as ffi;

#[cfg(not(Py_3_13))]
use super::{errors, once, owned::Owned};
use crate::cpython::functions as api;
#[cfg(not(Py_3_13))]
use crate::embed::Object;
use crate::embed::Python;

use super::Result;

/// Serves what waits, as CPython does at back-edges and behind calls.
#[cfg(Py_3_13)]
#[inline]
pub fn serve(_: &Python) -> Result {
    // SAFETY: the thread is attached. It looks itself whether anything waits.
    super::owned::succeeded(unsafe { api::_Py_HandlePending(pyo3_ffi::PyThreadState_Get()) })
}

/// Serves what waits, as CPython does at back-edges and behind calls.
#[cfg(not(Py_3_13))]
#[inline]
pub fn serve(python: &Python) -> Result {
    if breaker::is_clear(python)? { Ok(()) } else { call_nothing(python) }
}

/// Nothing less than a call of a Python function serves all of it before 3.13.
#[cfg(not(Py_3_13))]
#[cold]
fn call_nothing(python: &Python) -> Result {
    let result = nothing(python)?.call();
    if result.is_err() {
        super::traceback::drop_head();
    }
    result.map(drop)
}

/// A Python function that does nothing. It is made without running any Python code: what waits is for whoever calls it.
#[cfg(not(Py_3_13))]
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

/// The flag that says whether anything waits, in the state of the interpreter (`ceval.eval_breaker` in
/// `Include/internal/pycore_interp.h`).
#[cfg(not(Py_3_13))]
mod breaker {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicI32, Ordering};

    use pyo3_ffi as ffi;

    use crate::embed::Python;

    use super::super::owned::Owned;
    use super::super::{Raised, Result, errors};

    /// Where it is, on 64-bit platforms. Proved before it is believed.
    const OFFSET: usize = if cfg!(Py_3_12) { 368 } else { 100 };

    /// Whether the flag is where it is thought to be.
    static PROVED: OnceLock<bool> = OnceLock::new();

    /// Whether nothing waits. Where the flag can't be found, something may.
    #[inline]
    pub fn is_clear(python: &Python) -> Result<bool> {
        let is_proved = match PROVED.get() {
            Some(is_proved) => *is_proved,
            None => {
                let is_proved = prove(python)?;
                *PROVED.get_or_init(|| is_proved)
            }
        };
        Ok(is_proved && read(python) == 0)
    }

    fn read(_: &Python) -> i32 {
        // SAFETY: the thread is attached; the state lives as long as the interpreter, and is much larger than that. On platforms
        // where the offset is another's, any bytes will do.
        unsafe {
            let flag = ffi::PyInterpreterState_Get().cast::<u8>().add(OFFSET);
            (*flag.cast::<AtomicI32>()).load(Ordering::Relaxed)
        }
    }

    /// Sets the flag by an asynchronous exception, and lets it be raised. Were it withdrawn instead, the flag would stay set for
    /// ever, and 3.11 hang in the next function that is traced: it looks at each instruction until nothing waits (`DO_TRACING`
    /// in `Python/ceval.c`).
    ///
    /// # Errors
    /// Other exceptions that came meanwhile, a signal handler's or an asynchronous one.
    fn prove(python: &Python) -> Result<bool> {
        // More than enough for other threads that set it, too.
        const TRIES: usize = 1000;
        if cfg!(not(target_pointer_width = "64")) {
            return Ok(false);
        }
        // SAFETY: the thread is attached; the class is an exception's, and alive until it was raised.
        unsafe {
            let null = std::ptr::null_mut();
            let probe = Owned::new(ffi::PyErr_NewException(c"typedcall.Probe".as_ptr(), null, null))?;
            if SetAsyncExc(ffi::PyThread_get_thread_ident(), probe.as_ptr()) != 1 {
                return Ok(false);
            }
            let is_set = read(python) == 1;
            let (mut is_raised, mut is_clear, mut other) = (false, false, None);
            for _ in 0..TRIES {
                match super::call_nothing(python) {
                    Err(Raised) if errors::current_is(probe.as_ptr()) => {
                        errors::clear();
                        is_raised = true;
                    }
                    Err(Raised) => other = errors::take(),
                    Ok(()) => is_clear = is_raised && read(python) == 0,
                }
                if is_clear {
                    break;
                }
            }
            match other {
                None => Ok(is_set && is_clear),
                Some(other) => {
                    errors::restore(other);
                    Err(Raised)
                }
            }
        }
    }

    unsafe extern "C" {
        #[link_name = "PyThreadState_SetAsyncExc"]
        fn SetAsyncExc(thread: std::ffi::c_ulong, exception: *mut ffi::PyObject) -> std::ffi::c_int;
    }
}
