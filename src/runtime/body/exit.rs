//! From compiled code to the interpreter, and entries in tracebacks.

use std::ptr::null_mut;
use std::sync::atomic::Ordering;

use pyo3_ffi as ffi;

use super::unit::Unit;
use crate::bytecode::interpreter::{self, State};
use crate::embed::{Object, Python};
use crate::lower::body::{ExitSlot, ExitValue};
use crate::metadata::Scalar;

/// Takes what an exit passes on into a state of the interpreter, which the caller gives to [`go_on`]; null, with an exception
/// set, where memory runs out. Called by compiled code.
///
/// # Safety
/// The unit is that of running code, `exit` the number of one of its exits, and `words` has what that says.
pub unsafe extern "C" fn leave(unit: *const Unit, exit: usize, words: *const u64) -> *mut State {
    // SAFETY: running code holds the GIL, and its unit lives.
    let (python, unit) = unsafe { (Python::assume_attached(), &*unit) };
    let Some(point) = unit.code.get().and_then(|code| code.exits.get(exit)) else {
        return null_mut();
    };
    unit.left.fetch_add(1, Ordering::Relaxed);
    log::debug!(target: "typedcall::exit", "{} leaves at {point}", unit.prepared.code().qualname);
    // SAFETY: as the caller promises.
    let slots = |slots: &[ExitSlot]| slots.iter().map(|slot| unsafe { object(&python, slot, words) }).collect();
    let (Ok(locals), Ok(stack)) = (slots(&point.locals), slots(&point.stack)) else { return null_mut() };
    Box::into_raw(Box::new(State { at: point.at, locals, stack, handled: None }))
}

/// Goes on in the interpreter: the function's result. Called by compiled code.
///
/// # Safety
/// The unit is that of running code, the state one of [`leave`].
pub unsafe extern "C-unwind" fn go_on(unit: *const Unit, state: *mut State) -> *mut ffi::PyObject {
    if state.is_null() {
        return null_mut();
    }
    // SAFETY: running code holds the GIL, its unit lives, and the state is owned.
    let (python, unit, state) = unsafe { (Python::assume_attached(), &*unit, Box::from_raw(state)) };
    match interpreter::run(&python, &unit.frame(), *state) {
        Ok(result) => result.into_ptr(),
        Err(interpreter::Raised) => null_mut(),
    }
}

/// No object could be made: an exception is set.
struct Raised;

/// The object in a slot, owned.
///
/// # Safety
/// The words are those of the exit.
unsafe fn object(python: &Python, slot: &ExitSlot, words: *const u64) -> Result<Option<Object>, Raised> {
    let (index, value) = match slot {
        ExitSlot::Empty => return Ok(None),
        ExitSlot::Constant(object) => {
            let address = object.address.map_or(0, Into::into) as *mut ffi::PyObject;
            // SAFETY: the unit keeps its constants alive.
            return Ok(std::ptr::NonNull::new(address).map(|object| unsafe { Object::from_borrowed(python, object) }));
        }
        ExitSlot::Word { index, value } => (*index, *value),
    };
    // SAFETY: the caller promises the words; each is 8 bytes, of which a number has as many as it needs. The thread is attached.
    let made = unsafe {
        let word = words.add(index);
        match value {
            ExitValue::Object => {
                let object = word.cast::<*mut ffi::PyObject>().read();
                return Ok(std::ptr::NonNull::new(object).map(|object| Object::from_borrowed(python, object)));
            }
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
    };
    std::ptr::NonNull::new(made).map(|made| Object::from_owned(python, made)).map(Some).ok_or(Raised)
}

/// Adds this function's entry to the traceback of the current exception. Called by compiled code.
///
/// # Safety
/// As [`leave`]; an exception is set.
pub unsafe extern "C-unwind" fn add_traceback(unit: *const Unit, exit: usize, words: *const u64) {
    // SAFETY: running code holds the GIL, and its unit lives.
    let (python, unit) = unsafe { (Python::assume_attached(), &*unit) };
    let Some(point) = unit.code.get().and_then(|code| code.exits.get(exit)) else { return };
    // Boxing must find no exception set.
    interpreter::add_traceback(&python, &unit.frame(), point.at, || {
        // SAFETY: as the caller promises.
        let slots = point.locals.iter().map(|slot| unsafe { object(&python, slot, words) });
        slots.collect::<Result<Vec<_>, _>>().map_err(|Raised| interpreter::Raised)
    });
}
