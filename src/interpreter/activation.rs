//! A running function: its locals, its stack, and the loop.

use pyo3_ffi as ffi;

use crate::bytecode::{Code, Target};
use crate::cpython::DeathOrder;
use crate::embed::{Object, Python};

use super::{FunctionFrame, InterpreterState, Prepared};
use crate::cpython::functions as api;
use crate::thread::traceback::TracebackPlace;
use crate::thread::{Owned, Raised, Result, errors, handled, interrupts};

/// A running function.
pub struct Activation<'a> {
    pub(super) python: &'a Python,
    pub(super) frame: FunctionFrame<'a>,
    pub(super) code: &'a Prepared,
    /// The fast locals, as many as the code has.
    pub(super) locals: Vec<Option<Owned>>,
    pub(super) stack: Vec<Option<Owned>>,
    /// The instruction that is executed.
    pub(super) at: Target,
    /// The source of the line: the offset of the current instruction, or of the one that a `Reraise` names.
    pub(super) offset: u32,
    /// Whether the exception was raised before, and has this function's entry in its traceback already.
    pub(super) raised_again: bool,
    /// The frame in tracebacks, once there is one.
    pub(super) shown: Option<Owned>,
}

/// Where execution continues.
pub enum Flow {
    Next,
    Jump(Target),
    Return(Owned),
}

/// How the loop ended.
pub enum End {
    Returned(Owned),
    Stopped,
}

impl<'a> Activation<'a> {
    /// A function that is ready to run from a state.
    pub fn new(python: &'a Python, frame: FunctionFrame<'a>, state: InterpreterState) -> Result<Self> {
        let own = |slots: Vec<Option<Object>>, capacity: usize| {
            let mut owned = Vec::with_capacity(capacity.max(slots.len()));
            owned.extend(slots.into_iter().map(|slot| slot.map(|object| Owned::from_object(python, object))));
            owned
        };
        let code = frame.code.code();
        let mut locals = own(state.locals, code.locals.len());
        if locals.len() > code.locals.len() {
            return Err(errors::system_error(c"the state has more locals than the code"));
        }
        locals.resize_with(code.locals.len(), || None);
        let stack = own(state.stack, code.stack_size as usize);
        if let Some(handled) = &state.handled {
            // SAFETY: the thread is attached, and the exception alive.
            unsafe { api::PyErr_SetHandledException(handled.as_ptr()) };
        }
        let code = frame.code;
        Ok(Self { python, frame, code, locals, stack, at: state.at, offset: 0, raised_again: false, shown: None })
    }

    /// Executes `steps` instructions; stops earlier if the function is left.
    pub fn run(&mut self, mut steps: u64) -> Result<End> {
        let code: &'a Code = self.code.code();
        loop {
            if steps == 0 {
                return Ok(End::Stopped);
            }
            steps -= 1;
            let Some(instruction) = code.instructions.get(self.at as usize) else {
                self.stack.clear();
                return Err(errors::system_error(c"the code has no end"));
            };
            self.offset = instruction.offset;
            match self.step(&instruction.op) {
                Ok(Flow::Next) => self.at += 1,
                Ok(Flow::Jump(target)) => self.at = target,
                Ok(Flow::Return(result)) => return Ok(End::Returned(result)),
                Err(Raised) => self.unwind()?,
            }
        }
    }

    /// A jump. At a backward jump, interrupts are served.
    pub(super) fn jump(&self, target: Target) -> Result<Flow> {
        if target <= self.at {
            interrupts::serve(self.python)?;
        }
        Ok(Flow::Jump(target))
    }

    /// Goes to the handler of the current exception, which the current instruction has raised; without one, leaves the
    /// function.
    pub(super) fn goes_to_handler(&mut self) -> Result {
        self.offset = self.code.code().instructions.get(self.at as usize).map_or(0, |instruction| instruction.offset);
        self.unwind()
    }

