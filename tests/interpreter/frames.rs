//! Frames that compiled code will push: what others see of them, and that CPython goes on in them at every instruction.

use std::ptr::null_mut;

use pyo3_ffi as ffi;
use typedcall::cpython::Layout;
use typedcall::cpython::frame::{StackTop, TAG_BITS, TAG_INT};
use typedcall::embed::{Object, Python};
use typedcall::runtime::frame::{self, InterpreterFrame};

const LOOKING: &str = include_str!("frames/looking.py");
const LEAVING: &str = include_str!("frames/leaving.py");

type Pointer = *mut ffi::PyObject;

/// The word of an item of a list: a new reference, nothing for `...`, a tagged int for what `words` made of one.
unsafe fn owned_word(item: Pointer) -> u64 {
    // SAFETY: the item is alive.
    unsafe {
        if is_tagged_int(item) {
            ffi::PyLong_AsUnsignedLongLong(ffi::PyTuple_GetItem(item, 0))
        } else if item == ffi::Py_Ellipsis() {
            Layout::CURRENT.frame.null
        } else {
            ffi::Py_NewRef(item) as u64
        }
    }
}

/// Whether an item is that of a tagged int: `words` puts it into a tuple of a type of its own.
unsafe fn is_tagged_int(item: Pointer) -> bool {
    // SAFETY: the item is alive.
    unsafe { ffi::Py_TYPE(item) == tagged_int() }
}

/// A subclass of `tuple`.
fn tagged_int() -> *mut ffi::PyTypeObject {
    static TYPE: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    let make = || {
        // SAFETY: the thread is attached.
        unsafe {
            let python = Python::assume_attached();
            let names = python.namespace().expect("there is memory");
            python.eval("type('TaggedInt', (tuple,), {})", &names).expect("a class").into_ptr() as usize
        }
    };
    *TYPE.get_or_init(make) as *mut ffi::PyTypeObject
}

/// Stores words in a frame, all but those of free variables. Returns how many there are, the locals at least.
unsafe fn fill(new: *mut InterpreterFrame, function: Pointer, words: Pointer) -> usize {
    // SAFETY: the function is one of Python's, the words are a list.
    unsafe {
        let code = ffi::PyFunction_GetCode(function);
        let count = |offset: i32| code.byte_offset(offset as isize).cast::<u32>().read() as usize;
        let (locals, free) =
            (count(Layout::CURRENT.frame.code_object.locals), count(Layout::CURRENT.frame.code_object.free));
        let given = ffi::PyList_Size(words) as usize;
        for index in (0..given).filter(|index| *index < locals - free || *index >= locals) {
            let item = ffi::PyList_GetItem(words, index as ffi::Py_ssize_t);
            *frame::words(new).add(index) = owned_word(item);
        }
        given.max(locals) - locals
    }
}

/// Gives up the references of a frame's locals.
unsafe fn forget(locals: &[u64]) {
    for word in locals {
        let object = if Layout::CURRENT.frame.tagged { word & !TAG_BITS } else { *word };
        // SAFETY: the words were made by `owned_word`.
        unsafe { ffi::Py_XDECREF(object as Pointer) };
    }
}

