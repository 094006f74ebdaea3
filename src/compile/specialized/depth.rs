//! Deep recursion: compiled functions that call each other take C stack, which CPython's own calls do not.
//!
//! At a bound of nested calls, the function that is called next gets CPython's own vectorcall back, so that the
//! interpreter runs the deeper calls without C stack. It gets its compiled code back when the recursion has come up.
//! 3.11 ignores a function's vectorcall, so there the calls count against the recursion limit, as CPython's own do, and
//! the stack is a bound of its own.

use std::cell::{Cell, RefCell};

use super::record::FunctionRecord;
use super::table;
use crate::cpython::python_function::HEEDS_VECTORCALL;
use crate::embed::Python;
use crate::thread::recursion;

/// The most nested calls of compiled functions of a thread. Each may call the interpreter, which counts its own nested
/// calls, and allows for fewer than a thousand on some versions.
const MOST_NESTED: u32 = 200;

/// Functions get their compiled code back below this number of nested calls.
const COME_UP: u32 = MOST_NESTED / 2;

thread_local! {
    /// Nested calls of compiled functions in this thread.
    static NESTED: Cell<u32> = const { Cell::new(0) };
    /// Whether `PUT_BACK` has functions.
    static HAS_PUT_BACK: Cell<bool> = const { Cell::new(false) };
    /// The functions that are left to CPython until the recursion has come up: address, and number of the record.
    static PUT_BACK: RefCell<Vec<(usize, u64)>> = const { RefCell::new(Vec::new()) };
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It runs the compiled code, and then calls [`leave`].
    Counted,
    /// It runs the original, since the recursion is too deep for C stack.
    TooDeep,
    /// It ends: a `RecursionError` is set.
    Raised,
}

/// Counts one more nested call.
#[inline]
pub fn enter(python: &Python, record: &FunctionRecord) -> Admission {
    let nested = NESTED.get();
    if HEEDS_VECTORCALL {
        if nested >= MOST_NESTED || !recursion::has_room(python) {
            put_back(python, record);
            return Admission::TooDeep;
        }
    } else if recursion::check_room(python).is_err() || recursion::enter_call(python).is_err() {
        return Admission::Raised;
    }
    NESTED.set(nested + 1);
    Admission::Counted
}

/// Counts the end of a nested call.
#[inline]
pub fn leave(python: &Python) {
    let nested = NESTED.get() - 1;
    NESTED.set(nested);
    if !HEEDS_VECTORCALL {
        recursion::leave_call(python);
    }
    if nested < COME_UP && HAS_PUT_BACK.get() {
        come_up(python);
    }
}

#[cold]
fn put_back(python: &Python, record: &FunctionRecord) {
    // With no nested call, nothing would give it its code back.
    if record.is_installed() && NESTED.get() > 0 {
        record.uninstall(python);
        PUT_BACK.with_borrow_mut(|functions| functions.push((record.function as usize, record.number)));
        HAS_PUT_BACK.set(true);
    }
}

#[cold]
fn come_up(python: &Python) {
    HAS_PUT_BACK.set(false);
    for (function, number) in PUT_BACK.take() {
        // SAFETY: what is in the table is alive.
        let record = table::find(python, function as *mut _).map(|record| unsafe { record.as_ref() });
        if let Some(record) = record.filter(|record| record.number == number && record.left().is_none()) {
            record.install(python);
        }
    }
}
