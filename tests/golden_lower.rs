//! Golden tests of the lowering: `golden/lower/*.txt` in, the IR before and after specialization, the plan, and the CLIF
//! for the Python versions that the file names out, as a snapshot beside it. `support/lowering.rs` says what may stand
//! in an input.
//!
//! After a change that is meant, `INSTA_UPDATE=always cargo test --test golden_lower --test aarch64` writes all
//! snapshots anew.

mod support;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use support::lowering::{cases, clif, isa};
use typedcall::lower::{Convention, MethodConvention};
use typedcall::runtime::Layout;

fn golden(input: &str) -> String {
    // The baseline of one target: what the machine that runs the tests can do must not show.
    let isa = isa("x86_64-unknown-linux-gnu");
    let mut text = String::new();
    for case in cases(input) {
        text.push_str(&case.stages());
        for minor in &case.minors {
            let layout = Layout::of(*minor).unwrap_or_else(|| panic!("no layout of 3.{minor}"));
            let plan = case.lowered().1.unwrap_or_else(|reason| panic!("CLIF of what is not lowered: {reason}"));
            write!(text, "--- CLIF, Python 3.{minor}\n{}", clif(&*isa, &layout, &plan)).expect("a string grows");
        }
    }
    text
}

#[test]
fn every_input_lowers_to_its_snapshot() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden/lower");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::glob!("golden/lower/*.txt", |path| {
            let input = fs::read_to_string(path).expect("a file that was just listed");
            insta::assert_snapshot!("lower", golden(&input));
        });
    });
}

/// A snapshot whose input is gone is compared with nothing, and would stay for ever.
#[test]
fn every_snapshot_has_its_input() {
    for folder in ["lower", "aarch64"] {
        let folder = format!("{}/tests/golden/{folder}", env!("CARGO_MANIFEST_DIR"));
        let names: BTreeSet<_> = fs::read_dir(folder)
            .expect("the golden tests' folder")
            .map(|entry| entry.expect("the folder can be listed").file_name().into_string().expect("names are ASCII"))
            .collect();
        for snapshot in names.iter().filter(|name| name.ends_with(".snap")) {
            let input = snapshot.split_once('@').map(|(_, input)| input.trim_end_matches(".snap"));
            assert!(input.is_some_and(|input| names.contains(input)), "{snapshot} has no input");
        }
    }
}

#[test]
fn the_inputs_cover_every_convention_and_version() {
    let (mut conventions, mut minors) = (BTreeSet::new(), BTreeSet::new());
    for entry in fs::read_dir(format!("{}/tests/golden/lower", env!("CARGO_MANIFEST_DIR"))).expect("the inputs") {
        let path = entry.expect("the folder can be listed").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        for case in cases(&fs::read_to_string(path).expect("a file that was just listed")) {
            conventions.insert(match case.frame.convention {
                Convention::Objects { .. } => "boxed",
                Convention::Vectorcall => "vectorcall",
                Convention::Method(MethodConvention::Other) => continue,
                Convention::Method(method) => method.name(),
            });
            minors.extend(case.minors);
        }
    }
    assert_eq!(conventions.len(), 7, "{conventions:?}");
    assert_eq!(minors, BTreeSet::from([11, 12, 13, 14, 15]));
}
