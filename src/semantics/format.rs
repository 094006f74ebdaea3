//! Text: conversions, formatted values, f-strings and template strings.

use pyo3_ffi as ffi;

use super::build;
use super::spliced::spliced;
use crate::cpython::functions as api;
use crate::embed::{Object, Python};
use crate::operators::Conversion;
use crate::thread::owned::Owned;
use crate::thread::{Result, errors};

/// These strings, joined.
pub fn join(python: &Python, strings: &[Owned]) -> Result<Owned> {
    let strings = build::tuple(strings)?;
    let empty = Owned::text(python, "")?;
    // SAFETY: the objects are alive.
    unsafe { Owned::new(api::PyUnicode_Join(empty.as_ptr(), strings.as_ptr())) }
}

/// `format(value, "")`; the result for an exact `str` is the object itself.
pub fn simple(value: &Owned) -> Result<Owned> {
    // SAFETY: the object is alive; null means no specification.
    unsafe {
        if ffi::PyUnicode_CheckExact(value.as_ptr()) != 0 {
            return Ok(value.again());
        }
        Owned::new(api::PyObject_Format(value.as_ptr(), std::ptr::null_mut()))
    }
}

/// `format(value, specification)`
pub fn with_specification(value: &Owned, specification: &Owned) -> Result<Owned> {
    // SAFETY: the objects are alive.
    unsafe { Owned::new(api::PyObject_Format(value.as_ptr(), specification.as_ptr())) }
}

/// `str(value)`, `repr(value)`, `ascii(value)`
pub fn convert(conversion: Conversion, value: &Owned) -> Result<Owned> {
    // SAFETY: the object is alive.
    unsafe {
        Owned::new(match conversion {
            Conversion::Str => api::PyObject_Str(value.as_ptr()),
            Conversion::Repr => api::PyObject_Repr(value.as_ptr()),
            Conversion::Ascii => api::PyObject_ASCII(value.as_ptr()),
        })
    }
}

/// A template, made from a tuple of strings and a tuple of interpolations.
pub fn template(python: &Python, globals: &Object, strings: &Owned, interpolations: &Owned) -> Result<Owned> {
    // SAFETY: the objects are alive. CPython itself does not check this.
    if [strings, interpolations].iter().any(|part| unsafe { ffi::PyTuple_CheckExact(part.as_ptr()) } == 0) {
        return Err(errors::system_error(c"a template is made of two tuples"));
    }
    spliced(python, globals, "BUILD_TEMPLATE", [strings, interpolations])
}

/// An interpolation of a template.
pub fn interpolation(
    python: &Python,
    value: &Owned,
    expression: &Owned,
    conversion: Option<Conversion>,
    format: Option<&Owned>,
) -> Result<Owned> {
    let format = match format {
        Some(format) => format.again(),
        None => Owned::text(python, "")?,
    };
    let conversion = match conversion {
        None => Owned::none(python),
        Some(Conversion::Str) => Owned::text(python, "s")?,
        Some(Conversion::Repr) => Owned::text(python, "r")?,
        Some(Conversion::Ascii) => Owned::text(python, "a")?,
    };
    let module = python.import("string.templatelib");
    let class = module
        .and_then(|module| module.attr(python, "Interpolation"))
        .map_err(|_| errors::system_error(c"this Python has no template strings"))?;
    let arguments = [value, expression, &conversion, &format].map(Owned::as_ptr);
    let none = std::ptr::null_mut();
    // SAFETY: the objects are alive.
    unsafe { Owned::new(api::PyObject_Vectorcall(class.as_ptr(), arguments.as_ptr(), arguments.len(), none)) }
}
