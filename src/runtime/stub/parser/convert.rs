//! Converters for `O&`: CPython's own, and ours for kinds for which it has none, with the same words.

use std::ffi::{c_char, c_int, c_void};

use pyo3_ffi as ffi;

pub use crate::cpython::unowned::{
    _PyLong_Size_t_Converter, _PyLong_UnsignedInt_Converter, _PyLong_UnsignedLong_Converter,
    _PyLong_UnsignedShort_Converter,
};
use crate::cpython::unowned::{PyErr_Format, PyErr_SetString, PyLong_AsLong, PyObject_GetBuffer};

use super::unit::AcceptedClass;

/// A converter: 1 if the variable was written, 0 with an exception set.
pub type Converter = unsafe extern "C-unwind" fn(*mut ffi::PyObject, *mut c_void) -> c_int;

/// The input of our converters: one argument of one call.
#[derive(Clone, Copy)]
pub struct Request {
    /// The place for the C value.
    pub slot: *mut u64,
    /// The place for a buffer.
    pub view: *mut ffi::Py_buffer,
    /// The objects that are accepted.
    pub class: AcceptedClass,
    /// Whether `None` is accepted.
    pub nullable: bool,
    /// The function's name.
    pub name: *const c_char,
    /// The argument's number, from 1; 0 for the only one.
    pub number: c_int,
}

/// `i8`, as the units `b` and `h` read their kinds.
///
/// # Safety
/// Called by CPython's parser, with a variable of one byte at least.
pub unsafe extern "C-unwind" fn signed_char(object: *mut ffi::PyObject, variable: *mut c_void) -> c_int {
    // SAFETY: the object is alive and the thread attached; the caller promises the variable.
    unsafe {
        let number = PyLong_AsLong(object);
        if number == -1 && !ffi::PyErr_Occurred().is_null() {
            return 0;
        }
        let message = match i8::try_from(number) {
            Ok(number) => {
                variable.cast::<i8>().write(number);
                return 1;
            }
            Err(_) if number < 0 => c"signed byte integer is less than minimum",
            Err(_) => c"signed byte integer is greater than maximum",
        };
        PyErr_SetString(ffi::PyExc_OverflowError, message.as_ptr());
    }
    0
}

/// Objects of a type, and `None` if it is accepted.
///
/// # Safety
/// Called by CPython's parser, with a [`Request`].
pub unsafe extern "C-unwind" fn object(object: *mut ffi::PyObject, request: *mut c_void) -> c_int {
    // SAFETY: the object is alive and the thread attached; the caller promises the request.
    unsafe {
        let request = &*request.cast::<Request>();
        let class = ffi::Py_TYPE(object);
        let admitted = match request.class {
            _ if request.nullable && object == ffi::Py_None() => {
                request.slot.write(0);
                return 1;
            }
            AcceptedClass::Any => true,
            AcceptedClass::Exact(wanted) => class == wanted,
            AcceptedClass::Subclasses(wanted) => ffi::PyType_IsSubtype(class, wanted) != 0,
        };
        if admitted {
            request.slot.write(object as u64);
            return 1;
        }
        raise_type_error(object, request);
    }
    0
}

/// Uses the words of the unit `O!`, which are those of `converterr` in CPython's Python/getargs.c; for `None` those of
/// `z`.
///
/// # Safety
/// The object is alive and the thread attached.
unsafe fn raise_type_error(object: *mut ffi::PyObject, request: &Request) {
    // SAFETY: as the caller promises; names of types live as long as the types.
    unsafe {
        let (AcceptedClass::Exact(wanted) | AcceptedClass::Subclasses(wanted)) = request.class else { return };
        let (class, none) = (ffi::Py_TYPE(object), ffi::Py_None());
        let wanted_name = if wanted == ffi::Py_TYPE(none) { c"None".as_ptr() } else { (*wanted).tp_name };
        let actual = if object == none { c"None".as_ptr() } else { (*class).tp_name };
        // Without this the text would say that an int must be an int.
        let subclass = matches!(request.class, AcceptedClass::Exact(_)) && ffi::PyType_IsSubtype(class, wanted) != 0;
        let exactly = if subclass { c"exactly " } else { c"" }.as_ptr();
        let or_none = if request.nullable { c" or None" } else { c"" }.as_ptr();
        if request.number == 0 {
            let format = c"%.200s() argument must be %s%.50s%s, not %.50s".as_ptr();
            PyErr_Format(ffi::PyExc_TypeError, format, request.name, exactly, wanted_name, or_none, actual);
        } else {
            let format = c"%.200s() argument %d must be %s%.50s%s, not %.50s".as_ptr();
            let number = request.number;
            PyErr_Format(ffi::PyExc_TypeError, format, request.name, number, exactly, wanted_name, or_none, actual);
        }
    }
}

/// A buffer, as for the unit `y*`, or `None`.
///
/// # Safety
/// Called by CPython's parser, with a [`Request`] that has a view.
pub unsafe extern "C-unwind" fn optional_buffer(object: *mut ffi::PyObject, request: *mut c_void) -> c_int {
    // SAFETY: the object is alive and the thread attached; the caller promises the request and its view.
    unsafe {
        let request = &*request.cast::<Request>();
        if object == ffi::Py_None() {
            return 1;
        }
        c_int::from(PyObject_GetBuffer(object, request.view, ffi::PyBUF_SIMPLE) == 0)
    }
}
