//! Imports.

use pyo3_ffi as ffi;

use crate::bytecode::Name;

use super::activation::Activation;
use crate::cpython::functions as api;
use crate::thread::owned::Owned;
use crate::thread::{Raised, Result, errors};

impl Activation<'_> {
    /// `level names -- module`
    pub(super) fn import_name(&mut self, name: Name) -> Result {
        let names = self.pop()?;
        let level = self.pop()?;
        let found = self.import_function()?;
        // SAFETY: exceptions live for ever.
        let missing = || errors::raise(unsafe { ffi::PyExc_ImportError }, c"__import__ not found");
        let import = found.ok_or_else(missing)?;
        // SAFETY: the thread is attached; the objects are alive. A function has no namespace to pass as its locals.
        unsafe {
            let (globals, locals) = (self.frame.globals.as_ptr(), ffi::Py_None());
            let arguments = [self.name(name).as_ptr(), globals, locals, names.as_ptr(), level.as_ptr()];
            let none = std::ptr::null_mut();
            let result = api::PyObject_Vectorcall(import.as_ptr(), arguments.as_ptr(), arguments.len(), none);
            drop((names, level));
            self.push_new(result)
        }
    }

    #[cfg(Py_3_13)]
    fn import_function(&self) -> Result<Option<Owned>> {
        super::names::find(self.frame.builtins.as_ptr(), self.code.words.import.as_ptr())
    }

    /// Before 3.13 builtins that are no dict are an error here (`import_name` in `Python/ceval.c`).
    #[cfg(not(Py_3_13))]
    fn import_function(&self) -> Result<Option<Owned>> {
        let (builtins, word) = (self.frame.builtins.as_ptr(), self.code.words.import.as_ptr());
        // SAFETY: the objects are alive; what is borrowed gets a reference at once.
        unsafe {
            let function = api::_PyDict_GetItem_KnownHash(builtins, word, ffi::PyObject_Hash(word));
            match function.is_null() {
                false => Ok(Some(Owned::borrowed(function))),
                true if errors::is_set() => Err(Raised),
                true => Ok(None),
            }
        }
    }

    /// `module -- module value`
    pub(super) fn import_from(&mut self, name: Name) -> Result {
        let module = self.peek(1)?.again();
        // SAFETY: the objects are alive.
        let value = match unsafe { Owned::new(api::PyObject_GetAttr(module.as_ptr(), self.name(name).as_ptr())) } {
            Ok(value) => value,
            Err(Raised) => {
                // SAFETY: exceptions live for ever.
                errors::absent(unsafe { ffi::PyExc_AttributeError })?;
                // It may be a module that is being imported; and the text says why there is nothing: CPython's own
                // instruction knows.
                let text = &self.code.code().names[name as usize];
                self.spliced(&format!("IMPORT_FROM {text}"), &[module])?
            }
        };
        self.push(value);
        Ok(())
    }
}
