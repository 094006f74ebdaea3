//! Whether underlying functions keep what their signatures promise: what the code of audited stubs calls.
//!
//! An audited stub calls [`begin`] before the underlying function, [`end`] behind it, and then [`returned`] with its
//! result as an object or [`raised`]. A promise that is not kept is a `SystemError` that names it and both values. A
//! method that promises `pure` or `borrowed_result` is called through its wrapper too, before its underlying
//! function: the wrapper's outcome is what the underlying function's is compared with, and its result is an object whose
//! count of references is known beforehand.

use std::cell::Cell;
use std::ffi::c_int;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3_ffi as ffi;

use super::cell::original_in;
use crate::lower::{Promises, RECORD_WORDS};

/// The most objects of one call, the receiver counted.
const MAX_OBJECTS: usize = crate::metadata::MAX_PARAMETERS + 1;

/// What is known before a call, on the stack of the audited stub.
#[repr(C)]
pub struct Record {
    /// The objects of the call, borrowed from the stub's caller, and how many they are.
    objects: *const *mut ffi::PyObject,
    count: usize,
    /// Their counts of references.
    references: [isize; MAX_OBJECTS],
    /// What the wrapper returned or raised, owned; both null where it was not called.
    wrapper_result: *mut ffi::PyObject,
    wrapper_error: *mut ffi::PyObject,
    /// The count of references of the wrapper's result.
    result_references: isize,
    /// Python frames that this thread entered since [`begin`].
    frames: usize,
    /// The audit that this one is nested in.
    outer: *mut Record,
}

const _: () = assert!(size_of::<Record>() == RECORD_WORDS * size_of::<usize>());

thread_local! {
    /// The innermost audit of this thread whose underlying function promises to run no Python code.
    static CURRENT: Cell<*mut Record> = const { Cell::new(null_mut()) };
}

type FrameEvaluator =
    unsafe extern "C-unwind" fn(*mut ffi::PyThreadState, *mut std::ffi::c_void, c_int) -> *mut ffi::PyObject;

unsafe extern "C-unwind" {
    fn _PyInterpreterState_GetEvalFrameFunc(interpreter: *mut ffi::PyInterpreterState) -> FrameEvaluator;
    fn _PyInterpreterState_SetEvalFrameFunc(interpreter: *mut ffi::PyInterpreterState, evaluator: FrameEvaluator);
}

/// Audits of all threads that watch for frames, and the evaluator (PEP 523) that was in place before the first of
/// them. The GIL orders every access.
static WATCHING: AtomicUsize = AtomicUsize::new(0);
static EVALUATOR: AtomicUsize = AtomicUsize::new(0);

/// Counts the frames that an audited call enters.
unsafe extern "C-unwind" fn count_frame(
    thread_state: *mut ffi::PyThreadState,
    frame: *mut std::ffi::c_void,
    throws: c_int,
) -> *mut ffi::PyObject {
    let current = CURRENT.get();
    // SAFETY: a record is on its stub's stack until `end` takes it back; the evaluator was CPython's a moment ago.
    unsafe {
        if !current.is_null() {
            (*current).frames += 1;
        }
        let evaluator = std::mem::transmute::<usize, FrameEvaluator>(EVALUATOR.load(Ordering::Relaxed));
        evaluator(thread_state, frame, throws)
    }
}

/// # Safety
/// The thread is attached; `record` stays where it is until [`end_watch`].
unsafe fn begin_watch(record: *mut Record) {
    // SAFETY: the caller promises both; these functions take what they return.
    unsafe {
        if WATCHING.fetch_add(1, Ordering::Relaxed) == 0 {
            let interpreter = ffi::PyInterpreterState_Get();
            let evaluator = _PyInterpreterState_GetEvalFrameFunc(interpreter);
            EVALUATOR.store(evaluator as usize, Ordering::Relaxed);
            _PyInterpreterState_SetEvalFrameFunc(interpreter, count_frame);
        }
        (*record).outer = CURRENT.replace(record);
    }
}

