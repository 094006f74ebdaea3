//! Making and ending frames.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::fields::{
    InterpreterFrame, LAYOUT, code, code_units, current, field, locals_and_free, recursion_remaining, set_used,
    untagged, words,
};
use super::word::{own, word};
use crate::cpython::frame::{OWNED_BY_THREAD, ResumePoint, UNIT_BYTES};
use crate::cpython::{data_stack, frame_end, recursion, unowned};

type Object = *mut ffi::PyObject;

/// Pushes a frame for a function, all locals unbound, and links it as the innermost one. Null, with `RecursionError` or `MemoryError`
/// set, if there is no room for it.
///
/// # Safety
/// The thread is the attached one, and `function` a Python function.
pub unsafe extern "C-unwind" fn push(thread: *mut ffi::PyThreadState, function: Object) -> *mut InterpreterFrame {
    // SAFETY: the fields are proven; the frame has room for the words of its code.
    unsafe {
        let remaining = recursion_remaining(thread);
        if *remaining <= 0 {
            recursion::raise(thread);
            return null_mut();
        }
        let code: Object = *field(function, LAYOUT.function_object.code);
        let (locals, free) = locals_and_free(code);
        let size = match LAYOUT.code_object.frame_words {
            Some(offset) => *field::<u32, _>(code, offset) as usize,
            None => LAYOUT.frame_words(locals, *field::<u32, _>(code, LAYOUT.code_object.stack_size) as usize),
        };
        let frame: *mut InterpreterFrame = data_stack::take(thread, size).cast();
        if frame.is_null() {
            ffi::PyErr_NoMemory();
            return null_mut();
        }
        *remaining -= 1;
        field::<u8, _>(frame, 0).write_bytes(0, LAYOUT.words as usize);
        ffi::Py_INCREF(code);
        ffi::Py_INCREF(function);
        *field(frame, LAYOUT.code) = word(code);
        *field(frame, LAYOUT.function) = word(function);
        *field::<Object, _>(frame, LAYOUT.globals) = *field(function, LAYOUT.function_object.globals);
        *field::<Object, _>(frame, LAYOUT.builtins) = *field(function, LAYOUT.function_object.builtins);
        *field::<u8, _>(frame, LAYOUT.owner) = OWNED_BY_THREAD;
        *field::<*mut u8, _>(frame, LAYOUT.instruction) = match LAYOUT.resumes {
            ResumePoint::AfterUnit => code_units(code).sub(UNIT_BYTES),
            ResumePoint::AtUnit => code_units(code),
        };
        let slots = words(frame);
        for index in 0..locals - free {
            *slots.add(index) = LAYOUT.null;
        }
        let closure: Object = *field(function, LAYOUT.function_object.closure);
        for index in 0..free {
            let cell = ffi::PyTuple_GET_ITEM(closure, index as ffi::Py_ssize_t);
            ffi::Py_INCREF(cell);
            *slots.add(locals - free + index) = word(cell);
        }
        set_used(frame, locals);
        let innermost = current(thread);
        *field::<*mut InterpreterFrame, _>(frame, LAYOUT.previous) = *innermost;
        *innermost = frame;
        frame
    }
}

/// Takes the innermost frame out of the chain, and counts the call no longer. It stays the last in the data stack.
///
/// # Safety
/// The thread is the attached one, and the frame its innermost one.
pub unsafe extern "C-unwind" fn unlink(thread: *mut ffi::PyThreadState, frame: *mut InterpreterFrame) {
    // SAFETY: the fields are proven.
    unsafe {
        *current(thread) = *field(frame, LAYOUT.previous);
        *recursion_remaining(thread) += 1;
    }
}

/// Ends the innermost frame, whose words are not its own. Python code may run.
///
/// # Safety
/// The thread is the attached one, and the frame its innermost one, made by [`push`]. Its words are null or objects that are alive.
pub unsafe extern "C-unwind" fn pop(thread: *mut ffi::PyThreadState, frame: *mut InterpreterFrame) {
    // SAFETY: as the caller promises.
    unsafe {
        unlink(thread, frame);
        give_back(thread, frame);
    }
}

/// Ends an unlinked frame, whose words are not its own. Python code may run.
///
/// # Safety
/// The conditions of [`pop`], after [`unlink`]. If the frame has a frame object, the words are still alive; else they are not read.
pub unsafe extern "C-unwind" fn give_back(thread: *mut ffi::PyThreadState, frame: *mut InterpreterFrame) {
    // SAFETY: the fields are proven; the frame owns its function, its code, and the cells of its free variables.
    unsafe {
        let (locals, free) = locals_and_free(code(frame));
        let slots = words(frame);
        let object: Object = *field(frame, LAYOUT.object);
        if !object.is_null() {
            for index in 0..locals - free {
                *slots.add(index) = own(*slots.add(index));
            }
            set_used(frame, locals);
            return frame_end::clear_and_pop(thread, frame.cast());
        }
        data_stack::left_profiled(thread, frame.cast(), *field(frame, LAYOUT.previous));
        for index in locals - free..locals {
            release(untagged(*slots.add(index)));
        }
        release(untagged(*field(frame, LAYOUT.function)));
        release(untagged(*field(frame, LAYOUT.code)));
        data_stack::give_back(thread, frame.cast());
    }
}

/// Ends the innermost frame, which owns its words: those of the locals, and of `depth` values on its stack. Python code may run.
///
/// # Safety
/// The thread is the attached one, and the frame its innermost one. Its words are null or objects whose references are handed over.
pub unsafe extern "C-unwind" fn clear_and_pop(
    thread: *mut ffi::PyThreadState,
    frame: *mut InterpreterFrame,
    depth: u32,
) {
    // SAFETY: as the caller promises.
    unsafe {
        unlink(thread, frame);
        let (locals, _) = locals_and_free(code(frame));
        complete_words(frame, locals + depth as usize);
        frame_end::clear_and_pop(thread, frame.cast());
    }
}

/// Makes the words in use what CPython expects, and says how many they are.
pub(super) unsafe fn complete_words(frame: *mut InterpreterFrame, used: usize) {
    // SAFETY: the words in use are null or objects.
    unsafe {
        let slots = words(frame);
        for index in 0..used {
            *slots.add(index) = super::word::complete(*slots.add(index));
        }
        set_used(frame, used);
    }
}

/// Gives up a reference. Its object may die, and Python code run.
#[inline]
unsafe fn release(object: Object) {
    // SAFETY: the caller owns the reference. With a count of more than one, nothing dies, so nothing unwinds.
    unsafe {
        if ffi::Py_REFCNT(object) > 1 {
            ffi::Py_DECREF(object);
        } else {
            unowned::Py_DecRef(object);
        }
    }
}
