//! Converts results of C functions to objects, as `GetResult` of `Modules/_ctypes/callproc.c` does; also has the codes
//! of simple types.

use pyo3_ffi as ffi;

use super::offsets::Ctypes;
use crate::metadata::{ForeignKind, Scalar};
use crate::runtime::stub::foreign::ConvertResult;

/// A result that is not a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum PlainResult {
    /// `c_char_p`.
    Text,
    /// `c_wchar_p`.
    Wide,
    /// `c_void_p`.
    Void,
    /// `c_char`.
    Char,
    /// `c_wchar`.
    Wchar,
    /// `py_object`.
    Object,
}

/// The C number of a simple type.
pub(super) fn scalar(code: Option<u8>) -> Option<Scalar> {
    Some(match code? {
        b'b' => Scalar::I8,
        b'B' => Scalar::U8,
        b'h' => Scalar::I16,
        b'H' => Scalar::U16,
        b'i' => Scalar::I32,
        b'I' => Scalar::U32,
        b'l' | b'q' => Scalar::I64,
        b'L' | b'Q' => Scalar::U64,
        b'f' => Scalar::F32,
        b'd' => Scalar::F64,
        b'?' => Scalar::CBool,
        _ => return None,
    })
}

/// How the value of a simple type's instance is returned, and its size in bytes; `None` if only ctypes makes one of a
/// result.
pub(super) fn instance_value(code: Option<u8>) -> Option<(ForeignKind, usize)> {
    Some(match (PlainResult::of(code), scalar(code)) {
        (Some((ForeignKind::Char, _)), _) => (ForeignKind::Pointer, 1),
        (Some((ForeignKind::Wchar, _)), _) => (ForeignKind::Pointer, size_of::<libc::wchar_t>()),
        (Some(_), _) => (ForeignKind::Pointer, size_of::<usize>()),
        (None, Some(Scalar::F32)) => (ForeignKind::Float, size_of::<f32>()),
        (None, Some(Scalar::F64)) => (ForeignKind::Double, size_of::<f64>()),
        // It is in the low bytes of the register in which a pointer comes.
        (None, Some(scalar)) => (ForeignKind::Pointer, usize::from(scalar.bytes())),
        (None, None) => return None,
    })
}

impl PlainResult {
    /// How a simple type that is not a number is returned.
    pub fn of(code: Option<u8>) -> Option<(ForeignKind, Self)> {
        Some(match code? {
            b'z' => (ForeignKind::Pointer, Self::Text),
            b'Z' => (ForeignKind::Pointer, Self::Wide),
            b'P' => (ForeignKind::Pointer, Self::Void),
            b'c' => (ForeignKind::Char, Self::Char),
            b'u' => (ForeignKind::Wchar, Self::Wchar),
            b'O' => (ForeignKind::Object, Self::Object),
            _ => return None,
        })
    }
}

impl ConvertResult for PlainResult {
    unsafe fn convert(&self, bits: u64) -> *mut ffi::PyObject {
        // SAFETY: the thread is attached; the C function promises that a pointer is what the restype says, and ctypes
        // relies on that too.
        unsafe {
            match self {
                Self::Text | Self::Wide | Self::Void if bits == 0 => {
                    ffi::Py_INCREF(ffi::Py_None());
                    ffi::Py_None()
                }
                Self::Text => ffi::PyBytes_FromString(bits as *const _),
                Self::Wide => {
                    let text = bits as *const libc::wchar_t;
                    // No text is that long.
                    ffi::PyUnicode_FromWideChar(text, isize::try_from(libc::wcslen(text)).unwrap_or(isize::MAX))
                }
                Self::Void => ffi::PyLong_FromVoidPtr(bits as *mut _),
                Self::Char => {
                    let byte = bits as u8;
                    ffi::PyBytes_FromStringAndSize((&raw const byte).cast(), 1)
                }
                Self::Wchar => {
                    let character = bits as libc::wchar_t;
                    ffi::PyUnicode_FromWideChar(&raw const character, 1)
                }
                Self::Object => {
                    let object = bits as *mut ffi::PyObject;
                    if object.is_null() && ffi::PyErr_Occurred().is_null() {
                        ffi::PyErr_SetString(ffi::PyExc_ValueError, c"PyObject is NULL".as_ptr());
                    }
                    object
                }
            }
        }
    }
}

/// A result that is an instance of a class of ctypes: a pointer, or an instance of a subclass of a simple type.
///
/// In ctypes `PyCData_FromBaseObj` makes it, which is not accessible. `__new__` of the class's base makes the same: an
/// instance with a value of its own. Neither `__new__` nor `__init__` of the class itself is called.
#[derive(Debug)]
pub(super) struct InstanceResult {
    pub ctypes: &'static Ctypes,
    /// Kept alive by the stub.
    pub class: *mut ffi::PyTypeObject,
    pub new: ffi::newfunc,
    /// Bytes of the value.
    pub size: usize,
}

// SAFETY: the class is alive as long as the stub, and looked into only with the GIL held.
unsafe impl Send for InstanceResult {}
// SAFETY: as above.
unsafe impl Sync for InstanceResult {}

impl ConvertResult for InstanceResult {
    unsafe fn convert(&self, bits: u64) -> *mut ffi::PyObject {
        // SAFETY: the thread is attached and the class alive; the instance's value has this many bytes, at most 8, and
        // the low ones come first.
        unsafe {
            let arguments = ffi::PyTuple_New(0);
            if arguments.is_null() {
                return arguments;
            }
            let instance = (self.new)(self.class, arguments, std::ptr::null_mut());
            ffi::Py_DECREF(arguments);
            if !instance.is_null() {
                let bytes = bits.to_le_bytes();
                self.ctypes.address(instance).copy_from_nonoverlapping(bytes.as_ptr(), self.size.min(bytes.len()));
            }
            instance
        }
    }
}
