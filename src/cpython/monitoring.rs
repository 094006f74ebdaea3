//! `sys.monitoring`, which 3.12 and later have: how to tell cheaply that events are on for a code object.
//!
//! A version of the interpreter counts changes of global events; `sys.settrace` and `sys.setprofile` are such changes
//! too. A code object points to its own data once events were on for it, where the local events come first
//! (`Include/cpython/code.h`, `Python/instrumentation.c`).

use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::layout::{EvalBreaker, Layout};
use super::memory;
use crate::embed::{Exception, Object, Python};

/// `PyCodeObject._co_monitoring`; `None` in versions without monitoring.
const MONITORING_DATA: Option<usize> = match Layout::CURRENT.frame.code_object.monitoring {
    Some(offset) => Some(offset as usize),
    None => None,
};

/// Bytes of the tools of local events, one for each event. After them are those of all active events.
const LOCAL_EVENTS: usize = match Layout::CURRENT.minor {
    ..=12 => 15,
    13 => 10,
    14 => 11,
    _ => 16,
};

/// `PyInterpreterState.monitoring_version` of 3.12. Later versions have it above the flag of waiting interrupts.
const VERSION_OF_INTERPRETER: usize = 48;

/// The least bits of the word with the flag are the flag (`_PY_EVAL_EVENTS_BITS`).
const FLAG_BITS: u32 = 8;

/// The identifiers of tools that users may take.
const TOOLS: std::ops::Range<i64> = 0..6;

/// The version of the global events: it changes whenever one is switched on or off, in any thread.
#[inline]
pub fn global_version(_: &Python) -> u64 {
    if MONITORING_DATA.is_none() {
        return 0;
    }
    // SAFETY: the thread is attached; the fields are at these offsets, as `is_proven` and the layout's proof show.
    unsafe {
        match Layout::CURRENT.eval_breaker {
            EvalBreaker::OfInterpreter(_) => {
                ffi::PyInterpreterState_Get().byte_add(VERSION_OF_INTERPRETER).cast::<u64>().read_volatile()
            }
            EvalBreaker::OfThread(offset) => {
                ffi::PyThreadState_Get().byte_add(offset as usize).cast::<u64>().read_volatile() >> FLAG_BITS
            }
        }
    }
}

/// Whether local events are on for a code object.
///
/// # Safety
/// `code` is a live code object, and [`is_proven`] said yes.
#[inline]
pub unsafe fn has_local_events(code: *mut ffi::PyObject) -> bool {
    let Some(offset) = MONITORING_DATA else { return false };
    // SAFETY: the offset was proven; the data live as long as the code object, and have more bytes than are read.
    unsafe {
        let data = code.byte_add(offset).cast::<*const [u8; LOCAL_EVENTS]>().read();
        !data.is_null() && *data != [0; LOCAL_EVENTS]
    }
}

