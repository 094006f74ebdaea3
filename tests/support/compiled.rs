//! The module `_compiled`: runners of compiled functions (see `tests/support/trampolines.py`).

use std::cell::OnceCell;
use std::ptr::{NonNull, null_mut};

use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::{CompileOptions, CompiledFunction, Options, Specializer};

use super::as_python::BuiltIn;
use super::runner;

/// The module, for a Python that has it built in.
pub const MODULE: BuiltIn = (c"_compiled", make_module);

static mut METHODS: [ffi::PyMethodDef; 3] = [
    ffi::PyMethodDef {
        ml_name: c"runner".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: runner_of },
        ml_flags: ffi::METH_FASTCALL,
        ml_doc: c"runner(function, passes, leave_at): a runner of the function's code, or the reason why there is none. At the guard \
            of the number `leave_at` the code leaves."
            .as_ptr(),
    },
    ffi::PyMethodDef {
        ml_name: c"exits".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: exits },
        ml_flags: ffi::METH_O,
        ml_doc: c"How often a runner's code left for the interpreter.".as_ptr(),
    },
    ffi::PyMethodDef::zeroed(),
];

static mut RUN: ffi::PyMethodDef = ffi::PyMethodDef {
    ml_name: c"run".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: run_code },
    ml_flags: ffi::METH_FASTCALL,
    ml_doc: c"run(closure, *locals): what the code returns; the closure is the one that it was compiled with.".as_ptr(),
};

static mut DEFINITION: ffi::PyModuleDef = runner::module(MODULE.0, &raw mut METHODS);

unsafe extern "C" fn make_module() -> *mut ffi::PyObject {
    // SAFETY: the definition is made once and lives as long as the program.
    unsafe { ffi::PyModule_Create(&raw mut DEFINITION) }
}

unsafe extern "C" fn runner_of(
    _: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    thread_local! {
        static SPECIALIZER: OnceCell<Specializer> = const { OnceCell::new() };
    }
    // SAFETY: CPython calls this attached, with live arguments.
    let (python, arguments) = unsafe {
        let python = Python::assume_attached();
        let count = usize::try_from(count).expect("a count of arguments");
        let objects = std::slice::from_raw_parts(arguments, count).iter();
        let objects = objects.map(|object| NonNull::new(*object).expect("an argument is an object"));
        let objects: Vec<_> = objects.map(|object| Object::from_borrowed(&python, object)).collect();
        (python, objects)
    };
    let [function, passes, leave_at] = &arguments[..] else { panic!("runner takes three arguments") };
    let mut options = CompileOptions::default();
    // SAFETY: the objects are alive.
    unsafe {
        options.passes = ffi::PyObject_IsTrue(passes.as_ptr()) == 1;
        if leave_at.as_ptr() != ffi::Py_None() {
            options.leave_at = Some(ffi::PyLong_AsSize_t(leave_at.as_ptr()));
        }
    }
    let compiled = SPECIALIZER.with(|specializer| {
        let specializer = specializer.get_or_init(|| {
            let mut options = Options::default();
            options.verify_code = true;
            Specializer::new(&python, options).expect("this Python is supported")
        });
        specializer.compile_with(&python, function, &options)
    });
    match compiled {
        Ok(compiled) => runner::function(compiled, &raw mut RUN),
        Err(error) => python.text(&error.to_string()).map_or(null_mut(), Object::into_ptr),
    }
}

unsafe extern "C" fn exits(_: *mut ffi::PyObject, function: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached; the arguments are checked.
    unsafe {
        let compiled = runner::of_function::<CompiledFunction>(function);
        compiled.map_or(null_mut(), |compiled| ffi::PyLong_FromUnsignedLongLong(compiled.exits()))
    }
}

unsafe extern "C" fn run_code(
    capsule: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the function's own self and live arguments: the closure, and the
    // arguments that the trampoline binds, which has the parameters of the function.
    unsafe {
        let Some(compiled) = runner::of_capsule::<CompiledFunction>(capsule) else { return null_mut() };
        assert_eq!(count - 1, compiled.arguments() as isize, "a trampoline passes what it binds");
        (compiled.entry())(arguments.add(1))
    }
}
