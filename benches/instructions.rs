//! The instructions of a thousand calls of stubs, counted by valgrind: `cargo bench --bench instructions`.
//!
//! Needs valgrind, and gungraun-runner in the version of the gungraun in Cargo.lock (`cargo install gungraun-runner`).
#![allow(missing_docs, reason = "gungraun's macros make undocumented items")]

use gungraun::{LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use typedcall::demo::{self, Case, Run, Way};
use typedcall::embed::Python;
use typedcall::{Options, Specializer};

const CALLS: i64 = 1000;

/// A warm call, with the GIL and the specializer that it needs.
type Prepared = (Run, Specializer, Python);

fn prepare(case: Case, way: Way) -> Prepared {
    let python = Python::attach();
    let folder = tempfile::tempdir().expect("a folder for temporary files can be made");
    let module = demo::load(&python, folder.path()).expect("the demo's extension compiles");
    let specializer = Specializer::new(&python, Options::default()).expect("this Python is supported");
    specializer.adopt(&python, &module).expect("the demo's metadata is good");
    let runs = demo::runs(&python, &specializer, &module, folder.path()).expect("the demo has all stubs");
    let run = runs.into_iter().find(|run| run.case == case && run.way == way).expect("every case has every way");
    run.calls(CALLS);
    (run, specializer, python)
}

#[library_benchmark(setup = prepare)]
#[bench::noop_guarded(Case::Noop, Way::Guarded)]
#[bench::noop_native(Case::Noop, Way::Native)]
#[bench::inc_guarded(Case::Inc, Way::Guarded)]
#[bench::inc_native(Case::Inc, Way::Native)]
#[bench::add_guarded(Case::Add, Way::Guarded)]
#[bench::add_native(Case::Add, Way::Native)]
#[bench::obj_guarded(Case::Obj, Way::Guarded)]
#[bench::obj_native(Case::Obj, Way::Native)]
fn thousand_calls(prepared: Prepared) -> Prepared {
    prepared.0.calls(CALLS);
    prepared
}

library_benchmark_group!(name = stubs, benchmarks = [thousand_calls]);
// The C compiler for the demo's extension finds its parts through the environment.
main!(config = LibraryBenchmarkConfig::default().env_clear(false), library_benchmark_groups = stubs);
