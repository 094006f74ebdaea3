//! The module `_compiled`: runners of compiled functions (see `tests/support/trampolines.py`).

use std::cell::OnceCell;
use std::ffi::{CStr, c_void};
use std::ptr::{NonNull, null_mut};

use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::{CompileOptions, CompiledFunction, NotCompiled, Options, Specializer};

use super::as_python::BuiltIn;

/// The module, for a Python that has it built in.
pub const MODULE: BuiltIn = (c"_compiled", make_module);

const CAPSULE: &CStr = c"_compiled.runner";

static mut METHODS: [ffi::PyMethodDef; 3] = [
    ffi::PyMethodDef {
        ml_name: c"runner".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: runner },
        ml_flags: ffi::METH_FASTCALL,
        ml_doc: c"runner(function, passes, leave_at): a runner of the function's code, or the reason why there is none; None \
            where it is that the function is no straight line. At the guard of the number `leave_at` the code leaves."
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

unsafe extern "C" fn runner(
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
        Ok(compiled) => make_runner(compiled),
        // SAFETY: the thread is attached.
        Err(NotCompiled::NotStraight { .. }) => unsafe { ffi::Py_NewRef(ffi::Py_None()) },
        Err(error) => python.text(&error.to_string()).map_or(null_mut(), Object::into_ptr),
    }
}

fn make_runner(compiled: CompiledFunction) -> *mut ffi::PyObject {
    let pointer = Box::into_raw(Box::new(compiled)).cast::<c_void>();
    // SAFETY: this thread is attached; the capsule owns the code, and the function the capsule.
    unsafe {
        let capsule = ffi::PyCapsule_New(pointer, CAPSULE.as_ptr(), Some(drop_compiled));
        if capsule.is_null() {
            drop(Box::from_raw(pointer.cast::<CompiledFunction>()));
            return null_mut();
        }
        let function = ffi::PyCFunction_NewEx(&raw mut RUN, capsule, null_mut());
        ffi::Py_DECREF(capsule);
        function
    }
}

unsafe extern "C" fn drop_compiled(capsule: *mut ffi::PyObject) {
    // SAFETY: `make_runner` put it there, and the capsule dies once.
    drop(unsafe { Box::from_raw(ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<CompiledFunction>()) });
}

/// # Safety
/// The capsule is one of [`make_runner`].
unsafe fn compiled<'a>(capsule: *mut ffi::PyObject) -> &'a CompiledFunction {
    // SAFETY: as the caller promises.
    unsafe { &*ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<CompiledFunction>() }
}

unsafe extern "C" fn exits(_: *mut ffi::PyObject, function: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached; the test passes a runner.
    unsafe { ffi::PyLong_FromUnsignedLongLong(compiled(ffi::PyCFunction_GetSelf(function)).exits()) }
}

unsafe extern "C" fn run_code(
    capsule: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with the function's own self and live arguments: the closure, and as many as the
    // trampoline, which has the parameters of the function, binds.
    unsafe {
        let compiled = compiled(capsule);
        assert_eq!(count - 1, compiled.arguments() as isize, "a trampoline passes what it binds");
        (compiled.entry())(arguments.add(1))
    }
}
