//! Assumptions of compiled code: the dicts that they are about, and how a change is noticed.
//!
//! From 3.12 on, watchers of dicts change the version's [`AssumptionFlag`]. On 3.11, and if no watcher is free, the
//! code asks: it compares the versions of the dicts, and if one changed (any store into the dict does that), it checks
//! again.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3_ffi as ffi;

use super::kept::Kept;
use crate::cpython::Layout;
use crate::embed::{Object, Python};

/// Whether all assumptions of a version hold. Once one of them is broken, this stays false.
///
/// The values of watched names are borrowed from their dicts while they are bound, since the collector can't see what
/// native code owns. When an assumption breaks, before the dict changes, they become references of the version's own.
#[derive(Debug)]
#[repr(C)]
pub struct AssumptionFlag {
    /// What compiled code tests, by the address of the flag.
    holds: AtomicI64,
    /// The values: borrowed while the flag holds, owned afterwards.
    values: Mutex<Vec<WatchedValue>>,
}

/// An object that is kept alive as the flag says.
#[derive(Debug)]
struct WatchedValue(NonNull<ffi::PyObject>);

// SAFETY: the object is only touched with the GIL held.
unsafe impl Send for WatchedValue {}

impl AssumptionFlag {
    /// A flag for assumptions that all hold.
    pub fn new() -> Self {
        Self { holds: AtomicI64::new(1), values: Mutex::default() }
    }

    /// Notes that an assumption is broken.
    pub fn clear(&self, _: &Python) {
        if self.holds.swap(0, Ordering::Relaxed) == 0 {
            return;
        }
        for value in self.values.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            // SAFETY: the dict does not give it up before this returns.
            unsafe { ffi::Py_INCREF(value.0.as_ptr()) };
        }
    }

    /// Keeps the value of a watched name alive, without a reference of its own while it is bound.
    pub fn keep_value(&self, python: &Python, value: Object) {
        let Some(pointer) = NonNull::new(value.into_ptr()) else { return };
        if self.holds() {
            // The dict has another reference. SAFETY: this one is the one that was taken over.
            drop(unsafe { python.owned(pointer.as_ptr()) });
        }
        self.values.lock().unwrap_or_else(PoisonError::into_inner).push(WatchedValue(pointer));
    }

    /// Whether all hold.
    pub fn holds(&self) -> bool {
        self.holds.load(Ordering::Relaxed) != 0
    }
}

impl Drop for AssumptionFlag {
    fn drop(&mut self) {
        if self.holds() {
            return;
        }
        // SAFETY: they became references of its own. They are given up with the GIL held, as all objects are.
        let python = unsafe { Python::assume_attached() };
        for value in self.values.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            drop(Object::from_owned(&python, value.0));
        }
    }
}

/// A dict that assumptions are about.
#[derive(Debug)]
pub struct KnownDict {
    /// The dict.
    pub dict: Kept,
    /// Its version at a time when all assumptions held.
    pub version: AtomicU64,
}

impl KnownDict {
    /// A dict with its present version.
    pub fn new(dict: Kept) -> Self {
        // SAFETY: the thread is attached, since the caller has a dict, which is alive.
        let version = unsafe { version_of(dict.as_ptr()) };
        Self { dict, version: AtomicU64::new(version) }
    }
}

/// An assumption: a name in dicts, and the object that it is bound to.
#[derive(Debug)]
pub struct Recorded {
    /// The name, an interned `str`.
    pub name: Object,
    /// The numbers of the dicts, each with its value for the name; `None` for no value.
    pub dicts: Vec<(usize, Option<Kept>)>,
}

impl Recorded {
    /// Whether each dict still has the same value for the name.
    pub fn holds(&self, dicts: &[Box<KnownDict>]) -> bool {
        self.dicts.iter().all(|(number, value)| {
            let found = dicts.get(*number).map(|known| look_up(&known.dict, &self.name).map(NonNull::as_ptr));
            found == Some(value.as_deref().map(Object::as_ptr))
        })
    }
}

/// The address of a dict's version; null if dicts have none.
pub fn version_address(dict: *mut ffi::PyObject) -> *mut u64 {
    match Layout::CURRENT.dict_version {
        Some(offset) => dict.wrapping_byte_add(offset as usize).cast(),
        None => std::ptr::null_mut(),
    }
}

/// # Safety
/// The dict is alive.
pub(super) unsafe fn version_of(dict: *mut ffi::PyObject) -> u64 {
    // SAFETY: the caller promises a dict, and the address is that of its version, or null.
    unsafe { version_address(dict).as_ref() }.copied().unwrap_or(0)
}

/// The value of a name in a dict, borrowed.
pub fn look_up(dict: &Object, name: &Object) -> Option<NonNull<ffi::PyObject>> {
    // SAFETY: the thread is attached, since the caller has objects; dict and name are alive. An exception of a
    // comparison counts as nothing found.
    unsafe {
        let value = NonNull::new(ffi::PyDict_GetItemWithError(dict.as_ptr(), name.as_ptr()));
        if value.is_none() && !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
        }
        value
    }
}
