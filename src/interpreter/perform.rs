//! What compiled code leaves to the interpreter: single instructions with their operands, and entries in tracebacks.

use std::cell::Cell;

use pyo3_ffi as ffi;

use crate::bytecode::{Local, Op, Target};
use crate::embed::Python;

use super::activation::Activation;
use super::{Frame, State};
use crate::semantics::attributes;
use crate::thread::owned::{Borrowed, Owned};
use crate::thread::{Raised, Result, errors};

thread_local! {
    /// The exception that was just raised has an entry of the function in its traceback already.
    static RAISED_AGAIN: Cell<bool> = const { Cell::new(false) };
}

/// Does one instruction, with these operands on the stack and at most one local: the stack that it leaves.
///
/// # Errors
/// The exception that it raises is set. [`add_traceback`] is to be called before any other Python code runs.
pub(crate) fn perform(
    python: &Python,
    frame: Frame<'_>,
    op: &Op,
    local: Option<(Local, Option<Owned>)>,
    operands: Vec<Option<Owned>>,
) -> Result<Vec<Option<Owned>>> {
    let mut activation = Activation::new(python, frame, State::default())?;
    activation.stack = operands;
    if let Some((local, value)) = local
        && let Some(slot) = activation.locals.get_mut(local as usize)
    {
        *slot = value;
    }
    match activation.step(op) {
        Ok(_) => Ok(std::mem::take(&mut activation.stack)),
        Err(Raised) => {
            // What it had on the stack may die now, and run Python code: with the exception put by.
            let pending = errors::take();
            let raised_again = activation.raised_again;
            drop(activation);
            if let Some(pending) = pending {
                errors::restore(pending);
            }
            RAISED_AGAIN.set(raised_again);
            Err(Raised)
        }
    }
}

/// Adds a function's entry to the traceback of the current exception, at an instruction; a frame that outlives the function
/// shows the locals.
pub(crate) fn add_traceback(
    python: &Python,
    frame: &Frame<'_>,
    at: Target,
    locals: impl FnOnce() -> Result<Vec<Option<Owned>>>,
) {
    if RAISED_AGAIN.take() {
        return;
    }
    let Some(exception) = errors::take() else { return };
    let locals = locals();
    if locals.is_err() {
        errors::clear();
    }
    errors::restore(exception);
    let (function, mut shown) = (frame.shown(), None);
    let Ok(locals) = locals else { return };
    function.add_entry(python, &mut shown, function.place(at));
    if let Some(shown) = shown {
        function.hand_over_locals(python, shown, &locals);
    }
}

/// Whether the current exception has an entry of the running function in its traceback already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RaisedHere {
    pub(super) again: bool,
}

/// The current exception, put by so that other code may run.
#[derive(Debug)]
pub(crate) struct Pending {
    exception: Option<Owned>,
    raised: RaisedHere,
}

impl Pending {
    /// Puts the current exception by.
    pub(crate) fn take(_: &Python) -> Self {
        Self { exception: errors::take(), raised: RaisedHere { again: RAISED_AGAIN.take() } }
    }

    /// Makes it the current one again.
    pub(crate) fn restore(self, _: &Python) -> RaisedHere {
        if let Some(exception) = self.exception {
            errors::restore(exception);
        }
        self.raised
    }
}

/// What `object.name(…)` calls, and what with: the function behind a method and the object, or the attribute and nothing.
///
/// # Safety
/// The thread is attached; both objects are alive.
pub(crate) unsafe fn load_method(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
) -> Result<(Owned, Option<Owned>)> {
    // SAFETY: as the caller promises.
    let (object, name) = unsafe { (Borrowed::new(object), Borrowed::new(name)) };
    let method = attributes::method(&object, &name)?;
    Ok((method.callable, method.takes_object.then(|| object.again())))
}
