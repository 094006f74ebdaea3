//! CPython's own tests of `heapq`, `bisect`, `statistics`, `textwrap`, `json` and `_pydecimal`. The pure-Python functions of these
//! modules run in the interpreter of decoded bytecode, and each test has the same outcome as in CPython.
//!
//! Refused functions, mostly generators, run in CPython; the shares are printed, and must be large. With `STDLIB_SUITES=full`
//! the tests of `statistics` run too, which take minutes. See `tests/support/stdlib_suites.py`.

#[path = "support/as_python.rs"]
mod as_python;
#[path = "support/interpreted.rs"]
mod interpreted;
#[path = "support/runner.rs"]
mod runner;

use std::process::ExitCode;

use as_python::{Program, Test, in_tree};

/// The longest first.
const SUITES: [&str; 6] =
    ["test_decimal", "test_statistics", "test_json", "test_heapq", "test_textwrap", "test_bisect"];

fn main() -> ExitCode {
    let program = Program {
        name: "stdlib_suites",
        modules: &[interpreted::MODULE],
        environment: vec![("PYTHONDONTWRITEBYTECODE", "1".into())],
        without: &["PYTHONPATH"],
        verbose: true,
    };
    let full = std::env::var_os("STDLIB_SUITES").is_some_and(|value| value == "full");
    let test = |suite: &str| {
        let mut arguments = vec![in_tree("tests/support/stdlib_suites.py").into(), suite.into()];
        arguments.extend(full.then(|| "--all".into()));
        Test { name: suite.to_owned(), arguments }
    };
    program.main(SUITES.map(test).into(), |_| {})
}
