//! Cinder's rules for the arguments of a typed method: those of `_PyClassLoader_ConvertArg` in its `classloader.h`,
//! with the exceptions of its `methodobject_vectorcall.c` and `descrobject_vectorcall.c`, whose garbled texts are
//! corrected (docs/dialects.md).
//!
//! No Python code runs here: an argument is converted to an int only if it is one, and nothing is ever called.

use std::ffi::{CStr, CString, c_int};

use pyo3_ffi as ffi;

use crate::cpython::unowned::PyErr_Format;

use crate::metadata::Scalar;
use crate::metadata::dialect::cinder::{CinderType, TypedDef};

/// Reads the arguments of one typed method of Cinder's, by position.
#[derive(Debug)]
pub struct CinderArguments {
    name: CString,
    elements: Vec<CinderArgument>,
}

#[derive(Clone, Copy, Debug)]
struct CinderArgument {
    reading: CinderReading,
    /// `None` is passed unchanged. Without a default a null pointer is passed if the argument is left out.
    optional: bool,
    /// The field with the object for an argument that is left out.
    default: Option<*const *mut ffi::PyObject>,
}

#[derive(Clone, Copy, Debug)]
enum CinderReading {
    Object,
    Str,
    Int(Scalar),
}

// SAFETY: the defaults' addresses point into the extension, and are read with the GIL held.
unsafe impl Send for CinderArguments {}
// SAFETY: as above; the reader never changes.
unsafe impl Sync for CinderArguments {}

impl CinderArguments {
    /// The reader of a definition; `None` if a parameter is of a type that only a generic `self` knows, or the name is
    /// not possible in C.
    pub fn new(def: &TypedDef) -> Option<Self> {
        let element = |element: &crate::metadata::dialect::cinder::Element| {
            let reading = match element.class {
                CinderType::Object => CinderReading::Object,
                CinderType::Str => CinderReading::Str,
                CinderType::Int(scalar) => CinderReading::Int(scalar),
                CinderType::Void | CinderType::Error | CinderType::Parameter(_) => return None,
            };
            let default = element.default.map(|address| address.get() as *const *mut ffi::PyObject);
            Some(CinderArgument { reading, optional: element.optional, default })
        };
        let elements = def.elements.iter().map(element).collect::<Option<_>>()?;
        Some(Self { name: CString::new(def.name.as_str()).ok()?, elements })
    }

    /// The method's name.
    pub fn name(&self) -> &CStr {
        &self.name
    }

    /// Whether every argument is required.
    pub fn takes_all(&self) -> bool {
        self.elements.iter().all(|element| !element.may_be_left_out())
    }

    /// Reads the arguments of a call into `slots`, one each: 0, or -1 with an exception set.
    ///
    /// # Safety
    /// The thread is attached; `arguments` are `count` live objects; there is room for a slot for each element.
    pub unsafe fn read(&self, arguments: *const *mut ffi::PyObject, count: isize, slots: *mut u64) -> c_int {
        let given = usize::try_from(count).unwrap_or(0);
        if given > self.elements.len() || given < self.elements.len() && self.takes_all() {
            // SAFETY: the thread is attached.
            unsafe { self.raise_count(count) };
            return -1;
        }
        for (index, element) in self.elements.iter().enumerate() {
            // SAFETY: as the caller promises; a default's field is the extension's and stays.
            unsafe {
                let argument = if index < given { *arguments.add(index) } else { element.default_object() };
                match element.read(argument) {
                    Ok(bits) => slots.add(index).write(bits),
                    Err(flaw) => {
                        self.raise(flaw, element.reading, index);
                        return -1;
                    }
                }
            }
        }
        0
    }

    /// # Safety
    /// The thread is attached.
    unsafe fn raise_count(&self, given: isize) {
        let (wanted, name) = (self.elements.len(), self.name.as_ptr());
        let (format, only) = match (self.takes_all(), wanted) {
            (true, 0) => (c"%.200s() takes no arguments (%zd given)", true),
            (true, 1) => (c"%.200s() takes exactly one argument (%zd given)", true),
            (true, _) => (c"%.200s() takes exactly %zd arguments (%zd given)", false),
            (false, 1) => (c"%.200s() takes at most 1 argument, got %zd", true),
            (false, _) => (c"%.200s() expected at most %zd arguments, got %zd", false),
        };
        // SAFETY: the thread is attached; the formats take a C string and one or two numbers.
        unsafe {
            if only {
                PyErr_Format(ffi::PyExc_TypeError, format.as_ptr(), name, given);
            } else {
                PyErr_Format(ffi::PyExc_TypeError, format.as_ptr(), name, wanted, given);
            }
        }
    }

