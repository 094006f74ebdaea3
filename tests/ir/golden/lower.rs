//! Golden tests of the lowering. The input is `golden/lower/*.txt`; the snapshot has the IR before and after
//! specialization, the plan, and the CLIF for the Python versions that the file names. `support/lowering.rs` describes
//! the inputs.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::support::lowering::{cases, clif, isa};
use typedcall::cpython::Layout;
use typedcall::lower::{Convention, MethodConvention};

fn golden(input: &str) -> String {
    // The baseline of one target, so that the machine that runs the tests makes no difference.
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
    super::check("lower", golden);
}

#[test]
fn the_inputs_cover_every_convention_and_version() {
    let (mut conventions, mut minors) = (BTreeSet::new(), BTreeSet::new());
    for (_, text) in super::inputs("lower") {
        for case in cases(&text) {
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