/// `run(function, unit, words, callee, next=None)`: a frame for the function with these words, at `unit`, while `callee()` is called. Its
/// result is returned, and its error too, with an entry in the traceback. With `next`, CPython goes on there with the result on the
/// stack; the error is one that the instruction at `unit` has raised.
unsafe extern "C" fn run(_: Pointer, arguments: *mut Pointer, count: ffi::Py_ssize_t) -> Pointer {
    // SAFETY: CPython calls this attached, with live arguments.
    unsafe {
        let argument = |index: usize| *arguments.add(index);
        let thread = ffi::PyThreadState_Get();
        let (function, unit) = (argument(0), ffi::PyLong_AsLong(argument(1)) as u32);
        let new = frame::push(thread, function);
        if new.is_null() {
            return null_mut();
        }
        let depth = fill(new, function, argument(2)) as u32;
        frame::set_unit(new, unit);
        let result = ffi::PyObject_CallNoArgs(argument(3));
        let next = if count > 4 { ffi::PyLong_AsLong(argument(4)) as u32 } else { 0 };
        if count > 4 && !result.is_null() {
            let locals = ffi::PyFunction_GetCode(function);
            let locals = locals.byte_offset(Layout::CURRENT.frame.code_object.locals as isize).cast::<u32>().read();
            *frame::words(new).add((locals + depth) as usize) = result as u64;
            return frame::hand_over(thread, new, next, depth + 1);
        }
        if count > 4 {
            return frame::hand_over_raised(thread, new, unit, depth);
        }
        if result.is_null() {
            ffi::PyTraceBack_Here(frame::frame_object(thread).cast());
        }
        let given = ffi::PyList_Size(argument(2)) as usize;
        let code = ffi::PyFunction_GetCode(function);
        let count = |offset: i32| code.byte_offset(offset as isize).cast::<u32>().read() as usize;
        let own = count(Layout::CURRENT.frame.code_object.locals) - count(Layout::CURRENT.frame.code_object.free);
        let locals = std::slice::from_raw_parts(frame::words(new), given.min(own)).to_vec();
        frame::pop(thread, new);
        forget(&locals);
        result
    }
}

/// `cost(function, count, unit)`: nanoseconds of a push and a pop, of a push and an exit at `unit`, and of a call.
unsafe extern "C" fn cost(_: Pointer, arguments: *mut Pointer, _: ffi::Py_ssize_t) -> Pointer {
    // SAFETY: as above.
    unsafe {
        let function = *arguments;
        let count = ffi::PyLong_AsLong(*arguments.add(1)) as u32;
        let unit = ffi::PyLong_AsLong(*arguments.add(2)) as u32;
        let thread = ffi::PyThreadState_Get();
        let time = |work: &dyn Fn()| {
            let start = std::time::Instant::now();
            (0..count).for_each(|_| work());
            start.elapsed().as_nanos() as f64 / f64::from(count)
        };
        let pushed = time(&|| frame::pop(thread, std::hint::black_box(frame::push(thread, function))));
        let exited = time(&|| ffi::Py_DECREF(frame::hand_over(thread, frame::push(thread, function), unit, 0)));
        let called = time(&|| ffi::Py_DECREF(ffi::PyObject_CallNoArgs(function)));
        ffi::Py_BuildValue(c"ddd".as_ptr(), pushed, exited, called)
    }
}

/// `left()`: how many calls are left, and the top of the data stack.
unsafe extern "C" fn left(_: Pointer, _: Pointer) -> Pointer {
    let thread_fields = Layout::CURRENT.frame.thread;
    // SAFETY: the thread is attached, and the fields are proven.
    unsafe {
        let thread = ffi::PyThreadState_Get();
        let field = |offset: i32| thread.byte_offset(offset as isize);
        let remaining = field(thread_fields.recursion_remaining).cast::<i32>().read();
        ffi::Py_BuildValue(c"in".as_ptr(), remaining, field(thread_fields.top).cast::<isize>().read())
    }
}

/// `words(frame, depth)`: the words of a running frame, the locals and `depth` of the stack: an object, `...` for null, a tuple around
/// a tagged int.
unsafe extern "C" fn words(_: Pointer, arguments: *mut Pointer, _: ffi::Py_ssize_t) -> Pointer {
    let layout = Layout::CURRENT.frame;
    // SAFETY: CPython calls this attached, with a frame object and an int.
    unsafe {
        let running =
            (*arguments).byte_offset(layout.frame_object.frame as isize).cast::<*mut InterpreterFrame>().read();
        let code = ffi::PyFrame_GetCode((*arguments).cast());
        let locals = code.byte_offset(layout.code_object.locals as isize).cast::<u32>().read();
        ffi::Py_DECREF(code.cast());
        let list = ffi::PyList_New(0);
        for index in 0..locals as usize + ffi::PyLong_AsLong(*arguments.add(1)) as usize {
            let word = *frame::words(running).add(index);
            let item = if word == layout.null {
                ffi::Py_NewRef(ffi::Py_Ellipsis())
            } else if layout.tagged && word & TAG_BITS == TAG_INT {
                ffi::PyObject_CallFunction(tagged_int().cast(), c"((K))".as_ptr(), word)
            } else {
                ffi::Py_NewRef((if layout.tagged { word & !TAG_BITS } else { word }) as Pointer)
            };
            ffi::PyList_Append(list, item);
            ffi::Py_DECREF(item);
        }
        list
    }
}

