//! The data of one compiled function that all its versions share.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pyo3_ffi as ffi;

use super::kept::Kept;
use super::version::Version;
use crate::bytecode::LocalVariable;
use crate::embed::{Object, Python};
use crate::interpreter::{FunctionFrame, Prepared};
use crate::semantics::Namespaces;
use crate::thread::{Result, errors};

/// The data of one compiled function that all its versions share. The code of its versions contains its address, so it
/// never moves.
#[derive(Debug)]
pub struct Unit {
    /// The bytecode, for the interpreter.
    pub prepared: Prepared,
    /// The function's globals.
    pub globals: Kept,
    /// Its builtins.
    pub builtins: Kept,
    /// Its closure, a tuple of cells.
    pub closure: Option<Kept>,
    /// Whether these three are borrowed from the function, which lives as long as the code is called.
    pub borrows: bool,
    /// The function itself, which the caller of its code holds; `None` for a snippet.
    pub function: Option<NonNull<ffi::PyObject>>,
    /// By argument: whether its type matters to the code. The first version sets this.
    pub used_arguments: OnceLock<Vec<bool>>,
    /// The compiled versions, the oldest first. The lock is never held while Python code may run.
    versions: Mutex<Vec<Arc<Version>>>,
}

// SAFETY: everything in a unit is immutable, or protected by its lock; objects are touched with the GIL held.
unsafe impl Send for Unit {}
// SAFETY: as above.
unsafe impl Sync for Unit {}

impl Unit {
    /// A function without versions.
    pub fn new(
        prepared: Prepared,
        (globals, builtins): (Object, Object),
        closure: Option<Object>,
        function: Option<NonNull<ffi::PyObject>>,
    ) -> Self {
        let (globals, builtins, closure) = (Kept::owned(globals), Kept::owned(builtins), closure.map(Kept::owned));
        Self {
            prepared,
            globals,
            builtins,
            closure,
            borrows: false,
            function,
            used_arguments: OnceLock::new(),
            versions: Mutex::default(),
        }
    }

    /// The same, for a function from which namespaces and closure are borrowed.
    ///
    /// # Safety
    /// The function, and these, live for as long as the code may be called: who calls it holds the function.
    pub unsafe fn borrowing(
        python: &Python,
        prepared: Prepared,
        (globals, builtins): (&Object, &Object),
        closure: Option<&Object>,
        function: NonNull<ffi::PyObject>,
    ) -> Self {
        // SAFETY: as the caller promises.
        let borrowed = |object| unsafe { Kept::borrowed(python, object) };
        Self {
            prepared,
            globals: borrowed(globals),
            builtins: borrowed(builtins),
            closure: closure.map(borrowed),
            borrows: true,
            function: Some(function),
            used_arguments: OnceLock::new(),
            versions: Mutex::default(),
        }
    }

    /// Adds a version.
    pub fn add_version(&self, version: Arc<Version>) {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner).push(version);
    }

    /// The versions, the oldest first.
    pub fn versions(&self) -> Vec<Arc<Version>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The namespaces in which the function finds its names.
    pub fn namespaces(&self) -> Namespaces<'_> {
        Namespaces { globals: &self.globals, builtins: &self.builtins }
    }

    /// A local of the function.
    pub fn local(&self, index: usize) -> Result<&LocalVariable> {
        let local = self.prepared.code().locals.get(index);
        local.ok_or_else(|| errors::system_error(c"a local is not in the table of locals"))
    }

    /// The frame with which the interpreter continues the function.
    pub fn frame(&self) -> FunctionFrame<'_> {
        FunctionFrame {
            code: &self.prepared,
            globals: &self.globals,
            builtins: &self.builtins,
            closure: self.closure.as_deref(),
        }
    }
}
