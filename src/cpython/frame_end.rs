//! The end of a frame whose words are owned: a frame object that outlives it takes the words, else they die.
//!
//! CPython's function for this is exported from 3.13 on. Before, this does as it does (`_PyFrame_Clear` and `take_ownership` in
//! Python/frame.c, `_PyEvalFrameClearAndPop` in Python/ceval.c).

use std::ffi::{c_int, c_void};

use pyo3_ffi as ffi;

/// Ends a frame of the data stack that is no longer linked. Python code may run.
///
/// # Safety
/// The thread is the attached one, the frame the last in its data stack, its words up to the top of its stack are owned, and its
/// `previous` is the frame that called it.
#[cfg(Py_3_13)]
pub unsafe fn clear_and_pop(thread: *mut ffi::PyThreadState, frame: *mut c_void) {
    // SAFETY: as the caller promises.
    unsafe { super::unowned::_PyEval_FrameClearAndPop(thread, frame) };
}

/// Runs a frame of the data stack that is not linked, and ends it.
///
/// # Safety
/// The thread is the attached one, the frame the last in its data stack, with words, top of the stack and position as the evaluator
/// expects them; all of it is handed over. If `throwing`, an exception is set.
pub unsafe fn evaluate(thread: *mut ffi::PyThreadState, frame: *mut c_void, throwing: c_int) -> *mut ffi::PyObject {
    // SAFETY: as the caller promises.
    unsafe {
        let result = super::unowned::_PyEval_EvalFrameDefault(thread, frame, throwing);
        // From 3.12 on the evaluator ends the frame itself.
        #[cfg(not(Py_3_12))]
        clear_and_pop(thread, frame);
        result
    }
}

#[cfg(not(Py_3_13))]
pub use by_hand::clear_and_pop;

#[cfg(not(Py_3_13))]
mod by_hand {
    use std::ptr::null_mut;

    use super::super::frame::{FrameLayout, OWNED_BY_FRAME_OBJECT, StackTop};
    use super::super::layout::Layout;
    use super::super::{data_stack, unowned};
    use super::*;

    const LAYOUT: FrameLayout = Layout::CURRENT.frame;

    type Object = *mut ffi::PyObject;

    unsafe fn field<T>(base: *mut c_void, offset: i32) -> *mut T {
        // SAFETY: the callers' fields are proven.
        unsafe { base.byte_offset(offset as isize).cast() }
    }

    unsafe fn count(frame: *mut c_void) -> *mut u32 {
        let StackTop::Count(offset) = LAYOUT.stack_top else { return null_mut() };
        // SAFETY: the field is proven.
        unsafe { field(frame, offset) }
    }

    /// Ends a frame of the data stack that is no longer linked. Python code may run.
    ///
    /// # Safety
    /// The thread is the attached one, the frame the last in its data stack, its words up to the top of its stack are owned, and its
    /// `previous` is the frame that called it.
    pub unsafe fn clear_and_pop(thread: *mut ffi::PyThreadState, frame: *mut c_void) {
        // SAFETY: as the caller promises; the fields are proven.
        unsafe {
            // What dies here runs one call deeper than the caller (3.12 counts only C calls for that).
            let remaining = field::<i32>(thread.cast(), LAYOUT.thread.recursion_remaining);
            let deeper = i32::from(cfg!(not(Py_3_12)));
            *remaining -= deeper;
            let object = field::<Object>(frame, LAYOUT.object).replace(null_mut());
            if !object.is_null() && ffi::Py_REFCNT(object) > 1 {
                outlive(thread, frame, object);
            } else {
                clear(frame, object);
            }
            *remaining += deeper;
            data_stack::give_back(thread, frame);
        }
    }

    /// Moves the frame to its frame object.
    unsafe fn outlive(thread: *mut ffi::PyThreadState, frame: *mut c_void, object: Object) {
        // SAFETY: the frame object has room for as many words as the code needs. It owns what the frame owned.
        unsafe {
            let base: *mut c_void = object.cast();
            let own = field::<c_void>(base, LAYOUT.frame_object.data);
            let words = field::<u64>(frame, LAYOUT.words).add(*count(frame) as usize);
            frame.copy_to_nonoverlapping(own, words as usize - frame as usize);
            *field::<u8>(own, LAYOUT.owner) = OWNED_BY_FRAME_OBJECT;
            *field::<*mut c_void>(own, LAYOUT.previous) = null_mut();
            *field::<*mut c_void>(base, LAYOUT.frame_object.frame) = own;
            // It keeps an exception that is set. The caller's frame is the innermost one now.
            *field::<Object>(base, LAYOUT.frame_object.back) = unowned::PyThreadState_GetFrame(thread);
            if ffi::PyObject_GC_IsTracked(object) == 0 {
                ffi::PyObject_GC_Track(object.cast());
            }
            unowned::Py_DecRef(object);
        }
    }

    /// Gives up what the frame owns, the frame object first.
    unsafe fn clear(frame: *mut c_void, object: Object) {
        // SAFETY: the frame owns these; a null is skipped.
        unsafe {
            unowned::Py_DecRef(object);
            let words = field::<Object>(frame, LAYOUT.words);
            for index in 0..*count(frame) as usize {
                unowned::Py_DecRef(*words.add(index));
            }
            unowned::Py_DecRef(*field(frame, LAYOUT.mapping));
            unowned::Py_DecRef(*field(frame, LAYOUT.function));
            unowned::Py_DecRef(*field(frame, LAYOUT.code));
        }
    }
}
