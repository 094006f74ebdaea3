//! Converts Rust values to Python objects.

use pyo3_ffi as ffi;

use super::method_error::MethodError;
use crate::embed::{Exception, Object, Python};

/// `None`.
pub fn none(python: &Python) -> Object {
    // SAFETY: `None` always exists, and is never null.
    unsafe {
        let none = std::ptr::NonNull::new(ffi::Py_None()).expect("None has an address");
        Object::from_borrowed(python, none)
    }
}

/// A `str`, or `None`.
pub fn optional_text(python: &Python, text: Option<&str>) -> Result<Object, Exception> {
    text.map_or_else(|| Ok(none(python)), |text| python.text(text))
}

/// True or False.
pub fn truth(python: &Python, value: bool) -> Result<Object, Exception> {
    // SAFETY: the thread is attached.
    unsafe { python.owned(ffi::PyBool_FromLong(value.into())) }
}

/// A dict with these entries, in this order.
pub fn dict<'a>(python: &Python, entries: impl IntoIterator<Item = (&'a str, Object)>) -> Result<Object, Exception> {
    // SAFETY: the thread is attached.
    let dict = unsafe { python.owned(ffi::PyDict_New()) }?;
    for (key, value) in entries {
        let key = python.text(key)?;
        // SAFETY: the thread is attached, and all three are alive.
        if unsafe { ffi::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), value.as_ptr()) } != 0 {
            return Err(python.take_exception());
        }
    }
    Ok(dict)
}

/// A list of these objects.
pub fn list(
    python: &Python,
    objects: impl IntoIterator<Item = Result<Object, Exception>>,
) -> Result<Object, Exception> {
    // SAFETY: the thread is attached.
    let list = unsafe { python.owned(ffi::PyList_New(0)) }?;
    for object in objects {
        // SAFETY: the thread is attached, and both are alive.
        if unsafe { ffi::PyList_Append(list.as_ptr(), object?.as_ptr()) } != 0 {
            return Err(python.take_exception());
        }
    }
    Ok(list)
}

/// A tuple of these objects.
pub fn tuple<const N: usize>(python: &Python, objects: [Object; N]) -> Result<Object, Exception> {
    let size = ffi::Py_ssize_t::try_from(N).unwrap_or(ffi::Py_ssize_t::MAX);
    // SAFETY: the thread is attached; a fresh tuple of that size takes over each reference.
    unsafe {
        let tuple = python.owned(ffi::PyTuple_New(size))?;
        for (index, object) in objects.into_iter().enumerate() {
            ffi::PyTuple_SET_ITEM(tuple.as_ptr(), index as ffi::Py_ssize_t, object.into_ptr());
        }
        Ok(tuple)
    }
}

/// `module.name = value`, for a module that is being initialized.
pub fn add(python: &Python, module: &Object, name: &str, value: &Object) -> Result<(), MethodError> {
    Ok(module.set_attr(python, name, value)?)
}
