//! Conversions that only the provider of a foreign function can do, for compiled code.

use std::ffi::{CString, c_int};
use std::fmt;
use std::num::NonZeroUsize;

use pyo3_ffi as ffi;

use crate::embed::Object;
use crate::runtime::code::thunk::Thunk;

/// Makes the C value of an argument.
pub trait ConvertArgument: Send + Sync {
    /// The C value, in the low bytes; `None` where the original call is to be made. Runs no Python code, changes nothing, does
    /// not panic, and leaves no exception set.
    ///
    /// # Safety
    /// The thread is attached, the object alive.
    unsafe fn convert(&self, object: *mut ffi::PyObject) -> Option<u64>;
}

/// Makes the object of a C result.
pub trait ConvertResult: Send + Sync {
    /// A new reference, or null with an exception set. Does not panic; may run Python code, and so may never return: it owns
    /// nothing then that would have to be given up.
    ///
    /// # Safety
    /// The thread is attached; `bits` has in its low bytes, and zeroes above them, what the C function returned.
    unsafe fn convert(&self, bits: u64) -> *mut ffi::PyObject;
}

/// A word of memory that must be as it was when the stub was made; else the original call is made. Compiled code reads it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Watched {
    /// Where it is, for as long as the stub's original lives.
    pub at: *const usize,
    /// What it was.
    pub value: usize,
}

/// What the cell of a foreign function's stub has besides.
pub struct Foreign {
    /// As Python sees it.
    pub name: CString,
    /// The C function.
    pub address: NonZeroUsize,
    /// One for each C parameter that the provider converts.
    pub arguments: Vec<Option<Box<dyn ConvertArgument>>>,
    /// Where the provider converts the result.
    pub result: Option<Box<dyn ConvertResult>>,
    /// What must be as it was.
    pub watched: Vec<Watched>,
    /// What lives as long as the stub.
    pub holds: Vec<Object>,
    /// The way to functions that may be variadic.
    pub thunk: Option<Thunk>,
}

// SAFETY: the watched addresses are only read, with the GIL held; all else is.
unsafe impl Send for Foreign {}
// SAFETY: as above.
unsafe impl Sync for Foreign {}

impl Foreign {
    /// What compiled code calls.
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

/// Writes the C value of an argument to `bits`: not 0 where the provider makes none.
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
/// The thread is attached; what the function returned is in the low bytes.
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