/// `go(function, unit, words, exception=None)`: a frame with these words, in which CPython goes on at `unit`; or whose instruction at
/// `unit` has raised the exception.
unsafe extern "C" fn go(_: Pointer, arguments: *mut Pointer, count: ffi::Py_ssize_t) -> Pointer {
    // SAFETY: CPython calls this attached, with live arguments.
    unsafe {
        let argument = |index: usize| *arguments.add(index);
        let thread = ffi::PyThreadState_Get();
        let (function, unit) = (argument(0), ffi::PyLong_AsLong(argument(1)) as u32);
        let new = frame::push(thread, function);
        if new.is_null() {
            return null_mut();
        }
        let depth = fill(new, function, argument(2)) as u32;
        if count <= 3 {
            return frame::hand_over(thread, new, unit, depth);
        }
        ffi::PyErr_SetObject(ffi::Py_TYPE(argument(3)).cast(), argument(3));
        frame::hand_over_raised(thread, new, unit, depth)
    }
}

/// `points(function)`: by offset in bytes, the unit and the number of values on the stack; of instructions where CPython can go on, and
/// of instructions that raise.
unsafe extern "C" fn points(_: Pointer, function: Pointer) -> Pointer {
    // SAFETY: CPython calls this attached, with a live argument.
    unsafe {
        let python = Python::assume_attached();
        let function = python.owned(ffi::Py_NewRef(function)).expect("an argument");
        let code = typedcall::bytecode::decode_function(&python, &function).expect("it decodes");
        let (starts, raised) = (ffi::PyDict_New(), ffi::PyDict_New());
        let set = |dict: Pointer, key: u32, unit: u32, depth: usize| {
            let (key, value) =
                (ffi::PyLong_FromLong(key.into()), ffi::Py_BuildValue(c"(In)".as_ptr(), unit / 2, depth));
            ffi::PyDict_SetItem(dict, key, value);
            ffi::Py_DECREF(key);
            ffi::Py_DECREF(value);
        };
        for (at, instruction) in (0..).zip(&code.instructions) {
            if let Some(point) = code.raw_stacks.at(at) {
                set(starts, point.start, point.start, point.stack.len());
            }
            if let Some(raise) = code.raw_stacks.raised(at) {
                set(raised, instruction.offset, raise.position, raise.stack.len());
            }
        }
        ffi::Py_BuildValue(c"(NN)".as_ptr(), starts, raised)
    }
}

/// `handled(exception)`: sets the handled exception, and returns the one before, or `None`.
unsafe extern "C" fn handled(_: Pointer, exception: Pointer) -> Pointer {
    // SAFETY: CPython calls this attached, with a live argument.
    unsafe {
        let before = ffi::PyErr_GetHandledException();
        ffi::PyErr_SetHandledException(if exception == ffi::Py_None() { null_mut() } else { exception });
        if before.is_null() { ffi::Py_NewRef(ffi::Py_None()) } else { before }
    }
}

