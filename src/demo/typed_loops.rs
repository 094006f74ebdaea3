//! Loops of Python over typed methods: interpreted, compiled, and the same loops in C.

use std::path::Path;
use std::time::Instant;

use pyo3_ffi as ffi;

use super::extension::{compile, import};
use super::library::Library;
use crate::embed::{Object, Python};
use crate::ir::Type;
use crate::{CompileOptions, Options, Specializer};

/// The source of the extension, with the loops in C.
const EXTENSION: &str = include_str!("typed_loops.c");
/// The loops in Python; `m` is the extension.
const LOOPS: &str = include_str!("typed_loops.py");
const MODULE: &str = "typedcall_typed_loops";
/// Their names.
pub const CASES: [&str; 5] = ["loop_inc", "loop_obj", "loop_same", "loop_same_raise", "loop_exc"];
/// How they run.
pub const WAYS: [&str; 3] = ["python", "typedcall", "c"];

/// Nanoseconds per iteration of a loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoopTime {
    /// The loop.
    pub case: &'static str,
    /// `python`: by CPython's interpreter; `typedcall`: compiled; `c`: the loop in C at -O2, which calls the function
    /// through a pointer.
    pub how: &'static str,
    /// The least of all rounds: what disturbs a round makes it longer only.
    pub least: f64,
}

type LoopInC = unsafe extern "C" fn(*mut ffi::PyObject, i64) -> i64;

/// Times all loops in all ways, in turns: `rounds` times `iterations` each, of at most ten million.
///
/// # Errors
/// If the extension can't be compiled or imported, or a loop can't be compiled, or gives another result.
pub fn measure_loops(
    python: &Python,
    directory: &Path,
    rounds: usize,
    iterations: i64,
) -> Result<Vec<LoopTime>, Box<dyn std::error::Error>> {
    let library = compile(python, directory, MODULE, EXTENSION)?;
    let module = import(python, MODULE, &library)?;
    // SAFETY: it is an imported module, so it is loaded.
    let library = unsafe { Library::load(&library)? };
    let specializer = Specializer::new(python, Options::default())?;
    specializer.adopt(python, &module)?;
    let names = python.namespace()?;
    names.set_item(python, "m", &module)?;
    python.run(LOOPS, &names)?;
    python.run("obj = object()", &names)?;
    let item = |name: &str| names.item(python, name).ok_or_else(|| python.take_exception());
    let (object, count) = (item("obj")?, python.int(iterations)?);
    let expects = [None, Some(Type::LONG_EXACT)];
    let mut times = Vec::new();
    for case in CASES {
        let original = item(case)?;
        let mut options = CompileOptions::default();
        options.argument_types = expects.to_vec();
        let compiled = specializer.compile_with(python, &original, &options)?.as_object(python)?;
        // SAFETY: the loops in C have this signature.
        let in_c: LoopInC = unsafe { library.function(case)? };
        let result = if case == "loop_exc" { 10_000_000 } else { iterations }.to_string();
        let call = |function: &Object| -> Result<(), Box<dyn std::error::Error>> {
            let found = function.call(python, &[&object, &count])?.text(python)?;
            if found == result { Ok(()) } else { Err(format!("{case} returned {found}, not {result}").into()) }
        };
        let mut least = [f64::MAX; 3];
        for _ in 0..rounds.max(1) {
            for (way, least) in least.iter_mut().enumerate() {
                let start = Instant::now();
                match way {
                    0 => call(&original)?,
                    1 => call(&compiled)?,
                    // SAFETY: the thread is attached, and the object alive.
                    _ => drop(std::hint::black_box(unsafe { in_c(object.as_ptr(), iterations) })),
                }
                *least = least.min(start.elapsed().as_secs_f64() * 1e9 / iterations as f64);
            }
        }
        times.extend(WAYS.iter().zip(least).map(|(&how, least)| LoopTime { case, how, least }));
    }
    Ok(times)
}
