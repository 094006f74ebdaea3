//! The data stack of a thread: the room of its frames, in pieces. A frame is given back before those under it.
//!
//! The functions of CPython for this are exported late (`_PyThreadState_PopFrame` from 3.13 on, `_PyThreadState_PushFrame` from 3.15 on),
//! and their likely paths are short. So these do as they do (Python/pystate.c).

use std::ffi::c_void;

use pyo3_ffi as ffi;

use super::frame::CHUNK;
use super::layout::Layout;

/// A word of the data stack.
type Word = u64;

const LAYOUT: super::frame::ThreadLayout = Layout::CURRENT.frame.thread;

/// A field of the structure at an address.
///
/// # Safety
/// The structure has a field of that type there.
#[inline]
const unsafe fn field<T>(base: *mut c_void, offset: i32) -> *mut T {
    // SAFETY: the caller promises that the field is in the structure.
    unsafe { base.byte_offset(offset as isize).cast() }
}

/// Room for a frame of so many words, or null if there is no memory.
///
/// # Safety
/// The thread is the attached one.
#[inline]
pub unsafe fn take(thread: *mut ffi::PyThreadState, words: usize) -> *mut c_void {
    // SAFETY: the fields are proven; between top and limit is free room.
    unsafe {
        let top = field::<*mut Word>(thread.cast(), LAYOUT.top);
        let limit = *field::<*mut Word>(thread.cast(), LAYOUT.limit);
        let frame = *top;
        if frame.is_null() || words * size_of::<Word>() >= limit as usize - frame as usize {
            return take_piece(thread, words);
        }
        *top = frame.add(words);
        frame.cast()
    }
}

/// Room in a new piece.
#[cfg(Py_3_15)]
#[cold]
unsafe fn take_piece(thread: *mut ffi::PyThreadState, words: usize) -> *mut c_void {
    // SAFETY: the thread is attached.
    unsafe { super::unowned::_PyThreadState_PushFrame(thread, words) }
}

/// Room in a new piece.
#[cfg(not(Py_3_15))]
#[cold]
unsafe fn take_piece(thread: *mut ffi::PyThreadState, words: usize) -> *mut c_void {
    use super::frame::{CHUNK_BYTES, CHUNK_SPARE_WORDS};
    let mut size = CHUNK_BYTES;
    while size < size_of::<Word>() * (words + CHUNK_SPARE_WORDS) {
        size *= 2;
    }
    // SAFETY: the fields are proven, and the new piece is large enough for its header and the words.
    unsafe {
        let Some(new) = allocate(size) else { return std::ptr::null_mut() };
        let thread: *mut c_void = thread.cast();
        let chunk = field::<*mut c_void>(thread, LAYOUT.chunk);
        let top = field::<*mut Word>(thread, LAYOUT.top);
        let before = *chunk;
        *field::<*mut c_void>(new, CHUNK.previous) = before;
        *field::<usize>(new, CHUNK.size) = size;
        *field::<usize>(new, CHUNK.top) = 0;
        if !before.is_null() {
            let data = field::<Word>(before, CHUNK.data);
            *field::<usize>(before, CHUNK.top) = (*top as usize - data as usize) / size_of::<Word>();
        }
        *chunk = new;
        *field::<*mut Word>(thread, LAYOUT.limit) = new.byte_add(size).cast();
        // The first word of the first piece stays free, so that the piece is never given back.
        let first = field::<Word>(new, CHUNK.data).add(usize::from(before.is_null()));
        *top = first.add(words);
        first.cast()
    }
}

#[cfg(not(Py_3_15))]
unsafe fn allocate(size: usize) -> Option<*mut c_void> {
    // SAFETY: the allocator is CPython's own.
    unsafe {
        let allocator = allocator();
        let new = (allocator.alloc?)(allocator.ctx, size);
        (!new.is_null()).then_some(new)
    }
}

/// The allocator of pieces.
#[cfg(not(Py_3_15))]
unsafe fn allocator() -> ffi::PyObjectArenaAllocator {
    let mut allocator = ffi::PyObjectArenaAllocator { ctx: std::ptr::null_mut(), alloc: None, free: None };
    // SAFETY: the structure is filled.
    unsafe { ffi::PyObject_GetArenaAllocator(&mut allocator) };
    allocator
}

/// Gives back the room of a frame, and of everything over it.
///
/// # Safety
/// The thread is the attached one, and the frame is in its data stack.
#[inline]
pub unsafe fn give_back(thread: *mut ffi::PyThreadState, frame: *mut c_void) {
    // SAFETY: the fields are proven. The frame is in the piece in use, for all frames over it are gone.
    unsafe {
        let chunk = *field::<*mut c_void>(thread.cast(), LAYOUT.chunk);
        if frame == field::<c_void>(chunk, CHUNK.data) {
            return give_back_piece(thread, frame);
        }
        *field::<*mut c_void>(thread.cast(), LAYOUT.top) = frame;
    }
}

/// Gives back the piece that starts with the frame.
#[cfg(Py_3_13)]
#[cold]
unsafe fn give_back_piece(thread: *mut ffi::PyThreadState, frame: *mut c_void) {
    // SAFETY: the thread is attached, and the frame is the only one of the piece in use.
    unsafe { super::unowned::_PyThreadState_PopFrame(thread, frame) };
}

/// Gives back the piece that starts with the frame.
#[cfg(not(Py_3_13))]
#[cold]
unsafe fn give_back_piece(thread: *mut ffi::PyThreadState, _frame: *mut c_void) {
    // SAFETY: the fields are proven. A piece whose first frame starts with its first word has one before it.
    unsafe {
        let thread: *mut c_void = thread.cast();
        let chunk = field::<*mut c_void>(thread, LAYOUT.chunk);
        let old = *chunk;
        let before = *field::<*mut c_void>(old, CHUNK.previous);
        *chunk = before;
        let used = *field::<usize>(before, CHUNK.top);
        *field::<*mut Word>(thread, LAYOUT.top) = field::<Word>(before, CHUNK.data).add(used);
        *field::<*mut c_void>(thread, LAYOUT.limit) = before.byte_add(*field::<usize>(before, CHUNK.size));
        let allocator = allocator();
        if let Some(free) = allocator.free {
            free(allocator.ctx, old, *field::<usize>(old, CHUNK.size));
        }
    }
}

/// Keeps the frame that a profiler saw last one that runs, when a frame ends that CPython does not end itself
/// (`_PyThreadState_UpdateLastProfiledFrame` in `Include/internal/pycore_interpframe.h`).
///
/// # Safety
/// The thread is the attached one.
#[inline]
pub unsafe fn left_profiled(thread: *mut ffi::PyThreadState, frame: *mut c_void, previous: *mut c_void) {
    let Some(offset) = LAYOUT.last_profiled else { return };
    // SAFETY: the field and the count after it are proven.
    unsafe {
        let seen = field::<*mut c_void>(thread.cast(), offset);
        if *seen == frame {
            *seen = previous;
            let changes = seen.add(1).cast::<usize>();
            *changes = (*changes).wrapping_add(1);
        }
    }
}
