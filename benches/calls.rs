//! A call in all five ways, each group with its direct-C baseline: `cargo bench --bench calls`.
//!
//! The table of `typedcall bench` takes the ways in turns; this one has criterion's statistics.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use typedcall::demo::{self, Case};
use typedcall::embed::Python;
use typedcall::{Options, Specializer};

fn calls(criterion: &mut Criterion) {
    let python = Python::attach();
    let folder = tempfile::tempdir().expect("a folder for temporary files can be made");
    let module = demo::load(&python, folder.path()).expect("the demo's extension compiles");
    let specializer = Specializer::new(&python, Options::default()).expect("this Python is supported");
    specializer.adopt(&python, &module).expect("the demo's metadata is good");
    let runs = demo::runs(&python, &specializer, &module, folder.path()).expect("the demo has all stubs");
    for case in Case::ALL {
        let mut group = criterion.benchmark_group(case.name());
        for run in runs.iter().filter(|run| run.case == case) {
            group.bench_function(run.way.name(), |bencher| {
                bencher.iter_custom(|iterations| {
                    let start = Instant::now();
                    run.calls(i64::try_from(iterations).unwrap_or(i64::MAX));
                    start.elapsed().max(Duration::from_nanos(1))
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, calls);
criterion_main!(benches);
