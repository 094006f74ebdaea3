//! `match`.

use pyo3_ffi as ffi;

use super::words::Word;
use crate::cpython::{Behaviour, functions as api};
use crate::embed::Python;
use crate::thread::owned::{Owned, succeeded, truth};
use crate::thread::{Raised, Result, errors};

/// Flags of types that patterns test (`Include/object.h`).
mod flags {
    use std::ffi::c_ulong;

    pub const SEQUENCE: c_ulong = 1 << 5;
    pub const MAPPING: c_ulong = 1 << 6;
    /// A single positional pattern matches the object itself.
    pub const MATCH_SELF: c_ulong = 1 << 22;
}

/// `len(object)`
pub fn length(object: &Owned) -> Result<Owned> {
    // SAFETY: the object is alive.
    unsafe {
        let length = api::PyObject_Size(object.as_ptr());
        if length < 0 { Err(Raised) } else { Owned::new(ffi::PyLong_FromSsize_t(length)) }
    }
}

/// Whether an object is a mapping for patterns.
pub fn is_mapping(object: &Owned) -> bool {
    has_flag(object, flags::MAPPING)
}

/// Whether an object is a sequence for patterns.
pub fn is_sequence(object: &Owned) -> bool {
    has_flag(object, flags::SEQUENCE)
}

fn has_flag(object: &Owned, flag: std::ffi::c_ulong) -> bool {
    // SAFETY: the object keeps its type alive.
    unsafe { ffi::PyType_GetFlags(object.class()) & flag != 0 }
}

/// A tuple of the values of keys in a subject, or `None`, as `match_keys` in `Python/ceval.c` gives it.
pub fn match_keys(python: &Python, subject: &Owned, keys: &Owned) -> Result<Owned> {
    Ok(values_of(python, subject, keys)?.unwrap_or_else(|| Owned::none(python)))
}

/// A tuple of the attributes of a subject for a class pattern, or `None`, as `match_class` in `Python/ceval.c` gives
/// it.
pub fn match_class(python: &Python, subject: &Owned, class: &Owned, positional: u32, names: &Owned) -> Result<Owned> {
    let attributes = attributes_of(python, subject, class, positional, names)?;
    Ok(attributes.unwrap_or_else(|| Owned::none(python)))
}

fn values_of(python: &Python, subject: &Owned, keys: &Owned) -> Result<Option<Owned>> {
    // SAFETY: the objects are alive; the keys' type is checked, and they stay alive in their tuple.
    unsafe {
        if ffi::PyTuple_Check(keys.as_ptr()) == 0 {
            return Err(errors::system_error(c"the keys of a pattern are a tuple"));
        }
        let count = ffi::PyTuple_GET_SIZE(keys.as_ptr());
        let values = Owned::new(ffi::PyTuple_New(count))?;
        if count == 0 {
            return Ok(Some(values));
        }
        let get = Owned::new(api::PyObject_GetAttr(subject.as_ptr(), Word::Get.get(python)?.as_ptr()))?;
        let seen = Owned::new(ffi::PySet_New(std::ptr::null_mut()))?;
        let object_class = (&raw mut ffi::PyBaseObject_Type).cast();
        let absent = Owned::new(api::PyObject_Vectorcall(object_class, std::ptr::null(), 0, std::ptr::null_mut()))?;
        for index in 0..count {
            let key = Owned::borrowed(ffi::PyTuple_GET_ITEM(keys.as_ptr(), index));
            if is_seen(&seen, &key)? {
                let format = c"mapping pattern checks duplicate key (%R)";
                ffi::PyErr_Format(ffi::PyExc_ValueError, format.as_ptr(), key.as_ptr());
                return Err(Raised);
            }
            let arguments = [key.as_ptr(), absent.as_ptr()];
            let none = std::ptr::null_mut();
            let value = Owned::new(api::PyObject_Vectorcall(get.as_ptr(), arguments.as_ptr(), arguments.len(), none))?;
            if value.as_ptr() == absent.as_ptr() {
                return Ok(None);
            }
            ffi::PyTuple_SET_ITEM(values.as_ptr(), index, value.into_ptr());
        }
        Ok(Some(values))
    }
}

