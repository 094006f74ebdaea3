//! The crate embeds the CPython it was built for, not another one that happens to be on the machine: the library that
//! was loaded, the standard library it finds and the headers an extension is compiled with are of one version.

use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr::null_mut;
use std::sync::Once;

use pyo3_ffi as py;

/// Major and minor version of the headers that the build script saw.
const BUILT_FOR: &str = if cfg!(Py_3_15) {
    "3.15"
} else if cfg!(Py_3_14) {
    "3.14"
} else if cfg!(Py_3_13) {
    "3.13"
} else if cfg!(Py_3_12) {
    "3.12"
} else {
    "3.11"
};

/// A C extension that knows which headers it was compiled with.
const EXTENSION: &str = r#"
#include <Python.h>
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "headers", NULL, -1, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_headers(void) {
    PyObject *module = PyModule_Create(&def);
    if (module != NULL && PyModule_AddIntConstant(module, "hex_version", PY_VERSION_HEX) < 0) Py_CLEAR(module);
    return module;
}
"#;

/// Starts the interpreter as the one that the build asked, whatever `python3` the path has.
fn start() {
    // SAFETY: called once, before any other use of the interpreter; the configuration is initialized before it is
    // filled and cleared after its last use. The GIL is released again, so that each test can take it from its own
    // thread.
    unsafe {
        let mut config = std::mem::zeroed::<py::PyConfig>();
        py::PyConfig_InitPythonConfig(&mut config);
        config.install_signal_handlers = 0;
        config.parse_argv = 0;
        if let Some(executable) = option_env!("TYPEDCALL_BUILD_PYTHON") {
            let name = CString::new(executable).expect("a path has no NUL in it");
            let field = &raw mut config.program_name;
            let status = py::PyConfig_SetBytesString(&mut config, field, name.as_ptr());
            assert_eq!(py::PyStatus_Exception(status), 0, "{executable} can't be decoded");
        }
        let status = py::Py_InitializeFromConfig(&config);
        py::PyConfig_Clear(&mut config);
        assert_eq!(py::PyStatus_Exception(status), 0, "the interpreter does not start");
        py::PyEval_SaveThread();
    }
}

/// Runs `code` in a namespace of its own and gives `str(result)`; panics with the traceback printed.
fn python(code: &str) -> String {
    static START: Once = Once::new();
    START.call_once(start);
    let source = CString::new(code).expect("the tests' code has no NUL in it");
    // SAFETY: the interpreter runs and the GIL is held in between. Nothing in between panics: the other tests' threads
    // would wait for the GIL for ever.
    let result = unsafe {
        let gil = py::PyGILState_Ensure();
        let result = run(&source);
        if result.is_none() {
            py::PyErr_Print();
        }
        py::PyGILState_Release(gil);
        result
    };
    result.unwrap_or_else(|| panic!("an exception, or no `result`, in:\n{code}"))
}

/// `str(result)` after running `source`, or nothing where an exception was raised or there is no `result`.
///
/// # Safety
///
/// The interpreter runs and the caller holds the GIL.
unsafe fn run(source: &CStr) -> Option<String> {
    // SAFETY: the caller holds the GIL; every pointer is checked before its use.
    unsafe {
        let globals = py::PyDict_New();
        if globals.is_null() {
            return None;
        }
        let none = py::PyRun_String(source.as_ptr(), py::Py_file_input, globals, globals);
        let result = py::PyDict_GetItemString(globals, c"result".as_ptr());
        let mut owned = None;
        if !none.is_null() && !result.is_null() {
            let text = py::PyObject_Str(result);
            if !text.is_null() {
                let utf8 = py::PyUnicode_AsUTF8AndSize(text, null_mut());
                owned = (!utf8.is_null()).then(|| CStr::from_ptr(utf8).to_string_lossy().into_owned());
                py::Py_DECREF(text);
            }
        }
        py::Py_XDECREF(none);
        py::Py_DECREF(globals);
        owned
    }
}

/// Compiles [`EXTENSION`] with the machine's C compiler and gives the folder that it can be imported from.
fn compile_extension() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("embedding-{BUILT_FOR}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("cargo's folder for temporary files is writable");
    let source = folder.join("headers.c");
    std::fs::write(&source, EXTENSION).expect("the folder was just made");
    let include = python("import sysconfig\nresult = sysconfig.get_path('include')");
    let platinclude = python("import sysconfig\nresult = sysconfig.get_path('platinclude')");
    let compiler = Command::new("cc")
        .args(["-O1", "-fPIC", "-shared", "-o"])
        .arg(folder.join("headers.so"))
        .arg(format!("-I{include}"))
        .arg(format!("-I{platinclude}"))
        .arg(&source)
        .output()
        .expect("there is a C compiler named cc");
    assert!(compiler.status.success(), "cc fails: {}", String::from_utf8_lossy(&compiler.stderr));
    folder
}

#[test]
fn the_running_interpreter_is_the_one_the_crate_was_built_for() {
    let running = python("import sys\nresult = '%d.%d' % sys.version_info[:2]");
    assert_eq!(running, BUILT_FOR);
}

#[test]
fn the_version_constant_agrees_with_the_running_interpreter() {
    let running = python("import sys\nresult = sys.hexversion");
    // SAFETY: a constant of libpython, written by nobody.
    let linked = unsafe { py::Py_Version };
    assert_eq!(running, linked.to_string());
}

#[test]
fn the_standard_library_is_the_one_of_that_version() {
    let folder = python("import os\nresult = os.path.basename(os.path.dirname(os.__file__))");
    assert_eq!(folder, format!("python{BUILT_FOR}"));
}

/// A shim or another `python3` on the path must not move the prefix away from the library that is loaded.
#[test]
fn the_prefix_is_the_one_of_the_interpreter_seen_by_the_build() {
    let Some(executable) = option_env!("TYPEDCALL_BUILD_PYTHON") else {
        // Built from a configuration file, which names no executable.
        return;
    };
    let asked = Command::new(executable)
        .args(["-c", "import sys; print(sys.base_prefix)"])
        .output()
        .expect("the interpreter that the build asked is still there");
    assert!(asked.status.success(), "{executable} fails: {}", String::from_utf8_lossy(&asked.stderr));
    let expected = String::from_utf8_lossy(&asked.stdout);
    assert_eq!(python("import sys\nresult = sys.base_prefix"), expected.trim_end());
}

#[test]
fn modules_written_in_c_import_from_the_same_prefix() {
    let outside = python(
        "
import importlib, os, sys, sysconfig
prefix = os.path.realpath(sys.base_prefix)
result = []
for name in ['math', '_struct', '_datetime', 'array', 'select', '_json', 'zlib']:
    path = getattr(importlib.import_module(name), '__file__', None)
    if path is not None and not os.path.realpath(path).startswith(prefix):
        result.append(path)
",
    );
    assert_eq!(outside, "[]");
}

#[test]
fn an_extension_compiled_against_its_headers_imports_and_agrees_on_the_version() {
    let folder = compile_extension();
    let path = folder.to_str().expect("cargo's folders are UTF-8 here");
    let agree = python(&format!(
        "
import sys
sys.path.insert(0, {path:?})
import headers
result = (headers.hex_version == sys.hexversion, hex(headers.hex_version), hex(sys.hexversion))
"
    ));
    assert!(agree.starts_with("(True"), "headers and library differ: {agree}");
    // Left behind it would only be an untidy folder; a failure to remove it is no failure of the claim.
    let _ = std::fs::remove_dir_all(folder);
}
