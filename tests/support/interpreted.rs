//! The module `_interpreted`: runners, which run code objects in the interpreter of decoded bytecode (see
//! `tests/support/trampolines.py`).

use std::cell::Cell;
use std::ffi::{CStr, c_void};
use std::ptr::{NonNull, null_mut};

use pyo3_ffi as ffi;
use typedcall::bytecode::decode;
use typedcall::bytecode::interpreter::{Frame, Prepared, Refusal, State, run};
use typedcall::embed::{Object, Python};

use super::as_python::BuiltIn;

/// The module, for a Python that has it built in.
pub const MODULE: BuiltIn = (c"_interpreted", make_module);

/// What the function that runs a code object has for its `self`, in a capsule.
struct Runner {
    code: Prepared,
    /// How often it ran.
    runs: Cell<u64>,
}

const CAPSULE: &CStr = c"_interpreted.runner";

static mut METHODS: [ffi::PyMethodDef; 3] = [
    ffi::PyMethodDef {
        ml_name: c"runner".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: runner },
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

static mut DEFINITION: ffi::PyModuleDef = ffi::PyModuleDef {
    m_base: ffi::PyModuleDef_HEAD_INIT,
    m_name: MODULE.0.as_ptr(),
    m_doc: std::ptr::null(),
    m_size: -1,
    m_methods: &raw mut METHODS as *mut ffi::PyMethodDef,
    m_slots: null_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

unsafe extern "C" fn make_module() -> *mut ffi::PyObject {
    // SAFETY: the definition is made once and lives as long as the program.
    unsafe { ffi::PyModule_Create(&raw mut DEFINITION) }
}

unsafe extern "C" fn runner(_: *mut ffi::PyObject, code: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with a live argument.
    let (python, code) = unsafe {
        let python = Python::assume_attached();
        let code = Object::from_borrowed(&python, NonNull::new(code).expect("an argument is an object"));
        (python, code)
    };
    let prepared = decode(&python, &code)
        .map_err(|error| error.to_string())
        .and_then(|code| Prepared::new(&python, code).map_err(|Refusal { reason, .. }| reason.to_string()));
    match prepared {
        Ok(code) => make_runner(Runner { code, runs: Cell::new(0) }),
        Err(reason) => python.text(&reason).map_or(null_mut(), Object::into_ptr),
    }
}

fn make_runner(runner: Runner) -> *mut ffi::PyObject {
    let pointer = Box::into_raw(Box::new(runner)).cast::<c_void>();
    // SAFETY: this thread is attached; the capsule owns the runner, and the function the capsule.
    unsafe {
        let capsule = ffi::PyCapsule_New(pointer, CAPSULE.as_ptr(), Some(drop_runner));
        if capsule.is_null() {
            drop(Box::from_raw(pointer.cast::<Runner>()));
            return null_mut();
        }
        let function = ffi::PyCFunction_NewEx(&raw mut RUN, capsule, null_mut());
        ffi::Py_DECREF(capsule);
        function
    }
}

unsafe extern "C" fn drop_runner(capsule: *mut ffi::PyObject) {
    // SAFETY: `make_runner` put it there, and the capsule dies once.
    drop(unsafe { Box::from_raw(ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<Runner>()) });
}

unsafe extern "C" fn runs(_: *mut ffi::PyObject, function: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with a live argument; both calls check what they get.
    unsafe {
        let capsule = ffi::PyCFunction_GetSelf(function);
        if capsule.is_null() {
            return null_mut();
        }
        let runner = ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<Runner>();
        if runner.is_null() { null_mut() } else { ffi::PyLong_FromUnsignedLongLong((*runner).runs.get()) }
    }
}

// Up to 3.13 a daemon thread is unwound at shutdown from wherever it takes the GIL again.
unsafe extern "C" fn run_code(
    capsule: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the function's own self and live arguments, the closure in front. A
    // trampoline's frame is running, with globals and builtins.
    unsafe {
        let python = Python::assume_attached();
        let runner = &*ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<Runner>();
        runner.runs.set(runner.runs.get() + 1);
        let object = |pointer| NonNull::new(pointer).map(|object| Object::from_borrowed(&python, object));
        let arguments = std::slice::from_raw_parts(arguments, usize::try_from(count).expect("a count of arguments"));
        let [closure, bound @ ..] = arguments else { return null_mut() };
        let closure = object(*closure).filter(|closure| closure.as_ptr() != ffi::Py_None());
        let (Some(globals), Some(builtins)) = (object(ffi::PyEval_GetGlobals()), object(ffi::PyEval_GetBuiltins()))
        else {
            return null_mut();
        };
        let frame = Frame { code: &runner.code, globals: &globals, builtins: &builtins, closure: closure.as_ref() };
        let locals = bound.iter().map(|argument| object(*argument)).collect();
        run(&python, &frame, State { locals, ..State::default() }).map_or(null_mut(), Object::into_ptr)
    }
}
