//! From compiled code to the interpreter, and entries in tracebacks.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::unit::Unit;
use super::version::Version;
use crate::embed::{Object, Python};
use crate::interpreter::{self, InterpreterState};
use crate::lower::body::{ExitPoint, ExitSlot, ExitValue};
use crate::metadata::Scalar;
use crate::thread::{Owned, Raised, errors};

/// Turns the values that an exit passes on into a state of the interpreter, which the caller passes to [`go_on`]; null,
/// with an exception set, if memory runs out. Called by compiled code.
///
/// # Safety
/// The version is that of running code, `exit` is the number of one of its exits, and `words` has the words of that
/// exit.
pub unsafe extern "C" fn leave(version: *const Version, exit: usize, words: *const u64) -> *mut InterpreterState {
    // SAFETY: running code holds the GIL, and its version lives.
    let (python, version) = unsafe { (Python::assume_attached(), &*version) };
    let Some(point) = version.take_exit(exit) else { return null_mut() };
    log::debug!(target: "typedcall::exit", "{} leaves at {point}", version.name);
    // SAFETY: as the caller promises.
    match unsafe { state(&python, point, words) } {
        Ok(state) => Box::into_raw(Box::new(state)),
        Err(Raised) => null_mut(),
    }
}

/// The state of the interpreter at an exit.
///
/// # Safety
/// The words are those of the exit.
unsafe fn state(python: &Python, point: &ExitPoint, words: *const u64) -> Result<InterpreterState, Raised> {
    let mut boxes = Boxes::default();
    let mut slots = |slots: &[ExitSlot]| -> Result<Vec<_>, Raised> {
        // SAFETY: as the caller promises.
        slots.iter().map(|slot| unsafe { boxes.object(python, slot, words) }).collect()
    };
    Ok(InterpreterState { at: point.at, locals: slots(&point.locals)?, stack: slots(&point.stack)?, handled: None })
}

/// Like [`leave`], for an instruction that raised in the range of a handler; the exception stays set. The caller passes
/// the result to [`go_on_raised`]; null if memory runs out, with that exception set.
///
/// # Safety
/// The conditions of [`leave`]; an exception is set.
pub unsafe extern "C-unwind" fn leave_raised(version: *const Version, exit: usize, words: *const u64) -> *mut Left {
    // SAFETY: as the caller promises.
    unsafe { left(version, exit, words, false) }
}

/// Like [`leave_raised`], for an exception that was raised before and has an entry of this function in its traceback,
/// or needs none.
///
/// # Safety
/// The conditions of [`leave_raised`].
pub unsafe extern "C-unwind" fn leave_raised_again(
    version: *const Version,
    exit: usize,
    words: *const u64,
) -> *mut Left {
    // SAFETY: as the caller promises.
    unsafe { left(version, exit, words, true) }
}

/// # Safety
/// The conditions of [`leave_raised`].
unsafe fn left(version: *const Version, exit: usize, words: *const u64, again: bool) -> *mut Left {
    // SAFETY: running code holds the GIL, and its version lives.
    let (python, version) = unsafe { (Python::assume_attached(), &*version) };
    let Some(point) = version.take_exit(exit) else { return null_mut() };
    log::debug!(target: "typedcall::exit", "{} raises at {point}", version.name);
    // Boxing must not run with an exception set.
    let pending = errors::take();
    // SAFETY: as the caller promises.
    match unsafe { state(&python, point, words) } {
        Ok(state) => {
            pending.map(errors::restore);
            Box::into_raw(Box::new(Left { state, again }))
        }
        Err(Raised) => null_mut(),
    }
}

/// Continues in the interpreter, at the handler of the current exception; returns the function's result. Called by
/// compiled code.
///
/// # Safety
/// The unit is that of running code, `left` the result of [`leave_raised`], and its exception is still set.
pub unsafe extern "C-unwind" fn go_on_raised(unit: *const Unit, left: *mut Left) -> *mut ffi::PyObject {
    if left.is_null() {
        return null_mut();
    }
    // SAFETY: running code holds the GIL, its unit lives, and what was left is owned.
    let (python, unit, left) = unsafe { (Python::assume_attached(), &*unit, *Box::from_raw(left)) };
    match interpreter::run_raised(&python, &unit.frame(), left.state, left.again) {
        Ok(result) => result.into_ptr(),
        Err(Raised) => null_mut(),
    }
}

/// The place where an instruction raised.
#[derive(Debug)]
pub struct Left {
    state: InterpreterState,
    /// Whether the exception was raised before, and gets no entry here.
    again: bool,
}

/// Continues in the interpreter; returns the function's result. Called by compiled code.
///
/// # Safety
/// The unit is that of running code, the state a result of [`leave`].
pub unsafe extern "C-unwind" fn go_on(unit: *const Unit, state: *mut InterpreterState) -> *mut ffi::PyObject {
    if state.is_null() {
        return null_mut();
    }
    // SAFETY: running code holds the GIL, its unit lives, and the state is owned.
    let (python, unit, state) = unsafe { (Python::assume_attached(), &*unit, Box::from_raw(state)) };
    match interpreter::run(&python, &unit.frame(), *state) {
        Ok(result) => result.into_ptr(),
        Err(Raised) => null_mut(),
    }
}

