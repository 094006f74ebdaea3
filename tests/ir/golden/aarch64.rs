//! The same IR and plans compile for aarch64, on any machine. `golden/aarch64/*.txt` are shown as machine code, with a
//! snapshot for each; every input of the lowering's golden tests must compile, for every Python.

use std::fmt::Write;

use crate::support::lowering::{cases, isa, machine_code};
use typedcall::cpython::Layout;

const TARGET: &str = "aarch64-unknown-linux-gnu";

fn golden(input: &str) -> String {
    let isa = isa(TARGET);
    let mut text = String::new();
    for case in cases(input) {
        text.push_str(&case.stages());
        let plan = case.lowered().1.unwrap_or_else(|reason| panic!("not lowered: {reason}"));
        for minor in &case.minors {
            let layout = Layout::of(*minor).unwrap_or_else(|| panic!("no layout of 3.{minor}"));
            let code = machine_code(&*isa, &layout, &plan);
            write!(text, "--- {TARGET}, Python 3.{minor}\n{code}").expect("a string grows");
        }
    }
    text
}

#[test]
fn machine_code_is_that_of_its_snapshot() {
    super::check("aarch64", golden);
}

#[test]
fn every_case_compiles_for_every_python() {
    let isa = isa(TARGET);
    let mut compiled = 0;
    for (name, text) in super::inputs("lower") {
        for case in cases(&text) {
            // A plan that can't be lowered can't be on any target; its snapshot has the reason.
            let Ok(plan) = case.lowered().1 else { continue };
            for minor in Layout::MINORS {
                let layout = Layout::of(minor).expect("every minor version has a layout");
                let code = machine_code(&*isa, &layout, &plan);
                assert!(code.contains("ret"), "{name}:\n{code}");
                compiled += 1;
            }
        }
    }
    assert!(compiled > 5 * 100, "only {compiled} stubs were compiled");
}
