//! Proofs of the layout of frames, against live frames: that of a function and its caller while they run, that of a generator that
//! waits, and one that a frame object has kept.

use std::ffi::{CStr, c_void};
use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::facts::{expect, peek, peek_at, peek_field, proofs};
use super::frame::{
    CHUNK, CurrentFrame, FrameLayout, OWNED_BY_FRAME_OBJECT, OWNED_BY_THREAD, ResumePoint, StackTop, TAG_BITS,
    TAG_UNCOUNTED,
};
use super::functions as api;
use crate::embed::{Exception, Object, Python};

/// A check of the layout against the frames of the functions.
pub type Check = fn(&Functions<'_>, &FrameLayout) -> Result<(), String>;

proofs! {
    Check:
    RUNNING: "the fields of a frame", running;
    MAPPING: "the namespace of a module's frame", mapping;
    PREVIOUS: "the caller of a frame", previous;
    INSTRUCTION: "the position of a frame", instruction;
    RESUME_POINT: "where a frame goes on", resume_point;
    STACK_TOP: "the end of a frame's stack", stack_top;
    OWNER: "the owner of a frame", owner;
    WORDS: "the locals of a frame", words;
    CURRENT_FRAME: "the innermost frame of a thread", current_frame;
    DATA_STACK: "the data stack of a thread", data_stack;
    RECURSION: "the recursion count of a thread", recursion;
    LAST_PROFILED: "the frame that a profiler saw", last_profiled;
    CODE: "the sizes of a code object", code;
    MONITORING: "the monitoring of a code object", monitoring;
    FUNCTION: "the fields of a function", function;
    VECTORCALL: "the C function of a function", vectorcall;
    FUNCTION_VERSION: "the version of a function", function_version;
    ENDED: "the frame in a frame object", ended;
}

/// The first version of a function that is one (`FUNC_VERSION_FIRST_VALID` in `Include/internal/pycore_function.h` from 3.14 on; before,
/// only 0 was none).
const FIRST_VERSION: u32 = if cfg!(Py_3_14) { 2 } else { 1 };

/// The functions whose frames are read. None keeps its own frame, which would be garbage. `wide` has a frame so large that it gets a piece of the data stack of its own.
const SOURCE: &str = "
import sys
def make(free):
    def outer(look, inner): return free, inner(look)
    return outer
outer = make('free')
def inner(look):
    return look((sys._getframe(), sys._getframe(1)))
def wide(look):
    return look((sys._getframe(), sys._getframe(1)))
wide.__code__ = wide.__code__.replace(co_stacksize=6000)
def uncalled(first): pass
def generator(first, second):
    later = (yield first), second, (yield first)
    return later
";

/// Frames that are running.
struct Running {
    /// The frame object of `inner` or `wide`, and that of its caller.
    inner: Object,
    outer: Object,
}

/// A check of running frames, and what it found.
struct Look<'a> {
    python: &'a Python,
    check: &'a mut dyn FnMut(&Running) -> Result<(), String>,
    found: Option<Result<(), String>>,
}

const LOOK: &CStr = c"typedcall.look";

static mut LOOK_METHOD: ffi::PyMethodDef = ffi::PyMethodDef {
    ml_name: c"look".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer { PyCFunction: look },
    ml_flags: ffi::METH_O,
    ml_doc: std::ptr::null(),
};

/// Runs the check of the capsule; `frames` are a tuple of two.
unsafe extern "C" fn look(capsule: *mut ffi::PyObject, frames: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the capsule is that of `watch`, whose `Look` lives until it has dropped the function; the frames are a tuple of two, as
    // the functions above make it.
    unsafe {
        let look = ffi::PyCapsule_GetPointer(capsule, LOOK.as_ptr()).cast::<Look<'_>>();
        let Some(look) = look.as_mut() else { return null_mut() };
        let frame = |index| {
            let item = std::ptr::NonNull::new(ffi::PyTuple_GetItem(frames, index))?;
            Some(Object::from_borrowed(look.python, item))
        };
        let (Some(inner), Some(outer)) = (frame(0), frame(1)) else { return null_mut() };
        look.found = Some((look.check)(&Running { inner, outer }));
        ffi::Py_NewRef(ffi::Py_None())
    }
}

fn text(exception: Exception) -> String {
    exception.to_string()
}

