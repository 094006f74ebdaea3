//! From callables of a live interpreter to their `PyMethodDef`, and on to the metadata of an imported extension.

mod support;

use std::ffi::{CStr, CString, c_char, c_void};

use pyo3_ffi::{
    Py_InitializeEx, Py_None, Py_file_input, PyDict_GetItemString, PyDict_New, PyDict_SetItemString, PyErr_Print,
    PyEval_GetBuiltins, PyModule_GetDict, PyObject, PyRun_String,
};
use support::{Library, compile};
use typedcall::metadata::{Definition, Receiver, clear_flag, definition, read_def};

/// Runs Python code and gives its variables.
///
/// # Safety
/// The interpreter is initialized and the GIL held.
unsafe fn run(code: &str, globals: *mut PyObject) {
    let code = CString::new(code).expect("code has no NUL");
    // SAFETY: the caller holds the GIL.
    unsafe {
        if PyRun_String(code.as_ptr(), Py_file_input, globals, globals).is_null() {
            PyErr_Print();
            panic!("{code:?} failed");
        }
    }
}

/// The definition behind a variable, with its name.
///
/// # Safety
/// As for [`run`].
unsafe fn found(globals: *mut PyObject, name: &CStr) -> Option<(String, Definition)> {
    // SAFETY: the caller holds the GIL; the dictionary keeps the object alive. `ml_name` is the first field.
    unsafe {
        let callable = PyDict_GetItemString(globals, name.as_ptr());
        assert!(!callable.is_null(), "{name:?}");
        let definition = definition(callable)?;
        let name = CStr::from_ptr(definition.def.cast::<*const c_char>().read());
        Some((name.to_str().expect("names are UTF-8").to_owned(), definition))
    }
}

// One test: there is one interpreter, and its first thread holds the GIL.
#[test]
fn definitions_are_found_behind_every_built_in_callable_and_behind_nothing_else() {
    // SAFETY: the only use of Python in this process; this thread holds the GIL from here on.
    unsafe {
        Py_InitializeEx(0);
        let globals = PyDict_New();
        PyDict_SetItemString(globals, c"__builtins__".as_ptr(), PyEval_GetBuiltins());
        run(
            "function = len\nbound = [].append\nmethod = str.upper\nclass_method = dict.__dict__['fromkeys']\n\
             bound_class_method = dict.fromkeys\nwrapped = str.__dict__['maketrans']\nstatic = str.maketrans\n\
             def python(): pass\nstatic_python = staticmethod(python)\nempty = staticmethod.__new__(staticmethod)\n\
             slot = str.__add__\nclass Sub(dict): pass\nbound_to_sub = Sub.fromkeys\nnumber = 3\n",
            globals,
        );
        let get = |name: &CStr| PyDict_GetItemString(globals, name.as_ptr());
        for (name, expected) in [
            (c"function", "len"),
            (c"bound", "append"),
            (c"method", "upper"),
            (c"class_method", "fromkeys"),
            (c"bound_class_method", "fromkeys"),
            (c"bound_to_sub", "fromkeys"),
            (c"wrapped", "maketrans"),
            (c"static", "maketrans"),
        ] {
            let (found, definition) = found(globals, name).unwrap_or_else(|| panic!("{name:?} is built-in"));
            assert_eq!(found, expected);
            let null: *mut PyObject = std::ptr::null_mut();
            match (expected, definition.receiver) {
                ("len", Receiver::Function { m_self }) => assert_ne!(m_self, null),
                ("append", Receiver::Function { m_self }) => assert_ne!(m_self, Py_None()),
                ("upper", Receiver::Method { d_type }) => assert_eq!(d_type, &raw mut pyo3_ffi::PyUnicode_Type),
                ("fromkeys", Receiver::ClassMethod { d_type }) => assert_eq!(d_type, &raw mut pyo3_ffi::PyDict_Type),
                ("fromkeys", Receiver::Function { m_self }) if name == c"bound_to_sub" => {
                    assert_eq!(m_self, get(c"Sub"));
                }
                ("fromkeys", Receiver::Function { m_self }) => {
                    assert_eq!(m_self, (&raw mut pyo3_ffi::PyDict_Type).cast())
                }
                ("maketrans", Receiver::Function { m_self }) => {
                    assert_eq!(m_self, null, "CPython passes null to a static method");
                }
                (_, receiver) => panic!("{name:?}: {receiver:?}"),
            }
            assert_eq!(read_def(definition.def), Ok(None), "{expected} has no metadata");
        }
        assert_ne!(found(globals, c"wrapped").map(|(_, found)| found.callable), Some(get(c"wrapped")));
        for name in [c"python", c"static_python", c"empty", c"slot", c"Sub", c"number"] {
            assert!(found(globals, name).is_none(), "{name:?}");
        }

        let library = Library::load(&compile("broken", include_str!("broken.c"), &["-std=c99"]));
        let init =
            std::mem::transmute::<*mut c_void, extern "C" fn() -> *mut PyObject>(library.symbol("PyInit_broken"));
        let module = init();
        assert!(!module.is_null());
        let globals = PyModule_GetDict(module);
        let (_, good) = found(globals, c"good").expect("it is a built-in function");
        assert!(read_def(good.def).expect("it is good").expect("it is there").flagged);
        clear_flag(good.def).expect("a method table is writable");
        assert!(!read_def(good.def).expect("it is good").expect("the footer tells, not the flag").flagged);
        let (_, bad) = found(globals, c"wrong_size").expect("it is a built-in function");
        assert_eq!(read_def(bad.def).expect_err("it is broken").field, "size");
        PyDict_SetItemString(globals, c"__builtins__".as_ptr(), PyEval_GetBuiltins());
        run("assert good(5) == 5 == wrong_size(5) == null_function(5)", globals);
    }
}
