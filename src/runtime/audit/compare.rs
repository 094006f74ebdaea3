//! Whether two results of a pure method are the same, as far as one can tell.

use pyo3_ffi as ffi;

/// How deep containers are looked into: a list may contain itself.
const DEPTH: u32 = 32;

/// Whether they are of one type, and equal. Objects that have nothing but their identity, and containers of such, are
/// taken for the same; so is what can't be compared.
///
/// # Safety
/// The thread is attached, no exception is set, and both objects are alive.
pub unsafe fn is_same(one: *mut ffi::PyObject, other: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller promises all of it.
    unsafe {
        if one == other {
            return true;
        }
        if ffi::Py_TYPE(one) != ffi::Py_TYPE(other) {
            return false;
        }
        if ffi::PyFloat_CheckExact(one) != 0 {
            return ffi::PyFloat_AsDouble(one).to_bits() == ffi::PyFloat_AsDouble(other).to_bits();
        }
        if has_identity_only(one) {
            return true;
        }
        match ffi::PyObject_RichCompareBool(one, other, ffi::Py_EQ) {
            1 => true,
            // Not-a-number is not equal to itself, which its text is.
            0 => may_hold_identities(one, DEPTH) || may_hold_identities(other, DEPTH) || is_same_text(one, other),
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

/// Whether something in a tuple or list, or in one within, has only its identity, or can't be looked into.
///
/// # Safety
/// As for [`is_same`].
unsafe fn may_hold_identities(object: *mut ffi::PyObject, depth: u32) -> bool {
    if depth == 0 {
        return true;
    }
    // SAFETY: the caller promises a live object; what is in a container is borrowed from it.
    unsafe {
        if ffi::PyTuple_CheckExact(object) != 0 {
            let mut items = (0..ffi::PyTuple_Size(object)).map(|index| ffi::PyTuple_GetItem(object, index));
            items.any(|item| may_hold_identities(item, depth - 1))
        } else if ffi::PyList_CheckExact(object) != 0 {
            let mut items = (0..ffi::PyList_Size(object)).map(|index| ffi::PyList_GetItem(object, index));
            items.any(|item| may_hold_identities(item, depth - 1))
        } else {
            let looked_into = ffi::PyDict_Check(object) != 0 || ffi::PyAnySet_Check(object) != 0;
            looked_into || has_identity_only(object)
        }
    }
}

/// # Safety
/// As for [`is_same`].
unsafe fn is_same_text(one: *mut ffi::PyObject, other: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller promises all of it; the texts are owned, or null with an exception, which is dropped.
    unsafe {
        let texts = [ffi::PyObject_Repr(one), ffi::PyObject_Repr(other)];
        let same = if texts.iter().any(|text| text.is_null()) {
            ffi::PyErr_Clear();
            true
        } else {
            ffi::PyUnicode_Compare(texts[0], texts[1]) == 0
        };
        texts.into_iter().for_each(|text| ffi::Py_XDECREF(text));
        same
    }
}