/// The functions whose frames are read. They refer to their namespace: it is emptied in the end, so that no garbage is left.
#[derive(Debug)]
pub struct Functions<'a> {
    python: &'a Python,
    names: Object,
}

impl<'a> Functions<'a> {
    /// Defines the functions.
    ///
    /// # Errors
    /// The exception that this raises.
    pub fn new(python: &'a Python) -> Result<Self, String> {
        let names = python.namespace().map_err(text)?;
        let functions = Self { python, names };
        functions.run(SOURCE)?;
        Ok(functions)
    }

    fn run(&self, source: &str) -> Result<(), String> {
        self.python.run(source, &self.names).map_err(text)
    }

    fn item(&self, name: &str) -> Result<Object, String> {
        self.names.item(self.python, name).ok_or_else(|| format!("there is no {name}"))
    }

    fn attribute(&self, object: &Object, name: &str) -> Result<Object, String> {
        object.attr(self.python, name).map_err(text)
    }

    fn number(&self, object: &Object, name: &str) -> Result<usize, String> {
        let number = self.attribute(object, name)?.text(self.python).map_err(text)?;
        number.parse().map_err(|_| format!("{name} is {number}"))
    }

    /// The number of words of the frame of a code object.
    fn frame_words(&self, layout: &FrameLayout, code: &Object) -> Result<usize, String> {
        Ok(layout.frame_words(self.locals(code)?, self.number(code, "co_stacksize")?))
    }

    /// The number of locals, cells and free variables of a code object. No argument of the functions is a cell.
    fn locals(&self, code: &Object) -> Result<usize, String> {
        let count = |name| -> Result<usize, String> {
            let tuple = self.attribute(code, name)?;
            // SAFETY: the thread is attached, and the object alive.
            usize::try_from(unsafe { ffi::PyObject_Size(tuple.as_ptr()) }).map_err(|_| format!("{name} is no tuple"))
        };
        Ok(count("co_varnames")? + count("co_cellvars")? + count("co_freevars")?)
    }

    /// Checks frames while `outer` runs and has called `callee`.
    fn watch(&self, callee: &str, check: &mut dyn FnMut(&Running) -> Result<(), String>) -> Result<(), String> {
        let python = self.python;
        let mut data = Look { python, check, found: None };
        // SAFETY: the thread is attached; the capsule and the function are dropped before `data`, and nobody else has them.
        unsafe {
            let data = (&raw mut data).cast::<c_void>();
            let capsule = python.owned(ffi::PyCapsule_New(data, LOOK.as_ptr(), None)).map_err(text)?;
            let function = ffi::PyCFunction_NewEx(&raw mut LOOK_METHOD, capsule.as_ptr(), null_mut());
            let function = python.owned(function).map_err(text)?;
            self.names.set_item(python, "look", &function).map_err(text)?;
        }
        let called = self.run(&format!("outer(look, {callee})"));
        self.run("del look")?;
        called?;
        data.found.unwrap_or_else(|| Err("no frame was seen".to_owned()))
    }

    /// A generator that waits at its first `yield`, and the frame of it, called with `None` and a float.
    fn waiting(&self) -> Result<(Object, Object), String> {
        self.run("waiting = generator(None, 1.5)\nnext(waiting)")?;
        let generator = self.item("waiting")?;
        let frame = self.attribute(&generator, "gi_frame")?;
        Ok((generator, frame))
    }
}

impl Drop for Functions<'_> {
    fn drop(&mut self) {
        // What dies runs no Python code. A failure would leave garbage, and no exception.
        let _ = self.run("globals().clear()");
    }
}

/// The frame of a frame object.
fn frame_of(layout: &FrameLayout, object: &Object) -> Result<usize, String> {
    peek(object, layout.frame_object.frame)
}

/// The object of a word.
fn untagged(layout: &FrameLayout, word: u64) -> usize {
    (if layout.tagged { word & !TAG_BITS } else { word }) as usize
}

fn expect_object(what: &str, expected: &Object, found: usize) -> Result<(), String> {
    expect(what, expected.as_ptr() as usize, found)
}

