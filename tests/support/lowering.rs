//! Golden inputs of the lowering: directives, signatures, IR. They are planned and lowered for any Python and any
//! target, without an interpreter.
//!
//! ```text
//! # What the case shows.
//! entry: METH_O               boxed, vectorcall or a METH_ convention, `|` between its names; METH_O if left out
//! original: METH_FASTCALL     the convention of `ml_meth`, where it is not that of the entry
//! binding: method             function if left out
//! cell: self                  thunk if left out
//! target: ml_meth             underlying if left out
//! name: demo.inc              demo.f if left out
//! python: 3.11 3.14           whose CLIF is shown; none if left out
//! show: plan                  leaves the IR out
//! verify: yes                 the code checks what the callee promises
//!
//! (x: i64) -> i64
//!
//! v0:Object = LoadArg<0>      IR in the place of a call site, specialized as that would be
//! ```
//!
//! A file may hold several signatures, each a case of its own.

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::sync::Arc;

use cranelift_codegen::Context;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_frontend::FunctionBuilderContext;
use typedcall::cpython::Layout;
use typedcall::ir::{Callee, CalleeTarget, Callees, Function, passes};
use typedcall::lower::build_stub;
use typedcall::lower::{
    AddressTable, Binding, CallSite, CellSource, Convention, Frame, MethodConvention, Plan, arity, plan_arm,
};
use typedcall::lower::{disassemble, target_isa};
use typedcall::metadata::{Kind, Signature, TypePlace};

/// The contents of one input file.
pub struct Case {
    pub signature: Signature,
    pub frame: Frame,
    pub target: CalleeTarget,
    pub name: String,
    /// Minor versions of Python whose code is shown.
    pub minors: Vec<u8>,
    pub shows_ir: bool,
    pub audited: bool,
    /// Whether calls are counted.
    pub counted: bool,
    pub ir: Option<Function>,
}

/// The cases of a golden input. Panics at an invalid line, and names it.
pub fn cases(text: &str) -> Vec<Case> {
    let mut directives = Directives::default();
    let (mut signatures, mut ir) = (Vec::new(), String::new());
    for line in text.lines() {
        match line.split_once(": ") {
            _ if line.is_empty() || line.starts_with('#') => {}
            _ if line.starts_with('(') => {
                let signature = line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
                signatures.push(placed(signature, directives.type_place));
            }
            Some((key, value)) if signatures.is_empty() => directives.set(key, value),
            _ => writeln!(ir, "{line}").expect("a string grows"),
        }
    }
    let ir = (!ir.is_empty()).then(|| ir.parse::<Function>().unwrap_or_else(|error| panic!("{ir}: {error}")));
    assert!(!signatures.is_empty(), "no signature in:\n{text}");
    signatures.into_iter().map(|signature| directives.case(signature, ir.clone())).collect()
}

/// Gives each type that a signature names a different place.
fn placed(mut signature: Signature, place: fn(NonZeroUsize) -> TypePlace) -> Signature {
    for overload in &mut signature.overloads {
        let parameters = overload.parameters.iter_mut().map(|parameter| &mut parameter.kind);
        for kind in parameters.chain([&mut overload.result]) {
            if let Kind::User { class, .. } = kind {
                let letters: usize = class.name.bytes().map(usize::from).sum();
                class.place = NonZeroUsize::new(0x6000_0000 + 0x100 * letters).map(place);
            }
        }
    }
    signature
}

#[derive(Clone)]
struct Directives {
    convention: Convention,
    original: Option<MethodConvention>,
    binding: Binding,
    in_receiver: bool,
    target: CalleeTarget,
    name: String,
    minors: Vec<u8>,
    shows_ir: bool,
    audited: bool,
    counted: bool,
    type_place: fn(NonZeroUsize) -> TypePlace,
}

impl Default for Directives {
    fn default() -> Self {
        Self {
            convention: Convention::Method(MethodConvention::O),
            original: None,
            binding: Binding::Function,
            in_receiver: false,
            target: CalleeTarget::Underlying,
            name: "demo.f".to_owned(),
            minors: Vec::new(),
            shows_ir: true,
            audited: false,
            counted: false,
            type_place: TypePlace::Object,
        }
    }
}

impl Directives {
    fn set(&mut self, key: &str, value: &str) {
        match (key, value) {
            ("entry", "boxed") => self.convention = Convention::Objects { count: 0 },
            ("entry", "vectorcall") => self.convention = Convention::Vectorcall,
            ("entry", name) => self.convention = Convention::Method(method(name)),
            ("original", name) => self.original = Some(method(name)),
            ("binding", "function") => self.binding = Binding::Function,
            ("binding", "method") => self.binding = Binding::Method,
            ("binding", "bare") => self.binding = Binding::Bare,
            ("cell", "self") => self.in_receiver = true,
            ("cell", "thunk") => self.in_receiver = false,
            ("target", "underlying") => self.target = CalleeTarget::Underlying,
            ("target", "ml_meth") => self.target = CalleeTarget::Method,
            ("name", name) => self.name = name.to_owned(),
            ("python", versions) => self.minors = versions.split(' ').map(minor).collect(),
            ("show", "plan") => self.shows_ir = false,
            ("verify", "yes") => self.audited = true,
            ("count", "yes") => self.counted = true,
            ("types", "known") => self.type_place = TypePlace::Object,
            ("types", "in variables") => self.type_place = TypePlace::Variable,
            _ => panic!("no such directive: `{key}: {value}`"),
        }
    }

