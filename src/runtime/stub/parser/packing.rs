//! Packs the arguments of a vectorcall for `tp_call`: a tuple and a dict. Nothing here has a destructor.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

use crate::cpython::unowned::{Py_DecRef, PyDict_SetItem};

/// The arguments given by position as a tuple; null with an exception set if memory runs out.
///
/// # Safety
/// The thread is attached; `arguments` has `count` live objects.
pub unsafe fn tuple_of(arguments: *const *mut ffi::PyObject, count: isize) -> *mut ffi::PyObject {
    // SAFETY: the caller promises the objects; the fresh tuple takes references of its own.
    unsafe {
        let tuple = ffi::PyTuple_New(count);
        if !tuple.is_null() {
            for index in 0..count {
                ffi::PyTuple_SET_ITEM(tuple, index, ffi::Py_NewRef(*arguments.offset(index)));
            }
        }
        tuple
    }
}

/// The arguments given by name as a dict; null if `names` is null, and with an exception set if it fails.
///
/// # Safety
/// The thread is attached; `names` is a tuple or null, and `arguments` has an object for each of them after `count`
/// others.
pub unsafe fn dict_of(
    arguments: *const *mut ffi::PyObject,
    count: isize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    if names.is_null() {
        return null_mut();
    }
    // SAFETY: the caller promises the names and the objects.
    unsafe {
        let dict = ffi::PyDict_New();
        if dict.is_null() {
            return dict;
        }
        for index in 0..ffi::PyTuple_GET_SIZE(names) {
            let value = *arguments.offset(count + index);
            if PyDict_SetItem(dict, ffi::PyTuple_GET_ITEM(names, index), value) != 0 {
                Py_DecRef(dict);
                return null_mut();
            }
        }
        dict
    }
}
