//! The entry of a specialized function: what its callers call in the place of CPython's own vectorcall.
//!
//! It finds the record by a thunk, which passes its address, binds the arguments, and runs the compiled code if nothing
//! speaks against it. Otherwise it calls CPython's own vectorcall with the same arguments: so CPython words all errors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, null_mut};

use pyo3_ffi as ffi;

use super::depth::{self, Admission};
use super::parameters::{Bound, VectorcallArguments};
use super::record::{FunctionRecord, Phase, ReadyCode};
use super::table;
use crate::cpython::{monitoring, python_function};
use crate::embed::Python;
use crate::thread::{interrupts, observed};

/// The number of calls after which it is looked at how many of them left the code; then after twice as many each.
const FIRST_LOOK: u64 = 256;

/// The vectorcall of specialized functions, with the record as a fifth argument, from the thunk.
///
/// # Safety
/// Called by CPython, with a live function, whose record is `record`.
pub unsafe extern "C-unwind" fn enter_vectorcall(
    _: *mut ffi::PyObject,
    objects: *const *mut ffi::PyObject,
    count_and_flag: usize,
    names: *mut ffi::PyObject,
    record: *mut FunctionRecord,
) -> *mut ffi::PyObject {
    // SAFETY: a thunk passes the record that it was made for, which lives as long as it is a function's vectorcall.
    unsafe { enter(NonNull::new_unchecked(record), &VectorcallArguments { objects, count_and_flag, names }) }
}

/// A call of a specialized function.
///
/// # Safety
/// The thread is attached; record, function and arguments are alive.
#[inline]
pub unsafe fn enter(record: NonNull<FunctionRecord>, arguments: &VectorcallArguments) -> *mut ffi::PyObject {
    // SAFETY: function and record are held while the call runs, since not even CPython's own callers always own what
    // they call. Up to 3.13 the interpreter may end the thread in what is called here, by unwinding: nothing here has a
    // destructor that matters then.
    unsafe {
        let python = Python::assume_attached();
        let held = record.as_ref();
        let function = held.function;
        held.running.set(held.running.get() + 1);
        ffi::Py_INCREF(function);
        let result = call(&python, held, arguments);
        ffi::Py_DECREF(function);
        let running = held.running.get() - 1;
        held.running.set(running);
        if running == 0 && (held.orphaned.get() || !held.retired.borrow().is_empty()) {
            finish(&python, record);
        }
        result
    }
}

/// # Safety
/// Of [`table::tidy`].
#[cold]
unsafe fn finish(python: &Python, record: NonNull<FunctionRecord>) {
    // SAFETY: as the caller promises. What is freed may run Python code, which must not see this call's exception.
    unsafe {
        let exception = crate::cpython::current_exception::take();
        table::tidy(python, record);
        if !exception.is_null() {
            crate::cpython::current_exception::set(exception);
        }
    }
}

/// # Safety
/// Of [`enter`]; the caller holds function and record.
#[inline]
unsafe fn call(python: &Python, record: &FunctionRecord, arguments: &VectorcallArguments) -> *mut ffi::PyObject {
    // SAFETY: as the caller promises; the code lives while the record is held.
    unsafe {
        if let Some(ready) = record.ready()
            && may_run(python, record, ready)
        {
            return run(python, record, ready, arguments);
        }
        call_unready(python, record, arguments)
    }
}

/// Whether a call may run the code: nobody observes it, and the function is still the one that was compiled.
///
/// # Safety
/// Of [`call`].
#[inline]
unsafe fn may_run(python: &Python, record: &FunctionRecord, ready: &ReadyCode) -> bool {
    // SAFETY: function and code are alive.
    unsafe {
        python_function::code(record.function) == ready.code
            && ready.compiled.is_valid()
            && !observed::is_traced(python)
            && !observed::has_evaluator(python)
            && (ready.unmonitored.get() == monitoring::global_version(python) || is_unmonitored(python, ready))
            && !monitoring::has_local_events(ready.code)
    }
}

/// Whether nobody has switched global events on. Events were switched on or off since it was asked last.
#[cold]
fn is_unmonitored(python: &Python, ready: &ReadyCode) -> bool {
    let version = monitoring::global_version(python);
    let is_unmonitored = matches!(monitoring::has_global_events(python), Ok(false));
    if is_unmonitored {
        ready.unmonitored.set(version);
    }
    is_unmonitored
}

