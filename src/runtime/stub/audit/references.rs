//! Checks whether the reference that a function returns is borrowed or new, as it promises. If the result is an object
//! that is known before the call (an argument, or the result of the wrapper), its count rises or stays.
//!
//! A function may also keep the object, or give up a reference of its own. So a count that looks wrong is compared with
//! the effect of a call of the wrapper: if both do the same, no promise is broken.

use pyo3_ffi as ffi;

use super::Record;
use crate::lower::Promises;

/// Whether a promise is broken, with a `SystemError` set.
///
/// # Safety
/// The thread is attached; the original and the result are alive, as are the record's objects.
pub unsafe fn check(
    original: *mut ffi::PyObject,
    promises: Promises,
    record: &Record,
    result: *mut ffi::PyObject,
) -> bool {
    // SAFETY: the caller promises all of it.
    unsafe {
        // Without the GIL other threads may take and drop references; and calling the wrapper of any method would
        // change what the program does.
        if promises.has(Promises::NOGIL)
            || !promises.need_wrapper()
            || !ffi::PyErr_Occurred().is_null()
            || is_immortal(result)
        {
            return false;
        }
        let known = (0..record.count).find(|index| *record.objects.add(*index) == result);
        let before = match known {
            Some(index) => record.references[index],
            None if result == record.wrapper_result => record.result_references,
            None => return promises.has(Promises::BORROWED_RESULT) && check_owner(original, record, result),
        };
        let after = ffi::Py_REFCNT(result);
        let borrowed = promises.has(Promises::BORROWED_RESULT);
        if (after > before) != borrowed || !differs_from_wrapper(original, borrowed, record, result, after - before) {
            return false;
        }
        let promise = match borrowed {
            true => c"borrowed_result, so that the count of its result stays",
            false => c"a new reference, so that the count of its result rises from",
        };
        ffi::PyErr_Format(
            ffi::PyExc_SystemError,
            c"%R promises %s %zd, but after its underlying function it was %zd".as_ptr(),
            original,
            promise.as_ptr(),
            before,
            after,
        );
        true
    }
}

/// Whether a result that should be borrowed has no owner from which it could be borrowed: the wrapper's result belonged
/// only to the caller when it returned, and this is another such object.
///
/// # Safety
/// The condition of [`check`].
unsafe fn check_owner(original: *mut ffi::PyObject, record: &Record, result: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller promises live objects.
    unsafe {
        let references = ffi::Py_REFCNT(result);
        if record.wrapper_result.is_null() || record.result_references != 1 || references != 1 {
            return false;
        }
        ffi::PyErr_Format(
            ffi::PyExc_SystemError,
            c"%R promises borrowed_result, but its underlying function returned %R, of which there is %zd reference, and \
              its wrapper %R, of which there was 1: nobody else has them"
                .as_ptr(),
            original,
            result,
            references,
            record.wrapper_result,
        );
        true
    }
}

/// Whether a call of the wrapper, which returns a new reference, changes the count by another number than this, and one
/// more if the underlying function returns a borrowed one. False if it raises or returns another object.
///
/// # Safety
/// The condition of [`check`].
unsafe fn differs_from_wrapper(
    original: *mut ffi::PyObject,
    borrowed: bool,
    record: &Record,
    result: *mut ffi::PyObject,
    change: isize,
) -> bool {
    if original.is_null() {
        return true;
    }
    // SAFETY: the caller promises the objects; the result is kept alive meanwhile.
    unsafe {
        ffi::Py_INCREF(result);
        let before = ffi::Py_REFCNT(result);
        let named = if record.names.is_null() { 0 } else { ffi::PyTuple_Size(record.names) as usize };
        let positional = record.count - named.min(record.count);
        let returned = ffi::PyObject_Vectorcall(original, record.objects, positional, record.names);
        let by_wrapper = ffi::Py_REFCNT(result) - before;
        let differs = if returned.is_null() {
            ffi::PyErr_Clear();
            false
        } else {
            returned == result && by_wrapper - isize::from(borrowed) != change
        };
        ffi::Py_XDECREF(returned);
        ffi::Py_DECREF(result);
        differs
    }
}

/// Whether the count never changes and so says nothing, as for immortal objects from 3.12 on.
///
/// # Safety
/// The thread is attached, and the object alive.
unsafe fn is_immortal(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller promises both; a reference is taken and given up again.
    unsafe {
        let before = ffi::Py_REFCNT(object);
        ffi::Py_INCREF(object);
        let after = ffi::Py_REFCNT(object);
        ffi::Py_DECREF(object);
        before == after
    }
}