/// # Safety
/// As for [`begin_watch`], which came before.
unsafe fn end_watch(record: *mut Record) {
    // SAFETY: as in `begin_watch`; what is restored was in place there.
    unsafe {
        CURRENT.set((*record).outer);
        if WATCHING.fetch_sub(1, Ordering::Relaxed) == 1 {
            let evaluator = std::mem::transmute::<usize, FrameEvaluator>(EVALUATOR.load(Ordering::Relaxed));
            _PyInterpreterState_SetEvalFrameFunc(ffi::PyInterpreterState_Get(), evaluator);
        }
    }
}

/// Before the underlying function of the stub with this cell is called with these objects. `wrapper_result` is what the
/// wrapper returned for them, which the record takes over; null where it was not called, and where it raised.
///
/// # Safety
/// The thread is attached, `cell` is a live cell, `objects` has `count` live objects, and `record` room for one.
pub unsafe extern "C-unwind" fn begin(
    _cell: *mut ffi::PyObject,
    promises: Promises,
    record: *mut Record,
    objects: *const *mut ffi::PyObject,
    count: usize,
    wrapper_result: *mut ffi::PyObject,
) {
    // SAFETY: the caller promises all of it.
    unsafe {
        let failed = promises.need_wrapper() && wrapper_result.is_null();
        record.write(Record {
            objects,
            count: count.min(MAX_OBJECTS),
            references: [0; MAX_OBJECTS],
            wrapper_result,
            // Null all the same where there is no wrapper.
            wrapper_error: if failed { take_raised() } else { null_mut() },
            result_references: if wrapper_result.is_null() { 0 } else { ffi::Py_REFCNT(wrapper_result) },
            frames: 0,
            outer: null_mut(),
        });
        for index in 0..(*record).count {
            (*record).references[index] = ffi::Py_REFCNT(*objects.add(index));
        }
        if promises.has(Promises::NO_PYTHON) {
            begin_watch(record);
        }
    }
}

/// Behind the underlying function, which returned `result` (null where that is no object): 0, or -1 with a `SystemError`
/// set, and a result that the caller would have owned given up.
///
/// # Safety
/// As for [`begin`], which came before with the same cell and record.
pub unsafe extern "C-unwind" fn end(
    cell: *mut ffi::PyObject,
    promises: Promises,
    record: *mut Record,
    result: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: the caller promises all of it; a result that is no null is a live object.
    unsafe {
        if promises.has(Promises::NO_PYTHON) {
            end_watch(record);
        }
        let is_object = promises.has(Promises::OBJECT_RESULT) && !result.is_null();
        // Where the count shows that the reference is not the caller's there is none to give up.
        let mut owned = is_object && !promises.has(Promises::BORROWED_RESULT);
        let mut broken = check_raised(cell, promises) || check_frames(cell, promises, record);
        if !broken && is_object {
            broken = check_references(cell, promises, record, result);
            owned = false;
        }
        if !broken {
            return 0;
        }
        give_up(record);
        if owned {
            drop_behind_exception(result);
        }
        -1
    }
}

/// # Safety
/// As for [`end`].
unsafe fn check_raised(cell: *mut ffi::PyObject, promises: Promises) -> bool {
    // SAFETY: the thread is attached.
    unsafe {
        if !promises.has(Promises::NEVER_RAISES) || ffi::PyErr_Occurred().is_null() {
            return false;
        }
        let error = take_raised();
        ffi::PyErr_Format(
            ffi::PyExc_SystemError,
            c"%R promises never to raise, but its underlying function raised %R".as_ptr(),
            original_in(cell),
            error,
        );
        drop_behind_exception(error);
        true
    }
}

/// # Safety
/// As for [`end`].
unsafe fn check_frames(cell: *mut ffi::PyObject, promises: Promises, record: *mut Record) -> bool {
    // SAFETY: the thread is attached, and the record initialized.
    unsafe {
        let frames = (*record).frames;
        if !promises.has(Promises::NO_PYTHON) || frames == 0 {
            return false;
        }
        // What the function raised is of no interest any more.
        ffi::PyErr_Clear();
        ffi::PyErr_Format(
            ffi::PyExc_SystemError,
            c"%R promises no_python, which is 0 Python frames, but its underlying function entered %zu".as_ptr(),
            original_in(cell),
            frames,
        );
        true
    }
}

