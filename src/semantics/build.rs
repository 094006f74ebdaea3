//! Displays, slices, and the operations that fill lists, sets and dicts.

use pyo3_ffi as ffi;

use super::iteration::is_not_iterable;
use super::words::Word;
use crate::cpython::functions as api;
use crate::embed::Python;
use crate::thread::owned::{Owned, pointer, succeeded};
use crate::thread::{Result, errors};

/// A tuple of these.
pub fn tuple(items: &[Owned]) -> Result<Owned> {
    // SAFETY: the thread is attached; the fresh tuple has room for the items, and takes references of its own.
    unsafe {
        let tuple = Owned::new(ffi::PyTuple_New(items.len() as ffi::Py_ssize_t))?;
        for (index, item) in (0..).zip(items) {
            ffi::PyTuple_SET_ITEM(tuple.as_ptr(), index, item.again().into_ptr());
        }
        Ok(tuple)
    }
}

/// A list of these.
pub fn list(items: &[Owned]) -> Result<Owned> {
    // SAFETY: as above.
    unsafe {
        let list = Owned::new(ffi::PyList_New(items.len() as ffi::Py_ssize_t))?;
        for (index, item) in (0..).zip(items) {
            ffi::PyList_SET_ITEM(list.as_ptr(), index, item.again().into_ptr());
        }
        Ok(list)
    }
}

/// A set of these.
pub fn set(items: &[Owned]) -> Result<Owned> {
    // SAFETY: the thread is attached, and the objects are alive.
    unsafe {
        let set = Owned::new(ffi::PySet_New(std::ptr::null_mut()))?;
        for item in items {
            succeeded(api::PySet_Add(set.as_ptr(), item.as_ptr()))?;
        }
        Ok(set)
    }
}

/// A dict of keys and values, which alternate.
pub fn map(pairs: &[Owned]) -> Result<Owned> {
    // SAFETY: as above.
    unsafe {
        let dict = Owned::new(ffi::PyDict_New())?;
        for pair in pairs.chunks_exact(2) {
            succeeded(api::PyDict_SetItem(dict.as_ptr(), pair[0].as_ptr(), pair[1].as_ptr()))?;
        }
        Ok(dict)
    }
}

/// A dict of these values, with the keys of a tuple.
pub fn const_key_map(values: &[Owned], keys: &Owned) -> Result<Owned> {
    // SAFETY: as above; the keys are a tuple of that size, as is checked, and live in it.
    unsafe {
        let is_tuple = ffi::PyTuple_CheckExact(keys.as_ptr()) != 0;
        if !is_tuple || ffi::PyTuple_GET_SIZE(keys.as_ptr()) != values.len() as ffi::Py_ssize_t {
            return Err(errors::system_error(c"bad BUILD_CONST_KEY_MAP keys argument"));
        }
        let dict = Owned::new(ffi::PyDict_New())?;
        for (index, value) in (0..).zip(values) {
            let key = ffi::PyTuple_GET_ITEM(keys.as_ptr(), index);
            succeeded(api::PyDict_SetItem(dict.as_ptr(), key, value.as_ptr()))?;
        }
        Ok(dict)
    }
}

/// `start:stop:step`
pub fn slice(start: &Owned, stop: &Owned, step: Option<&Owned>) -> Result<Owned> {
    // SAFETY: the objects are alive; null is no step.
    unsafe { Owned::new(ffi::PySlice_New(start.as_ptr(), stop.as_ptr(), pointer(step))) }
}

/// `list.append(value)`
pub fn list_append(list: &Owned, value: &Owned) -> Result {
    // SAFETY: the objects are alive; an object that is not a list gives a SystemError.
    succeeded(unsafe { ffi::PyList_Append(list.as_ptr(), value.as_ptr()) })
}

/// `[…, *iterable]`
pub fn list_extend(list: &Owned, iterable: &Owned) -> Result {
    // SAFETY: the objects are alive; the list is one, as is checked. Exceptions live for ever.
    unsafe {
        let list = list.as_ptr();
        if ffi::PyList_Check(list) == 0 {
            return Err(errors::system_error(c"no list to extend"));
        }
        let result = succeeded(api::extend_list(list, iterable.as_ptr()));
        result.map_err(|raised| match errors::current_is(ffi::PyExc_TypeError) && is_not_iterable(iterable) {
            true => {
                errors::clear();
                errors::type_error_of(c"Value after * must be an iterable, not %.200s", iterable)
            }
            false => raised,
        })
    }
}

/// A list as a tuple.
pub fn list_to_tuple(list: &Owned) -> Result<Owned> {
    // SAFETY: the object is alive; if it is not a list, the result is a SystemError.
    unsafe { Owned::new(ffi::PyList_AsTuple(list.as_ptr())) }
}

/// `set.add(value)`
pub fn set_add(set: &Owned, value: &Owned) -> Result {
    // SAFETY: the objects are alive; an object that is not a set gives a SystemError.
    succeeded(unsafe { api::PySet_Add(set.as_ptr(), value.as_ptr()) })
}

/// `{…, *iterable}`
pub fn set_update(python: &Python, set: &Owned, iterable: &Owned) -> Result {
    // SAFETY: the objects are alive.
    unsafe {
        let word = Word::Update.get(python)?;
        let update = Owned::new(api::PyObject_GetAttr(set.as_ptr(), word.as_ptr()))?;
        let arguments = [iterable.as_ptr()];
        let none = std::ptr::null_mut();
        Owned::new(api::PyObject_Vectorcall(update.as_ptr(), arguments.as_ptr(), 1, none)).map(drop)
    }
}

/// `dict[key] = value`
pub fn map_add(dict: &Owned, key: &Owned, value: &Owned) -> Result {
    // SAFETY: the objects are alive; an object that is not a dict gives a SystemError.
    succeeded(unsafe { api::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), value.as_ptr()) })
}

/// `{…, **mapping}`
pub fn dict_update(dict: &Owned, mapping: &Owned) -> Result {
    // SAFETY: the objects are alive; an object that is not a dict gives a SystemError. Exceptions live for ever.
    unsafe {
        let updated = succeeded(api::PyDict_Update(dict.as_ptr(), mapping.as_ptr()));
        updated.map_err(|raised| match errors::current_is(ffi::PyExc_AttributeError) {
            true => errors::type_error_of(c"'%.200s' object is not a mapping", mapping),
            false => raised,
        })
    }
}
