//! A cache of the known facts about types.

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use pyo3_ffi as ffi;

use super::convert::ObjectPassing;

/// Remembers for a few types how their instances are passed.
///
/// A type is identified by its address and its version. No two types and no two states of a type share a version:
/// CPython gives a type a new one when it, or a base of it, changes (`assign_version_tag` in `Objects/typeobject.c`).
#[derive(Debug, Default)]
pub(super) struct Cache {
    slots: [CacheSlot; SLOTS],
}

/// The number of types that are remembered for one parameter; a program passes one or two.
const SLOTS: usize = 4;

/// Written and read with the GIL held; atomic only because it is shared.
#[derive(Debug, Default)]
struct CacheSlot {
    class: AtomicPtr<ffi::PyTypeObject>,
    /// The version, shifted by a byte, and how instances are passed. Zero: empty.
    known: AtomicU64,
}

impl Cache {
    /// # Safety
    /// The thread is attached and the type alive.
    #[inline]
    pub unsafe fn get(&self, class: *mut ffi::PyTypeObject) -> Option<ObjectPassing> {
        let slot = self.slot(class);
        if slot.class.load(Ordering::Relaxed) != class {
            return None;
        }
        let known = slot.known.load(Ordering::Relaxed);
        // SAFETY: as the caller promises.
        (unsafe { version(class) } == Some(known >> 8)).then(|| ObjectPassing::of_number(known as u8))
    }

    /// # Safety
    /// The conditions of [`Cache::get`].
    pub unsafe fn set(&self, class: *mut ffi::PyTypeObject, passing: ObjectPassing) {
        // SAFETY: as the caller promises.
        let Some(version) = (unsafe { version(class) }) else { return };
        let slot = self.slot(class);
        slot.class.store(class, Ordering::Relaxed);
        slot.known.store(version << 8 | passing as u64, Ordering::Relaxed);
    }

    fn slot(&self, class: *mut ffi::PyTypeObject) -> &CacheSlot {
        // Types are some hundred bytes apart.
        &self.slots[(class as usize >> 6 ^ class as usize >> 10) % SLOTS]
    }
}

/// The version of a type; `None` if it has none at the moment.
///
/// # Safety
/// The thread is attached and the type alive.
unsafe fn version(class: *mut ffi::PyTypeObject) -> Option<u64> {
    // SAFETY: as the caller promises.
    let (version, flags) = unsafe { ((*class).tp_version_tag, ffi::PyType_GetFlags(class)) };
    // From 3.13 on, 0 alone means that there is none.
    let valid = cfg!(Py_3_13) || flags & VALID_VERSION_TAG != 0;
    (valid && version != 0).then_some(u64::from(version))
}

/// `Py_TPFLAGS_VALID_VERSION_TAG` (`Include/object.h` of 3.11 and 3.12).
const VALID_VERSION_TAG: u64 = 1 << 19;
