//! A bound C function and a hand-written wrapper of the same function: `cargo bench --bench bound`.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::ffi::c_void;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use typedcall::demo;
use typedcall::embed::{Object, Python};
use typedcall::{Bind, Options, Specializer};

/// A function of bound.c.
struct Case {
    name: &'static str,
    signature: &'static str,
    /// The kinds of calls, with their arguments.
    calls: &'static [(&'static str, &'static str)],
}

const CASES: [Case; 2] = [
    Case {
        name: "half",
        signature: "(f64) -> f64 [no_python]",
        calls: &[("float", "(1.5,)"), ("int", "(3,)"), ("parsed", "(Index(),)")],
    },
    Case {
        name: "add",
        signature: "(f64, f64) -> f64 [no_python]",
        calls: &[("float", "(1.5, 2.5)"), ("int", "(3, 4)")],
    },
];

fn bound(criterion: &mut Criterion) {
    let python = Python::attach();
    let folder = tempfile::tempdir().expect("a folder for temporary files can be made");
    let library = demo::compile(&python, folder.path(), "bound", include_str!("bound.c")).expect("it compiles");
    let module = demo::import(&python, "bound", &library).expect("it can be imported");
    let specializer = Specializer::new(&python, Options::default()).expect("this Python is supported");
    let names = python.namespace().expect("there is memory");
    names.set_item(&python, "module", &module).expect("there is memory");
    python.run("class Index:\n    def __index__(self): return 3", &names).expect("a class can be made");
    let text = |expression: &str| {
        python.eval(expression, &names).and_then(|value| value.text(&python)).expect("the module has it")
    };
    for (position, Case { name, signature, calls }) in CASES.into_iter().enumerate() {
        let address: usize = text(&format!("module.addresses()[{position}]")).parse().expect("an address");
        let address = NonNull::new(address as *mut c_void).expect("a function has an address");
        // SAFETY: bound.c says so.
        let bound = unsafe { specializer.bind(&python, address, signature, name, &Bind::default()) };
        let bound = bound.expect("it can be bound");
        let wrapper = module.attr(&python, name).expect("the module has it");
        for (what, arguments) in calls {
            let arguments = python.eval(arguments, &names).expect("a tuple");
            let mut group = criterion.benchmark_group(format!("{name} of {what}"));
            for (way, callable) in [("wrapper", &wrapper), ("bound", &bound)] {
                group.bench_function(way, |bencher| {
                    bencher.iter_custom(|iterations| time(&python, &module, callable, &arguments, iterations));
                });
            }
            group.finish();
        }
    }
}

fn time(python: &Python, module: &Object, callable: &Object, arguments: &Object, calls: u64) -> Duration {
    let calls = python.int(i64::try_from(calls).unwrap_or(i64::MAX)).expect("there is memory");
    let run = module.attr(python, "loop").expect("the module has it");
    let start = Instant::now();
    run.call(python, &[callable, arguments, &calls]).expect("no call raises");
    start.elapsed().max(Duration::from_nanos(1))
}

criterion_group!(benches, bound);
criterion_main!(benches);
