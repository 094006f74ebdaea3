//! Compares two results of a pure method, as far as possible.

use pyo3_ffi as ffi;

/// The most objects that are compared before two results count as the same: a list may contain itself.
const MOST: u32 = 10_000;

/// Whether two objects are of one type, and equal; tuples and lists element by element. Objects that are compared by
/// identity count as the same, and so do objects that can't be compared.
///
/// # Safety
/// The thread is attached, no exception is set, and both objects are alive.
pub unsafe fn is_same(one: *mut ffi::PyObject, other: *mut ffi::PyObject) -> bool {
    // SAFETY: as the caller promises.
    unsafe { is_same_within(one, other, &mut MOST.clone()) }
}

/// Whether two exceptions are of one type, and have the same arguments.
///
/// # Safety
/// The condition of [`is_same`]; both are exceptions.
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
/// The condition of [`is_same`].
unsafe fn is_same_within(one: *mut ffi::PyObject, other: *mut ffi::PyObject, left: &mut u32) -> bool {
    *left = left.saturating_sub(1);
    // SAFETY: the caller promises live objects; items are borrowed from their container.
    unsafe {
        if one == other || *left == 0 {
            return true;
        }
        if ffi::Py_TYPE(one) != ffi::Py_TYPE(other) {
            return false;
        }
        if ffi::PyFloat_CheckExact(one) != 0 {
            return ffi::PyFloat_AsDouble(one).to_bits() == ffi::PyFloat_AsDouble(other).to_bits();
        }
        if ffi::PyTuple_CheckExact(one) != 0 || ffi::PyList_CheckExact(one) != 0 {
            return are_same_items(one, other, left);
        }
        if has_identity_only(one) {
            return true;
        }
        match ffi::PyObject_RichCompareBool(one, other, ffi::Py_EQ) {
            1 => true,
            // Their items may be compared by identity.
            0 => ffi::PyDict_Check(one) != 0 || ffi::PyAnySet_Check(one) != 0,
            _ => {
                ffi::PyErr_Clear();
                true
            }
        }
    }
}

/// Whether two tuples or two lists have the same items. Comparing may run code that changes the lists.
///
/// # Safety
/// The condition of [`is_same`].
unsafe fn are_same_items(one: *mut ffi::PyObject, other: *mut ffi::PyObject, left: &mut u32) -> bool {
    // SAFETY: the caller promises live objects; items are owned while they are compared; an item is null, with an
    // exception, if there are no more.
    unsafe {
        let mut index = 0;
        while index < ffi::PySequence_Size(one) && index < ffi::PySequence_Size(other) {
            let items = [one, other].map(|of| ffi::PySequence_GetItem(of, index));
            let missing = items.iter().any(|item| item.is_null());
            let same = missing || is_same_within(items[0], items[1], left);
            items.into_iter().for_each(|item| ffi::Py_XDECREF(item));
            if missing {
                ffi::PyErr_Clear();
                return true;
            }
            if !same {
                return false;
            }
            index += 1;
        }
        ffi::PySequence_Size(one) == ffi::PySequence_Size(other)
    }
}

/// Whether an object is compared as `object` does, by identity.
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