fn running(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    functions.watch("inner", &mut |running| {
        for (object, name) in [(&running.inner, "inner"), (&running.outer, "outer")] {
            let frame = frame_of(layout, object)?;
            let function = functions.item(name)?;
            expect_object("the frame object of a frame", object, peek_field(frame, layout.object)?)?;
            let code = untagged(layout, peek_field(frame, layout.code)?);
            expect_object("the code of a frame", &functions.attribute(object, "f_code")?, code)?;
            let found = untagged(layout, peek_field(frame, layout.function)?);
            expect_object("the function of a frame", &function, found)?;
            let globals = peek_field(frame, layout.globals)?;
            expect_object("the globals of a frame", &functions.names, globals)?;
            let builtins = peek_field(frame, layout.builtins)?;
            expect_object("the builtins of a frame", &functions.attribute(object, "f_builtins")?, builtins)?;
        }
        Ok(())
    })
}

fn mapping(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    functions.watch("inner", &mut |running| {
        let frame = frame_of(layout, &running.inner)?;
        expect("the mapping of a function's frame", 0, peek_field::<usize>(frame, layout.mapping)?)?;
        let module = frame_of(layout, &functions.attribute(&running.outer, "f_back")?)?;
        expect_object("the mapping of a module's frame", &functions.names, peek_field(module, layout.mapping)?)
    })
}

fn previous(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    functions.watch("inner", &mut |running| {
        let (inner, outer) = (frame_of(layout, &running.inner)?, frame_of(layout, &running.outer)?);
        let before: usize = peek_field(inner, layout.previous)?;
        // A frame that C code has called (a frame evaluator, say) has one of the evaluator's own between.
        let found = if before == outer { before } else { peek_field(before, layout.previous)? };
        expect("the frame of the caller", outer, found)
    })
}

fn instruction(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    functions.watch("inner", &mut |running| {
        for object in [&running.inner, &running.outer] {
            let start = functions.attribute(object, "f_code")?.as_ptr() as usize;
            let offset = functions.number(object, "f_lasti")?;
            let expected = start.wrapping_add_signed(layout.code_object.units as isize).wrapping_add(offset);
            expect("the position of a frame", expected, peek_field(frame_of(layout, object)?, layout.instruction)?)?;
        }
        Ok(())
    })
}

/// A frame that was made by hand is one after its first instruction, `RESUME` (`PyFrame_New` in Objects/frameobject.c).
fn resume_point(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    let code = functions.attribute(&functions.item("inner")?, "__code__")?;
    // SAFETY: the thread is attached; a code object without a closure, and a dict.
    let frame = unsafe {
        let thread = ffi::PyThreadState_Get();
        functions
            .python
            .owned(api::PyFrame_New(thread, code.as_ptr(), functions.names.as_ptr(), null_mut()))
            .map_err(text)?
    };
    let expected = match layout.resumes {
        ResumePoint::AfterUnit => 0,
        ResumePoint::AtUnit => super::frame::UNIT_BYTES,
    };
    expect("the position of a new frame", expected, functions.number(&frame, "f_lasti")?)
}

fn stack_top(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    let (_generator, object) = functions.waiting()?;
    let frame = frame_of(layout, &object)?;
    // First, second and later; at the second `yield` a result and `second` are on the stack.
    for words in [3_usize, 5] {
        match layout.stack_top {
            StackTop::Count(offset) => {
                expect("the words of a frame", words, peek_field::<u32>(frame, offset)? as usize)?;
            }
            StackTop::Address(offset) => {
                let end = frame.wrapping_add_signed(layout.words as isize).wrapping_add(words * size_of::<usize>());
                expect("the end of a frame's words", end, peek_field(frame, offset)?)?;
            }
        }
        if words == 3 {
            functions.run("next(waiting)")?;
        }
    }
    Ok(())
}

/// The owner of a generator's frame.
const OWNED_BY_GENERATOR: u8 = 1;

fn owner(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    let mut kept = None;
    functions.watch("inner", &mut |running| {
        let frame = frame_of(layout, &running.inner)?;
        kept = Some(running.inner.clone_ref(functions.python));
        expect("the owner of a running frame", OWNED_BY_THREAD, peek_field::<u8>(frame, layout.owner)?)
    })?;
    // The frame of a function that has ended is in its frame object, which must live while it is read.
    let kept = kept.ok_or("no frame was seen")?;
    let ended = frame_of(layout, &kept)?;
    expect("the owner of a frame that has ended", OWNED_BY_FRAME_OBJECT, peek_field::<u8>(ended, layout.owner)?)?;
    let (_generator, object) = functions.waiting()?;
    let frame = frame_of(layout, &object)?;
    expect("the owner of a generator's frame", OWNED_BY_GENERATOR, peek_field::<u8>(frame, layout.owner)?)
}

