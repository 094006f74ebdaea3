//! The passes over functions of random shape: after each pass the function is still correct, and at the end each
//! reference is given up once on every path. Debug builds check that themselves, and that no stale analysis is used;
//! this file has the functions. It also checks that each pass reports truly whether it changed anything.

use proptest::prelude::*;
use typedcall::ir::passes::{Knowledge, run_function_observed};
use typedcall::ir::{Assumption, Callee, CalleeTarget, Callees, ConstObject, Found, Function, Type, World};

/// Every third global is a known function.
struct Globals;

impl World for Globals {
    fn global(&self, name: &str) -> Option<Found> {
        let ty: Type = if name == "add" { "CFunction[\"demo.add\"]" } else { return None }.parse().ok()?;
        let value = ConstObject::symbolic("demo.add");
        Some(Found { ty, assumption: Some(Assumption::Global { name: name.into(), value }) })
    }

    fn attribute(&self, _: &ConstObject, _: &Type, _: &str) -> Option<Found> {
        None
    }

    fn method(&self, receiver: &Type, name: &str) -> Option<Found> {
        let is_str = receiver.is_subtype(&Type::UNICODE_EXACT) && name == "upper";
        is_str.then(|| Found { ty: Type::METHOD_DESCR.constant(ConstObject::symbolic("str.upper")), assumption: None })
    }
}

fn callees() -> Callees {
    let mut callees = Callees::new();
    let mut insert = |name: &str, signature: &str, target| {
        let signature = signature.parse().expect("a signature of this test is one");
        callees.insert(name, Callee { signature, target });
    };
    insert("demo.add", "(f64, f64) -> f64 [no_python, pure]", CalleeTarget::Underlying);
    insert("str.upper", "(self: str) -> str raises null [no_python, pure]", CalleeTarget::Method);
    callees
}

/// Writes a function, and takes random numbers one after the other.
struct Writer<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, u16>>,
    next: usize,
    text: String,
}

const PARAMS: usize = 2;