/// Compares the result's references now and before the call, where the object was known then: it is one of the
/// arguments, or what the wrapper returned.
///
/// # Safety
/// As for [`end`]; `result` is a live object.
unsafe fn check_references(
    cell: *mut ffi::PyObject,
    promises: Promises,
    record: *mut Record,
    result: *mut ffi::PyObject,
) -> bool {
    // SAFETY: the caller promises a live result and an initialized record, whose objects are alive.
    unsafe {
        let record = &*record;
        let known = (0..record.count).find(|index| *record.objects.add(*index) == result);
        let before = match known {
            Some(index) => record.references[index],
            None if result == record.wrapper_result => record.result_references,
            None => return false,
        };
        let after = ffi::Py_REFCNT(result);
        if is_immortal(result) {
            return false;
        }
        let (promise, kept) = match promises.has(Promises::BORROWED_RESULT) {
            true => (c"borrowed_result, so that the count of its result stays", after <= before),
            false => (c"a new reference, so that the count of its result rises from", after > before),
        };
        if kept || !ffi::PyErr_Occurred().is_null() {
            return false;
        }
        ffi::PyErr_Format(
            ffi::PyExc_SystemError,
            c"%R promises %s %zd, but after its underlying function it was %zd".as_ptr(),
            original_in(cell),
            promise.as_ptr(),
            before,
            after,
        );
        true
    }
}

/// Counts that do not change tell nothing: those of immortal objects from 3.12.
unsafe fn is_immortal(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller has a live object; a reference is taken and given up again.
    unsafe {
        let before = ffi::Py_REFCNT(object);
        ffi::Py_INCREF(object);
        let after = ffi::Py_REFCNT(object);
        ffi::Py_DECREF(object);
        before == after
    }
}

/// The result of an audited call as an object, which is passed on; null with a `SystemError` set where the wrapper's
/// outcome was another.
///
/// # Safety
/// As for [`end`], which came before; `result` is a live object, whose reference this takes over, or null.
pub unsafe extern "C-unwind" fn returned(
    cell: *mut ffi::PyObject,
    promises: Promises,
    record: *mut Record,
    result: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the caller promises all of it.
    unsafe {
        let (expected, error) = ((*record).wrapper_result, (*record).wrapper_error);
        let differs = promises.has(Promises::PURE)
            && !result.is_null()
            && (!error.is_null() || !expected.is_null() && !is_same(expected, result));
        if differs && ffi::PyErr_Occurred().is_null() {
            let format = match error.is_null() {
                true => c"%R promises pure, but its underlying function returned %R and its wrapper returned %R",
                false => c"%R promises pure, but its underlying function returned %R and its wrapper raised %R",
            };
            let other = if error.is_null() { expected } else { error };
            ffi::PyErr_Format(ffi::PyExc_SystemError, format.as_ptr(), original_in(cell), result, other);
        }
        give_up(record);
        if result.is_null() || ffi::PyErr_Occurred().is_null() {
            return result;
        }
        drop_behind_exception(result);
        null_mut()
    }
}

/// Behind an audited call that raised: replaces the exception by a `SystemError` where the wrapper returned.
///
/// # Safety
/// As for [`end`], which came before; an exception is set.
pub unsafe extern "C-unwind" fn raised(cell: *mut ffi::PyObject, promises: Promises, record: *mut Record) {
    // SAFETY: the caller promises all of it.
    unsafe {
        let (expected, expected_error) = ((*record).wrapper_result, (*record).wrapper_error);
        let was_called = !expected.is_null() || !expected_error.is_null();
        if promises.has(Promises::PURE) && was_called {
            let error = take_raised();
            if !expected_error.is_null() && ffi::Py_TYPE(error) == ffi::Py_TYPE(expected_error) {
                ffi::PyErr_SetObject(ffi::Py_TYPE(error).cast(), error);
            } else {
                let format = match expected_error.is_null() {
                    true => c"%R promises pure, but its underlying function raised %R and its wrapper returned %R",
                    false => c"%R promises pure, but its underlying function raised %R and its wrapper raised %R",
                };
                let other = if expected_error.is_null() { expected } else { expected_error };
                ffi::PyErr_Format(ffi::PyExc_SystemError, format.as_ptr(), original_in(cell), error, other);
            }
            drop_behind_exception(error);
        }
        give_up(record);
    }
}

