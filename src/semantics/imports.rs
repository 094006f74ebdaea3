//! Imports.

use pyo3_ffi as ffi;

use super::Namespaces;
use super::spliced::spliced;
use super::words::Word;
use crate::cpython::functions as api;
use crate::embed::{Object, Python};
use crate::thread::owned::Owned;
use crate::thread::{Raised, Result, errors};

/// `import name`, or `from name import names`. The result is the module.
pub fn module(
    python: &Python,
    namespaces: Namespaces<'_>,
    name: &Owned,
    level: &Owned,
    names: &Owned,
) -> Result<Owned> {
    let found = function(python, namespaces.builtins)?;
    // SAFETY: exceptions live for ever.
    let missing = || errors::raise(unsafe { ffi::PyExc_ImportError }, c"__import__ not found");
    let import = found.ok_or_else(missing)?;
    // SAFETY: the thread is attached; the objects are alive. A function has no namespace to pass as its locals.
    unsafe {
        let (globals, locals) = (namespaces.globals.as_ptr(), ffi::Py_None());
        let arguments = [name.as_ptr(), globals, locals, names.as_ptr(), level.as_ptr()];
        let none = std::ptr::null_mut();
        Owned::new(api::PyObject_Vectorcall(import.as_ptr(), arguments.as_ptr(), arguments.len(), none))
    }
}

fn function(python: &Python, builtins: &Object) -> Result<Option<Owned>> {
    let word = Word::Import.get(python)?.as_ptr();
    // SAFETY: the objects are alive; borrowed ones get a reference at once.
    unsafe {
        match api::builtin_for_import(builtins.as_ptr(), word) {
            None => super::names::find(builtins.as_ptr(), word),
            Some(function) if !function.is_null() => Ok(Some(Owned::borrowed(function))),
            Some(_) if errors::is_set() => Err(Raised),
            Some(_) => Ok(None),
        }
    }
}

/// `from module import name`: the module's attribute of that name.
pub fn from(python: &Python, globals: &Object, module: &Owned, name: &Owned) -> Result<Owned> {
    match super::attributes::get(module, name) {
        Ok(value) => Ok(value),
        Err(Raised) => {
            // SAFETY: exceptions live for ever.
            errors::absent(unsafe { ffi::PyExc_AttributeError })?;
            // The name may be that of a module that is being imported. The message says why there is no attribute:
            // CPython's own instruction chooses it.
            let text = name.to_text()?;
            spliced(python, globals, &format!("IMPORT_FROM {text}"), [module])
        }
    }
}
