//! Assumptions of compiled code: what is looked into, and how a change is noticed.
//!
//! From 3.12 watchers of dicts flip the unit's [`Flag`]. On 3.11, and where no watcher is free, the code asks: there it
//! compares the versions of the dicts, and where one changed (any store into the dict does that) it looks again.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use pyo3_ffi as ffi;

use super::unit::Unit;
use crate::embed::Object;
use crate::runtime::Layout;

/// Whether all assumptions of a unit hold; never again once one of them was broken.
#[derive(Debug)]
#[repr(transparent)]
pub struct Flag(AtomicI64);

impl Flag {
    /// All hold.
    pub fn new() -> Self {
        Self(AtomicI64::new(1))
    }

    /// One does not hold any more.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Whether all hold.
    pub fn holds(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}

/// An assumption that code asks about: names in dicts, and what they are bound to.
#[derive(Debug)]
pub struct Recorded {
    /// The name, an interned `str`.
    pub name: Object,
    /// The dicts, each with what it has under the name; `None` for nothing.
    pub dicts: Vec<(Object, Option<Object>)>,
    /// The versions of the dicts when that was last true.
    pub versions: [AtomicU64; 2],
}

impl Recorded {
    /// Whether each dict has under the name what it had; then its versions are remembered.
    fn holds(&self) -> bool {
        for ((dict, value), version) in self.dicts.iter().zip(&self.versions) {
            // SAFETY: the thread is attached, as whoever runs compiled code is; the dict is alive.
            let now = unsafe { version_of(dict.as_ptr()) };
            let value = value.as_ref().map(Object::as_ptr);
            if look_up(dict, &self.name).map(NonNull::as_ptr) != value {
                return false;
            }
            version.store(now, Ordering::Relaxed);
        }
        true
    }

    /// Remembers the versions of the dicts.
    pub fn remember(&self) {
        for ((dict, _), version) in self.dicts.iter().zip(&self.versions) {
            // SAFETY: the thread is attached and the dict alive.
            version.store(unsafe { version_of(dict.as_ptr()) }, Ordering::Relaxed);
        }
    }
}

/// The address of a dict's version.
pub fn version_address(dict: *mut ffi::PyObject) -> *mut u64 {
    dict.wrapping_byte_add(Layout::CURRENT.dict_version as usize).cast()
}

/// # Safety
/// The dict is alive.
unsafe fn version_of(dict: *mut ffi::PyObject) -> u64 {
    // SAFETY: the caller promises a dict; each has a version in the versions of Python that ask for it, and the others have a
    // count there.
    unsafe { version_address(dict).read() }
}

/// What a dict has under a name, borrowed.
pub fn look_up(dict: &Object, name: &Object) -> Option<NonNull<ffi::PyObject>> {
    // SAFETY: the thread is attached, as whoever has objects to look at is; dict and name are alive. An exception of a
    // comparison counts as nothing found.
    unsafe {
        let value = NonNull::new(ffi::PyDict_GetItemWithError(dict.as_ptr(), name.as_ptr()));
        if value.is_none() && !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
        }
        value
    }
}

/// Whether the assumption of this number holds: called by compiled code.
///
/// # Safety
/// The unit is that of running code, and has an assumption of that number.
pub unsafe extern "C" fn assumption_holds(unit: *const Unit, number: usize) -> i32 {
    // SAFETY: the caller promises a live unit.
    let unit = unsafe { &*unit };
    let recorded = unit.code.get().and_then(|code| code.linked.assumptions.get(number));
    i32::from(recorded.is_some_and(|recorded| recorded.holds()))
}