fn attributes_of(
    python: &Python,
    subject: &Owned,
    class: &Owned,
    positional: u32,
    names: &Owned,
) -> Result<Option<Owned>> {
    // SAFETY: the objects are alive, their types are checked before their fields are read, and tuples keep their items
    // alive.
    unsafe {
        if ffi::PyType_Check(class.as_ptr()) == 0 {
            return Err(errors::type_error(Behaviour::CURRENT.class_pattern_error));
        }
        if ffi::PyTuple_Check(names.as_ptr()) == 0 {
            return Err(errors::system_error(c"the names of a class pattern are a tuple"));
        }
        if !truth(api::PyObject_IsInstance(subject.as_ptr(), class.as_ptr()))? {
            return Ok(None);
        }
        let pattern = ClassPattern {
            subject,
            class,
            seen: Owned::new(ffi::PySet_New(std::ptr::null_mut()))?,
            attributes: Owned::new(ffi::PyList_New(0))?,
        };
        if positional > 0 && !pattern.take_positional(python, positional)? {
            return Ok(None);
        }
        for index in 0..ffi::PyTuple_GET_SIZE(names.as_ptr()) {
            if !pattern.take(&Owned::borrowed(ffi::PyTuple_GET_ITEM(names.as_ptr(), index)))? {
                return Ok(None);
            }
        }
        Owned::new(ffi::PyList_AsTuple(pattern.attributes.as_ptr())).map(Some)
    }
}

/// A class pattern while its attributes are looked up.
struct ClassPattern<'a> {
    subject: &'a Owned,
    class: &'a Owned,
    /// The names that were used so far.
    seen: Owned,
    /// Their values.
    attributes: Owned,
}

impl ClassPattern<'_> {
    fn class_name(&self) -> *const std::ffi::c_char {
        // SAFETY: it is a type, as was checked, and alive.
        unsafe { (*self.class.as_ptr().cast::<ffi::PyTypeObject>()).tp_name }
    }

    /// Looks up the attributes of positional patterns. The result is whether all exist.
    fn take_positional(&self, python: &Python, count: u32) -> Result<bool> {
        // SAFETY: as in `attributes_of`; the formats fit.
        unsafe {
            let word = Word::MatchArgs.get(python)?;
            let names = match Owned::new(api::PyObject_GetAttr(self.class.as_ptr(), word.as_ptr())) {
                Ok(names) if ffi::PyTuple_CheckExact(names.as_ptr()) == 0 => {
                    let format = c"%s.__match_args__ must be a tuple (got %s)";
                    let got = (*names.class()).tp_name;
                    ffi::PyErr_Format(ffi::PyExc_TypeError, format.as_ptr(), self.class_name(), got);
                    return Err(Raised);
                }
                Ok(names) => Some(names),
                Err(Raised) => errors::absent(ffi::PyExc_AttributeError)?,
            };
            let flags = ffi::PyType_GetFlags(self.class.as_ptr().cast());
            let matches_self = names.is_none() && flags & flags::MATCH_SELF != 0;
            let allowed = match &names {
                Some(names) => ffi::PyTuple_GET_SIZE(names.as_ptr()),
                None => matches_self.into(),
            };
            if allowed < count as ffi::Py_ssize_t {
                let format = c"%s() accepts %d positional sub-pattern%s (%d given)";
                let plural = if allowed == 1 { c"" } else { c"s" };
                let allowed = allowed as std::ffi::c_int;
                let name = self.class_name();
                ffi::PyErr_Format(ffi::PyExc_TypeError, format.as_ptr(), name, allowed, plural.as_ptr(), count);
                return Err(Raised);
            }
            let Some(names) = names else {
                succeeded(ffi::PyList_Append(self.attributes.as_ptr(), self.subject.as_ptr()))?;
                return Ok(true);
            };
            for index in 0..count as ffi::Py_ssize_t {
                let name = Owned::borrowed(ffi::PyTuple_GET_ITEM(names.as_ptr(), index));
                if ffi::PyUnicode_CheckExact(name.as_ptr()) == 0 {
                    let format = c"__match_args__ elements must be strings (got %s)";
                    return Err(errors::type_error_of(format, &name));
                }
                if !self.take(&name)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
    }

    /// Looks up the attribute of this name. The result is whether it exists.
    fn take(&self, name: &Owned) -> Result<bool> {
        // SAFETY: the objects are alive, and the format fits.
        unsafe {
            if is_seen(&self.seen, name)? {
                let format = c"%s() got multiple sub-patterns for attribute %R";
                ffi::PyErr_Format(ffi::PyExc_TypeError, format.as_ptr(), self.class_name(), name.as_ptr());
                return Err(Raised);
            }
            match Owned::new(api::PyObject_GetAttr(self.subject.as_ptr(), name.as_ptr())) {
                Ok(value) => {
                    succeeded(ffi::PyList_Append(self.attributes.as_ptr(), value.as_ptr()))?;
                    Ok(true)
                }
                Err(Raised) => errors::absent(ffi::PyExc_AttributeError).map(|_| false),
            }
        }
    }
}

/// Whether a set has a value; adds it if not.
fn is_seen(seen: &Owned, value: &Owned) -> Result<bool> {
    // SAFETY: the objects are alive, and the set is one.
    unsafe {
        if truth(api::PySet_Contains(seen.as_ptr(), value.as_ptr()))? {
            return Ok(true);
        }
        succeeded(api::PySet_Add(seen.as_ptr(), value.as_ptr()))?;
    }
    Ok(false)
}
