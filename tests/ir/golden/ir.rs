//! Golden tests of the passes: each file in `golden/ir` contains callees and IR; its snapshot shows the IR after each
//! pass.
//!
//! A line `callee "demo.inc" underlying (i64) -> i64` names a callee, its target (`underlying` or `method`) and its
//! signature; the other lines are IR.

use std::fmt::Write;

use typedcall::ir::passes::{Knowledge, PassRun, passes};
use typedcall::ir::{Callee, CalleeTarget, Callees, Function};

/// Reads the callees of a file, and the function after them.
fn read(text: &str) -> (Callees, Function) {
    let mut callees = Callees::new();
    let mut ir = String::new();
    for line in text.lines() {
        match line.strip_prefix("callee ") {
            Some(callee) => {
                let (name, rest) = callee.strip_prefix('"').and_then(|rest| rest.split_once("\" ")).expect(line);
                let (target, signature) = rest.split_once(' ').expect(line);
                let target = match target {
                    "underlying" => CalleeTarget::Underlying,
                    "method" => CalleeTarget::Method,
                    other => panic!("unknown target {other}"),
                };
                let signature = signature.parse().unwrap_or_else(|error| panic!("{error}"));
                callees.insert(name, Callee { signature, target });
                ir.push('\n');
            }
            None => writeln!(ir, "{line}").expect("writing to a String can't fail"),
        }
    }
    let function = ir.parse().unwrap_or_else(|error| panic!("{error}"));
    (callees, function)
}

fn golden(text: &str) -> String {
    let (callees, mut function) = read(text);
    function.verify_calls(&callees).unwrap_or_else(|error| panic!("{error}"));
    let mut shown = format!(
        "{}\n== before\n{function}",
        text.lines().filter(|l| l.starts_with("callee")).fold(String::new(), |all, line| all + line + "\n")
    );
    let mut run = PassRun::default();
    for pass in passes() {
        let change = (pass.run)(&mut function, &Knowledge::of(&callees), &mut run);
        run.analyses.forget(change);
        function.verify_calls(&callees).unwrap_or_else(|error| panic!("after {}: {error}\n{function}", pass.name));
        write!(shown, "== {}\n{function}", pass.name).expect("writing to a String can't fail");
        let reread: Function = function.to_string().parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(reread.to_string(), function.to_string());
    }
    for call in run.left_alone {
        let inst = function.display_inst(&function.insts[call.inst]);
        writeln!(shown, "== left alone: {inst}\n{}", call.reason).expect("writing to a String can't fail");
    }
    shown
}

#[test]
fn passes_turn_calls_into_what_the_snapshots_show() {
    super::check("ir", golden);
}
