//! Conversions that only the provider of a foreign function can do, called by compiled code.

use std::ffi::{CString, c_int};
use std::fmt;
use std::num::NonZeroUsize;

use pyo3_ffi as ffi;

use crate::embed::Object;
use crate::runtime::code::thunk::Thunk;

/// Makes the C value of an argument.
pub trait ConvertArgument: Send + Sync {
    /// The C value, in the low bytes; `None` if the original must be called. Runs no Python code, changes nothing, does
    /// not panic, and leaves no exception set.
    ///
    /// # Safety
    /// The thread is attached, the object alive.
    unsafe fn convert(&self, object: *mut ffi::PyObject) -> Option<u64>;
}

/// Makes the object of a C result.
pub trait ConvertResult: Send + Sync {
    /// A new reference, or null with an exception set. Does not panic. May run Python code, and so may never return; so
    /// while that runs it owns nothing that would have to be given up.
    ///
    /// # Safety
    /// The thread is attached; the low bytes of `bits` are the result of the C function, the others zero.
    unsafe fn convert(&self, bits: u64) -> *mut ffi::PyObject;
}

/// A word of memory that must not have changed since the stub was made; otherwise the original is called. Compiled code
/// reads it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Watched {
    /// Its address, valid as long as the stub's original lives.
    pub at: *const usize,
    /// Its value when the stub was made.
    pub value: usize,
}

/// The additional data in the cell of a foreign function's stub.
pub struct Foreign {
    /// Its name in Python.
    pub name: CString,
    /// The C function.
    pub address: NonZeroUsize,
    /// A converter for each C parameter, if the provider converts it.
    pub arguments: Vec<Option<Box<dyn ConvertArgument>>>,
    /// The converter for the result, if the provider converts it.
    pub result: Option<Box<dyn ConvertResult>>,
    /// The words that must not change.
    pub watched: Vec<Watched>,
    /// Objects that live as long as the stub.
    pub holds: Vec<Object>,
    /// The thunk to functions that may be variadic.
    pub thunk: Option<Thunk>,
}

// SAFETY: the watched addresses are only read, with the GIL held; so is everything else.
unsafe impl Send for Foreign {}
// SAFETY: as above.
unsafe impl Sync for Foreign {}

impl Foreign {
    /// The address that compiled code calls.
    pub fn target(&self) -> NonZeroUsize {
        self.thunk.as_ref().map_or(self.address, |thunk| NonZeroUsize::from(thunk.address().addr()))
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Foreign")
            .field("name", &self.name)
            .field("address", &self.address)
            .field("watched", &self.watched)
            .finish_non_exhaustive()
    }
}

/// Writes the C value of an argument to `bits`; returns not 0 if the provider makes none.
///
/// # Safety
/// The thread is attached, the object alive, `bits` can be written, and the provider converts the parameter.
pub unsafe extern "C" fn to_foreign(
    foreign: &Foreign,
    parameter: usize,
    object: *mut ffi::PyObject,
    bits: *mut u64,
) -> c_int {
    let Some(Some(converter)) = foreign.arguments.get(parameter) else { return 1 };
    // SAFETY: as the caller promises.
    match unsafe { converter.convert(object) } {
        Some(value) => {
            // SAFETY: as the caller promises.
            unsafe { bits.write(value) };
            0
        }
        None => 1,
    }
}

/// A new reference to the object of a result, or null with an exception set.
///
/// # Safety
/// The thread is attached; the result of the function is in the low bytes.
pub unsafe extern "C-unwind" fn from_foreign(foreign: &Foreign, bits: u64) -> *mut ffi::PyObject {
    match &foreign.result {
        // SAFETY: as the caller promises.
        Some(converter) => unsafe { converter.convert(bits) },
        None => {
            // SAFETY: the thread is attached.
            unsafe { ffi::PyErr_BadInternalCall() };
            std::ptr::null_mut()
        }
    }
}
