//! One version of a compiled function: code that is made for the facts that were known about its values then.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use pyo3_ffi as ffi;

use super::assumption::AssumptionFlag;
use super::linked::Linked;
use crate::lower::body::ExitPoint;
use crate::runtime::code::placed::Placed;

/// The machine code of a compiled function: bound arguments in, a new reference or null out.
pub type BodyEntry = unsafe extern "C-unwind" fn(*const *mut ffi::PyObject) -> *mut ffi::PyObject;

/// One version of a compiled function. Its code contains the addresses of the version and of its unit, so both never
/// move, and the caller of the code holds both.
#[derive(Debug)]
pub struct Version {
    /// The function's qualified name.
    pub name: Arc<str>,
    /// Whether all assumptions of this version hold.
    pub flag: Arc<AssumptionFlag>,
    /// The code, once it exists.
    pub code: OnceLock<VersionCode>,
}

/// The code and the data that it uses.
#[derive(Debug)]
pub struct VersionCode {
    /// The machine code.
    pub placed: Placed,
    /// The points where the function may be left.
    pub exits: Vec<Exit>,
    /// The objects whose addresses the code contains.
    pub linked: Linked,
}

/// A point at which the function may be left.
#[derive(Debug)]
pub struct Exit {
    /// The place, the reason, and the values to pass on.
    pub point: ExitPoint,
    /// How often it was taken.
    pub taken: AtomicU64,
}

// SAFETY: everything in a version is either immutable once its code is there, or atomic; objects are touched with the
// GIL held.
unsafe impl Send for Version {}
// SAFETY: as above.
unsafe impl Sync for Version {}

impl Version {
    /// A version of a function of that name, without code yet.
    pub fn new(name: Arc<str>) -> Self {
        Self { name, flag: Arc::new(AssumptionFlag::new()), code: OnceLock::new() }
    }

    /// Gives the version its code. The result is the address of the code. A version is compiled once.
    pub fn set_code(&self, placed: Placed, exits: Vec<ExitPoint>, linked: Linked) -> BodyEntry {
        // SAFETY: the code is that of a function of this signature, and a function pointer is only an address.
        let entry = unsafe { std::mem::transmute::<*mut u8, BodyEntry>(placed.code.as_ptr()) };
        let exits = exits.into_iter().map(|point| Exit { point, taken: AtomicU64::new(0) }).collect();
        let _ = self.code.set(VersionCode { placed, exits, linked });
        entry
    }

    /// The exits, with the number of times that each was taken.
    pub fn exits(&self) -> &[Exit] {
        self.code.get().map_or(&[], |code| &code.exits)
    }

    /// Counts that the exit with this number is taken; `None` if there is no such exit.
    pub(super) fn take_exit(&self, number: usize) -> Option<&ExitPoint> {
        let exit = self.exits().get(number)?;
        exit.taken.fetch_add(1, Ordering::Relaxed);
        Some(&exit.point)
    }
}
