//! Calls with the callable and the arguments on the stack.

use pyo3_ffi as ffi;

use crate::bytecode::Arguments;
use crate::cpython::DeathOrder;

use super::activation::Activation;
use crate::cpython::functions as api;
use crate::semantics::calls::{self, ARGUMENTS_OFFSET};
use crate::thread::{Owned, Raised, Result, errors, interrupts};

impl Activation<'_> {
    /// `callable a₁ … aₙ -- result`
    pub(super) fn call(&mut self, arguments: &Arguments) -> Result {
        let callable = self.top(arguments.count.saturating_add(1))?;
        self.vectorcall(callable, callable + 1, callable)
    }

    /// `method self a₁ … aₙ -- result`
    pub(super) fn call_method(&mut self, arguments: &Arguments) -> Result {
        let object = self.top(arguments.count)?.checked_sub(1).ok_or_else(no_callable)?;
        let method = object.checked_sub(1).ok_or_else(no_callable)?;
        let first = if self.stack[object].is_some() { object } else { object + 1 };
        self.vectorcall(method, first, method)
    }

    /// Calls the object in a slot with the objects from another slot on, and replaces all of them by the result.
    fn vectorcall(&mut self, callable: usize, first: usize, start: usize) -> Result {
        let function = self.stack[callable].as_ref().ok_or_else(no_callable)?.as_ptr();
        let count = self.stack.len() - first;
        let keywords = self.code.keywords[self.at as usize].as_ref();
        let answer = if count == 0 { self.answer(function)? } else { None };
        let result = match answer {
            Some(answer) => Ok(answer),
            // SAFETY: the stack keeps callable and arguments alive. None of the arguments is null, as `top` checks, and
            // before the first is another slot of the stack. The names are a tuple that is no longer than the
            // arguments.
            None => unsafe {
                let names = keywords.map_or(std::ptr::null_mut(), crate::embed::Object::as_ptr);
                let by_name = if names.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(names) as usize };
                let by_position = count.checked_sub(by_name).ok_or_else(no_callable)?;
                let arguments = self.pointers(first);
                Owned::new(api::PyObject_Vectorcall(function, arguments, by_position | ARGUMENTS_OFFSET, names))
            },
        };
        // As in CPython: the callable dies first, then the arguments, from 3.14 on the last first.
        drop(self.stack[start].take());
        match DeathOrder::CURRENT.last_first(false) {
            true => self.stack[start..].iter_mut().rev().for_each(|slot| drop(slot.take())),
            false => self.stack[start..].iter_mut().for_each(|slot| drop(slot.take())),
        }
        self.stack.truncate(start);
        self.push(result?);
        interrupts::serve(self.python)
    }

    /// `callable args -- result`, or `callable args kwargs -- result`
    pub(super) fn call_ex(&mut self, has_keywords: bool) -> Result {
        let keywords = if has_keywords { self.pop_slot()? } else { None };
        let arguments = self.pop()?;
        let callable = self.pop()?;
        let result = calls::unpacked(&callable, &arguments, keywords.as_ref());
        drop((callable, arguments, keywords));
        self.push(result?);
        interrupts::serve(self.python)
    }

    /// `callable … dict … mapping -- callable … dict …`
    pub(super) fn dict_merge(&mut self, depth: u32, callable: u32) -> Result {
        let mapping = self.pop()?;
        calls::merge_keywords(self.peek(depth)?, &mapping, self.peek(callable)?)
    }
}

fn no_callable() -> Raised {
    errors::system_error(c"no callable below the arguments")
}
