//! From compiled code to CPython: an exit gives the function's values to a frame of CPython's own, which its
//! interpreter finishes.
//!
//! A snippet has no code object, and so no frame; it continues in the interpreter of decoded bytecode. So does a
//! function at a point between two steps of one of CPython's instructions.

use std::ptr::{NonNull, null_mut};

use pyo3_ffi as ffi;

use super::boxes::Boxes;
use super::frame_point::FramePoint;
use super::unit::Unit;
use super::version::Version;
use crate::embed::Python;
use crate::interpreter::{self, InterpreterState};
use crate::lower::body::{ExitPoint, ExitSlot};
use crate::thread::frame::{self, InterpreterFrame};
use crate::thread::{Owned, Raised, Result, errors};

/// Leaves compiled code at an exit; returns the function's result, or null with an exception set. Called by compiled
/// code.
///
/// # Safety
/// The unit and the version are those of running code, `exit` is the number of one of its exits, and `words` has the
/// words of that exit. If the exit is for an instruction that raised, its exception is set.
pub unsafe extern "C-unwind" fn leave(
    unit: *const Unit,
    version: *const Version,
    exit: usize,
    words: *const u64,
) -> *mut ffi::PyObject {
    // SAFETY: running code holds the GIL, and its unit and version live. Nothing with a destructor is alive while
    // CPython's interpreter runs, which may unwind.
    unsafe {
        match prepare(unit, version, exit, words) {
            WayOut::Raised => null_mut(),
            WayOut::Frame { thread, frame, unit, depth, raised: false } => frame::hand_over(thread, frame, unit, depth),
            WayOut::Frame { thread, frame, unit, depth, raised: true } => {
                frame::hand_over_raised(thread, frame, unit, depth)
            }
            WayOut::Interpreter(departure) => interpret(unit, departure),
        }
    }
}

/// How the function goes on.
enum WayOut {
    /// With the current exception, which leaves the function.
    Raised,
    /// In this frame, at the unit, with so many values on the stack.
    Frame { thread: *mut ffi::PyThreadState, frame: *mut InterpreterFrame, unit: u32, depth: u32, raised: bool },
    /// In the interpreter of decoded bytecode.
    Interpreter(Departure),
}

/// The state with which the interpreter of decoded bytecode continues.
struct Departure {
    state: InterpreterState,
    /// Whether the instruction of the state has raised.
    raised: bool,
}

/// The objects of an exit.
struct ExitObjects {
    locals: Vec<Option<Owned>>,
    stack: Vec<Option<Owned>>,
}

/// Makes the frame, or the state, in which the function goes on.
///
/// # Safety
/// The conditions of [`leave`].
unsafe fn prepare(unit: *const Unit, version: *const Version, exit: usize, words: *const u64) -> WayOut {
    // SAFETY: running code holds the GIL, and its unit and version live.
    let (python, unit, version) = unsafe { (Python::assume_attached(), &*unit, &*version) };
    let Some(point) = version.take_exit(exit) else { return WayOut::Raised };
    log::debug!(target: "typedcall::exit", "{} leaves at {point}", version.name);
    // Objects must not be made, or given up, with an exception set.
    let pending = if point.raised { errors::take() } else { None };
    // SAFETY: as the caller promises.
    let objects = unsafe { ExitObjects::of(&python, point, words) };
    let way = match (point.at, objects) {
        (Some(at), Ok(objects)) => way_out(&python, unit, at, point.raised, objects),
        (None, Ok(_)) => Ok(WayOut::Raised),
        (_, Err(raised)) => Err(raised),
    };
    // The references that only this function still has are given up before CPython continues, so that objects die at the
    // same time.
    for &word in &point.released {
        // SAFETY: the word has an object that the function owns, or null.
        drop(unsafe { Owned::maybe(words.add(word).cast::<*mut ffi::PyObject>().read()) });
    }
    match way {
        Ok(way) => {
            pending.map(errors::restore);
            way
        }
        // A failure to leave takes the place of what was raised.
        Err(Raised) => WayOut::Raised,
    }
}

