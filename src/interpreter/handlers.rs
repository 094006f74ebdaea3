//! Raising, and the instructions of exception handlers.

use pyo3_ffi as ffi;

use super::activation::Activation;
use crate::cpython::functions as api;
use crate::semantics::{raising, with};
use crate::thread::owned::{Owned, succeeded};
use crate::thread::{Raised, Result, errors, handled};

impl Activation<'_> {
    /// `--`, `exception --` or `exception cause --`
    pub(super) fn raise(&mut self, operands: u32) -> Raised {
        let raised = match operands {
            0 => raising::raise_handled(self.python).inspect(|_| self.raised_again = true),
            1 => self.ask(|[exception]| Ok(raising::raise(exception, None))),
            _ => self.ask(|[exception, cause]| Ok(raising::raise(exception, Some(cause)))),
        };
        raised.unwrap_or_else(|raised| raised)
    }

    /// `… exception --`
    pub(super) fn reraise(&mut self, depth: u32) -> Result<Raised> {
        let exception = self.pop()?;
        if depth > 0 {
            // SAFETY: the thread is attached; for an object that is not an int, the call raises, and the result is not
            // an offset.
            let offset = unsafe { ffi::PyLong_AsLong(self.peek(depth)?.as_ptr()) };
            match u32::try_from(offset) {
                Ok(offset) => self.offset = offset,
                Err(_) => return Err(errors::system_error(c"the offset of the instruction that raised is no int")),
            }
        }
        if !raising::is_exception(&exception) {
            return Err(errors::system_error(c"what is raised again is no exception"));
        }
        self.raised_again = true;
        Ok(errors::restore(exception))
    }

    /// `exception -- previous exception`
    pub(super) fn push_exc_info(&mut self) -> Result {
        let exception = self.pop()?;
        if !raising::is_exception(&exception) {
            return Err(errors::system_error(c"what is to be handled is no exception"));
        }
        let previous = handled::own(self.python).unwrap_or_else(|| Owned::none(self.python));
        handled::set(self.python, Some(&exception));
        self.push(previous);
        self.push(exception);
        Ok(())
    }

    /// `previous --`
    pub(super) fn pop_except(&mut self) -> Result {
        let previous = self.pop()?;
        if !previous.is_none() && !raising::is_exception(&previous) {
            return Err(errors::system_error(c"what was handled before is no exception"));
        }
        handled::set(self.python, Some(&previous).filter(|previous| !previous.is_none()));
        Ok(())
    }

    /// `exception class -- exception bool`
    pub(super) fn check_exc_match(&mut self) -> Result {
        let class = self.pop()?;
        let is_caught = raising::is_caught(self.peek(1)?, &class)?;
        drop(class);
        self.push_bool(is_caught);
        Ok(())
    }

    /// `exception class -- rest match`
    pub(super) fn check_eg_match(&mut self) -> Result {
        let class = self.pop()?;
        let exception = self.pop()?;
        let is_group = raising::is_group(&exception)?;
        let (rest, matched) = raising::split_group(self.python, self.frame.globals, &exception, &class)?;
        drop((exception, class));
        if !is_group && !matched.is_none() {
            self.own_traceback_of_group(&matched)?;
        }
        self.push(rest);
        self.push(matched);
        Ok(())
    }

    /// A lone exception was wrapped in a group. If CPython adds a traceback entry for the place where that happened,
    /// the entry is of this function.
    fn own_traceback_of_group(&mut self, group: &Owned) -> Result {
        // SAFETY: the group is alive; the reference is handed over.
        if unsafe { Owned::maybe(ffi::PyException_GetTraceback(group.as_ptr())) }.is_none() {
            return Ok(());
        }
        let place = self.place();
        let entry = self.frame.shown().entry(self.python, &mut self.shown, place, None)?;
        // SAFETY: both are alive, and the entry is a traceback.
        succeeded(unsafe { api::PyException_SetTraceback(group.as_ptr(), entry.as_ptr()) })
    }

    /// `original list -- exception`
    pub(super) fn prep_reraise_star(&mut self) -> Result {
        let (python, globals) = (self.python, self.frame.globals);
        self.apply(|[original, raised]| raising::of_group(python, globals, original, raised))
    }

    /// `manager -- exit result`
    pub(super) fn before_with(&mut self) -> Result {
        let methods = with::manager(self.python, self.peek(1)?)?;
        let manager = self.pop()?;
        self.push(methods.exit);
        drop(manager);
        let result = methods.enter.call()?;
        drop(methods.enter);
        self.push(result);
        Ok(())
    }

    /// `exit lasti previous exception -- exit lasti previous exception result`
    pub(super) fn with_except_start(&mut self, has_self: bool) -> Result {
        let exit = self.peek(if has_self { 5 } else { 4 })?;
        let object = if has_self { self.stack[self.index(4)?].as_ref() } else { None };
        let result = with::exit(self.python, exit, object, self.peek(1)?)?;
        self.push(result);
        Ok(())
    }
}
