//! Golden tests of the passes over functions: each file in `golden/passes` contains what is known, and IR; its snapshot
//! shows the IR after each pass that changed it.
//!
//! Besides IR, with the frame states of the alternate form, a file has these lines. `callee "demo.inc" underlying (i64)
//! -> i64` names a callee, its target (`underlying`, `method` or `class`) and its signature; `below "math.sqrt" "sqrt"
//! finite` names the C function below one. A line of the world gives the object of a name: `global "math"
//! Module["math"]`, `builtin "len" CFunction["len"]`, `attribute "math" "sqrt" CFunction["math.sqrt"]`, `method
//! UnicodeExact "upper" MethodDescr["str.upper"]`. `avoid 4 overflow` says what must not be expected of an instruction of
//! the bytecode. `python 3.14` is the version that gives the order of deaths and the garbage collector; without it, 3.11.

use std::fmt::Write;

use typedcall::cpython::{Collector, DeathOrder};
use typedcall::ir::passes::{Avoided, Knowledge, run_function_observed};
use typedcall::ir::{
    Assumption, Callee, CalleeBelow, CalleeTarget, Callees, ConstObject, Found, Function, Type, World,
};

/// A world of a few lines.
#[derive(Default)]
struct Lines {
    globals: Vec<(bool, String, Type)>,
    attributes: Vec<(String, String, Type)>,
    methods: Vec<(Type, String, Type)>,
    death_order: DeathOrder,
    collector: Collector,
}

fn object(ty: &Type) -> ConstObject {
    ty.const_object().expect("a line of the world gives one object").clone()
}

impl World for Lines {
    fn death_order(&self) -> DeathOrder {
        self.death_order
    }

    fn collector(&self) -> Collector {
        self.collector
    }

    fn global(&self, name: &str) -> Option<Found> {
        let (is_builtin, _, ty) = self.globals.iter().find(|(_, known, _)| known == name)?;
        let (name, value) = (name.into(), object(ty));
        let assumption =
            if *is_builtin { Assumption::Builtin { name, value } } else { Assumption::Global { name, value } };
        Some(Found { ty: ty.clone(), assumption: Some(assumption) })
    }

    fn attribute(&self, module: &ConstObject, _: &Type, name: &str) -> Option<Found> {
        let of = |(label, known, _): &&(String, String, Type)| *label == *module.label && known == name;
        let (_, _, ty) = self.attributes.iter().find(of)?;
        let assumption = Assumption::ModuleAttribute { module: module.clone(), name: name.into(), value: object(ty) };
        Some(Found { ty: ty.clone(), assumption: Some(assumption) })
    }

    fn method(&self, receiver: &Type, name: &str) -> Option<Found> {
        let of = |(class, known, _): &&(Type, String, Type)| receiver.is_subtype(class) && known == name;
        let (_, _, ty) = self.methods.iter().find(of)?;
        Some(Found { ty: ty.clone(), assumption: None })
    }
}

/// The contents of a file.
#[derive(Default)]
struct Case {
    callees: Callees,
    world: Lines,
    avoided: Avoided,
    ir: String,
}

/// A text in quotes at the start.
fn quoted(text: &str) -> (&str, &str) {
    let (quoted, rest) = text.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')).expect(text);
    (quoted, rest.trim_start())
}

fn ty(text: &str) -> Type {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn read(text: &str) -> Case {
    let mut case = Case::default();
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "callee" => {
                let (name, rest) = quoted(rest);
                let (target, signature) = rest.split_once(' ').expect(line);
                let target = match target {
                    "underlying" => CalleeTarget::Underlying,
                    "method" => CalleeTarget::Method,
                    "class" => CalleeTarget::Class,
                    other => panic!("unknown target {other}"),
                };
                let signature = signature.parse().unwrap_or_else(|error| panic!("{error}"));
                case.callees.insert(name, Callee { signature, target });
            }
            "below" => {
                let (name, rest) = quoted(rest);
                let (callee, rest) = quoted(rest);
                let find = |name: &str| case.callees.find(name).unwrap_or_else(|| panic!("no callee {name}: {line}"));
                let (of, callee) = (find(name), find(callee));
                case.callees.set_below(of, CalleeBelow { callee, finite: rest == "finite" });
            }
            "global" | "builtin" => {
                let (name, rest) = quoted(rest);
                case.world.globals.push((word == "builtin", name.to_owned(), ty(rest)));
            }
            "attribute" => {
                let (module, rest) = quoted(rest);
                let (name, rest) = quoted(rest);
                case.world.attributes.push((module.to_owned(), name.to_owned(), ty(rest)));
            }
            "python" => {
                let minor = rest.strip_prefix("3.").and_then(|minor| minor.parse().ok()).expect(line);
                (case.world.death_order, case.world.collector) = (DeathOrder::of(minor), Collector::of(minor));
            }
            "avoid" => {
                let (place, reason) = rest.split_once(' ').expect(line);
                let reason = reason.parse().unwrap_or_else(|error| panic!("{error}"));
                case.avoided.add(place.parse().expect(line), reason);
            }
            "method" => {
                let (class, rest) = rest.split_once(' ').expect(line);
                let (name, rest) = quoted(rest);
                case.world.methods.push((ty(class), name.to_owned(), ty(rest)));
            }
            _ => {
                writeln!(case.ir, "{line}").expect("writing to a String can't fail");
                continue;
            }
        }
        case.ir.push('\n');
    }
    case
}

fn golden(text: &str) -> String {
    let case = read(text);
    let mut function: Function = case.ir.parse().unwrap_or_else(|error| panic!("{error}"));
    function.verify_calls(&case.callees).unwrap_or_else(|error| panic!("{error}"));
    let with_states = text.contains("# states");
    let mut shown = format!("== before\n{function}");
    let knowledge = Knowledge { avoided: &case.avoided, ..Knowledge::of_function(&case.callees, &case.world) };
    let mut before = function.clone();
    let left_alone = run_function_observed(&mut function, &knowledge, |pass, function, changed| {
        assert_eq!(changed, *function != before, "{} says so of\n{function:#}", pass.name);
        if !changed {
            return;
        }
        before.clone_from(function);
        let after = if with_states { format!("{function:#}") } else { function.to_string() };
        write!(shown, "== {}\n{after}", pass.name).expect("writing to a String can't fail");
        let reread: Function = format!("{function:#}").parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(format!("{reread:#}"), format!("{function:#}"));
    });
    function.verify_references(&case.callees).unwrap_or_else(|error| panic!("{error}\n{function:#}"));
    for call in left_alone {
        let inst = function.display_inst(&function.insts[call.inst]);
        writeln!(shown, "== left alone: {inst}\n{}", call.reason).expect("writing to a String can't fail");
    }
    shown
}

#[test]
fn passes_turn_functions_into_what_the_snapshots_show() {
    super::check("passes", golden);
}
