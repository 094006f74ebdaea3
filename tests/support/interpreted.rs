//! The module `_interpreted`: runs code objects in the interpreter of decoded bytecode (see
//! `tests/support/trampolines.py`).

use std::cell::Cell;
use std::ptr::{NonNull, null_mut};

use pyo3_ffi as ffi;
use typedcall::bytecode::decode;
use typedcall::embed::{Object, Python};
use typedcall::interpreter::{FunctionFrame, InterpreterState, NotInterpreted, Prepared, run};

use super::as_python::BuiltIn;
use super::runner;

/// The module, for a Python that has it built in.
pub const MODULE: BuiltIn = (c"_interpreted", make_module);

/// The `self`, in a capsule, of the function that runs a code object.
struct Runner {
    code: Prepared,
    /// The number of its runs.
    runs: Cell<u64>,
}

static mut METHODS: [ffi::PyMethodDef; 3] = [
    ffi::PyMethodDef {
        ml_name: c"runner".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: runner_of },
        ml_flags: ffi::METH_O,
        ml_doc: c"A runner for a code object, or the reason why there is none.".as_ptr(),
    },
    ffi::PyMethodDef {
        ml_name: c"runs".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: runs },
        ml_flags: ffi::METH_O,
        ml_doc: c"How often a runner ran.".as_ptr(),
    },
    ffi::PyMethodDef::zeroed(),
];

static mut RUN: ffi::PyMethodDef = ffi::PyMethodDef {
    ml_name: c"run".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: run_code },
    ml_flags: ffi::METH_FASTCALL,
    ml_doc: c"run(closure, *locals): what the code returns, with the globals of the caller.".as_ptr(),
};

static mut DEFINITION: ffi::PyModuleDef = runner::module(MODULE.0, &raw mut METHODS);

unsafe extern "C" fn make_module() -> *mut ffi::PyObject {
    // SAFETY: the definition is made once and lives as long as the program.
    unsafe { ffi::PyModule_Create(&raw mut DEFINITION) }
}

unsafe extern "C" fn runner_of(_: *mut ffi::PyObject, code: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with a live argument.
    let (python, code) = unsafe {
        let python = Python::assume_attached();
        let code = Object::from_borrowed(&python, NonNull::new(code).expect("an argument is an object"));
        (python, code)
    };
    let prepared = decode(&python, &code)
        .map_err(|error| error.to_string())
        .and_then(|code| Prepared::new(&python, code).map_err(|NotInterpreted { reason, .. }| reason.to_string()));
    match prepared {
        Ok(code) => runner::function(Runner { code, runs: Cell::new(0) }, &raw mut RUN),
        Err(reason) => python.text(&reason).map_or(null_mut(), Object::into_ptr),
    }
}

unsafe extern "C" fn runs(_: *mut ffi::PyObject, function: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with a live argument; both calls check their arguments.
    unsafe {
        let runner = runner::of_function::<Runner>(function);
        runner.map_or(null_mut(), |runner| ffi::PyLong_FromUnsignedLongLong(runner.runs.get()))
    }
}

// Up to 3.13 a daemon thread is unwound at shutdown from wherever it takes the GIL again.
unsafe extern "C" fn run_code(
    capsule: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the function's own self and live arguments, the closure first. A
    // trampoline's frame is running, with globals and builtins.
    unsafe {
        let python = Python::assume_attached();
        let Some(runner) = runner::of_capsule::<Runner>(capsule) else { return null_mut() };
        runner.runs.set(runner.runs.get() + 1);
        let object = |pointer| NonNull::new(pointer).map(|object| Object::from_borrowed(&python, object));
        let arguments = std::slice::from_raw_parts(arguments, usize::try_from(count).expect("a count of arguments"));
        let [closure, bound @ ..] = arguments else { return null_mut() };
        let closure = object(*closure).filter(|closure| closure.as_ptr() != ffi::Py_None());
        let (Some(globals), Some(builtins)) = (object(ffi::PyEval_GetGlobals()), object(ffi::PyEval_GetBuiltins()))
        else {
            return null_mut();
        };
        let frame =
            FunctionFrame { code: &runner.code, globals: &globals, builtins: &builtins, closure: closure.as_ref() };
        let locals = bound.iter().map(|argument| object(*argument)).collect();
        run(&python, &frame, InterpreterState { locals, ..InterpreterState::default() })
            .map_or(null_mut(), Object::into_ptr)
    }
}
