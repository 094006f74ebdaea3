//! Golden tests of the lowering of whole functions. The input is `golden/body/*.txt`; the snapshot has the CLIF for the
//! Python versions that the file names, with the points at which the function may be left.
//!
//! ```text
//! # What the case shows.
//! python: 3.11 3.14
//! assumptions: versions                        how they are tested, by the flag if left out
//! callee demo.add: (f64, f64) -> f64           an underlying function
//! METH_O str.join: (self: str, object) -> str  a `ml_meth`, a method's
//! bound METH_O math.sqrt: (float) -> float     a `ml_meth`, a function's
//!
//! v6:Object = LoadArg<0>                       the function, with states, as `{:#}` prints it
//! ```

use std::fmt::Write;

use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use typedcall::cpython::Layout;
use typedcall::ir::{Callee, CalleeTarget, Callees, Function};
use typedcall::lower::body::{AssumptionTest, MethodCall, SymbolicReferences, build_body};
use typedcall::lower::{AddressTable, MethodConvention, body_isa};

#[derive(Default)]
struct Case {
    minors: Vec<u8>,
    callees: Callees,
    references: SymbolicReferences,
    ir: String,
}

fn case(text: &str) -> Case {
    let mut case = Case::default();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.split_once(": ") {
            Some(("python", versions)) => {
                let minor = |version: &str| version.strip_prefix("3.").and_then(|minor| minor.parse().ok());
                case.minors = versions.split(' ').map(|version| minor(version).expect("a version")).collect();
            }
            Some(("assumptions", "versions")) => {
                case.references.test = Some(AssumptionTest::Versions(vec![0]));
            }
            Some((head, signature)) if !head.starts_with(' ') && !head.starts_with("bb") && !head.starts_with('v') => {
                let words: Vec<_> = head.split(' ').collect();
                let (target, name) = match words[..] {
                    ["callee", name] => (CalleeTarget::Underlying, name),
                    ["bound", convention, name] => {
                        let call = MethodCall { convention: method(convention), is_bound: true };
                        case.references.methods.insert(name.into(), call);
                        (CalleeTarget::Method, name)
                    }
                    [convention, name] => {
                        let call = MethodCall { convention: method(convention), is_bound: false };
                        case.references.methods.insert(name.into(), call);
                        (CalleeTarget::Method, name)
                    }
                    _ => panic!("no such directive: {line}"),
                };
                let signature = signature.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
                case.callees.insert(name, Callee { signature, target });
            }
            _ => writeln!(case.ir, "{line}").expect("a string grows"),
        }
    }
    case
}

fn method(name: &str) -> MethodConvention {
    use MethodConvention::*;
    [NoArgs, O, FastCall, FastCallKeywords, VarArgs, VarArgsKeywords]
        .into_iter()
        .find(|method| method.name() == name)
        .unwrap_or_else(|| panic!("no such convention: {name}"))
}

fn golden(input: &str) -> String {
    let mut case = case(input);
    let function: Function = case.ir.parse().unwrap_or_else(|error| panic!("{error}:\n{}", case.ir));
    if let Err(error) = function.verify_calls(&case.callees) {
        panic!("{error}\n{function}");
    }
    let triple = "x86_64-unknown-linux-gnu".parse().expect("a triple that Cranelift knows");
    let isa = body_isa(Some(triple), true).expect("a target that Cranelift is built for");
    let addresses = AddressTable::symbolic();
    let mut text = format!("{function:#}");
    for minor in &case.minors {
        let layout = Layout::of(*minor).unwrap_or_else(|| panic!("no layout of 3.{minor}"));
        let mut context = Context::new();
        let exits = build_body(
            &mut context,
            &mut FunctionBuilderContext::new(),
            &*isa,
            &layout,
            &mut &addresses,
            &mut case.references,
            &function,
            &case.callees,
        );
        let exits = exits.unwrap_or_else(|error| panic!("{error}"));
        if let Err(errors) = context.verify(&*isa) {
            panic!("{errors}\n{}", context.func.display());
        }
        let clif = case.references.annotate(&addresses.annotate(&context.func.display().to_string()));
        write!(text, "--- CLIF, Python 3.{minor}\n{clif}").expect("a string grows");
        for (number, exit) in exits.iter().enumerate() {
            writeln!(text, "--- exit {number}\n{exit}").expect("a string grows");
        }
    }
    text
}

#[test]
fn every_input_lowers_to_its_snapshot() {
    super::check("body", golden);
}
