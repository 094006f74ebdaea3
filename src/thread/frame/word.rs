//! Words: objects as they are in a frame.

use pyo3_ffi as ffi;

use super::fields::{InterpreterFrame, untagged, words};
use crate::cpython::frame::{FrameLayout, TAG_BITS, TAG_UNCOUNTED};
use crate::cpython::{Layout, Refcount};

const LAYOUT: FrameLayout = Layout::CURRENT.frame;

/// The word of a reference that is handed over; of null, the word that is none.
///
/// # Safety
/// `object` is a live object or null, and the thread attached.
#[inline]
pub unsafe fn word(object: *mut ffi::PyObject) -> u64 {
    // SAFETY: as the caller promises.
    unsafe { complete(object as u64) }
}

/// Adds what a word lacks that compiled code has stored: the tag of an immortal object, and that of null.
///
/// # Safety
/// The word is 0 or a live object's, perhaps with tags, and the thread is attached.
#[inline]
pub unsafe fn complete(word: u64) -> u64 {
    if !LAYOUT.tagged || word & TAG_BITS != 0 {
        return word;
    }
    if word == 0 {
        return LAYOUT.null;
    }
    // SAFETY: without tags it is an object.
    match unsafe { is_immortal(word as *mut ffi::PyObject) } {
        true => word | TAG_UNCOUNTED,
        false => word,
    }
}

/// Makes a word own its object, which something else owns.
///
/// # Safety
/// The word is 0 or a live object's, perhaps with tags, and the thread is attached.
#[inline]
pub unsafe fn own(word: u64) -> u64 {
    let counted = word != 0 && word & TAG_BITS == 0;
    if counted || (!LAYOUT.tagged && word != 0) {
        // SAFETY: without tags it is an object.
        unsafe { ffi::Py_INCREF(word as *mut ffi::PyObject) };
    }
    // SAFETY: as the caller promises.
    unsafe { complete(word) }
}

/// Whether the references of an object are not counted.
#[inline]
unsafe fn is_immortal(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the object is alive.
    let count = unsafe { object.byte_offset(Layout::CURRENT.ob_refcnt as isize).cast::<u32>().read() };
    match Layout::CURRENT.refcount {
        Refcount::Plain => false,
        Refcount::ImmortalAllOnes => count == u32::MAX,
        Refcount::ImmortalSign => count.cast_signed() < 0,
    }
}

/// Puts an object, whose reference is handed over, into the word of a local. The cell of a free variable that was there is
/// given back; its closure keeps it alive.
///
/// # Safety
/// The frame was just pushed, and has that local; `object` is a live object or null, and the thread attached.
pub unsafe fn replace(frame: *mut InterpreterFrame, local: usize, object: *mut ffi::PyObject) {
    // SAFETY: as the caller promises.
    unsafe {
        let place = words(frame).add(local);
        let before = untagged(*place);
        *place = word(object);
        if !before.is_null() {
            ffi::Py_DECREF(before);
        }
    }
}
