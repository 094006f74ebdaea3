//! Cinder's `__typed_signature__`, as `Ci_PyMethodDef_GetTypedSignature` of its `methodobject.c` builds it.

use std::ptr::NonNull;

use pyo3_ffi as ffi;

use crate::callable::Error;
use crate::callable::original::described;
use crate::callable::readied::readied;
use crate::embed::{Exception, Object, Python};
use crate::metadata::Scalar;
use crate::metadata::definition;
use crate::metadata::dialect::cinder::{CinderType, Element};
use crate::runtime::stub::cell::original_of;

/// The dict that Cinder has as `__typed_signature__` of a method that was made callable, or of a stub of it: `{"args":
/// [{"type": "__static__.int64"}, …], "return": {"type": "str", "optional": True}}`. `None` for every other built-in
/// function and method.
///
/// In an argument's dict, `optional` is True if the element is marked so, `type_param` is the index of a type parameter
/// and takes the place of `type`, and `default` is the default. As in Cinder, the `type` of an element with a name is
/// the *name*.
///
/// # Errors
/// If the object is neither a built-in function nor a method descriptor, or memory runs out.
pub fn typed_signature(python: &Python, callable: &Object) -> Result<Option<Object>, Error> {
    let stands_for = original_of(python, callable);
    let original = stands_for.as_ref().unwrap_or(callable);
    // SAFETY: the callable is alive, and the thread attached.
    let Some(found) = (unsafe { definition(original.as_ptr()) }) else {
        return Err(Error::NotBuiltin(described(python, callable)));
    };
    // SAFETY: the definition is that of the live callable.
    let Some(readied) = (unsafe { readied(found.def) }) else { return Ok(None) };
    let def = &readied.def;
    // SAFETY: the thread is attached.
    let arguments = unsafe { python.owned(ffi::PyList_New(0))? };
    for element in &def.elements {
        let argument = describe_element(python, element)?;
        // SAFETY: the thread is attached, list and item alive.
        if unsafe { ffi::PyList_Append(arguments.as_ptr(), argument.as_ptr()) } != 0 {
            return Err(python.take_exception().into());
        }
    }
    let result = dict(python)?;
    result.set_item(python, "args", &arguments)?;
    result.set_item(python, "return", &describe(python, def.result, def.optional_result)?)?;
    Ok(Some(result))
}

fn describe_element(python: &Python, element: &Element) -> Result<Object, Exception> {
    let description = describe(python, element.class, element.optional)?;
    if let Some(name) = &element.name {
        description.set_item(python, "type", &python.text(name)?)?;
    }
    // SAFETY: the field is the extension's, which stays; it holds a live object or null.
    let default = element.default.and_then(|field| unsafe {
        let object = NonNull::new((field.get() as *const *mut ffi::PyObject).read())?;
        Some(Object::from_borrowed(python, object))
    });
    if let Some(default) = default {
        description.set_item(python, "default", &default)?;
    }
    Ok(description)
}

fn describe(python: &Python, class: CinderType, optional: bool) -> Result<Object, Exception> {
    let description = dict(python)?;
    if optional {
        // SAFETY: True is alive for as long as the interpreter.
        let yes = unsafe { NonNull::new(ffi::Py_True()).map(|object| Object::from_borrowed(python, object)) };
        if let Some(yes) = yes {
            description.set_item(python, "optional", &yes)?;
        }
    }
    let name = match class {
        CinderType::Parameter(index) => {
            description.set_item(python, "type_param", &python.int(i64::from(index))?)?;
            return Ok(description);
        }
        CinderType::Object => "object",
        CinderType::Str => "str",
        CinderType::Void | CinderType::Error => "NoneType",
        CinderType::Int(scalar) => static_type(scalar),
    };
    description.set_item(python, "type", &python.text(name)?)?;
    Ok(description)
}

/// Cinder's name of a type of integers.
fn static_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::I8 => "__static__.int8",
        Scalar::I16 => "__static__.int16",
        Scalar::I32 => "__static__.int32",
        Scalar::U8 => "__static__.uint8",
        Scalar::U16 => "__static__.uint16",
        Scalar::U32 => "__static__.uint32",
        Scalar::U64 => "__static__.uint64",
        Scalar::I64 | Scalar::Isize => "__static__.int64",
        Scalar::Usize => "__static__.uint64",
        Scalar::F64 => "__static__.double",
        Scalar::F32 => "__static__.single",
        Scalar::CBool => "__static__.cbool",
    }
}

fn dict(python: &Python) -> Result<Object, Exception> {
    // SAFETY: the thread is attached.
    unsafe { python.owned(ffi::PyDict_New()) }
}
