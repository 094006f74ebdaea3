//! The crate embeds the CPython that it was built for, not another one on the machine: the loaded library, its standard
//! library and the headers for extensions have one version.

use std::process::Command;

use crate::support::extension::{import, start};
use typedcall::embed::Python;

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

/// A C extension that knows the version of its headers.
const EXTENSION: &str = r#"
#include <Python.h>
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "headers", NULL, -1, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_headers(void) {
    PyObject *module = PyModule_Create(&def);
    if (module != NULL && PyModule_AddIntConstant(module, "hex_version", PY_VERSION_HEX) < 0) Py_CLEAR(module);
    return module;
}
"#;

/// `str(result)` after running `source`.
fn result_of(python: &Python, source: &str) -> String {
    let names = python.namespace().expect("there is memory");
    python.run(source, &names).unwrap_or_else(|exception| panic!("{exception} in\n{source}"));
    names.item(python, "result").and_then(|result| result.text(python).ok()).expect("the source binds `result`")
}

#[test]
fn the_running_interpreter_is_the_one_the_crate_was_built_for() {
    own_process!();
    let running = result_of(&start(), "import sys\nresult = '%d.%d' % sys.version_info[:2]");
    assert_eq!(running, BUILT_FOR);
}

#[test]
fn the_version_constant_agrees_with_the_running_interpreter() {
    own_process!();
    let running = result_of(&start(), "import sys\nresult = sys.hexversion");
    // SAFETY: a constant of libpython, which nothing writes.
    let linked = unsafe { pyo3_ffi::Py_Version };
    assert_eq!(running, linked.to_string());
}

#[test]
fn the_standard_library_is_the_one_of_that_version() {
    own_process!();
    let folder = result_of(&start(), "import os\nresult = os.path.basename(os.path.dirname(os.__file__))");
    assert_eq!(folder, format!("python{BUILT_FOR}"));
}

/// A shim or another `python3` on the path must not move the prefix away from the loaded library.
#[test]
fn the_prefix_is_the_one_of_the_interpreter_seen_by_the_build() {
    own_process!();
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
    assert_eq!(result_of(&start(), "import sys\nresult = sys.base_prefix"), expected.trim_end());
}

#[test]
fn modules_written_in_c_import_from_the_same_prefix() {
    own_process!();
    let outside = result_of(
        &start(),
        "
import importlib, os, sys
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
    own_process!();
    let python = start();
    let headers = import(&python, "headers", EXTENSION, &["-O1"]);
    let compiled = headers.attr(&python, "hex_version").and_then(|version| version.text(&python));
    assert_eq!(compiled, Ok(result_of(&python, "import sys\nresult = sys.hexversion")));
}
