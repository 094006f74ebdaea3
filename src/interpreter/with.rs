//! `with`.

use pyo3_ffi as ffi;

use super::activation::Activation;
use super::attributes::look_up_special;
use crate::cpython::functions as api;
use crate::thread::owned::{Owned, pointer};
use crate::thread::{Result, errors};

impl Activation<'_> {
    /// `manager -- exit result`
    pub(super) fn before_with(&mut self) -> Result {
        let manager = self.peek(1)?.again();
        let words = &self.code.words;
        let Some(enter) = look_up_special(&manager, &words.enter)? else {
            let format = c"'%.200s' object does not support the context manager protocol";
            return Err(errors::type_error_of(format, &manager));
        };
        let Some(exit) = look_up_special(&manager, &words.exit)? else {
            let format = c"'%.200s' object does not support the context manager protocol (missed __exit__ method)";
            return Err(errors::type_error_of(format, &manager));
        };
        let (enter, exit) = (bind(enter, &manager)?, bind(exit, &manager)?);
        drop(self.pop()?);
        self.push(exit);
        drop(manager);
        let result = enter.call()?;
        drop(enter);
        self.push(result);
        Ok(())
    }

    /// `exit lasti previous exception -- exit lasti previous exception result`
    pub(super) fn with_except_start(&mut self, has_self: bool) -> Result {
        let exception = self.peek(1)?.again();
        // SAFETY: the exception is alive.
        let traceback = unsafe { Owned::maybe(ffi::PyException_GetTraceback(exception.as_ptr())) };
        let traceback = traceback.unwrap_or_else(|| Owned::none(self.python));
        let exit = self.peek(if has_self { 5 } else { 4 })?.again();
        let object = if has_self { self.stack[self.index(4)?].as_ref().map(Owned::again) } else { None };
        let arguments = [
            std::ptr::null_mut(),
            pointer(object.as_ref()),
            exception.class().cast(),
            exception.as_ptr(),
            traceback.as_ptr(),
        ];
        let skipped = if object.is_some() { 1 } else { 2 };
        let count = (arguments.len() - skipped) | super::calls::ARGUMENTS_OFFSET;
        let mut arguments = arguments;
        // SAFETY: the objects are alive, and there is a slot in front of the arguments.
        unsafe {
            let first = arguments.as_mut_ptr().add(skipped);
            let result = api::PyObject_Vectorcall(exit.as_ptr(), first, count, std::ptr::null_mut());
            self.push_new(result)
        }
    }
}

/// A method bound to its object.
fn bind((method, takes_object): (Owned, bool), object: &Owned) -> Result<Owned> {
    if !takes_object {
        return Ok(method);
    }
    // SAFETY: the objects are alive.
    unsafe {
        let get = Owned::new(ffi::PyObject_GetAttrString(method.class().cast(), c"__get__".as_ptr()))?;
        let arguments = [method.as_ptr(), object.as_ptr(), object.class().cast()];
        let none = std::ptr::null_mut();
        Owned::new(api::PyObject_Vectorcall(get.as_ptr(), arguments.as_ptr(), arguments.len(), none))
    }
}
