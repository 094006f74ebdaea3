//! The corpus: small functions, several for each construct of Python, over many arguments: in CPython, in the interpreter of
//! decoded bytecode, and compiled, loops and handlers too: without passes, with them, and so that one guard, each in turn, never
//! holds. See `tests/corpus/compare.py` for what must agree.
//!
//! Each file of the corpus has a process of its own. With `CORPUS_BY=cpython` CPython is compared with itself, which shows that
//! the comparison sees no differences where there are none; that it sees those that there are is for `faults.py` to show.

#[path = "support/as_python.rs"]
mod as_python;
#[path = "support/compiled.rs"]
mod compiled;
#[path = "support/interpreted.rs"]
mod interpreted;
#[path = "support/runner.rs"]
mod runner;

use std::process::ExitCode;

use as_python::{Program, Test, in_tree, python_files, stem};

/// Files in the folder that are not of the corpus.
const AROUND: [&str; 5] = ["compare", "constructs", "faults", "objects", "run"];
/// As many functions as there must be at least.
const LEAST: u64 = 150;
/// As many of them as must be compiled at least.
const LEAST_COMPILED: u64 = 400;

fn main() -> ExitCode {
    let program = Program {
        name: "corpus",
        modules: &[interpreted::MODULE, compiled::MODULE],
        environment: vec![("PYTHONDONTWRITEBYTECODE", "1".into())],
        without: &["PYTHONPATH"],
        verbose: true,
    };
    let by = std::env::var_os("CORPUS_BY").unwrap_or_else(|| "interpreter".into());
    let runner = in_tree("tests/corpus/run.py");
    let files = python_files("tests/corpus", |stem| !AROUND.contains(&stem));
    let test = |file| Test { name: stem(file), arguments: vec![runner.clone().into(), file.into(), by.clone()] };
    let mut tests: Vec<Test> = files.iter().map(|file| test(file)).collect();
    for around in ["faults", "constructs"] {
        let arguments = vec![in_tree(&format!("tests/corpus/{around}.py")).into()];
        tests.push(Test { name: around.to_owned(), arguments });
    }
    let count = tests.len();
    program.main(tests, |printed| {
        let units = ["functions,", "calls,", "exceptions,", "code", "compiled,", "guards,", "exits,"];
        let [functions, calls, exceptions, code_objects, compiled, guards, exits] =
            units.map(|unit| printed.iter().map(|text| counted(text, unit)).sum::<u64>());
        println!("{functions} functions, {code_objects} code objects, {calls} calls, {exceptions} exceptions compared");
        println!("{compiled} functions compiled, {guards} guards, {exits} exits");
        assert!(printed.len() < count || functions >= LEAST, "the corpus has only {functions} functions");
        assert!(printed.len() < count || compiled >= LEAST_COMPILED, "only {compiled} functions are compiled");
    })
}

/// The number in front of this word in the summary, the last line that has it.
fn counted(text: &str, unit: &str) -> u64 {
    let words: Vec<&str> =
        text.lines().rfind(|line| line.contains(" functions, ")).unwrap_or_default().split(' ').collect();
    let at = words.iter().position(|word| *word == unit);
    at.and_then(|at| words.get(at.checked_sub(1)?)?.parse().ok()).unwrap_or(0)
}
