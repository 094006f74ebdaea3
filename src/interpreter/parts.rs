//! The parts of a live function that a call of it needs.

use pyo3_ffi as ffi;

use crate::embed::{Object, Python};
use crate::thread::{Owned, Result, errors};

/// The parts of a function that a call of it needs.
pub struct Parts {
    pub globals: Object,
    pub builtins: Object,
    pub closure: Option<Object>,
}

impl Parts {
    /// The parts of a Python function.
    pub fn of(python: &Python, function: &Object) -> Result<Self> {
        // SAFETY: the function is alive, and its type checked before its parts are borrowed.
        unsafe {
            let pointer = function.as_ptr();
            if ffi::PyFunction_Check(pointer) == 0 {
                return Err(errors::type_error(c"only Python functions can be interpreted"));
            }
            let globals = Owned::borrowed(ffi::PyFunction_GetGlobals(pointer));
            let builtins = Owned::new(ffi::PyObject_GetAttrString(pointer, c"__builtins__".as_ptr()))?;
            let closure = ffi::PyFunction_GetClosure(pointer);
            let closure = if closure.is_null() { None } else { Some(Owned::borrowed(closure)) };
            Ok(Self {
                globals: globals.into_object(python),
                builtins: builtins.into_object(python),
                closure: closure.map(|closure| closure.into_object(python)),
            })
        }
    }
}
