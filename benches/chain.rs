//! A chain of five typed float calls, compiled, and the same chain in C: `cargo bench --bench chain`.
//!
//! Both take objects and return one, through the same loop in C. The chain in C calls the same functions through
//! pointers that its compiler (`-O2`) knows nothing of. The best of many rounds counts, with the two in turns: a
//! disturbance only makes a round longer, and some rounds are short enough to be undisturbed, even on a busy machine.
//! The bench fails if ours takes more than [`LIMIT`] times as long.

use std::ptr::NonNull;
use std::time::Instant;

use pyo3_ffi as ffi;
use typedcall::demo;
use typedcall::embed::{Object, Python};
use typedcall::{Options, Specializer};

const SOURCE: &str = "
def chain(a, b, c):
    return m.mul(m.add(m.mul(m.add(m.mul(a, b), c), a), b), c)
";
const CALLS: i64 = 100_000;
const ROUNDS: usize = 500;
/// The limit for the time of the compiled chain divided by that of the chain in C.
const LIMIT: f64 = 1.3;

type Chain = unsafe extern "C-unwind" fn(*const *mut ffi::PyObject) -> *mut ffi::PyObject;
type RunObjects = unsafe extern "C" fn(Chain, *const *mut ffi::PyObject, i64) -> i32;
type Numbers = unsafe extern "C" fn(f64, f64, f64) -> f64;
type RunNumbers = unsafe extern "C" fn(Numbers, f64, f64, f64, i64) -> f64;

fn main() {
    let python = Python::attach();
    let folder = tempfile::tempdir().expect("a folder for temporary files can be made");
    let source = include_str!("../tests/c/chain.c");
    let library = demo::compile(&python, folder.path(), "chain", source).expect("it compiles");
    let module = demo::import(&python, "chain", &library).expect("it can be imported");
    let specializer = Specializer::new(&python, Options::default()).expect("this Python is supported");
    specializer.adopt(&python, &module).expect("its metadata is good");
    let names = python.namespace().expect("there is memory");
    names.set_item(&python, "m", &module).expect("there is memory");
    python.run(SOURCE, &names).expect("it is a function");
    let function = names.item(&python, "chain").expect("it was just defined");
    let compiled = specializer.compile(&python, &function).unwrap_or_else(|error| panic!("{error}"));
    let address = |index: usize| {
        let text = format!("m.addresses()[{index}]");
        let number = python.eval(&text, &names).and_then(|number| number.text(&python)).expect("the module has it");
        NonNull::new(number.parse::<usize>().expect("an address") as *mut u8).expect("a function")
    };
    // SAFETY: chain.c says so.
    let (run, in_c, run_numbers, numbers) = unsafe {
        (
            std::mem::transmute::<NonNull<u8>, RunObjects>(address(0)),
            std::mem::transmute::<NonNull<u8>, Chain>(address(1)),
            std::mem::transmute::<NonNull<u8>, RunNumbers>(address(2)),
            std::mem::transmute::<NonNull<u8>, Numbers>(address(3)),
        )
    };
    let arguments = ["1.5", "2.5", "-3.25"].map(|text| python.eval(text, &names).expect("a float"));
    let pointers = arguments.each_ref().map(Object::as_ptr);
    let time = |chain: Chain| {
        let start = Instant::now();
        // SAFETY: both chains take three objects.
        assert_eq!(unsafe { run(chain, pointers.as_ptr(), CALLS) }, 0, "no call raises");
        start.elapsed().as_secs_f64() / CALLS as f64 * 1e9
    };
    let interpreted = || {
        let start = Instant::now();
        for _ in 0..CALLS / 100 {
            function.call(&python, &arguments.each_ref()).expect("no call raises");
        }
        start.elapsed().as_secs_f64() / (CALLS / 100) as f64 * 1e9
    };
    let (mut ours, mut theirs, mut bare, mut original) = (f64::MAX, f64::MAX, f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        ours = ours.min(time(compiled.entry()));
        theirs = theirs.min(time(in_c));
        let start = Instant::now();
        // SAFETY: it takes three numbers.
        std::hint::black_box(unsafe { run_numbers(numbers, 1.5, 2.5, -3.25, CALLS) });
        bare = bare.min(start.elapsed().as_secs_f64() / CALLS as f64 * 1e9);
        original = original.min(interpreted());
    }
    println!("five typed calls, objects in and out, best of {ROUNDS} rounds of {CALLS} calls");
    println!("  compiled                {ours:7.2} ns   {:.2} of C", ours / theirs);
    println!("  C, objects              {theirs:7.2} ns");
    println!("  C, numbers only         {bare:7.2} ns");
    println!("  CPython's interpreter   {original:7.2} ns");
    println!("  {} bytes of machine code", compiled.code_bytes());
    assert!(ours <= LIMIT * theirs, "the compiled chain takes more than {LIMIT} times as long as the one in C");
}
