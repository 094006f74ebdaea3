//! The records of all specialized functions, by the address of the function.
//!
//! A record is freed when its function dies: from 3.12 on by the callback of a weak reference, on 3.11 by the death of
//! the dispatcher. So no address in the table is that of a dead function.

use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use pyo3_ffi as ffi;

use super::record::{FunctionRecord, past_exits};
use crate::embed::{Exception, Object, Python};

/// A record in the table.
struct RecordPointer(NonNull<FunctionRecord>);

// SAFETY: records are only touched with the GIL held.
unsafe impl Send for RecordPointer {}

/// No Python code runs, and no reference is given up, while this is locked.
static TABLE: LazyLock<Mutex<HashMap<usize, RecordPointer>>> = LazyLock::new(Mutex::default);

/// Calls of functions that are gone: of compiled code, and of originals.
static PAST: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

fn table() -> MutexGuard<'static, HashMap<usize, RecordPointer>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Numbers of all specialized functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionStats {
    /// Live functions that are specialized: compiled, or to be compiled at their next call.
    pub functions: usize,
    /// Those of them that are compiled.
    pub compiled: usize,
    /// Live functions that are left to CPython, since they can't be compiled or no longer gain by it.
    pub left: usize,
    /// Versions of the compiled ones.
    pub versions: usize,
    /// Bytes of their machine code.
    pub code_bytes: usize,
    /// Calls that left compiled code, other than by an exception that leaves the function, since the process began.
    pub exits: u64,
    /// Calls that ran compiled code, since the process began.
    pub calls: u64,
    /// Calls that came to a specialized function and ran the original, since the process began.
    pub original_calls: u64,
}

/// The record of a function, for as long as the function is held and Python code does not run.
pub fn find(_: &Python, function: *mut ffi::PyObject) -> Option<NonNull<FunctionRecord>> {
    table().get(&(function as usize)).map(|entry| entry.0)
}

/// A number for a new record.
pub fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Puts a record into the table.
pub fn insert(_: &Python, record: Box<FunctionRecord>) -> NonNull<FunctionRecord> {
    let record = NonNull::from(Box::leak(record));
    // SAFETY: it was just made.
    let function = unsafe { record.as_ref() }.function as usize;
    let before = table().insert(function, RecordPointer(record));
    debug_assert!(before.is_none(), "a function has one record");
    record
}

/// Takes the record of a function out of the table, gives the function back, and frees the record as soon as no call
/// runs.
///
/// # Safety
/// The thread is attached; the memory of the function is still that of a function.
pub unsafe fn remove(python: &Python, function: usize) {
    let Some(RecordPointer(record)) = table().remove(&function) else { return };
    // SAFETY: the record is freed below at the earliest.
    unsafe {
        record.as_ref().uninstall(python);
        record.as_ref().orphaned.set(true);
        tidy(python, record);
    }
}

/// Frees what only running calls needed, if none runs: older code, and the record of a function that is gone.
///
/// # Safety
/// The thread is attached. The caller does not use the record any more. Python code may run.
pub unsafe fn tidy(_: &Python, record: NonNull<FunctionRecord>) {
    // SAFETY: the record lives until it is freed here; nothing refers to it then.
    unsafe {
        let held = record.as_ref();
        if held.running.get() > 0 {
            return;
        }
        if held.orphaned.get() {
            PAST[0].fetch_add(held.calls.get(), Ordering::Relaxed);
            PAST[1].fetch_add(held.original_calls.get(), Ordering::Relaxed);
            drop(Box::from_raw(record.as_ptr()));
            return;
        }
        // What it keeps may have destructors that call the function again.
        let retired = held.retired.take();
        drop(retired);
    }
}

/// A new weak reference to a function, whose callback frees the function's record.
///
/// # Errors
/// If memory runs out.
pub fn tie(python: &Python, function: &Object) -> Result<Object, Exception> {
    static DEFINITION: CallbackDefinition = CallbackDefinition(ffi::PyMethodDef {
        ml_name: c"forget_function".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: forget },
        ml_flags: ffi::METH_O,
        ml_doc: std::ptr::null(),
    });
    // SAFETY: the thread is attached; the definition lives for ever and is not written to; the callback owns the number.
    unsafe {
        let address = python.owned(ffi::PyLong_FromSize_t(function.as_ptr() as usize))?;
        let definition = (&raw const DEFINITION.0).cast_mut();
        let callback = python.owned(ffi::PyCFunction_New(definition, address.as_ptr()))?;
        python.owned(ffi::PyWeakref_NewRef(function.as_ptr(), callback.as_ptr()))
    }
}

struct CallbackDefinition(ffi::PyMethodDef);

// SAFETY: it is only read.
unsafe impl Sync for CallbackDefinition {}

/// The callback of a weak reference: the function with the address `number` is dying. Its memory is freed after this
/// (`func_dealloc` in Objects/funcobject.c, `handle_weakrefs` in Modules/gcmodule.c).
///
/// # Safety
/// Called by CPython.
unsafe extern "C" fn forget(number: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls with the GIL held; the number is the one of `tie`.
    unsafe {
        let python = Python::assume_attached();
        remove(&python, ffi::PyLong_AsSize_t(number));
        ffi::Py_NewRef(ffi::Py_None())
    }
}

/// The numbers now.
pub fn stats(_: &Python) -> FunctionStats {
    let mut stats = FunctionStats {
        calls: PAST[0].load(Ordering::Relaxed),
        original_calls: PAST[1].load(Ordering::Relaxed),
        exits: past_exits(),
        ..FunctionStats::default()
    };
    for entry in table().values() {
        // SAFETY: the thread is attached, and what is in the table is alive.
        let record = unsafe { entry.0.as_ref() };
        stats.calls += record.calls.get();
        stats.original_calls += record.original_calls.get();
        if record.left().is_some() {
            stats.left += 1;
            continue;
        }
        stats.functions += 1;
        if let Some(ready) = record.ready() {
            stats.compiled += 1;
            stats.versions += ready.compiled.versions();
            stats.code_bytes += ready.compiled.all_code_bytes();
            stats.exits += ready.exits();
        }
    }
    stats
}