/// The objects made of an exit's numbers, by the indices of their words: a number in two slots is one object.
#[derive(Default)]
struct Boxes(Vec<(usize, Object)>);

impl Boxes {
    /// The object in a slot, owned.
    ///
    /// # Safety
    /// The words are those of the exit.
    unsafe fn object(&mut self, python: &Python, slot: &ExitSlot, words: *const u64) -> Result<Option<Object>, Raised> {
        // SAFETY: the version's `Linked` keeps its constants alive; the caller promises the words.
        unsafe {
            let borrowed = |object| std::ptr::NonNull::new(object).map(|object| Object::from_borrowed(python, object));
            match slot {
                ExitSlot::Empty => Ok(None),
                ExitSlot::Constant(object) => Ok(borrowed(object.address.map_or(0, Into::into) as *mut ffi::PyObject)),
                ExitSlot::Word { index, value: ExitValue::Object } => {
                    Ok(borrowed(words.add(*index).cast::<*mut ffi::PyObject>().read()))
                }
                ExitSlot::Word { index, value } => {
                    if let Some((_, object)) = self.0.iter().find(|(made, _)| made == index) {
                        return Ok(Some(object.clone_ref(python)));
                    }
                    let made = std::ptr::NonNull::new(boxed(*value, words.add(*index))).ok_or(Raised)?;
                    let made = Object::from_owned(python, made);
                    self.0.push((*index, made.clone_ref(python)));
                    Ok(Some(made))
                }
            }
        }
    }
}

/// A new object of a C value; null, with an exception set, if memory runs out.
///
/// # Safety
/// The thread is attached, and the words contain such a value: a number in as many bytes as it needs.
unsafe fn boxed(value: ExitValue, word: *const u64) -> *mut ffi::PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        match value {
            ExitValue::Object => ffi::Py_NewRef(word.cast::<*mut ffi::PyObject>().read()),
            ExitValue::Number(Scalar::F64) => ffi::PyFloat_FromDouble(word.cast::<f64>().read()),
            ExitValue::Number(Scalar::F32) => ffi::PyFloat_FromDouble(f64::from(word.cast::<f32>().read())),
            ExitValue::Number(Scalar::CBool) => ffi::PyBool_FromLong(i64::from(word.cast::<u8>().read())),
            ExitValue::Number(Scalar::I8) => ffi::PyLong_FromLongLong(i64::from(word.cast::<i8>().read())),
            ExitValue::Number(Scalar::I16) => ffi::PyLong_FromLongLong(i64::from(word.cast::<i16>().read())),
            ExitValue::Number(Scalar::I32) => ffi::PyLong_FromLongLong(i64::from(word.cast::<i32>().read())),
            ExitValue::Number(Scalar::I64 | Scalar::Isize) => ffi::PyLong_FromLongLong(word.cast::<i64>().read()),
            ExitValue::Number(Scalar::U8) => ffi::PyLong_FromLongLong(i64::from(word.cast::<u8>().read())),
            ExitValue::Number(Scalar::U16) => ffi::PyLong_FromLongLong(i64::from(word.cast::<u16>().read())),
            ExitValue::Number(Scalar::U32) => ffi::PyLong_FromLongLong(i64::from(word.cast::<u32>().read())),
            ExitValue::Number(Scalar::U64 | Scalar::Usize) => ffi::PyLong_FromUnsignedLongLong(word.read()),
            ExitValue::Text | ExitValue::Bytes => {
                let (start, length) = (word.cast::<*const std::ffi::c_char>().read(), word.add(1).read());
                if start.is_null() {
                    ffi::Py_NewRef(ffi::Py_None())
                } else if value == ExitValue::Text {
                    ffi::PyUnicode_FromStringAndSize(start, length as isize)
                } else {
                    ffi::PyBytes_FromStringAndSize(start, length as isize)
                }
            }
        }
    }
}

/// Adds this function's entry to the traceback of the current exception. Called by compiled code.
///
/// # Safety
/// The conditions of [`leave`]; the unit is the version's, and an exception is set.
pub unsafe extern "C-unwind" fn add_traceback(
    unit: *const Unit,
    version: *const Version,
    exit: usize,
    words: *const u64,
) {
    // SAFETY: running code holds the GIL, and its unit and version live.
    let (python, unit, version) = unsafe { (Python::assume_attached(), &*unit, &*version) };
    let Some(point) = version.take_exit(exit) else { return };
    let (frame, mut shown) = (unit.frame().shown(), None);
    // Boxing must not run with an exception set.
    let Some(exception) = errors::take() else { return };
    let mut boxes = Boxes::default();
    // SAFETY: as the caller promises.
    let locals = point.locals.iter().map(|slot| unsafe { boxes.object(&python, slot, words) });
    let owned = locals.map(|slot| slot.map(|slot| slot.map(|object| Owned::from_object(&python, object))));
    let locals: Result<Vec<_>, _> = owned.collect();
    if locals.is_err() {
        errors::clear();
    }
    errors::restore(exception);
    let Ok(locals) = locals else { return };
    frame.add_entry(&python, &mut shown, frame.place(point.at));
    if let Some(shown) = shown {
        frame.hand_over_locals(&python, shown, &locals);
    }
}