fn way_out(python: &Python, unit: &Unit, at: u32, raised: bool, objects: ExitObjects) -> Result<WayOut> {
    let code = unit.prepared.code();
    // A function that has been given other code has no frame for this one any more.
    // SAFETY: the caller of compiled code holds its function.
    let is_same = |function: &NonNull<_>| unsafe {
        let own = code.object.as_ref().map(|code| code.as_ptr());
        own == Some(ffi::PyFunction_GetCode(function.as_ptr()))
    };
    let function = unit.function.filter(is_same).zip(FramePoint::at(code, at, raised));
    let ExitObjects { locals, stack } = objects;
    let Some((function, point)) = function.filter(|(_, point)| point.takes(&stack)) else {
        let state = |slots: Vec<Option<Owned>>| slots.into_iter().map(|slot| slot.map(|it| it.into_object(python)));
        let (locals, stack) = (state(locals).collect(), state(stack).collect());
        let state = InterpreterState { at, locals, stack, handled: None };
        return Ok(WayOut::Interpreter(Departure { state, raised }));
    };
    // SAFETY: the caller of compiled code holds its function; the words are those of a frame of its code.
    unsafe {
        let thread = ffi::PyThreadState_Get();
        let frame = NonNull::new(frame::push(thread, function.as_ptr())).ok_or(Raised)?.as_ptr();
        let depth = fill(frame, locals, point.words(stack));
        Ok(WayOut::Frame { thread, frame, unit: point.unit, depth, raised })
    }
}

/// Hands objects over to the words of a frame. The result is the number of values on its stack.
///
/// # Safety
/// The frame was just pushed, and has room for them.
unsafe fn fill(frame: *mut InterpreterFrame, locals: Vec<Option<Owned>>, stack: Vec<Option<Owned>>) -> u32 {
    let (count, depth) = (locals.len(), stack.len() as u32);
    // SAFETY: the caller promises the room. A word of a free variable has its cell, and is given back first.
    unsafe {
        let words = frame::words(frame);
        for (index, object) in locals.into_iter().chain(stack).enumerate() {
            let object = object.map_or(null_mut(), Owned::into_ptr);
            if index < count {
                frame::replace(frame, index, object);
            } else {
                words.add(index).write(frame::word(object));
            }
        }
    }
    depth
}

/// Continues in the interpreter of decoded bytecode.
///
/// # Safety
/// The conditions of [`leave`].
unsafe fn interpret(unit: *const Unit, departure: Departure) -> *mut ffi::PyObject {
    // SAFETY: running code holds the GIL, and its unit lives.
    let (python, unit) = unsafe { (Python::assume_attached(), &*unit) };
    let Departure { state, raised } = departure;
    let result = if raised {
        interpreter::run_raised(&python, &unit.frame(), state)
    } else {
        interpreter::run(&python, &unit.frame(), state)
    };
    match result {
        Ok(result) => result.into_ptr(),
        Err(Raised) => null_mut(),
    }
}

impl ExitObjects {
    /// The objects of the slots. Those that the function hands over are taken from their words.
    ///
    /// # Safety
    /// The words are those of the exit.
    unsafe fn of(python: &Python, point: &ExitPoint, words: *const u64) -> Result<Self> {
        let mut boxes = Boxes::new(words);
        let mut failed = false;
        let mut slots = |slots: &[ExitSlot]| -> Vec<Option<Owned>> {
            let object = |slot| {
                // SAFETY: as the caller promises; each owned word is in one slot.
                let object = unsafe { boxes.object(python, slot) };
                object.unwrap_or_else(|Raised| {
                    failed = true;
                    None
                })
            };
            slots.iter().map(object).collect()
        };
        // If one fails, the others are taken all the same, and given up.
        let objects = Self { locals: slots(&point.locals), stack: slots(&point.stack) };
        if failed { Err(Raised) } else { Ok(objects) }
    }
}