    /// # Safety
    /// The thread is attached.
    unsafe fn raise(&self, flaw: ArgumentFlaw, reading: CinderReading, index: usize) {
        let number = c_int::try_from(index + 1).unwrap_or(c_int::MAX);
        let expected = match reading {
            CinderReading::Object => c"object",
            CinderReading::Str => c"str",
            CinderReading::Int(_) => c"int",
        };
        // SAFETY: the thread is attached; the formats take C strings and a C int.
        unsafe {
            match flaw {
                ArgumentFlaw::Raised => {}
                ArgumentFlaw::Missing => {
                    let format = c"%.200s() argument %d is missing".as_ptr();
                    PyErr_Format(ffi::PyExc_TypeError, format, self.name.as_ptr(), number);
                }
                ArgumentFlaw::WrongType => {
                    let format = c"%.200s() argument %d expected %s".as_ptr();
                    PyErr_Format(ffi::PyExc_TypeError, format, self.name.as_ptr(), number, expected.as_ptr());
                }
            }
        }
    }
}

/// The reason why an argument is refused.
enum ArgumentFlaw {
    Missing,
    WrongType,
    /// An exception is already set.
    Raised,
}

impl CinderArgument {
    fn may_be_left_out(&self) -> bool {
        self.optional || self.default.is_some()
    }

    /// # Safety
    /// The default's field is readable.
    unsafe fn default_object(&self) -> *mut ffi::PyObject {
        // SAFETY: as the caller promises.
        self.default.map_or(std::ptr::null_mut(), |field| unsafe { field.read() })
    }

    /// The value that the underlying function gets for this argument; null if it is left out without a default.
    ///
    /// # Safety
    /// The thread is attached, and the argument null or alive.
    unsafe fn read(&self, argument: *mut ffi::PyObject) -> Result<u64, ArgumentFlaw> {
        // SAFETY: as the caller promises.
        unsafe {
            if self.optional && (argument.is_null() || argument == ffi::Py_None()) {
                return Ok(argument as u64);
            }
            if argument.is_null() {
                return Err(ArgumentFlaw::Missing);
            }
            match self.reading {
                CinderReading::Object => Ok(argument as u64),
                CinderReading::Str if ffi::PyUnicode_Check(argument) != 0 => Ok(argument as u64),
                CinderReading::Int(scalar) if ffi::PyLong_Check(argument) != 0 => int(scalar, argument),
                CinderReading::Str | CinderReading::Int(_) => Err(ArgumentFlaw::WrongType),
            }
        }
    }
}

/// The bits of an int. For 64 bits, errors are the conversion's own exception; for fewer, Cinder's.
///
/// # Safety
/// The thread is attached, and the object an `int` or of a subclass.
unsafe fn int(scalar: Scalar, object: *mut ffi::PyObject) -> Result<u64, ArgumentFlaw> {
    // SAFETY: as the caller promises.
    unsafe {
        let (bits, fits) = match scalar {
            Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64 => {
                let number = ffi::PyLong_AsSsize_t(object) as i64;
                let fits = match scalar {
                    Scalar::I8 => i8::try_from(number).is_ok(),
                    Scalar::I16 => i16::try_from(number).is_ok(),
                    Scalar::I32 => i32::try_from(number).is_ok(),
                    _ => true,
                };
                (number.cast_unsigned(), fits)
            }
            _ => {
                let number = ffi::PyLong_AsSize_t(object) as u64;
                let fits = match scalar {
                    Scalar::U8 => u8::try_from(number).is_ok(),
                    Scalar::U16 => u16::try_from(number).is_ok(),
                    Scalar::U32 => u32::try_from(number).is_ok(),
                    _ => true,
                };
                (number, fits)
            }
        };
        let raised = bits == u64::MAX && !ffi::PyErr_Occurred().is_null();
        let is_narrow = !matches!(scalar, Scalar::I64 | Scalar::U64);
        if is_narrow && (raised || !fits) {
            ffi::PyErr_SetString(ffi::PyExc_OverflowError, c"overflow".as_ptr());
            return Err(ArgumentFlaw::Raised);
        }
        if raised { Err(ArgumentFlaw::Raised) } else { Ok(bits) }
    }
}
