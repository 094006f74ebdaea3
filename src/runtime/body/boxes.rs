//! The objects of an exit: those in its words, and those that are made of numbers, text and bytes there.

use pyo3_ffi as ffi;

use crate::embed::Python;
use crate::lower::body::{ExitSlot, ExitValue};
use crate::metadata::Scalar;
use crate::thread::{Owned, Result};

/// The objects made of an exit's words, by the indices of the words: a number in two slots is one object.
pub(super) struct Boxes {
    words: *const u64,
    made: Vec<(usize, Owned)>,
}

impl Boxes {
    /// For the words of an exit.
    pub(super) fn new(words: *const u64) -> Self {
        Self { words, made: Vec::new() }
    }

    /// The object in a slot, or null.
    ///
    /// # Safety
    /// The words are those of the exit; an owned word is asked for once. The constants of the exit are alive.
    pub(super) unsafe fn object(&mut self, _: &Python, slot: &ExitSlot) -> Result<Option<Owned>> {
        // SAFETY: as the caller promises.
        unsafe {
            let borrowed = |object: *mut ffi::PyObject| (!object.is_null()).then(|| Owned::borrowed(object));
            let (index, value) = match slot {
                ExitSlot::Empty => return Ok(None),
                ExitSlot::Constant(object) => {
                    return Ok(borrowed(object.address.map_or(0, Into::into) as *mut ffi::PyObject));
                }
                ExitSlot::Word { index, value } => (*index, *value),
            };
            let word = self.words.add(index);
            match value {
                ExitValue::Owned => Ok(Owned::maybe(word.cast::<*mut ffi::PyObject>().read())),
                ExitValue::Borrowed => Ok(borrowed(word.cast::<*mut ffi::PyObject>().read())),
                ExitValue::Number(_) | ExitValue::Text | ExitValue::Bytes => {
                    if let Some((_, object)) = self.made.iter().find(|(made, _)| *made == index) {
                        return Ok(Some(object.again()));
                    }
                    let made = Owned::new(boxed(value, word))?;
                    self.made.push((index, made.again()));
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
            ExitValue::Owned | ExitValue::Borrowed => ffi::Py_XNewRef(word.cast::<*mut ffi::PyObject>().read()),
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
