//! The data of one compiled function, which lives as long as its code.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;

use pyo3_ffi as ffi;

use super::assumption::Flag;
use super::link::Linked;
use crate::bytecode::LocalVariable;
use crate::embed::Object;
use crate::interpreter::{Frame, Prepared};
use crate::lower::body::ExitPoint;
use crate::runtime::code::placed::Placed;
use crate::semantics::Namespaces;
use crate::thread::{Result, errors};

/// The machine code of a compiled function: bound arguments in, a new reference or null out.
pub type Entry = unsafe extern "C-unwind" fn(*const *mut ffi::PyObject) -> *mut ffi::PyObject;

/// The data of one compiled function. Its code contains the address, so it never moves.
#[derive(Debug)]
pub struct Unit {
    /// Whether all assumptions hold.
    pub flag: Arc<Flag>,
    /// The bytecode, for the interpreter.
    pub prepared: Prepared,
    /// The function's globals.
    pub globals: Object,
    /// Its builtins.
    pub builtins: Object,
    /// Its closure, a tuple of cells.
    pub closure: Option<Object>,
    /// The number of times that the function was left for the interpreter.
    pub left: AtomicU64,
    /// The code, once it exists.
    pub code: OnceLock<Code>,
}

/// The code and the data that it uses.
#[derive(Debug)]
pub struct Code {
    /// The machine code.
    pub placed: Placed,
    /// The points where the function may be left.
    pub exits: Vec<ExitPoint>,
    /// The objects whose addresses the code contains.
    pub linked: Linked,
}

// SAFETY: everything in a unit is either immutable once its code exists, or atomic; objects are touched with the GIL
// held.
unsafe impl Send for Unit {}
// SAFETY: as above.
unsafe impl Sync for Unit {}

impl Unit {
    /// Gives the unit its code; returns the entry.
    pub fn set_code(&self, placed: Placed, exits: Vec<ExitPoint>, linked: Linked) -> Entry {
        // SAFETY: the code is that of a function of this signature, and a function pointer is only an address.
        let entry = unsafe { std::mem::transmute::<*mut u8, Entry>(placed.code.as_ptr()) };
        // A unit is compiled once.
        let _ = self.code.set(Code { placed, exits, linked });
        entry
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
    pub fn frame(&self) -> Frame<'_> {
        Frame { code: &self.prepared, globals: &self.globals, builtins: &self.builtins, closure: self.closure.as_ref() }
    }
}