/// Whether a tool has switched global events on.
///
/// # Errors
/// The exception of Python's own functions, of which none should fail.
pub fn has_global_events(python: &Python) -> Result<bool, Exception> {
    if MONITORING_DATA.is_none() {
        return Ok(false);
    }
    let monitoring = module(python)?;
    for tool in TOOLS {
        if tool_events(python, &monitoring, tool)? != "0" {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `sys.monitoring`. Nothing is imported, since a user's `__import__` would run.
fn module(python: &Python) -> Result<Object, Exception> {
    // SAFETY: the thread is attached; the object is borrowed from `sys`.
    let module = std::ptr::NonNull::new(unsafe { ffi::PySys_GetObject(c"monitoring".as_ptr()) })
        .ok_or_else(|| Exception::new("AttributeError", "there is no sys.monitoring"))?;
    // SAFETY: as above.
    Ok(unsafe { Object::from_borrowed(python, module) })
}

fn tool_events(python: &Python, monitoring: &Object, tool: i64) -> Result<String, Exception> {
    let tool = python.int(tool)?;
    if is_free(python, monitoring, &tool)? {
        return Ok("0".to_owned());
    }
    monitoring.attr(python, "get_events")?.call(python, &[&tool])?.text(python)
}

fn is_free(python: &Python, monitoring: &Object, tool: &Object) -> Result<bool, Exception> {
    let name = monitoring.attr(python, "get_tool")?.call(python, &[tool])?;
    // SAFETY: a static of libpython; only its address is taken.
    Ok(name.as_ptr() == unsafe { ffi::Py_None() })
}

/// How often the offsets are tried: other threads may switch events on and off meanwhile.
const ATTEMPTS: usize = 5;

/// Whether the offsets above are right for the running interpreter. The first call tries them, with a tool that is free.
pub fn is_proven(python: &Python) -> bool {
    static PROVEN: OnceLock<bool> = OnceLock::new();
    if MONITORING_DATA.is_none() {
        return true;
    }
    // Tried outside of the lock, since Python code runs: other threads may try at the same time.
    for _ in 0..ATTEMPTS {
        if let Some(proven) = PROVEN.get() {
            return *proven;
        }
        match prove(python) {
            Ok(true) => return *PROVEN.get_or_init(|| true),
            Ok(false) => {}
            Err(error) => {
                log::warn!(target: "typedcall", "whether sys.monitoring is in use can't be told ({error})");
                return false;
            }
        }
    }
    *PROVEN.get_or_init(|| false)
}

/// Switches a local and a global event on and off, for a function of its own. No callback is registered.
fn prove(python: &Python) -> Result<bool, Exception> {
    let names = python.namespace()?;
    python.run("def function(): pass", &names)?;
    let missing = || Exception::new("SystemError", "a name that was just defined is not there");
    let function = names.item(python, "function").ok_or_else(missing)?;
    let monitoring = module(python)?;
    let mut free = None;
    for number in TOOLS {
        let tool = python.int(number)?;
        if is_free(python, &monitoring, &tool)? {
            free = Some(tool);
        }
    }
    let Some(tool) = free else {
        return Err(Exception::new("ValueError", "all its tools are taken"));
    };
    monitoring.attr(python, "use_tool_id")?.call(python, &[&tool, &python.text("typedcall")?])?;
    let proven = try_events(python, &monitoring, &tool, &function);
    monitoring.attr(python, "free_tool_id")?.call(python, &[&tool])?;
    proven
}

fn try_events(python: &Python, monitoring: &Object, tool: &Object, function: &Object) -> Result<bool, Exception> {
    let code = function.attr(python, "__code__")?;
    let none = python.int(0)?;
    let start = monitoring.attr(python, "events")?.attr(python, "PY_START")?;
    let local = |events: &Object| monitoring.attr(python, "set_local_events")?.call(python, &[tool, &code, events]);
    let global = |events: &Object| monitoring.attr(python, "set_events")?.call(python, &[tool, events]);
    local(&start)?;
    let mut found = vec![peek_local(&code)];
    local(&none)?;
    found.push(peek_local(&code));
    let mut versions = vec![global_version(python)];
    for events in [&start, &none] {
        global(events)?;
        versions.push(global_version(python));
        // Then its active events, which come after the local ones, are up to date.
        function.call(python, &[])?;
        found.push(peek_local(&code));
    }
    let changes = versions.windows(2).all(|pair| pair[0] != pair[1]);
    Ok(found == [Some(true), Some(false), Some(false), Some(false)] && changes && global_version(python) == versions[2])
}

/// [`has_local_events`], without trusting the offset; `None` if there are no data.
fn peek_local(code: &Object) -> Option<bool> {
    let at = code.as_ptr() as usize + MONITORING_DATA?;
    let data = memory::read::<usize>(at).ok().filter(|data| *data != 0)?;
    let mut events = [0; LOCAL_EVENTS];
    memory::read_bytes(data, &mut events).ok()?;
    Some(events != [0; LOCAL_EVENTS])
}
