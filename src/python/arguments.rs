//! The arguments of a call, as the types that the functions need.

use std::ffi::c_void;
use std::ptr::NonNull;

use pyo3_ffi as ffi;

use super::method_error::MethodError;
use crate::embed::{Object, Python};

/// The objects of one call, borrowed from its caller.
#[derive(Clone, Copy, Debug)]
pub struct FastcallArguments<'a>(&'a [NonNull<ffi::PyObject>]);

impl FastcallArguments<'_> {
    /// The arguments of a METH_FASTCALL function.
    ///
    /// # Safety
    /// `objects` points to `count` live objects, or `count` is 0; both stay valid for as long as the result is used.
    pub unsafe fn new(objects: *mut *mut ffi::PyObject, count: ffi::Py_ssize_t) -> Self {
        match usize::try_from(count) {
            // SAFETY: the caller promises the objects, none of which is null.
            Ok(count) if count > 0 => Self(unsafe { std::slice::from_raw_parts(objects.cast(), count) }),
            _ => Self(&[]),
        }
    }

    /// Their number.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The object at `index`, which must exist.
    pub fn object(&self, python: &Python, index: usize) -> Object {
        // SAFETY: the caller of the function keeps its arguments alive.
        unsafe { Object::from_borrowed(python, self.0[index]) }
    }

    /// A `str`.
    ///
    /// # Errors
    /// For other objects.
    pub fn text(&self, python: &Python, index: usize) -> Result<String, MethodError> {
        let object = self.object(python, index);
        object.as_str(python).ok_or_else(|| wrong(python, &object, "a str"))
    }

    /// A `str`, or `None`.
    ///
    /// # Errors
    /// For other objects.
    pub fn optional_text(&self, python: &Python, index: usize) -> Result<Option<String>, MethodError> {
        if self.is_none(index) { Ok(None) } else { self.text(python, index).map(Some) }
    }

    /// True or False, or `None`.
    ///
    /// # Errors
    /// For other objects.
    pub fn optional_bool(&self, python: &Python, index: usize) -> Result<Option<bool>, MethodError> {
        let object = self.object(python, index);
        // SAFETY: statics of libpython; only their addresses are taken.
        unsafe {
            match object.as_ptr() {
                pointer if pointer == ffi::Py_None() => Ok(None),
                pointer if pointer == ffi::Py_True() => Ok(Some(true)),
                pointer if pointer == ffi::Py_False() => Ok(Some(false)),
                _ => Err(wrong(python, &object, "True, False or None")),
            }
        }
    }

    /// The items of a tuple, which keeps them alive.
    ///
    /// # Errors
    /// For other objects.
    pub fn tuple(&self, python: &Python, index: usize) -> Result<Self, MethodError> {
        let object = self.object(python, index);
        // SAFETY: the object is alive, and its items live as long as the tuple, which the function's caller keeps
        // alive; the type is checked before the tuple is looked into.
        unsafe {
            if ffi::PyTuple_Check(object.as_ptr()) == 0 {
                return Err(wrong(python, &object, "a tuple"));
            }
            let items = (&raw mut (*object.as_ptr().cast::<ffi::PyTupleObject>()).ob_item).cast();
            Ok(Self::new(items, ffi::PyTuple_Size(object.as_ptr())))
        }
    }

    /// An int that fits the C type.
    ///
    /// # Errors
    /// For other objects, and for ints that do not fit.
    pub fn int(&self, index: usize) -> Result<i64, MethodError> {
        // SAFETY: the object is alive and the thread attached.
        unsafe {
            let value = ffi::PyLong_AsLongLong(self.0[index].as_ptr());
            if value == -1 && !ffi::PyErr_Occurred().is_null() { Err(MethodError::Current) } else { Ok(value) }
        }
    }

    /// A number.
    ///
    /// # Errors
    /// For objects that are not numbers.
    pub fn float(&self, index: usize) -> Result<f64, MethodError> {
        // SAFETY: the object is alive and the thread attached.
        unsafe {
            let value = ffi::PyFloat_AsDouble(self.0[index].as_ptr());
            if value == -1.0 && !ffi::PyErr_Occurred().is_null() { Err(MethodError::Current) } else { Ok(value) }
        }
    }

    /// An address, as an int.
    ///
    /// # Errors
    /// For other objects, for ints that can't be addresses of a process (x86-64 gives it the lower half), and for 0.
    pub fn address(&self, python: &Python, index: usize) -> Result<NonNull<c_void>, MethodError> {
        let object = self.object(python, index);
        // SAFETY: the object is alive and the thread attached; an exception that the conversion leaves is cleared.
        let address = unsafe {
            let address = ffi::PyLong_AsVoidPtr(object.as_ptr());
            ffi::PyErr_Clear();
            address
        };
        let of_a_process = isize::try_from(address.addr()).is_ok();
        NonNull::new(address)
            .filter(|_| of_a_process)
            .ok_or_else(|| wrong(python, &object, "the address of a C function or of a table of them, an int"))
    }

    fn is_none(&self, index: usize) -> bool {
        // SAFETY: a static of libpython; only its address is taken.
        self.0[index].as_ptr() == unsafe { ffi::Py_None() }
    }
}

/// An argument of the wrong type.
fn wrong(python: &Python, object: &Object, expected: &str) -> MethodError {
    let text = object.repr(python).unwrap_or_else(|exception| exception.to_string());
    MethodError::Type(format!("expected {expected}, not {text}"))
}
