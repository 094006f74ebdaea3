//! Attributes, methods, and what `super` finds.

use pyo3_ffi as ffi;

use crate::bytecode::{Name, Special};
use crate::embed::Object;

use super::activation::Activation;
use crate::cpython::functions as api;
use crate::thread::owned::{Owned, give_up, succeeded};
use crate::thread::{Result, errors};

/// Set in a type's flags: its instances called as an attribute are methods (`Py_TPFLAGS_METHOD_DESCRIPTOR`).
const METHOD_DESCRIPTOR: std::ffi::c_ulong = 1 << 17;

impl Activation<'_> {
    pub(super) fn load_attr(&mut self, name: Name) -> Result {
        let object = self.pop()?;
        // SAFETY: the objects are alive.
        let value = unsafe { Owned::new(api::PyObject_GetAttr(object.as_ptr(), self.name(name).as_ptr()))? };
        drop(object);
        self.push(value);
        Ok(())
    }

    /// `object -- method self`, or `object -- attribute null`
    pub(super) fn load_method(&mut self, name: Name) -> Result {
        let object = self.pop()?;
        let mut method = std::ptr::null_mut();
        // SAFETY: the objects are alive; the method is a new reference, or null with an exception.
        let (found, method) = unsafe {
            let found = api::_PyObject_GetMethod(object.as_ptr(), self.name(name).as_ptr(), &mut method);
            (found, Owned::new(method)?)
        };
        self.push(method);
        self.stack.push((found != 0).then_some(object));
        Ok(())
    }

    /// `value object --`
    pub(super) fn store_attr(&mut self, name: Name) -> Result {
        let object = self.pop()?;
        let value = self.pop()?;
        // SAFETY: the objects are alive.
        let status = unsafe { api::PyObject_SetAttr(object.as_ptr(), self.name(name).as_ptr(), value.as_ptr()) };
        give_up([value, object], false);
        succeeded(status)
    }

    pub(super) fn delete_attr(&mut self, name: Name) -> Result {
        let object = self.pop()?;
        let none = std::ptr::null_mut();
        // SAFETY: the objects are alive; null deletes.
        succeeded(unsafe { api::PyObject_SetAttr(object.as_ptr(), self.name(name).as_ptr(), none) })
    }

    /// `super class self -- value`
    pub(super) fn load_super_attr(&mut self, name: Name, zero_arguments: bool) -> Result {
        let object = self.pop()?;
        let class = self.pop()?;
        let function = self.pop()?;
        // The source's `super()` is given its arguments, where it is the real one; else it is called as it is written.
        let is_real = function.as_ptr() == (&raw mut ffi::PySuper_Type).cast();
        let count = if zero_arguments && !is_real { 0 } else { 2 };
        let arguments = [&class, &object].map(Owned::as_ptr);
        let none = std::ptr::null_mut();
        // SAFETY: the objects are alive.
        let value = unsafe {
            Owned::new(api::PyObject_Vectorcall(function.as_ptr(), arguments.as_ptr(), count, none))
                .and_then(|bound| Owned::new(api::PyObject_GetAttr(bound.as_ptr(), self.name(name).as_ptr())))
        };
        drop((function, class, object));
        self.push(value?);
        Ok(())
    }

    /// `object -- method self`, or `object -- method null`
    pub(super) fn load_special(&mut self, special: Special) -> Result {
        let words = &self.code.words;
        let (word, name, argument) = match special {
            Special::Enter => (&words.enter, "__enter__", 0),
            Special::Exit => (&words.exit, "__exit__", 1),
            Special::AsyncEnter => (&words.aenter, "__aenter__", 2),
            Special::AsyncExit => (&words.aexit, "__aexit__", 3),
        };
        let object = self.pop()?;
        match look_up_special(&object, word)? {
            Some((method, true)) => {
                self.push(method);
                self.push(object);
            }
            Some((method, false)) => {
                self.push(method);
                self.stack.push(None);
            }
            // CPython's own instruction finds the words.
            None if cfg!(Py_3_14) => {
                let missing = format!("LOAD_SPECIAL {argument}");
                drop(self.spliced(&missing, &[object])?);
                return Err(errors::system_error(c"a special method appeared"));
            }
            None => {
                let text = format!("'{}' object has no {name} method", type_name(&object));
                let text = std::ffi::CString::new(text).unwrap_or_default();
                return Err(errors::type_error(&text));
            }
        }
        Ok(())
    }
}

/// A special method, looked up on the type, and whether it is to be called with the object: as
/// `_PyObject_LookupSpecialMethod` does.
pub fn look_up_special(object: &Owned, name: &Object) -> Result<Option<(Owned, bool)>> {
    // SAFETY: the object keeps its type alive, and the reference taken at once keeps what is found.
    unsafe {
        let class = object.class();
        let found = api::_PyType_Lookup(class, name.as_ptr());
        if found.is_null() {
            return Ok(None);
        }
        let found = Owned::borrowed(found);
        if ffi::PyType_GetFlags(found.class()) & METHOD_DESCRIPTOR != 0 {
            return Ok(Some((found, true)));
        }
        if (*found.class()).tp_descr_get.is_none() {
            return Ok(Some((found, false)));
        }
        let get = Owned::new(ffi::PyObject_GetAttrString(found.class().cast(), c"__get__".as_ptr()))?;
        let arguments = [found.as_ptr(), object.as_ptr(), class.cast()];
        let none = std::ptr::null_mut();
        let bound = Owned::new(api::PyObject_Vectorcall(get.as_ptr(), arguments.as_ptr(), arguments.len(), none))?;
        Ok(Some((bound, false)))
    }
}

fn type_name(object: &Owned) -> String {
    // SAFETY: the object keeps its type alive, whose name is a C string.
    unsafe { std::ffi::CStr::from_ptr((*object.class()).tp_name) }.to_string_lossy().into_owned()
}
