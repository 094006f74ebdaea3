//! Foreign functions of ctypes.
//!
//! A stub does what ctypes does. ctypes itself is called for everything else: for arguments that are not plainly of the
//! prototype's types, and if the function's `argtypes`, `restype`, `errcheck` or address have changed. `offsets` has
//! the layout of ctypes' objects, which `probe` finds out. `prototype` reads a function's prototype. `convert` makes
//! pointers of arguments, with a `cache` by type. `result` makes objects of results.

mod cache;
mod convert;
mod offsets;
mod probe;
mod prototype;
mod result;

use pyo3_ffi as ffi;

use self::offsets::Ctypes;
use self::probe::Unprobed;
use super::{ForeignFunction, Provider};
use crate::embed::{Object, Python};
use crate::providers::NoFunction;

/// The provider of ctypes' foreign functions.
#[derive(Debug)]
pub struct CtypesProvider;

impl Provider for CtypesProvider {
    fn name(&self) -> &'static str {
        "ctypes"
    }

    fn recognize(&self, python: &Python, callable: &Object) -> Option<Result<ForeignFunction, NoFunction>> {
        let refused = |unprobed| match unprobed {
            Unprobed::Layout(reason) => NoFunction::Mismatch {
                name: "ctypes".into(),
                reason: format!("its objects are not laid out as expected: {reason}"),
            },
            Unprobed::Raised(exception) => exception.into(),
        };
        let ctypes = match Ctypes::known() {
            Some(Ok(ctypes)) => {
                // SAFETY: both are alive and the thread attached.
                let is_function = unsafe { ffi::PyObject_TypeCheck(callable.as_ptr(), ctypes.types.function) } != 0;
                return is_function.then(|| prototype::read(python, ctypes, callable));
            }
            _ if !is_function(python, callable) => return None,
            _ => Ctypes::get(python),
        };
        Some(ctypes.map_err(refused).and_then(|ctypes| prototype::read(python, ctypes, callable)))
    }
}

/// Whether an object is a function of a ctypes that is imported already.
fn is_function(python: &Python, callable: &Object) -> bool {
    // SAFETY: the thread is attached; the modules are borrowed from the interpreter.
    let modules = unsafe {
        let Some(modules) = std::ptr::NonNull::new(ffi::PyImport_GetModuleDict()) else { return false };
        Object::from_borrowed(python, modules)
    };
    let Some(function) = modules.item(python, "_ctypes").and_then(|module| module.attr(python, "CFuncPtr").ok()) else {
        return false;
    };
    // SAFETY: both are alive and the thread attached; the type is checked.
    unsafe {
        ffi::PyType_Check(function.as_ptr()) != 0
            && ffi::PyObject_TypeCheck(callable.as_ptr(), function.as_ptr().cast()) != 0
    }
}
