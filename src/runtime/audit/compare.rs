//! Whether two results of a pure method are the same, as far as one can tell.

use pyo3_ffi as ffi;

/// How deep containers are compared: a list may contain itself.
const DEPTH: u32 = 32;

/// Whether they are of one type, and equal; tuples and lists element by element. Objects that have nothing but their
/// identity are taken for the same; so is what can't be compared.
///
/// # Safety
/// The thread is attached, no exception is set, and both objects are alive.
pub unsafe fn is_same(one: *mut ffi::PyObject, other: *mut ffi::PyObject) -> bool {
    // SAFETY: as the caller promises.
    unsafe { is_same_within(one, other, DEPTH) }
}

/// Whether two exceptions are of one type, and have the same arguments.
///
/// # Safety
/// As for [`is_same`]; both are exceptions.
pub unsafe fn is_same_exception(one: *mut ffi::PyObject, other: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller promises live objects; the arguments are owned, or null with an exception, which is dropped.
    unsafe {
        if ffi::Py_TYPE(one) != ffi::Py_TYPE(other) {
            return false;
        }
        let arguments = [one, other].map(|error| ffi::PyObject_GetAttrString(error, c"args".as_ptr()));
        let same = if arguments.iter().any(|arguments| arguments.is_null()) {
            ffi::PyErr_Clear();
            true
        } else {
            is_same(arguments[0], arguments[1])
        };
        arguments.into_iter().for_each(|arguments| ffi::Py_XDECREF(arguments));
        same
    }
}

/// # Safety
/// As for [`is_same`].
unsafe fn is_same_within(one: *mut ffi::PyObject, other: *mut ffi::PyObject, depth: u32) -> bool {
    // SAFETY: the caller promises live objects; what is in a container is borrowed from it.
    unsafe {
        if one == other || depth == 0 {
            return true;
        }
        if ffi::Py_TYPE(one) != ffi::Py_TYPE(other) {
            return false;
        }
        if ffi::PyFloat_CheckExact(one) != 0 {
            return ffi::PyFloat_AsDouble(one).to_bits() == ffi::PyFloat_AsDouble(other).to_bits();
        }
        if ffi::PyTuple_CheckExact(one) != 0 {
            let length = ffi::PyTuple_Size(one);
            let item = |of, index| ffi::PyTuple_GetItem(of, index);
            return length == ffi::PyTuple_Size(other)
                && (0..length).all(|index| is_same_within(item(one, index), item(other, index), depth - 1));
        }
        if ffi::PyList_CheckExact(one) != 0 {
            let length = ffi::PyList_Size(one);
            let item = |of, index| ffi::PyList_GetItem(of, index);
            return length == ffi::PyList_Size(other)
                && (0..length).all(|index| is_same_within(item(one, index), item(other, index), depth - 1));
        }
        if has_identity_only(one) {
            return true;
        }
        match ffi::PyObject_RichCompareBool(one, other, ffi::Py_EQ) {
            1 => true,
            // What is in them may have nothing but its identity.
            0 => ffi::PyDict_Check(one) != 0 || ffi::PyAnySet_Check(one) != 0,
            _ => {
                ffi::PyErr_Clear();
                true
            }
        }
    }
}

/// Whether an object is compared as `object` does.
///
/// # Safety
/// The object is alive.
unsafe fn has_identity_only(object: *mut ffi::PyObject) -> bool {
    let base = &raw const ffi::PyBaseObject_Type;
    // SAFETY: the caller promises a live object, whose type is; the base type is CPython's.
    unsafe {
        let compares = (*ffi::Py_TYPE(object)).tp_richcompare.map(|compare| compare as usize);
        let by_identity = (*base).tp_richcompare.map(|compare| compare as usize);
        compares.is_none() || compares == by_identity
    }
}
