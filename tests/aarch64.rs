//! The same IR and plans compile for aarch64, on any machine. `golden/aarch64/*.txt` are shown as machine code, in a
//! snapshot beside each; every input of the lowering's golden tests must compile, for every Python.

mod support;

use std::fmt::Write;
use std::fs;

use support::lowering::{cases, isa, machine_code};
use typedcall::runtime::Layout;

const TARGET: &str = "aarch64-unknown-linux-gnu";

#[test]
fn machine_code_is_that_of_its_snapshot() {
    let isa = isa(TARGET);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden/aarch64");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::glob!("golden/aarch64/*.txt", |path| {
            let mut text = String::new();
            for case in cases(&fs::read_to_string(path).expect("a file that was just listed")) {
                text.push_str(&case.stages());
                let plan = case.lowered().1.unwrap_or_else(|reason| panic!("not lowered: {reason}"));
                for minor in &case.minors {
                    let layout = Layout::of(*minor).unwrap_or_else(|| panic!("no layout of 3.{minor}"));
                    let code = machine_code(&*isa, &layout, &plan);
                    write!(text, "--- {TARGET}, Python 3.{minor}\n{code}").expect("a string grows");
                }
            }
            insta::assert_snapshot!("aarch64", text);
        });
    });
}

#[test]
fn every_case_compiles_for_every_python() {
    let isa = isa(TARGET);
    let mut compiled = 0;
    for entry in fs::read_dir(format!("{}/tests/golden/lower", env!("CARGO_MANIFEST_DIR"))).expect("the inputs") {
        let path = entry.expect("the folder can be listed").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        for case in cases(&fs::read_to_string(&path).expect("a file that was just listed")) {
            // What is not lowered is so on every target; its snapshot has the reason.
            let Ok(plan) = case.lowered().1 else { continue };
            for minor in Layout::MINORS {
                let layout = Layout::of(minor).expect("every minor version has a layout");
                let code = machine_code(&*isa, &layout, &plan);
                assert!(code.contains("ret"), "{}:\n{code}", path.display());
                compiled += 1;
            }
        }
    }
    assert!(compiled > 5 * 100, "only {compiled} stubs were compiled");
}
