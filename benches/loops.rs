//! Four loops over typed methods, compiled beside interpreted: `cargo bench --bench loops`.
//!
//! The methods are those of the study of typed methods. The best of many interleaved rounds counts: what disturbs a round makes
//! it longer only. It fails where a compiled loop takes longer than CPython's interpreter.

use std::time::Instant;

use typedcall::demo;
use typedcall::embed::{Object, Python};
use typedcall::{Options, Specializer};

const LOOPS: &str = include_str!("../tests/compile/loops.py");
const NAMES: [&str; 4] = ["inc", "takes_object", "same", "same_may_raise"];
const ITERATIONS: i64 = 100_000;
const ROUNDS: usize = 60;

fn main() {
    let python = Python::attach();
    let folder = tempfile::tempdir().expect("a folder for temporary files can be made");
    let source = include_str!("../tests/c/loops.c");
    let library = demo::compile(&python, folder.path(), "loops", source).expect("it compiles");
    let module = demo::import(&python, "loops", &library).expect("it can be imported");
    let specializer = Specializer::new(&python, Options::default()).expect("this Python is supported");
    specializer.adopt(&python, &module).expect("its metadata is good");
    let names = python.namespace().expect("there is memory");
    names.set_item(&python, "m", &module).expect("there is memory");
    python.run(&LOOPS.replace("BOUND", "n"), &names).expect("they are functions");
    python.run("obj = object()", &names).expect("there is memory");
    let item = |name: &str| names.item(&python, name).expect("it was just defined");
    let (obj, count) = (item("obj"), python.int(ITERATIONS).expect("there is memory"));
    let time = |function: &Object| {
        let start = Instant::now();
        let result = function.call(&python, &[&obj, &count]).expect("no call raises");
        let time = start.elapsed().as_secs_f64() / ITERATIONS as f64 * 1e9;
        assert_eq!(result.text(&python).expect("an int"), ITERATIONS.to_string());
        time
    };
    println!("ns a round, best of {ROUNDS} times {ITERATIONS}   compiled  interpreted  ratio");
    let mut slower = Vec::new();
    for name in NAMES {
        let original = item(name);
        let compiled = specializer.compile(&python, &original);
        let compiled = compiled.unwrap_or_else(|error| panic!("{error}"));
        let fast = compiled.as_object(&python).expect("there is memory");
        let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            ours = ours.min(time(&fast));
            theirs = theirs.min(time(&original));
        }
        println!("  {name:<38} {ours:8.2} {theirs:12.2} {:6.2}", ours / theirs);
        assert_eq!(compiled.exits(), 0, "{name} left its code");
        if ours > theirs {
            slower.push(name);
        }
    }
    assert!(slower.is_empty(), "slower than interpreted: {}", slower.join(", "));
}