impl Writer<'_> {
    fn choose(&mut self, below: usize) -> usize {
        usize::from(*self.choices.next().expect("a cycle has no end")) % below
    }

    fn pick(&mut self, from: &[String]) -> String {
        from[self.choose(from.len())].clone()
    }

    fn name(&mut self) -> String {
        self.next += 1;
        format!("v{}", self.next)
    }

    fn line(&mut self, line: &str) {
        self.text += "  ";
        self.text += line;
        self.text += "\n";
    }

    fn state(&mut self, known: &[String]) -> String {
        let (one, other, third) = (self.pick(known), self.pick(known), self.pick(known));
        format!("at {}({one} _ {other} | {third})", self.next)
    }

    fn args(&mut self, known: &[String]) -> String {
        (0..PARAMS).map(|_| self.pick(known)).collect::<Vec<_>>().join(" ")
    }

    /// Writes an instruction with a result, and perhaps more; notes the defined values.
    fn instruction(&mut self, known: &mut Vec<String>) {
        let (one, other) = (self.pick(known), self.pick(known));
        let state = self.state(known);
        // Every third is in the range of a handler.
        let error = match self.choose(3) {
            0 => format!(" error {}", self.state(known).trim_start_matches("at ")),
            _ => String::new(),
        };
        let result = self.name();
        let what = match self.choose(9) {
            0 => format!("{result}:Object = GetAttr<\"a\"> {one}"),
            1 => format!("{result}:Object = VectorCall<2> {one} {other} {one}"),
            2 => format!("{result}:Object = BinaryOp<\"+\"> {one} {other}"),
            3 => format!("{result}:Object = LoadGlobal<\"add\">"),
            4 => {
                self.line(&format!("{result}:Object = LoadGlobal<\"add\"> {state}"));
                let sum = self.name();
                self.line(&format!("{sum}:Object = VectorCall<2> {result} {one} {other} {state}{error}"));
                known.push(sum);
                return;
            }
            5 => {
                self.line(&format!("{result}:FloatExact[\"1.5\"] = LoadConst"));
                let sum = self.name();
                self.line(&format!("{sum}:Object = BinaryOp<\"*\"> {result} {result} {state}{error}"));
                known.push(sum);
                return;
            }
            6 => {
                self.line(&format!("{result}:UnicodeExact[\"x\"] = LoadConst"));
                let (method, receiver, text) = (self.name(), self.name(), self.name());
                let object = if self.choose(2) == 0 { result } else { one };
                self.line(&format!("{method}:Object = LoadMethod<\"upper\"> {object} {state}"));
                self.line(&format!("{receiver}:Object|Nullptr = MethodSelf {method} {state}"));
                self.line(&format!("{text}:Object = CallMethod<0> {method} {receiver} {state}{error}"));
                known.push(text);
                return;
            }
            7 => format!("{result}:Object = Compare<\"<\"> {one} {other}"),
            _ => format!("{result}:Object = BuildTuple<2> {one} {other}"),
        };
        self.line(&format!("{what} {state}{error}"));
        known.push(result);
    }

    fn block(&mut self, index: usize, blocks: usize) {
        let mut known = vec!["v1".to_owned(), "v2".to_owned()];
        if index == 0 {
            self.text += "bb0:\n";
            self.line("v1:Object = LoadArg<0>");
            self.line("v2:FloatExact = LoadArg<1>");
            self.next = 2;
        } else {
            let params: Vec<_> = (0..PARAMS).map(|_| self.name()).collect();
            let typed: Vec<_> = params.iter().map(|name| format!("{name}:Object")).collect();
            self.text += &format!("bb{index}({}):\n", typed.join(" "));
            known.extend(params);
        }
        for _ in 0..self.choose(4) {
            self.instruction(&mut known);
        }
        let truth = self.name();
        let of = self.pick(&known);
        let state = self.state(&known);
        self.line(&format!("{truth}:CBool = IsTrue {of} {state}"));
        let target = |writer: &mut Self, known: &[String]| {
            let block = 1 + writer.choose(blocks - 1);
            format!("bb{block}({})", writer.args(known))
        };
        match self.choose(4) {
            0 => {
                let value = self.pick(&known);
                let state = self.state(&known);
                self.line(&format!("Return {value} {state}"));
            }
            1 => {
                let to = target(self, &known);
                self.line(&format!("Jump {to}"));
            }
            _ => {
                let (to, or) = (target(self, &known), target(self, &known));
                self.line(&format!("Branch {truth} {to} {or}"));
            }
        }
    }
}

fn function(choices: &[u16], blocks: usize) -> String {
    let mut writer = Writer { choices: choices.iter().cycle(), next: 0, text: String::new() };
    for index in 0..blocks {
        writer.block(index, blocks);
    }
    writer.text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn functions_of_any_shape_stay_correct(
        choices in proptest::collection::vec(any::<u16>(), 40..200),
        blocks in 2usize..7,
    ) {
        let text = function(&choices, blocks);
        let callees = callees();
        let mut function: Function = text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"));
        function.verify_calls(&callees).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut before = function.clone();
        run_function_observed(&mut function, &Knowledge::of_function(&callees, &Globals), |pass, after, changed| {
            assert_eq!(changed, *after != before, "{} says so of\n{before:#}\n{after:#}", pass.name);
            before.clone_from(after);
        });
        function.verify_calls(&callees).unwrap_or_else(|error| panic!("{error}\n{function:#}"));
        function.verify_references(&callees).unwrap_or_else(|error| panic!("{error}\n{function:#}"));
        let printed = format!("{function:#}");
        let again: Function = printed.parse().unwrap_or_else(|error| panic!("{error}\n{printed}"));
        prop_assert_eq!(format!("{again:#}"), printed);
    }
}
