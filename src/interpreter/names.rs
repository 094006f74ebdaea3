//! Locals, cells and globals.

use std::ffi::{CStr, CString};

use pyo3_ffi as ffi;

use crate::bytecode::{Local, LocalKind, Name};
use crate::embed::{Object, Python};

use super::activation::Activation;
use crate::cpython::functions as api;
use crate::thread::owned::{Owned, succeeded};
use crate::thread::{Raised, Result, errors};

/// A `str`.
pub fn text(_: &Python, text: &str) -> Result<Owned> {
    // SAFETY: the thread is attached; the bytes are copied.
    unsafe { Owned::new(ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t)) }
}

impl Activation<'_> {
    pub(super) fn load_fast(&mut self, local: Local) -> Result {
        match &self.locals[local as usize] {
            Some(value) => {
                let value = value.again();
                self.push(value);
                Ok(())
            }
            None => Err(self.unbound_local(local)),
        }
    }

    pub(super) fn store_fast(&mut self, local: Local) -> Result {
        let value = self.pop_slot()?;
        // The old value dies behind: it may look.
        drop(std::mem::replace(&mut self.locals[local as usize], value));
        Ok(())
    }

    pub(super) fn delete_fast(&mut self, local: Local) -> Result {
        match self.locals[local as usize].take() {
            Some(_) => Ok(()),
            None => Err(self.unbound_local(local)),
        }
    }

    pub(super) fn make_cell(&mut self, local: Local) -> Result {
        let slot = &mut self.locals[local as usize];
        // SAFETY: the thread is attached; null makes an empty cell.
        let cell = unsafe { Owned::new(ffi::PyCell_New(crate::thread::owned::pointer(slot.as_ref())))? };
        drop(slot.replace(cell));
        Ok(())
    }

    pub(super) fn copy_free_vars(&mut self, count: u32) -> Result {
        let Some(closure) = self.frame.closure else {
            return Err(errors::system_error(c"the function has no closure"));
        };
        // SAFETY: the closure is alive; its size and items are read only where it is a tuple.
        unsafe {
            let closure = closure.as_ptr();
            if ffi::PyTuple_Check(closure) == 0 || ffi::PyTuple_GET_SIZE(closure) != count as ffi::Py_ssize_t {
                return Err(errors::system_error(c"the closure does not fit the code"));
            }
            // `Prepared` checks that there are so many locals.
            let first = self.locals.len() - count as usize;
            for (index, local) in (0..).zip(&mut self.locals[first..]) {
                *local = Some(Owned::borrowed(ffi::PyTuple_GET_ITEM(closure, index)));
            }
        }
        Ok(())
    }

    /// The cell in a local's slot.
    fn cell(&self, local: Local) -> Result<&Owned> {
        let cell = self.locals[local as usize].as_ref();
        // SAFETY: the object is alive.
        let cell = cell.filter(|cell| unsafe { ffi::Py_TYPE(cell.as_ptr()) } == &raw mut ffi::PyCell_Type);
        cell.ok_or_else(|| errors::system_error(c"no cell where there should be one"))
    }

    /// What is in a cell.
    pub(super) fn cell_value(&self, local: Local) -> Result<Option<Owned>> {
        // SAFETY: it is a cell; the reference is handed over.
        unsafe { Ok(Owned::maybe(ffi::PyCell_Get(self.cell(local)?.as_ptr()))) }
    }

    pub(super) fn load_deref(&mut self, local: Local) -> Result {
        let value = self.cell_value(local)?.ok_or_else(|| self.unbound_cell(local))?;
        self.push(value);
        Ok(())
    }

    pub(super) fn store_deref(&mut self, local: Local) -> Result {
        let value = self.pop()?;
        // SAFETY: it is a cell, which takes a reference of its own.
        unsafe { succeeded(api::PyCell_Set(self.cell(local)?.as_ptr(), value.as_ptr())) }
    }

    pub(super) fn delete_deref(&mut self, local: Local) -> Result {
        // The old value dies behind: it may look.
        let _old = self.cell_value(local)?.ok_or_else(|| self.unbound_cell(local))?;
        // SAFETY: it is a cell; null empties it.
        unsafe { succeeded(api::PyCell_Set(self.cell(local)?.as_ptr(), std::ptr::null_mut())) }
    }

    /// `mapping -- value`
    pub(super) fn load_from_dict_or_deref(&mut self, local: Local) -> Result {
        let mapping = self.pop()?;
        let name = text(self.python, &self.code.code().locals[local as usize].name)?;
        let found = find(mapping.as_ptr(), name.as_ptr())?;
        let value = match found {
            Some(value) => value,
            None => self.cell_value(local)?.ok_or_else(|| self.unbound_cell(local))?,
        };
        drop(mapping);
        self.push(value);
        Ok(())
    }

    /// `mapping -- value`
    pub(super) fn load_from_dict_or_globals(&mut self, name: Name) -> Result {
        let mapping = self.pop()?;
        let value = match find(mapping.as_ptr(), self.name(name).as_ptr())? {
            Some(value) => value,
            None => self.global(name)?,
        };
        drop(mapping);
        self.push(value);
        Ok(())
    }

    pub(super) fn load_global(&mut self, name: Name) -> Result {
        let value = self.global(name)?;
        self.push(value);
        Ok(())
    }

    fn global(&self, name: Name) -> Result<Owned> {
        let (globals, builtins) = (self.frame.globals.as_ptr(), self.frame.builtins.as_ptr());
        let key = self.name(name).as_ptr();
        // SAFETY: the dicts and the name are alive; what is borrowed from a dict gets a reference at once.
        let found = unsafe {
            if is_dict(globals) && is_dict(builtins) {
                match find_in_dict(globals, key)? {
                    Some(value) => Some(value),
                    None => find_in_dict(builtins, key)?,
                }
            } else {
                match find(globals, key)? {
                    Some(value) => Some(value),
                    None => find(builtins, key)?,
                }
            }
        };
        let value = found.ok_or_else(|| self.undefined(name))?;
        match &self.code.lazy_import {
            Some(class) if class.as_ptr() == value.class().cast() => self.resolve_lazy_import(&value, key),
            _ => Ok(value),
        }
    }

    /// 3.15's lazy imports are done when a function first reads the name, which gets the module in their place.
    fn resolve_lazy_import(&self, placeholder: &Owned, key: *mut ffi::PyObject) -> Result<Owned> {
        // SAFETY: the thread is attached, and the objects alive.
        unsafe {
            let resolve = Owned::new(ffi::PyObject_GetAttrString(placeholder.as_ptr(), c"resolve".as_ptr()))?;
            let value = resolve.call()?;
            let globals = self.frame.globals.as_ptr();
            if is_dict(globals) && ffi::PyDict_GetItemWithError(globals, key) == placeholder.as_ptr() {
                succeeded(api::PyDict_SetItem(globals, key, value.as_ptr()))?;
            }
            Ok(value)
        }
    }

    pub(super) fn store_global(&mut self, name: Name) -> Result {
        let value = self.pop()?;
        // SAFETY: the thread is attached, the objects alive; a dict, else the call says so.
        unsafe {
            let globals = self.frame.globals.as_ptr();
            succeeded(api::PyDict_SetItem(globals, self.name(name).as_ptr(), value.as_ptr()))
        }
    }

    pub(super) fn delete_global(&mut self, name: Name) -> Result {
        // SAFETY: as above.
        let status = unsafe { api::PyDict_DelItem(self.frame.globals.as_ptr(), self.name(name).as_ptr()) };
        // SAFETY: exceptions live for ever.
        let key_error = unsafe { ffi::PyExc_KeyError };
        match succeeded(status) {
            Err(Raised) if errors::current_is(key_error) => {
                errors::clear();
                Err(self.undefined(name))
            }
            other => other,
        }
    }

    pub(super) fn load_build_class(&mut self) -> Result {
        let found = find(self.frame.builtins.as_ptr(), self.code.words.build_class.as_ptr())?;
        // SAFETY: exceptions live for ever.
        let missing = || errors::raise(unsafe { ffi::PyExc_NameError }, c"__build_class__ not found");
        let function = found.ok_or_else(missing)?;
        self.push(function);
        Ok(())
    }

    /// An interned name.
    pub(super) fn name(&self, name: Name) -> &Object {
        &self.code.names[name as usize]
    }

    pub(super) fn unbound_local(&self, local: Local) -> Raised {
        let format = c"cannot access local variable '%s' where it is not associated with a value";
        // SAFETY: exceptions live for ever.
        self.unbound(unsafe { ffi::PyExc_UnboundLocalError }, format, local)
    }

    fn unbound_cell(&self, local: Local) -> Raised {
        if self.code.code().locals[local as usize].kind != LocalKind::Free {
            return self.unbound_local(local);
        }
        let format = c"cannot access free variable '%s' where it is not associated with a value in enclosing scope";
        // SAFETY: exceptions live for ever.
        self.unbound(unsafe { ffi::PyExc_NameError }, format, local)
    }

    fn unbound(&self, class: *mut ffi::PyObject, format: &'static CStr, local: Local) -> Raised {
        let name = &self.code.code().locals[local as usize].name;
        raise_name_error(class, format, name);
        // SAFETY: exceptions live for ever.
        if class == unsafe { ffi::PyExc_NameError }
            && let Ok(name) = text(self.python, name)
        {
            self.give_name(name.as_ptr());
        }
        Raised
    }

    fn undefined(&self, name: Name) -> Raised {
        let text = &self.code.code().names[name as usize];
        // SAFETY: exceptions live for ever.
        raise_name_error(unsafe { ffi::PyExc_NameError }, c"name '%.200s' is not defined", text);
        self.give_name(self.name(name).as_ptr());
        Raised
    }

    /// Puts the name on the current `NameError`, for suggestions.
    fn give_name(&self, name: *mut ffi::PyObject) {
        let Some(exception) = errors::take() else { return };
        // SAFETY: the objects are alive. A failure is CPython's to ignore, too.
        unsafe {
            if api::PyObject_SetAttr(exception.as_ptr(), self.code.words.name.as_ptr(), name) < 0 {
                errors::clear();
            }
        }
        errors::restore(exception);
    }
}