    /// Goes to the handler of the current exception; without one, leaves the function.
    fn unwind(&mut self) -> Result {
        if !std::mem::take(&mut self.raised_again) {
            let place = self.place();
            self.frame.shown().add_entry(self.python, &mut self.shown, place);
        }
        let handler = self.code.code().handler(self.at).copied();
        self.cut(handler.map_or(0, |handler| handler.depth as usize));
        let Some(handler) = handler else {
            self.leave();
            return Err(Raised);
        };
        if handler.lasti {
            // SAFETY: the thread is attached.
            let offset = unsafe { Owned::new(ffi::PyLong_FromLong(self.offset.into()))? };
            self.push(offset);
        }
        match errors::take() {
            Some(exception) => self.push(exception),
            None => return Err(errors::system_error(c"an error without an exception")),
        }
        self.at = handler.target;
        Ok(())
    }

    /// The position that tracebacks show.
    pub(super) fn place(&self) -> TracebackPlace {
        TracebackPlace { at: self.at, offset: self.offset }
    }

    /// Gives up the slots above a depth, the top first.
    fn cut(&mut self, depth: usize) {
        while self.stack.len() > depth {
            drop(self.stack.pop());
        }
    }

    /// Gives up the locals as CPython does when a function is left. If a frame outlives the function, it gets them.
    pub fn leave(&mut self) {
        if let Some(shown) = self.shown.take() {
            self.frame.shown().hand_over_locals(self.python, shown, &self.locals);
        }
        // From 3.14 the last goes first (`_PyFrame_ClearLocals`).
        match DeathOrder::CURRENT.last_first(false) {
            true => self.locals.iter_mut().rev().for_each(|local| drop(local.take())),
            false => self.locals.iter_mut().for_each(|local| drop(local.take())),
        }
    }

    /// The state at which the loop stopped. The exception that was handled before the call becomes the handled one
    /// again.
    pub fn into_state(self, before: Option<Owned>) -> InterpreterState {
        let python = self.python;
        let slots = |slots: Vec<Option<Owned>>| {
            slots.into_iter().map(|slot| slot.map(|object| object.into_object(python))).collect()
        };
        let handled = handled::own(python);
        handled::set(python, before.as_ref());
        let handled =
            handled.filter(|handled| before.as_ref().is_none_or(|before| before.as_ptr() != handled.as_ptr()));
        let handled = handled.map(|exception| exception.into_object(python));
        InterpreterState { at: self.at, locals: slots(self.locals), stack: slots(self.stack), handled }
    }

    pub(super) fn push(&mut self, object: Owned) {
        self.stack.push(Some(object));
    }

    pub(super) fn push_bool(&mut self, value: bool) {
        let value = Owned::bool(self.python, value);
        self.push(value);
    }

    /// The top, which is not null.
    pub(super) fn pop(&mut self) -> Result<Owned> {
        self.stack.pop().flatten().ok_or_else(|| errors::system_error(c"no object on top of the stack"))
    }

    /// The top, which may be null.
    pub(super) fn pop_slot(&mut self) -> Result<Option<Owned>> {
        self.stack.pop().ok_or_else(|| errors::system_error(c"the stack is empty"))
    }

    /// The index of the slot at a depth; 1 is the top.
    pub(super) fn index(&self, depth: u32) -> Result<usize> {
        let index = self.stack.len().checked_sub(depth as usize);
        index.ok_or_else(|| errors::system_error(c"the stack is not that deep"))
    }

    /// The object at a depth; 1 is the top.
    pub(super) fn peek(&self, depth: u32) -> Result<&Owned> {
        let slot = self.stack.get(self.index(depth)?).and_then(Option::as_ref);
        slot.ok_or_else(|| errors::system_error(c"no object at that depth of the stack"))
    }

    /// The index of the first of the topmost `count` objects, none of which is null.
    pub(super) fn top(&self, count: u32) -> Result<usize> {
        let start = self.index(count)?;
        match self.stack[start..].iter().all(Option::is_some) {
            true => Ok(start),
            false => Err(errors::system_error(c"null among the operands")),
        }
    }

    /// The slots from an index on, as a C array.
    pub(super) fn pointers(&mut self, start: usize) -> *mut *mut ffi::PyObject {
        // SAFETY: `start` is at most the stack's length. `Option<Owned>` is a pointer that may be null.
        unsafe { self.stack.as_mut_ptr().add(start).cast() }
    }
}