/// Whether two results are the same as far as one can tell: of one type, and equal, or without an equality of their own.
unsafe fn is_same(one: *mut ffi::PyObject, other: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller has live objects, and the thread is attached.
    unsafe {
        if one == other {
            return true;
        }
        let class = ffi::Py_TYPE(one);
        if class != ffi::Py_TYPE(other) {
            return false;
        }
        if ffi::PyFloat_CheckExact(one) != 0 {
            return ffi::PyFloat_AsDouble(one).to_bits() == ffi::PyFloat_AsDouble(other).to_bits();
        }
        let compares = (*class).tp_richcompare.map(|compare| compare as usize);
        let object = &raw const ffi::PyBaseObject_Type;
        let by_identity = (*object).tp_richcompare.map(|compare| compare as usize);
        if compares == by_identity {
            return true;
        }
        match ffi::PyObject_RichCompareBool(one, other, ffi::Py_EQ) {
            1 => true,
            0 => is_same_text(one, other),
            // The exception of the comparison is the outcome.
            _ => true,
        }
    }
}

/// Not-a-number inside of a tuple is not equal to itself.
unsafe fn is_same_text(one: *mut ffi::PyObject, other: *mut ffi::PyObject) -> bool {
    // SAFETY: as in `is_same`.
    unsafe {
        let texts = [ffi::PyObject_Repr(one), ffi::PyObject_Repr(other)];
        let same = texts.iter().all(|text| !text.is_null()) && ffi::PyUnicode_Compare(texts[0], texts[1]) == 0;
        texts.into_iter().for_each(|text| ffi::Py_XDECREF(text));
        same
    }
}

/// Drops what the record owns, with or without an exception set.
unsafe fn give_up(record: *mut Record) {
    // SAFETY: the record is initialized, and owns both.
    unsafe {
        drop_behind_exception(std::mem::replace(&mut (*record).wrapper_result, null_mut()));
        drop_behind_exception(std::mem::replace(&mut (*record).wrapper_error, null_mut()));
    }
}

/// Drops a reference; a destructor must not see the exception that is set.
unsafe fn drop_behind_exception(object: *mut ffi::PyObject) {
    // SAFETY: the caller owns the reference, and the thread is attached; what is fetched is restored.
    #[allow(deprecated, reason = "PyErr_GetRaisedException is not in 3.11")]
    unsafe {
        let (mut class, mut value, mut traceback) = (null_mut(), null_mut(), null_mut());
        ffi::PyErr_Fetch(&mut class, &mut value, &mut traceback);
        ffi::Py_XDECREF(object);
        ffi::PyErr_Restore(class, value, traceback);
    }
}

/// The exception that is set, owned, and unset.
unsafe fn take_raised() -> *mut ffi::PyObject {
    // SAFETY: the thread is attached; PyErr_Fetch hands over the references.
    #[allow(deprecated, reason = "PyErr_GetRaisedException is not in 3.11")]
    unsafe {
        let (mut class, mut value, mut traceback) = (null_mut(), null_mut(), null_mut());
        ffi::PyErr_Fetch(&mut class, &mut value, &mut traceback);
        ffi::PyErr_NormalizeException(&mut class, &mut value, &mut traceback);
        if !traceback.is_null() {
            ffi::PyException_SetTraceback(value, traceback);
            ffi::Py_DECREF(traceback);
        }
        ffi::Py_XDECREF(class);
        value
    }
}