/// # Safety
/// Of [`call`]; the code may run.
#[inline]
unsafe fn run(
    python: &Python,
    record: &FunctionRecord,
    ready: &ReadyCode,
    arguments: &VectorcallArguments,
) -> *mut ffi::PyObject {
    match depth::enter(python, record) {
        Admission::Counted => {}
        // SAFETY: as the caller promises.
        Admission::TooDeep => return unsafe { call_original(record, arguments) },
        Admission::Raised => return null_mut(),
    }
    // SAFETY: as the caller promises; the code takes the bound arguments, which live through the call.
    let result = unsafe {
        if interrupts::serve(python).is_err() {
            null_mut()
        } else if ready.parameters.are_bound(arguments) {
            count_call(python, record, ready);
            match ready.typed.select(python, record.specializer, ready, arguments.objects) {
                Some(entry) => entry(arguments.objects),
                None => null_mut(),
            }
        } else {
            run_bound(python, record, ready, arguments)
        }
    };
    depth::leave(python);
    result
}

/// Binds the arguments first.
///
/// # Safety
/// Of [`run`].
#[inline(never)]
unsafe fn run_bound(
    python: &Python,
    record: &FunctionRecord,
    ready: &ReadyCode,
    arguments: &VectorcallArguments,
) -> *mut ffi::PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        let mut bound = Bound::new();
        if !ready.parameters.bind(record.function, arguments, &mut bound) {
            return call_original(record, arguments);
        }
        count_call(python, record, ready);
        let result = match ready.typed.select(python, record.specializer, ready, bound.as_ptr()) {
            Some(entry) => entry(bound.as_ptr()),
            None => null_mut(),
        };
        bound.release();
        result
    }
}

/// # Safety
/// Of [`call`].
unsafe fn call_original(record: &FunctionRecord, arguments: &VectorcallArguments) -> *mut ffi::PyObject {
    record.original_calls.set(record.original_calls.get() + 1);
    // SAFETY: as the caller promises: CPython's own vectorcall, with a live function and the arguments as they came.
    unsafe { (record.own)(record.function, arguments.objects, arguments.count_and_flag, arguments.names) }
}

#[inline]
fn count_call(python: &Python, record: &FunctionRecord, ready: &ReadyCode) {
    let calls = record.calls.get() + 1;
    record.calls.set(calls);
    if calls >= FIRST_LOOK && calls.is_power_of_two() {
        look_at_exits(python, record, ready, calls);
    }
}

/// Leaves a function to CPython if most of its calls leave the compiled code.
#[cold]
fn look_at_exits(python: &Python, record: &FunctionRecord, ready: &ReadyCode, calls: u64) {
    let exits = ready.exits();
    if exits > calls / 2 {
        record.leave(python, &format!("{exits} of its {calls} calls left the compiled code: CPython runs it as fast"));
    }
}

/// A call of a function that has no code, or code that must not run now.
///
/// # Safety
/// Of [`call`].
#[cold]
unsafe fn call_unready(
    python: &Python,
    record: &FunctionRecord,
    arguments: &VectorcallArguments,
) -> *mut ffi::PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        if let Some(ready) = record.ready() {
            if python_function::code(record.function) != ready.code {
                record.forget_code(python, "its __code__ was replaced too often");
            } else if !ready.compiled.is_valid() {
                record.forget_code(python, "what its code relies on changed too often");
            }
        }
        if *record.phase.borrow() != Phase::Compiled && !is_observed(python) && !compile(python, record) {
            return null_mut();
        }
        match record.ready() {
            Some(ready) if may_run(python, record, ready) => run(python, record, ready, arguments),
            _ => call_original(record, arguments),
        }
    }
}

/// Whether somebody observes this thread, so that compiling must wait: what it runs would be seen.
fn is_observed(python: &Python) -> bool {
    observed::is_traced(python)
        || observed::has_evaluator(python)
        || !matches!(monitoring::has_global_events(python), Ok(false))
}

/// Compiles a function; false if an exception is set that must not be lost.
fn compile(python: &Python, record: &FunctionRecord) -> bool {
    let compiled = catch_unwind(AssertUnwindSafe(|| record.compile(python)));
    match compiled {
        Ok(Ok(())) => true,
        Ok(Err(exception)) => !exception.restore_urgent(python),
        Err(_) => {
            record.leave(python, "typedcall panicked when it compiled it: this is a bug in it, please report it");
            true
        }
    }
}