fn words(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    let (_generator, object) = functions.waiting()?;
    let frame = frame_of(layout, &object)?;
    let word = |index: i32| peek_field::<u64>(frame, layout.words + index * size_of::<u64>() as i32);
    // SAFETY: the address of a static.
    let none = unsafe { ffi::Py_None() } as u64 | if layout.tagged { TAG_UNCOUNTED } else { 0 };
    expect("the word of a local that is None", none, word(0)?)?;
    let second = untagged(layout, word(1)?);
    let float = peek_field::<usize>(second, size_of::<usize>() as i32)?;
    expect("the type of a local that is a float", &raw const ffi::PyFloat_Type as usize, float)?;
    expect("the word of an unbound local", layout.null, word(2)?)
}

fn current_frame(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    functions.watch("inner", &mut |running| {
        // SAFETY: the thread is attached.
        let thread = unsafe { ffi::PyThreadState_Get() } as usize;
        let found = match layout.thread.current_frame {
            CurrentFrame::InThread(offset) => peek_field(thread, offset)?,
            CurrentFrame::InRecord { record, frame } => peek_field(peek_field(thread, record)?, frame)?,
        };
        expect("the innermost frame", frame_of(layout, &running.inner)?, found)
    })
}

fn data_stack(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    // SAFETY: the thread is attached.
    let thread = unsafe { ffi::PyThreadState_Get() } as usize;
    let end = |object: &Object| -> Result<usize, String> {
        let words = functions.frame_words(layout, &functions.attribute(object, "f_code")?)?;
        Ok(frame_of(layout, object)?.wrapping_add(words * size_of::<usize>()))
    };
    let check = |running: &Running| -> Result<usize, String> {
        let chunk: usize = peek_field(thread, layout.thread.chunk)?;
        let limit: usize = peek_field(thread, layout.thread.limit)?;
        expect("the end of a piece of the data stack", chunk.wrapping_add(peek_field(chunk, CHUNK.size)?), limit)?;
        let top: usize = peek_field(thread, layout.thread.top)?;
        expect("the first free word of the data stack", end(&running.inner)?, top)?;
        let frame = frame_of(layout, &running.inner)?;
        expect("whether the innermost frame is in the piece in use", true, (chunk..limit).contains(&frame))?;
        Ok(chunk)
    };
    functions.watch("inner", &mut |running| check(running).map(drop))?;
    functions.watch("wide", &mut |running| {
        let chunk = check(running)?;
        let frame = frame_of(layout, &running.inner)?;
        expect("the first words of a piece", chunk.wrapping_add_signed(CHUNK.data as isize), frame)?;
        let before: usize = peek_field(chunk, CHUNK.previous)?;
        let used: usize = peek_field(before, CHUNK.top)?;
        let found = before.wrapping_add_signed(CHUNK.data as isize).wrapping_add(used.wrapping_mul(size_of::<usize>()));
        expect("the first free word of the piece before", end(&running.outer)?, found)
    })
}

/// A change of the limit changes what is left, of all threads.
fn recursion(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    functions.watch("inner", &mut |_| {
        // SAFETY: the thread is attached. Nothing runs until the limit is restored.
        let (limit, before, after) = unsafe {
            let at =
                (ffi::PyThreadState_Get() as usize).wrapping_add_signed(layout.thread.recursion_remaining as isize);
            let limit = ffi::Py_GetRecursionLimit();
            let before = peek_at::<u32>(at).map(u32::cast_signed);
            ffi::Py_SetRecursionLimit(limit + 1);
            let after = peek_at::<u32>(at).map(u32::cast_signed);
            ffi::Py_SetRecursionLimit(limit);
            (limit, before?, after?)
        };
        expect("what is left with a limit that is one more", before.wrapping_add(1), after)?;
        // The limit itself is beside it.
        expect("whether less than the limit is left", true, before < limit)
    })
}

