//! Attributes, methods, lookups of `super`, and special methods.

use pyo3_ffi as ffi;

use super::spliced::spliced;
use super::words::Word;
use crate::cpython::{Behaviour, functions as api};
use crate::embed::{Object, Python};
use crate::operators::Special;
use crate::thread::owned::{Owned, succeeded};
use crate::thread::{Result, errors};

/// The flag of a type whose instances act as methods when they are called as an attribute
/// (`Py_TPFLAGS_METHOD_DESCRIPTOR`).
const METHOD_DESCRIPTOR: std::ffi::c_ulong = 1 << 17;

/// The result of a lookup of a method for a call.
#[derive(Debug)]
pub struct Method {
    /// The object to call.
    pub callable: Owned,
    /// Whether the object on which the lookup was made is its first argument.
    pub takes_object: bool,
}

/// `object.name`
pub fn get(object: &Owned, name: &Owned) -> Result<Owned> {
    // SAFETY: the objects are alive.
    unsafe { Owned::new(api::PyObject_GetAttr(object.as_ptr(), name.as_ptr())) }
}

/// `object.name = value`
pub fn set(object: &Owned, name: &Owned, value: &Owned) -> Result {
    // SAFETY: the objects are alive.
    succeeded(unsafe { api::PyObject_SetAttr(object.as_ptr(), name.as_ptr(), value.as_ptr()) })
}

/// `del object.name`
pub fn delete(object: &Owned, name: &Owned) -> Result {
    // SAFETY: the objects are alive; null deletes.
    succeeded(unsafe { api::PyObject_SetAttr(object.as_ptr(), name.as_ptr(), std::ptr::null_mut()) })
}

/// The object that `object.name(…)` calls: the function of a method, or the attribute.
pub fn method(object: &Owned, name: &Owned) -> Result<Method> {
    let mut method = std::ptr::null_mut();
    // SAFETY: the objects are alive; the method is a new reference, or null with an exception.
    unsafe {
        let takes_object = api::_PyObject_GetMethod(object.as_ptr(), name.as_ptr(), &mut method) != 0;
        Ok(Method { callable: Owned::new(method)?, takes_object })
    }
}

/// `super(class, object).name`, or `super().name` if the source has that.
pub fn of_super(function: &Owned, class: &Owned, object: &Owned, name: &Owned, zero_arguments: bool) -> Result<Owned> {
    // If the source has `super()`, the real `super` is called with its two arguments; any other callable is called as
    // it is written.
    let is_real = function.as_ptr() == (&raw mut ffi::PySuper_Type).cast();
    let count = if zero_arguments && !is_real { 0 } else { 2 };
    let arguments = [class, object].map(Owned::as_ptr);
    let none = std::ptr::null_mut();
    // SAFETY: the objects are alive.
    unsafe {
        let bound = Owned::new(api::PyObject_Vectorcall(function.as_ptr(), arguments.as_ptr(), count, none))?;
        Owned::new(api::PyObject_GetAttr(bound.as_ptr(), name.as_ptr()))
    }
}

/// A special method that must exist.
pub fn special(python: &Python, globals: &Object, object: &Owned, special: Special) -> Result<Method> {
    let (word, name, argument) = match special {
        Special::Enter => (Word::Enter, "__enter__", 0),
        Special::Exit => (Word::Exit, "__exit__", 1),
        Special::AsyncEnter => (Word::AsyncEnter, "__aenter__", 2),
        Special::AsyncExit => (Word::AsyncExit, "__aexit__", 3),
    };
    if let Some(method) = find_special(python, object, word)? {
        return Ok(method);
    }
    // CPython's own instruction chooses the message.
    if Behaviour::CURRENT.loads_special_methods {
        spliced(python, globals, &format!("LOAD_SPECIAL {argument}"), [object])?;
        return Err(errors::system_error(c"a special method appeared"));
    }
    let text = format!("'{}' object has no {name} method", type_name(object));
    Err(errors::type_error(&std::ffi::CString::new(text).unwrap_or_default()))
}

/// A special method, looked up on the type, as `_PyObject_LookupSpecialMethod` does.
pub(super) fn find_special(python: &Python, object: &Owned, name: Word) -> Result<Option<Method>> {
    let name = name.get(python)?;
    // SAFETY: the object keeps its type alive; the found object gets a reference at once.
    unsafe {
        let class = object.class();
        let found = api::_PyType_Lookup(class, name.as_ptr());
        if found.is_null() {
            return Ok(None);
        }
        let callable = Owned::borrowed(found);
        if ffi::PyType_GetFlags(callable.class()) & METHOD_DESCRIPTOR != 0 {
            return Ok(Some(Method { callable, takes_object: true }));
        }
        if (*callable.class()).tp_descr_get.is_none() {
            return Ok(Some(Method { callable, takes_object: false }));
        }
        Ok(Some(Method { callable: bound(&callable, object)?, takes_object: false }))
    }
}

/// The value of a descriptor for an object.
pub(super) fn bound(descriptor: &Owned, object: &Owned) -> Result<Owned> {
    // SAFETY: the objects are alive.
    unsafe {
        let get = Owned::new(ffi::PyObject_GetAttrString(descriptor.class().cast(), c"__get__".as_ptr()))?;
        let arguments = [descriptor.as_ptr(), object.as_ptr(), object.class().cast()];
        let none = std::ptr::null_mut();
        Owned::new(api::PyObject_Vectorcall(get.as_ptr(), arguments.as_ptr(), arguments.len(), none))
    }
}

fn type_name(object: &Owned) -> String {
    // SAFETY: the object keeps its type alive, whose name is a C string.
    unsafe { std::ffi::CStr::from_ptr((*object.class()).tp_name) }.to_string_lossy().into_owned()
}
