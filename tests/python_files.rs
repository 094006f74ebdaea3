//! The package's own tests, `tests/python/test_*.py`, in the interpreter that the crate embeds: without a wheel, and with
//! the standard library alone.
//!
//! Each file has a process of its own, a Python that has `typedcall._native` among its built-in modules.

#[path = "support/as_python.rs"]
mod as_python;

use std::process::ExitCode;

use as_python::{Program, Test, in_tree, python_files, stem};
use typedcall::python::PyInit__native;

fn main() -> ExitCode {
    let program = Program {
        name: "python_files",
        modules: &[(c"typedcall._native", PyInit__native)],
        environment: vec![("PYTHONPATH", in_tree("python").into())],
        // What these ask for is for the tests to ask.
        without: &["TYPEDCALL_DISABLE", "TYPEDCALL_VERIFY", "TYPEDCALL_LOG"],
        verbose: false,
    };
    let files = python_files("tests/python", |stem| stem.starts_with("test_"));
    let runner = in_tree("tests/python/run.py");
    let test = |file| Test { name: stem(file), arguments: vec![runner.clone().into(), file.into()] };
    program.main(files.iter().map(|file| test(file)).collect(), |_| {})
}
