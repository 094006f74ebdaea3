//! Specialized functions of ctypes, compared with ctypes itself: the same results, exceptions and texts, the same
//! references; and ctypes is called only when it should be.
//!
//! The claims are the functions of `provider.py`; this file has the parts that they need in Rust.

use std::cell::Cell;
use std::ffi::{CString, c_char};
use std::ptr::{NonNull, null_mut};
use std::sync::OnceLock;

use crate::support::compile;
use crate::support::extension::{evaluate, execute, run, start};
use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::{Options, Specializer};

const FOREIGN: &str = include_str!("../c/foreign.c");
const CLAIMS: &str = include_str!("provider.py");

static SPECIALIZER: OnceLock<Specializer> = OnceLock::new();
static CTYPES_CALL: OnceLock<ffi::ternaryfunc> = OnceLock::new();

thread_local! {
    /// The number of calls that ctypes made.
    static CALLS: Cell<i64> = const { Cell::new(0) };
}

/// `tp_call` of ctypes' functions, counted.
unsafe extern "C" fn counted(
    function: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    CALLS.set(CALLS.get() + 1);
    // SAFETY: this is the call that ctypes' own type had, with its arguments.
    unsafe { CTYPES_CALL.get().expect("set before the first call")(function, arguments, names) }
}

unsafe extern "C" fn calls(_: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: called from Python.
    unsafe { ffi::PyLong_FromLongLong(CALLS.get()) }
}

/// `specialize(function)`: the stub, or `LookupError` with the reason why there is none.
unsafe extern "C" fn specialize(_: *mut ffi::PyObject, function: *mut ffi::PyObject) -> *mut ffi::PyObject {
    with_result(function, |python, specializer, function| specializer.function(python, function))
}

/// `signature(function)`: its text, or `LookupError`.
unsafe extern "C" fn signature(_: *mut ffi::PyObject, function: *mut ffi::PyObject) -> *mut ffi::PyObject {
    with_result(function, |python, specializer, function| {
        let signature = specializer.signature(python, function)?;
        Ok(python.text(&signature.to_string())?)
    })
}

fn with_result(
    function: *mut ffi::PyObject,
    work: impl FnOnce(&Python, &Specializer, &Object) -> Result<Object, typedcall::Error>,
) -> *mut ffi::PyObject {
    // SAFETY: called from Python with an object that its caller keeps alive, and so its type. Classes take the call
    // from the method's wrapper, not from their base's type, so each is changed.
    unsafe {
        let class = ffi::Py_TYPE(function);
        let ctypes_call = CTYPES_CALL.get().map(|&call| call as usize);
        if (*class).tp_call.map(|call| call as usize) == ctypes_call {
            (*class).tp_call = Some(counted);
        }
        let python = Python::assume_attached();
        let function = Object::from_borrowed(&python, NonNull::new(function).expect("an argument is an object"));
        let specializer = SPECIALIZER.get().expect("set before Python runs");
        match work(&python, specializer, &function) {
            Ok(object) => object.into_ptr(),
            Err(error) => {
                let text = CString::new(error.to_string()).expect("no reason has a NUL in it");
                ffi::PyErr_SetString(ffi::PyExc_LookupError, text.as_ptr());
                null_mut()
            }
        }
    }
}

/// A function of this test for Python.
fn builtin(python: &Python, name: &'static std::ffi::CStr, function: ffi::PyCFunction, flags: i32) -> Object {
    let mut def = ffi::PyMethodDef::zeroed();
    def.ml_name = name.as_ptr().cast::<c_char>();
    def.ml_meth = ffi::PyMethodDefPointer { PyCFunction: function };
    def.ml_flags = flags;
    // SAFETY: the definition is never freed; the thread is attached.
    let function = unsafe { python.owned(ffi::PyCFunction_New(Box::leak(Box::new(def)), null_mut())) };
    function.expect("there is memory")
}

#[test]
fn what_is_specialized_does_what_ctypes_does() {
    own_process!();
    let python = start();
    let library = python.detached(|| compile("foreign", FOREIGN, &["-O1", "-Wall"]));
    SPECIALIZER.get_or_init(|| Specializer::new(&python, Options::default()).expect("the crate fits the interpreter"));
    let names = run(&python, "import _ctypes\nCFuncPtr = _ctypes.CFuncPtr");
    let class = names.item(&python, "CFuncPtr").expect("just assigned").as_ptr().cast::<ffi::PyTypeObject>();
    // SAFETY: the type is alive.
    unsafe {
        CTYPES_CALL.get_or_init(|| (*class).tp_call.expect("functions can be called"));
        (*class).tp_call = Some(counted);
    }
    for (name, function) in [
        ("specialize", builtin(&python, c"specialize", specialize, ffi::METH_O)),
        ("signature", builtin(&python, c"signature", signature, ffi::METH_O)),
        ("calls", builtin(&python, c"calls", calls, ffi::METH_NOARGS)),
        ("library", python.text(&library.to_string_lossy()).expect("there is memory")),
    ] {
        names.set_item(&python, name, &function).expect("there is memory");
    }
    execute(&python, CLAIMS, &names);
    let failures = evaluate(&python, "run_all()", &names);
    assert!(failures.is_empty(), "{failures}");
}