/// From 3.13 on, a table for debuggers has offsets (`_Py_DebugOffsets` in `Include/internal/pycore_debug_offsets.h`).
#[cfg(Py_3_15)]
mod debug_offsets {
    /// The first words of the table.
    pub type Table = [u64; 30];
    /// Where it has the offset of the profiled frame, and after it that of its count.
    pub const LAST_PROFILED: usize = 28;
    /// Its first word.
    pub const COOKIE: [u8; 8] = *b"xdebugpy";

    unsafe extern "C" {
        #[link_name = "_PyRuntime"]
        pub static TABLE: Table;
    }
}

fn last_profiled(_: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    #[cfg(Py_3_15)]
    if let Some(offset) = layout.thread.last_profiled {
        use debug_offsets::{COOKIE, LAST_PROFILED, TABLE};
        // SAFETY: the table is the first part of a static, and never changes.
        let table = unsafe { &TABLE };
        expect("the first word of the offsets for debuggers", COOKIE, table[0].to_le_bytes())?;
        let expected = [offset as u64, (offset as usize + size_of::<usize>()) as u64];
        return expect("the profiled frame, and its count", expected, [table[LAST_PROFILED], table[LAST_PROFILED + 1]]);
    }
    expect("the profiled frame", None, layout.thread.last_profiled)
}

fn code(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    let fields = layout.code_object;
    for (name, free) in [("outer", 1), ("generator", 0), ("wide", 0)] {
        let code = functions.attribute(&functions.item(name)?, "__code__")?;
        let field = |offset| Ok::<_, String>(peek::<u32>(&code, offset)? as usize);
        expect("the number of locals", functions.locals(&code)?, field(fields.locals)?)?;
        expect("the size of the stack", functions.number(&code, "co_stacksize")?, field(fields.stack_size)?)?;
        expect("the number of free variables", free, field(fields.free)?)?;
        if let Some(offset) = fields.frame_words {
            expect("the size of a frame", functions.frame_words(layout, &code)?, field(offset)?)?;
        }
    }
    Ok(())
}

/// The distance from the version of the monitoring back to the line table: weak references, executors, cached objects, and from
/// 3.13 on a version are between (`Include/cpython/code.h`).
const FROM_VERSION_TO_LINES: i32 = if cfg!(Py_3_13) { -4 } else { -3 } * size_of::<usize>() as i32;

/// To monitor something would change the whole interpreter. So the check looks at the fields before and after: the line table,
/// and the number of instructions before the first `RESUME`, one in a function with a closure.
fn monitoring(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    let (Some(version), Some(data)) = (layout.code_object.monitoring_version, layout.code_object.monitoring) else {
        return expect(
            "the monitoring",
            (None, None),
            (layout.code_object.monitoring_version, layout.code_object.monitoring),
        );
    };
    let code = functions.attribute(&functions.item("outer")?, "__code__")?;
    let lines = functions.attribute(&code, "co_linetable")?;
    expect_object("the line table", &lines, peek(&code, version + FROM_VERSION_TO_LINES)?)?;
    expect("the version before the data", size_of::<usize>() as i32, data - version)?;
    let unique = if cfg!(Py_3_14) { size_of::<usize>() } else { 0 };
    expect("the instructions before RESUME", 1, peek::<u32>(&code, data + (size_of::<usize>() + unique) as i32)?)
}

fn function(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    let fields = layout.function_object;
    let outer = functions.item("outer")?;
    for (name, offset) in [
        ("__globals__", fields.globals),
        ("__builtins__", fields.builtins),
        ("__code__", fields.code),
        ("__closure__", fields.closure),
    ] {
        expect_object(name, &functions.attribute(&outer, name)?, peek(&outer, offset)?)?;
    }
    let inner = functions.item("inner")?;
    expect("the closure of a function without one", 0, peek::<usize>(&inner, fields.closure)?)
}

fn vectorcall(_: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    // SAFETY: the type of functions is alive, and the offset never changes.
    let offset = unsafe { ffi::PyFunction_Type.tp_vectorcall_offset };
    expect("the offset of a function's vectorcall", layout.function_object.vectorcall as isize, offset)
}

/// From 3.12 on a new function has the version of its code; new defaults take it away. It comes after the C function.
fn function_version(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    let fields = layout.function_object;
    expect("the distance from the C function", size_of::<usize>() as i32, fields.version - fields.vectorcall)?;
    let uncalled = functions.item("uncalled")?;
    let has_version = || Ok::<_, String>(peek::<u32>(&uncalled, fields.version)? >= FIRST_VERSION);
    expect("whether a new function has a version", cfg!(Py_3_12), has_version()?)?;
    functions.run("uncalled.__defaults__ = (1,)")?;
    expect("whether a function that was changed has a version", false, has_version()?)
}