/// The functions of this file, in a namespace.
fn add_functions(python: &Python, names: &Object) {
    static mut METHODS: [ffi::PyMethodDef; 7] = [
        method(c"go", ffi::PyMethodDefPointer { PyCFunctionFast: go }, ffi::METH_FASTCALL),
        method(c"points", ffi::PyMethodDefPointer { PyCFunction: points }, ffi::METH_O),
        method(c"handled", ffi::PyMethodDefPointer { PyCFunction: handled }, ffi::METH_O),
        method(c"run", ffi::PyMethodDefPointer { PyCFunctionFast: run }, ffi::METH_FASTCALL),
        method(c"cost", ffi::PyMethodDefPointer { PyCFunctionFast: cost }, ffi::METH_FASTCALL),
        method(c"words", ffi::PyMethodDefPointer { PyCFunctionFast: words }, ffi::METH_FASTCALL),
        method(c"left", ffi::PyMethodDefPointer { PyCFunction: left }, ffi::METH_NOARGS),
    ];
    const fn method(name: &'static std::ffi::CStr, function: ffi::PyMethodDefPointer, flags: i32) -> ffi::PyMethodDef {
        ffi::PyMethodDef { ml_name: name.as_ptr(), ml_meth: function, ml_flags: flags, ml_doc: std::ptr::null() }
    }
    for index in 0..7 {
        // SAFETY: the definitions live for ever.
        unsafe {
            let definition = (&raw mut METHODS).cast::<ffi::PyMethodDef>().add(index);
            let function =
                python.owned(ffi::PyCFunction_NewEx(definition, null_mut(), null_mut())).expect("a function");
            let name = std::ffi::CStr::from_ptr((*definition).ml_name).to_str().expect("a name");
            names.set_item(python, name, &function).expect("a dict");
        }
    }
}

#[test]
fn a_pushed_frame_is_one_of_cpythons() {
    own_process!();
    let python = Python::attach();
    typedcall::cpython::check(&python, &Layout::CURRENT).unwrap_or_else(|error| panic!("{error}"));
    let names = python.namespace().expect("there is memory");
    add_functions(&python, &names);
    python.run(LOOKING, &names).unwrap_or_else(|error| panic!("{error}"));
    let cost = python.eval("cost(nothing, 100000, at(nothing, 'RETURN', after=-1))", &names);
    println!(
        "ns of push and pop, of push and exit, of a call: {}",
        cost.expect("three numbers").text(&python).expect("a text")
    );
    assert!(matches!(Layout::CURRENT.frame.stack_top, StackTop::Count(_) | StackTop::Address(_)));
}

/// A profiler in another process keeps the frame that it saw last in the thread's state, with the number of changes after it.
#[test]
fn a_popped_frame_is_not_the_last_profiled_one() {
    own_process!();
    let python = Python::attach();
    let Some(offset) = Layout::CURRENT.frame.thread.last_profiled else { return };
    let names = python.namespace().expect("there is memory");
    python.run("def f(): pass", &names).expect("a function");
    let function = names.item(&python, "f").expect("it was just defined");
    // SAFETY: the thread is attached, and the fields are proven.
    unsafe {
        let thread = ffi::PyThreadState_Get();
        let seen = thread.byte_offset(offset as isize).cast::<*mut InterpreterFrame>();
        let changes = seen.add(1).cast::<usize>();
        let (outer, count) = (frame::push(thread, function.as_ptr()), *changes);
        for (profiled, expected) in [(true, outer), (false, null_mut())] {
            let inner = frame::push(thread, function.as_ptr());
            *seen = if profiled { inner } else { null_mut() };
            frame::pop(thread, inner);
            assert_eq!((*seen, *changes), (expected, count + 1));
        }
        frame::pop(thread, outer);
    }
}

/// Leaves all cases, and shows what is different.
fn leaves(call: &str) {
    let python = Python::attach();
    typedcall::cpython::check(&python, &Layout::CURRENT).unwrap_or_else(|error| panic!("{error}"));
    let names = super::cases::harness(&python);
    add_functions(&python, &names);
    super::cases::run(&python, "import dis, sys", "interpreter_harness.py", &names);
    super::cases::run(&python, LEAVING, "interpreter_harness.py", &names);
    let failures = python.eval(&format!("'\\n'.join({call})"), &names).unwrap_or_else(|error| panic!("{error}"));
    let failures = failures.text(&python).expect("a text");
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn cpython_goes_on_at_every_instruction() {
    own_process!();
    leaves("left_everywhere(None)");
}

#[test]
fn cpython_handles_an_exception_at_every_instruction() {
    own_process!();
    leaves("left_everywhere('copy')");
}