fn raise_name_error(class: *mut ffi::PyObject, format: &'static CStr, name: &str) {
    // A name of the language has no NUL in it.
    let name = CString::new(name).unwrap_or_default();
    // SAFETY: the thread is attached; the formats above have one `%s`.
    unsafe { ffi::PyErr_Format(class, format.as_ptr(), name.as_ptr()) };
}

/// Whether an object is a dict, and not of a subclass.
pub fn is_dict(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the callers' objects are alive.
    unsafe { ffi::PyDict_CheckExact(object) != 0 }
}

/// # Safety
/// `dict` is a dict, and both objects are alive.
unsafe fn find_in_dict(dict: *mut ffi::PyObject, key: *mut ffi::PyObject) -> Result<Option<Owned>> {
    // SAFETY: the caller promises it; what is borrowed gets a reference at once.
    unsafe {
        let value = api::PyDict_GetItemWithError(dict, key);
        if !value.is_null() {
            return Ok(Some(Owned::borrowed(value)));
        }
        if errors::is_set() { Err(Raised) } else { Ok(None) }
    }
}

/// What a mapping has for a key.
pub fn find(mapping: *mut ffi::PyObject, key: *mut ffi::PyObject) -> Result<Option<Owned>> {
    // SAFETY: the callers' objects are alive.
    unsafe {
        if is_dict(mapping) {
            return find_in_dict(mapping, key);
        }
        match Owned::new(api::PyObject_GetItem(mapping, key)) {
            Ok(value) => Ok(Some(value)),
            Err(Raised) => errors::absent(ffi::PyExc_KeyError),
        }
    }
}