fn ended(functions: &Functions<'_>, layout: &FrameLayout) -> Result<(), String> {
    let mut kept = None;
    functions.watch("inner", &mut |running| {
        kept = Some((running.inner.clone_ref(functions.python), running.outer.clone_ref(functions.python)));
        Ok(())
    })?;
    let (inner, outer) = kept.ok_or("no frame was seen")?;
    let data = (inner.as_ptr() as usize).wrapping_add_signed(layout.frame_object.data as isize);
    expect("the frame of a function that has ended", data, frame_of(layout, &inner)?)?;
    expect_object("the caller of a function that has ended", &outer, peek(&inner, layout.frame_object.back)?)
}

#[cfg(test)]
mod tests {
    use super::super::{Layout, check, proof::Incompatible};
    use super::*;

    #[test]
    fn every_check_fails_where_its_field_is_wrong() {
        type Change = fn(&mut FrameLayout);
        let changes: &[(&str, Change)] = &[
            ("the fields of a frame", |layout| layout.code += 8),
            ("the fields of a frame", |layout| layout.function += 8),
            ("the fields of a frame", |layout| layout.globals += 8),
            ("the fields of a frame", |layout| layout.builtins -= 8),
            ("the fields of a frame", |layout| layout.object += 8),
            ("the locals of a frame", |layout| layout.frame_object.frame -= 8),
            ("the namespace of a module's frame", |layout| layout.mapping -= 8),
            ("the caller of a frame", |layout| layout.previous -= 8),
            ("the position of a frame", |layout| layout.instruction -= 8),
            ("the position of a frame", |layout| layout.code_object.units -= 8),
            ("where a frame goes on", |layout| {
                layout.resumes = match layout.resumes {
                    ResumePoint::AfterUnit => ResumePoint::AtUnit,
                    ResumePoint::AtUnit => ResumePoint::AfterUnit,
                };
            }),
            ("the end of a frame's stack", |layout| {
                layout.stack_top = match layout.stack_top {
                    StackTop::Count(offset) => StackTop::Count(offset - 8),
                    StackTop::Address(offset) => StackTop::Address(offset - 8),
                };
            }),
            ("the owner of a frame", |layout| layout.owner -= 1),
            ("the owner of a frame", |layout| layout.owner += 1),
            ("the locals of a frame", |layout| layout.words += 8),
            ("the locals of a frame", |layout| layout.null ^= 1),
            ("the innermost frame of a thread", |layout| {
                layout.thread.current_frame = match layout.thread.current_frame {
                    CurrentFrame::InThread(offset) => CurrentFrame::InThread(offset - 8),
                    CurrentFrame::InRecord { record, frame } => CurrentFrame::InRecord { record, frame: frame + 8 },
                };
            }),
            ("the data stack of a thread", |layout| layout.thread.chunk += 8),
            ("the data stack of a thread", |layout| layout.thread.top -= 8),
            ("the data stack of a thread", |layout| layout.thread.limit -= 8),
            ("the recursion count of a thread", |layout| layout.thread.recursion_remaining += 4),
            ("the recursion count of a thread", |layout| layout.thread.recursion_remaining -= 4),
            ("the frame that a profiler saw", |layout| {
                layout.thread.last_profiled = layout.thread.last_profiled.map_or(Some(88), |offset| Some(offset + 8));
            }),
            ("the sizes of a code object", |layout| layout.code_object.locals += 4),
            ("the sizes of a code object", |layout| layout.code_object.stack_size += 4),
            ("the sizes of a code object", |layout| layout.code_object.free -= 4),
            ("the monitoring of a code object", |layout| {
                layout.code_object.monitoring =
                    layout.code_object.monitoring.map_or(Some(8), |offset| Some(offset + 8));
            }),
            ("the monitoring of a code object", |layout| {
                let version = &mut layout.code_object.monitoring_version;
                *version = version.map_or(Some(8), |offset| Some(offset - 8));
            }),
            ("the fields of a function", |layout| layout.function_object.globals += 8),
            ("the fields of a function", |layout| layout.function_object.builtins += 8),
            ("the fields of a function", |layout| layout.function_object.code += 8),
            ("the fields of a function", |layout| layout.function_object.closure += 8),
            ("the C function of a function", |layout| layout.function_object.vectorcall += 8),
            ("the version of a function", |layout| layout.function_object.version += 4),
            ("the frame in a frame object", |layout| layout.frame_object.back -= 8),
            ("the frame in a frame object", |layout| layout.frame_object.data += 8),
        ];
        let python = Python::attach();
        let mut changes = changes.to_vec();
        if Layout::CURRENT.frame.code_object.frame_words.is_some() {
            changes.push(("the sizes of a code object", |layout| layout.code_object.frame_words = Some(72)));
        }
        if Layout::CURRENT.frame.tagged {
            changes.push(("the locals of a frame", |layout| layout.tagged = false));
        }
        for (name, change) in &changes {
            let mut layout = Layout::CURRENT;
            change(&mut layout.frame);
            match check(&python, &layout) {
                Err(Incompatible::Layout { check, .. }) => assert_eq!(check, *name),
                other => panic!("{name}: {other:?}"),
            }
        }
        let unchanged: Vec<_> = FrameLayout::proofs()
            .into_iter()
            .map(|proof| proof.what)
            .filter(|what| !changes.iter().any(|(changed, _)| changed == what))
            .collect();
        assert_eq!(unchanged, Vec::<&str>::new());
    }

