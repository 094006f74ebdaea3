//! Making functions.

use pyo3_ffi as ffi;

use crate::cpython::functions as api;
use crate::embed::{Object, Python};
use crate::operators::FunctionAttribute;
use crate::thread::owned::{Owned, succeeded};
use crate::thread::{Result, errors};

/// A function with a code object.
pub fn make(globals: &Object, code: &Owned) -> Result<Owned> {
    // SAFETY: the objects are alive; the code's type is checked.
    unsafe {
        if ffi::PyCode_Check(code.as_ptr()) == 0 {
            return Err(errors::system_error(c"a function is made of a code object"));
        }
        Owned::new(api::PyFunction_New(code.as_ptr(), globals.as_ptr()))
    }
}

/// Gives a function one of its parts.
pub fn set_attribute(python: &Python, attribute: FunctionAttribute, function: &Owned, value: &Owned) -> Result {
    // SAFETY: the objects are alive; a wrong type of value or function is a SystemError.
    unsafe {
        let function = function.as_ptr();
        succeeded(match attribute {
            FunctionAttribute::Defaults => api::PyFunction_SetDefaults(function, value.as_ptr()),
            FunctionAttribute::KeywordDefaults => api::PyFunction_SetKwDefaults(function, value.as_ptr()),
            FunctionAttribute::Closure => api::PyFunction_SetClosure(function, value.as_ptr()),
            FunctionAttribute::Annotations => api::PyFunction_SetAnnotations(function, annotations(value)?.as_ptr()),
            FunctionAttribute::Annotate => {
                let name = Owned::text(python, "__annotate__")?;
                api::PyObject_SetAttr(function, name.as_ptr(), value.as_ptr())
            }
        })
    }
}

/// A dict of annotations, made from alternating names and values. CPython makes it when it is first used.
fn annotations(pairs: &Owned) -> Result<Owned> {
    // SAFETY: the thread is attached, the tuple alive, and it keeps its items alive.
    unsafe {
        if ffi::PyTuple_Check(pairs.as_ptr()) == 0 {
            return Ok(pairs.again());
        }
        let dict = Owned::new(ffi::PyDict_New())?;
        for index in (0..ffi::PyTuple_GET_SIZE(pairs.as_ptr()) - 1).step_by(2) {
            let item = |index| ffi::PyTuple_GET_ITEM(pairs.as_ptr(), index);
            succeeded(api::PyDict_SetItem(dict.as_ptr(), item(index), item(index + 1)))?;
        }
        Ok(dict)
    }
}
