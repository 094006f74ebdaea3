//! Every combination of parameter kind, position, result kind, error convention and shape in the grammar, made as a C
//! function with a wrapper, and called through the wrapper and through every entry of its stubs, over edge inputs. All
//! must agree on result, type, exception, text, reference counts and the number of conversions run.
//!
//! `axes.rs` lists the combinations, `source.rs` writes their underlying functions in C, `*.c` are their wrappers and
//! the calls, `setup.py` the inputs. Each version of Python makes a third of the methods; three versions in a row make
//! them all. With `TYPEDCALL_MATRIX=plain` in the environment one version makes them all, and with `full` also the
//! positions whose neighbours have the same outcome.

mod axes;
mod extension;
mod extras;
mod source;
mod tally;

use std::time::Instant;

use crate::support::extension::start;
use axes::{Axes, Case, Shape};
use extension::{Extension, Way};
use tally::Tally;
use typedcall::embed::Python;
use typedcall::{Entry, Options, Specializer};

/// The number of methods that share a specializer, which remembers each.
const METHODS_OF_A_SPECIALIZER: usize = 500;

/// One of this many specializers verifies the code generator's input, which takes a third of the time.
const VERIFIED: usize = 4;

fn check(
    python: &Python,
    specializer: &Specializer,
    extension: &Extension,
    axes: &Axes,
    case: &Case,
    tally: &mut Tally,
) {
    let method = extension.method(python, axes, case);
    let signature = specializer.signature(python, &method.callable).unwrap_or_else(|error| panic!("{case:?}: {error}"));
    let overload = axes.overload(case);
    overload.check().unwrap_or_else(|nonsense| panic!("{overload}: {nonsense}"));
    assert_eq!(signature.to_string(), overload.to_string());

    for entry in [Entry::Boxed, Entry::Guarded, Entry::Vectorcall, Entry::Native] {
        match specializer.stub(python, &method.callable, entry) {
            Ok(stub) => {
                let address = stub.address().as_ptr().cast();
                if entry == Entry::Native {
                    assert_eq!(address, method.function.cast_mut(), "{overload}");
                }
                tally.compared(axes, case, entry.into(), extension.compare(&method, Way::Address(entry, address)));
            }
            Err(error) => tally.refused(axes, case, entry.into(), &error),
        }
    }
    // A method's stub for Python is its guarded stub in a descriptor; a function's stub finds its cell in another way.
    if case.holder == axes::Holder::Function && case.shape != Shape::Method {
        match specializer.function(python, &method.callable) {
            Ok(function) => {
                tally.compared(
                    axes,
                    case,
                    tally::Through::Python,
                    extension.compare(&method, Way::Function(&function)),
                );
            }
            Err(error) => tally.refused(axes, case, tally::Through::Python, &error),
        }
    }
}

// Two halves, so that two processors have something to do.
#[test]
fn one_half_of_the_methods_of_the_grammar_agrees_through_every_entry() {
    own_process!();
    agree_through_every_entry(0);
}

#[test]
fn the_other_half_of_the_methods_of_the_grammar_agrees_through_every_entry() {
    own_process!();
    agree_through_every_entry(1);
}

/// The `11` of 3.11.
fn minor_version() -> usize {
    // SAFETY: a constant of the interpreter.
    let version = unsafe { pyo3_ffi::Py_Version };
    (version >> 16 & 0xff) as usize
}

fn agree_through_every_entry(half: usize) {
    let extent = std::env::var("TYPEDCALL_MATRIX").unwrap_or_default();
    let python = start();
    let started = Instant::now();
    let mut axes = Axes::new(extent == "full");
    match &*extent {
        "full" | "plain" => {}
        "" => axes.keep_third(minor_version() % 3),
        other => panic!("TYPEDCALL_MATRIX is `plain` or `full`, not {other:?}"),
    }
    axes.keep_half(half);
    let generated = started.elapsed();
    let extension = Extension::load(&python, &axes);
    let compiled = started.elapsed();
    let mut tally = Tally::default();
    for (number, cases) in axes.cases.chunks(METHODS_OF_A_SPECIALIZER).enumerate() {
        let mut options = Options::default();
        options.verify_code &= number % VERIFIED == 0;
        let specializer = Specializer::new(&python, options).expect("the crate is built for the running interpreter");
        for case in cases {
            check(&python, &specializer, &extension, &axes, case, &mut tally);
        }
    }
    tally.print(&axes, extension.functions());
    println!(
        "\n{:.1} s to generate, {:.1} s to compile, {:.1} s to run",
        generated.as_secs_f64(),
        (compiled - generated).as_secs_f64(),
        (started.elapsed() - compiled).as_secs_f64()
    );
    tally.assert_all_agree();
}
