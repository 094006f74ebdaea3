//! Frames that CPython's interpreter goes on in.

use std::ffi::c_int;

use pyo3_ffi as ffi;

use super::fields::{InterpreterFrame, LAYOUT, code, code_units, field, locals_and_free};
use super::life::{complete_words, unlink};
use crate::cpython::frame::{ResumePoint, UNIT_BYTES};
use crate::cpython::frame_end;

/// Lets the interpreter go on in the innermost frame at `unit`, with `depth` values on its stack. The result is that of the function: a
/// new reference, or null with an exception set. The frame is gone then.
///
/// # Safety
/// The thread is the attached one, and the frame its innermost one. The words of locals and stack are what that instruction expects,
/// and their references are handed over. No exception is set.
pub unsafe extern "C-unwind" fn hand_over(
    thread: *mut ffi::PyThreadState,
    frame: *mut InterpreterFrame,
    unit: u32,
    depth: u32,
) -> *mut ffi::PyObject {
    let next = match LAYOUT.resumes {
        ResumePoint::AfterUnit => unit as isize - 1,
        ResumePoint::AtUnit => unit as isize,
    };
    // SAFETY: as the caller promises.
    unsafe { go_on(thread, frame, next, depth, false) }
}

/// Lets the interpreter handle the current exception, which the instruction at `unit` of the innermost frame has raised, with `depth`
/// values on the stack that are left of it. The result is that of [`hand_over`].
///
/// # Safety
/// The conditions of [`hand_over`], with an exception set. From 3.13 on the handler is looked up one unit before `unit`.
pub unsafe extern "C-unwind" fn hand_over_raised(
    thread: *mut ffi::PyThreadState,
    frame: *mut InterpreterFrame,
    unit: u32,
    depth: u32,
) -> *mut ffi::PyObject {
    // SAFETY: as the caller promises.
    unsafe { go_on(thread, frame, unit as isize, depth, true) }
}

/// # Safety
/// The conditions of [`hand_over`].
unsafe fn go_on(
    thread: *mut ffi::PyThreadState,
    frame: *mut InterpreterFrame,
    unit: isize,
    depth: u32,
    throwing: bool,
) -> *mut ffi::PyObject {
    // SAFETY: the fields are proven. The evaluator links the frame and counts the call itself.
    unsafe {
        let code = code(frame);
        let (locals, _) = locals_and_free(code);
        complete_words(frame, locals + depth as usize);
        *field::<*mut u8, _>(frame, LAYOUT.instruction) = code_units(code).offset(unit * UNIT_BYTES as isize);
        unlink(thread, frame);
        frame_end::evaluate(thread, frame.cast(), c_int::from(throwing))
    }
}