    fn case(&self, signature: Signature, ir: Option<Function>) -> Case {
        let arity = arity(&signature.overloads[0]);
        let original = self.original.unwrap_or(match self.convention {
            Convention::Method(method) => method,
            Convention::Objects { .. } | Convention::Vectorcall => match arity {
                0 => MethodConvention::NoArgs,
                1 => MethodConvention::O,
                _ => MethodConvention::FastCall,
            },
        });
        let mut frame =
            Frame { convention: self.convention, original, binding: self.binding, cell: CellSource::Receiver };
        if let Convention::Objects { count } = &mut frame.convention {
            *count = arity + u16::from(self.binding == Binding::Method);
        }
        if !self.in_receiver {
            frame.cell = CellSource::Thunk(frame.thunk_register());
        }
        let Self { target, minors, shows_ir, audited, counted, name, .. } = self.clone();
        Case { signature, frame, target, name, minors, shows_ir, audited, counted, ir }
    }
}

fn method(name: &str) -> MethodConvention {
    use MethodConvention::*;
    [NoArgs, O, FastCall, FastCallKeywords, Method, VarArgs, VarArgsKeywords]
        .into_iter()
        .find(|method| method.name() == name)
        .unwrap_or_else(|| panic!("no such convention: {name}"))
}

fn minor(version: &str) -> u8 {
    version.strip_prefix("3.").and_then(|minor| minor.parse().ok()).unwrap_or_else(|| panic!("no Python {version}"))
}

impl Case {
    /// The IR of the call before anything is known about the callee, for each arm.
    pub fn generic(&self) -> Vec<Function> {
        match &self.ir {
            Some(ir) => vec![ir.clone()],
            None => self.site().generic(),
        }
    }

    /// The IR after all passes, for each arm, and the plan or the reason why there is none.
    pub fn lowered(&self) -> (Vec<Function>, Result<Plan, String>) {
        let Some(ir) = &self.ir else {
            let site = self.site();
            return (site.specialized(), site.plan().map_err(|error| error.to_string()));
        };
        let mut callees = Callees::new();
        callees.insert(self.name.as_str(), Callee { signature: self.signature.clone(), target: self.target });
        let mut function = ir.clone();
        let left_alone = passes::run(&mut function, &callees);
        function.verify_calls(&callees).unwrap_or_else(|error| panic!("{error}:\n{function}"));
        let arity = arity(&self.signature.overloads[0]);
        let plan = match left_alone.first() {
            Some(call) => Err(call.reason.clone()),
            None => plan_arm(function.clone(), callees, &self.frame, 0, arity)
                .map(|arm| Plan { frame: self.frame, arms: vec![arm] })
                .map_err(|error| error.to_string()),
        };
        (vec![function], plan)
    }

    fn site(&self) -> CallSite {
        let count = match self.frame.convention {
            // The caller has proven the types of one overload.
            Convention::Objects { .. } => 1,
            Convention::Method(_) | Convention::Vectorcall => self.signature.overloads.len(),
        };
        CallSite {
            name: self.name.clone(),
            frame: self.frame,
            signature: Arc::new(self.signature.clone()),
            target: self.target,
            overloads: (0..16).take(count).collect(),
            audited: self.audited,
            counted: self.counted,
            call: None,
        }
    }

    /// Signature, IR before and after, plan.
    pub fn stages(&self) -> String {
        let (functions, plan) = self.lowered();
        let join = |functions: &[Function]| functions.iter().map(Function::to_string).collect::<Vec<_>>().join("\n");
        let mut text = format!("=== {}\n", self.signature);
        if self.shows_ir {
            let (generic, specialized) = (join(&self.generic()), join(&functions));
            write!(text, "--- IR\n{generic}--- specialized\n{specialized}--- plan\n").expect("a string grows");
        }
        match plan {
            Ok(plan) => write!(text, "{plan}"),
            Err(reason) => writeln!(text, "not lowered: {reason}"),
        }
        .expect("a string grows");
        text
    }
}

/// The code generator for the baseline of a target, not for this machine.
pub fn isa(triple: &str) -> OwnedTargetIsa {
    let triple = triple.parse().expect("a triple that Cranelift knows");
    target_isa(Some(triple), true).expect("a target that Cranelift is built for")
}

/// The CLIF of a plan, with names for addresses.
pub fn clif(isa: &dyn TargetIsa, layout: &Layout, plan: &Plan) -> String {
    let addresses = AddressTable::symbolic();
    let context = build(isa, layout, plan, &addresses);
    addresses.annotate(&context.func.display().to_string())
}

/// The machine code of a plan.
pub fn machine_code(isa: &dyn TargetIsa, layout: &Layout, plan: &Plan) -> String {
    let mut context = build(isa, layout, plan, &AddressTable::symbolic());
    disassemble(&mut context, isa).unwrap_or_else(|error| panic!("{error}:\n{plan}"))
}

fn build(isa: &dyn TargetIsa, layout: &Layout, plan: &Plan, mut addresses: &AddressTable) -> Context {
    let mut context = Context::new();
    build_stub(&mut context, &mut FunctionBuilderContext::new(), isa, layout, &mut addresses, plan);
    if let Err(errors) = context.verify(isa) {
        panic!("{errors}\n{plan}\n{}", context.func.display());
    }
    context
}
