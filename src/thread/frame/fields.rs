//! The fields of a frame and of its thread.

use std::ffi::c_void;

use pyo3_ffi as ffi;

use crate::cpython::frame::{CurrentFrame, FrameLayout, StackTop, TAG_BITS, UNIT_BYTES};
use crate::cpython::{Layout, unowned};

pub(super) const LAYOUT: FrameLayout = Layout::CURRENT.frame;

/// A frame of CPython's interpreter, `_PyInterpreterFrame`.
#[repr(C)]
#[derive(Debug)]
pub struct InterpreterFrame {
    opaque: [u8; 0],
}

/// A field of the structure at an address.
///
/// # Safety
/// The structure has a field of that type there.
#[inline]
pub(super) unsafe fn field<T, S>(base: *mut S, offset: i32) -> *mut T {
    // SAFETY: the caller promises that the field is in the structure.
    unsafe { base.cast::<c_void>().byte_offset(offset as isize).cast() }
}

/// The place of the innermost frame of a thread.
#[inline]
pub(super) unsafe fn current(thread: *mut ffi::PyThreadState) -> *mut *mut InterpreterFrame {
    // SAFETY: the fields are proven.
    unsafe {
        match LAYOUT.thread.current_frame {
            CurrentFrame::InThread(offset) => field(thread, offset),
            CurrentFrame::InRecord { record, frame } => field(*field::<*mut c_void, _>(thread, record), frame),
        }
    }
}

/// The place of the number of calls that are left to a thread.
#[inline]
pub(super) unsafe fn recursion_remaining(thread: *mut ffi::PyThreadState) -> *mut i32 {
    // SAFETY: the field is proven.
    unsafe { field(thread, LAYOUT.thread.recursion_remaining) }
}

/// The code object of a frame.
#[inline]
pub(super) unsafe fn code(frame: *mut InterpreterFrame) -> *mut ffi::PyObject {
    // SAFETY: the field is proven, and holds an object.
    unsafe { untagged(*field(frame, LAYOUT.code)) }
}

/// The object of a word.
#[inline]
pub(super) fn untagged(word: u64) -> *mut ffi::PyObject {
    (if LAYOUT.tagged { word & !TAG_BITS } else { word }) as *mut ffi::PyObject
}

/// The number of locals, cells and free variables of a code object, and how many of them are free.
#[inline]
pub(super) unsafe fn locals_and_free(code: *mut ffi::PyObject) -> (usize, usize) {
    // SAFETY: the fields are proven.
    unsafe {
        let count = |offset| *field::<u32, _>(code, offset) as usize;
        (count(LAYOUT.code_object.locals), count(LAYOUT.code_object.free))
    }
}

/// Says how many words of a frame are in use: locals and stack.
#[inline]
pub(super) unsafe fn set_used(frame: *mut InterpreterFrame, used: usize) {
    // SAFETY: the field is proven.
    unsafe {
        match LAYOUT.stack_top {
            StackTop::Count(offset) => *field(frame, offset) = used as u32,
            StackTop::Address(offset) => *field(frame, offset) = words(frame).add(used),
        }
    }
}

/// The words of a frame: first those of locals, cells and free variables, then those of the stack.
///
/// # Safety
/// `frame` is a frame.
#[inline]
pub unsafe fn words(frame: *mut InterpreterFrame) -> *mut u64 {
    // SAFETY: the field is proven.
    unsafe { field(frame, LAYOUT.words) }
}

/// The address of a code object's instructions. A unit is two bytes.
///
/// # Safety
/// `code` is a code object.
#[inline]
pub unsafe fn code_units(code: *mut ffi::PyObject) -> *mut u8 {
    // SAFETY: the field is proven.
    unsafe { field(code, LAYOUT.code_object.units) }
}

/// Says at which unit a frame is, while it calls something or has raised.
///
/// Compiled code does the same with one store of the address `code_units(code) + 2 * unit` at [`FrameLayout::instruction`].
///
/// # Safety
/// `frame` is a frame whose code has that unit.
#[inline]
pub unsafe fn set_unit(frame: *mut InterpreterFrame, unit: u32) {
    // SAFETY: as the caller promises.
    unsafe {
        *field::<*mut u8, _>(frame, LAYOUT.instruction) = code_units(code(frame)).add(unit as usize * UNIT_BYTES)
    };
}

/// The frame object of the innermost frame of a thread, borrowed from the frame; null, with no exception, if there is no frame, or no
/// memory. A frame is visible once it has reached its first `RESUME`: see [`set_unit`].
///
/// # Safety
/// The thread is the attached one.
pub unsafe extern "C-unwind" fn frame_object(thread: *mut ffi::PyThreadState) -> *mut ffi::PyObject {
    // SAFETY: the thread is attached. The frame owns the frame object too, so the reference can be given back.
    unsafe {
        let object = unowned::PyThreadState_GetFrame(thread);
        unowned::Py_DecRef(object);
        object
    }
}