    /// A frame evaluator (PEP 523) that calls CPython's own.
    unsafe extern "C-unwind" fn evaluate(
        thread: *mut ffi::PyThreadState,
        frame: *mut c_void,
        throwing: std::ffi::c_int,
    ) -> *mut ffi::PyObject {
        // SAFETY: CPython calls this with what its own evaluator expects.
        unsafe { super::super::unowned::_PyEval_EvalFrameDefault(thread, frame, throwing) }
    }

    #[test]
    fn evaluators_and_tracers_make_no_difference() {
        use super::super::unowned::{_PyInterpreterState_GetEvalFrameFunc, _PyInterpreterState_SetEvalFrameFunc};
        let python = Python::attach();
        let names = python.namespace().expect("there is memory");
        // SAFETY: the thread is attached; the evaluator is one, and the one before is set again.
        let evaluated = unsafe {
            let interpreter = ffi::PyInterpreterState_Get();
            let before = _PyInterpreterState_GetEvalFrameFunc(interpreter);
            _PyInterpreterState_SetEvalFrameFunc(interpreter, evaluate);
            let evaluated = check(&python, &Layout::CURRENT);
            _PyInterpreterState_SetEvalFrameFunc(interpreter, before);
            evaluated
        };
        assert_eq!(evaluated, Ok(()));
        let trace =
            "import sys\ndef trace(frame, event, argument):\n    frame.f_trace_opcodes = True\n    return trace";
        python.run(trace, &names).expect("a function");
        for set in ["settrace", "setprofile"] {
            python.run(&format!("sys.{set}(trace)"), &names).expect("it is set");
            let traced = check(&python, &Layout::CURRENT);
            python.run(&format!("sys.{set}(None)"), &names).expect("it is unset");
            assert_eq!(traced, Ok(()), "{set}");
        }
    }

    #[test]
    fn the_proofs_leave_no_garbage() {
        let python = Python::attach();
        let names = python.namespace().expect("there is memory");
        python.run("import gc", &names).expect("a module");
        let objects = || {
            let count = python.eval("len(gc.get_objects())", &names).expect("a number");
            count.text(&python).expect("a text").parse::<i64>().expect("a number")
        };
        let prove = || {
            let functions = Functions::new(&python).expect("the functions");
            FrameLayout::proofs()
                .iter()
                .for_each(|proof| (proof.check)(&functions, &Layout::CURRENT.frame).expect(proof.what));
        };
        // Other tests may make objects meanwhile, but not each time.
        let garbage = (0..20).map(|_| {
            python.run("gc.collect(); gc.disable()", &names).expect("it runs");
            let before = objects();
            (0..10).for_each(|_| prove());
            let garbage = objects() - before;
            python.run("gc.enable()", &names).expect("it runs");
            garbage
        });
        let least = garbage.min().expect("there are twenty");
        assert!(least < 10, "{least} objects of ten proofs");
    }
}
