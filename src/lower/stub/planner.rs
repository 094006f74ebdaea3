//! From IR to a plan: which step does what, which references it owns, and what cannot be lowered, with the reason.

use super::frame::{Binding, Convention, Frame};
use super::plan::{Arm, Given, Step, Stolen};
use crate::ir::{Called, Callee, CalleeTarget, Callees, Function, Instruction, Type, Value, ValueDef};
use crate::lower::convention::MethodConvention;
use crate::lower::emit::admitted::{Admitted, View};
use crate::lower::emit::prototype::{c_constant, c_prototype};
use crate::lower::machine::CType;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{Kind, Overload};

/// Plans a straight-line call site after its call was specialized: the arm for one overload, called with `arity`
/// arguments. The function is one that [`Function::verify_calls`] accepts: that values are defined and of the right
/// types is not looked at again.
///
/// # Errors
/// The first instruction that has no plan, with the reason.
pub fn plan_arm(
    function: &Function,
    callees: &Callees,
    frame: &Frame,
    overload: u16,
    arity: u16,
) -> Result<Arm, Unsupported> {
    if let Convention::Method(method) = frame.convention
        && !method.passes(usize::from(arity))
    {
        let what = format!("a call of {arity} arguments");
        return Err(Unsupported::new(what, format!("{} passes another number of arguments", method.name())));
    }
    let [block] = function.layout[..] else {
        return Err(Unsupported::new("a function of several blocks", "only straight-line call sites are lowered"));
    };
    let mut steps = Vec::new();
    let mut taken = Vec::new();
    for inst in &function.blocks[block].insts {
        if let Instruction::Incref { value } = function.insts[*inst].instruction {
            match steps.last() {
                Some(Step::Call { into, borrowed: true, .. }) if *into == Some(value) => {
                    steps.push(Step::Incref { value });
                }
                _ => taken.push(value),
            }
            continue;
        }
        let mut step = step(function, callees, frame, arity, *inst)?;
        give(function, &mut taken, &mut step)?;
        steps.push(step);
    }
    check_ownership(&steps)?;
    Ok(Arm {
        overload,
        arity,
        keywords: 0,
        given: Given::ByPosition,
        held: 0,
        checks_receiver: false,
        audit: None,
        steps,
    })
}

/// Gives the references that were taken to the call that steals them, which takes them where nothing can leave the stub
/// any more.
fn give(function: &Function, taken: &mut Vec<Value>, step: &mut Step) -> Result<(), Unsupported> {
    let mut wanted: Vec<Value> = match step {
        Step::Call { steals, .. } => steals.iter().map(|stolen| stolen.value).collect(),
        _ => Vec::new(),
    };
    wanted.sort();
    taken.sort();
    if *taken != wanted {
        let reason = "references are only taken right before the call that steals them";
        return Err(Unsupported::new(step.to_string(), reason));
    }
    taken.clear();
    if let Step::Call { steals, .. } = step {
        for stolen in steals {
            stolen.or_null = !function.ty(stolen.value).is_object();
        }
    }
    Ok(())
}

fn step(
    function: &Function,
    callees: &Callees,
    frame: &Frame,
    arity: u16,
    inst: crate::ir::Inst,
) -> Result<Step, Unsupported> {
    let data = &function.insts[inst];
    let into = || {
        data.result.ok_or_else(|| Unsupported::new(data.instruction.name(), "the instruction has no result to name"))
    };
    let name = data.instruction.name();
    Ok(match &data.instruction {
        Instruction::LoadConst => {
            let into = into()?;
            if let Some((scalar, bits)) = c_constant(function.ty(into)) {
                return Ok(Step::Constant { into, scalar, bits });
            }
            if !function.ty(into).is_subtype(&Type::NONE_TYPE) {
                return Err(Unsupported::new(
                    format!("the constant {}", function.ty(into)),
                    "a stub has no constant but None; the call that uses it was not specialized",
                ));
            }
            Step::None { into }
        }
        Instruction::LoadArg { index } if *index >= arity => {
            return Err(Unsupported::new(format!("LoadArg<{index}>"), format!("the call has {arity} arguments")));
        }
        Instruction::LoadArg { index } => Step::Argument { into: into()?, index: *index },
        Instruction::LoadSelf => Step::Receiver { into: into()? },
        Instruction::LoadContext => Step::Context { into: into()? },
        Instruction::Guard { ty, value, .. } => {
            Step::Guard { into: into()?, from: *value, admitted: Admitted::of(ty)? }
        }
        Instruction::NullIfNone { value } => Step::NullIfNone { into: into()?, from: *value },
        Instruction::Unbox { ctype, value, .. } => match (ctype.scalar(), View::of(ctype)) {
            (Some(scalar), _) => Step::Unbox { into: into()?, from: *value, scalar },
            (None, Some(view)) => {
                Step::View { into: into()?, from: *value, view, or_null: !function.ty(*value).is_object() }
            }
            (None, None) => return Err(Unsupported::new(format!("Unbox<{ctype}>"), "no C value of an object")),
        },
        Instruction::Box { value } => {
            let ty = function.ty(*value);
            match (ty.scalar(), View::of(ty)) {
                (Some(scalar), _) => Step::Box { into: into()?, from: *value, scalar },
                (None, Some(view)) => Step::BoxView { into: into()?, from: *value, view },
                (None, None) => return Err(Unsupported::new(format!("Box of {ty}"), "no C value of an object")),
            }
        }
        Instruction::ToForeign { callee, parameter, value } => {
            let kind = foreign_kind(callees, callee, |overload| {
                overload.parameters.get(usize::from(*parameter)).map(|parameter| &parameter.kind)
            })?;
            Step::ToForeign { into: into()?, from: *value, parameter: *parameter, ty: kind }
        }
        Instruction::FromForeign { callee, value } => {
            let ty = foreign_kind(callees, callee, |overload| Some(&overload.result))?;
            Step::FromForeign { into: into()?, from: *value, ty }
        }
        Instruction::CallCFunction { callee, args } => {
            let (found, overload) = callees.overload(callee).ok_or_else(|| {
                Unsupported::new(format!("CallCFunction<\"{callee}\">"), "no callee of that name was given")
            })?;
            call(found, overload, frame, data.result, args)?
        }
        Instruction::Return { value } => Step::Return { value: *value, owned: is_owned(function, callees, *value) },
        Instruction::VectorCall { .. } | Instruction::VectorCallStatic { .. } => {
            return Err(Unsupported::new(name, "the call was not specialized"));
        }
        Instruction::Incref { .. } | Instruction::Decref { .. } => {
            return Err(Unsupported::new(name, "a stub gives no reference up"));
        }
        Instruction::Jump { .. } | Instruction::Branch { .. } => {
            return Err(Unsupported::new(name, "only straight-line call sites are lowered"));
        }
        Instruction::Operate { .. }
        | Instruction::MethodSelf { .. }
        | Instruction::Assume { .. }
        | Instruction::GuardFinite { .. }
        | Instruction::Arithmetic { .. }
        | Instruction::CompareNumbers { .. }
        | Instruction::Exit
        | Instruction::Unreachable => {
            return Err(Unsupported::new(name, "a stub is a call, and no other operation"));
        }
    })
}

/// The C type of what a foreign function's provider converts.
fn foreign_kind(
    callees: &Callees,
    callee: &Called,
    kind: impl FnOnce(&Overload) -> Option<&Kind>,
) -> Result<CType, Unsupported> {
    let unknown = || Unsupported::new(format!("a value of {callee}"), "no foreign function of that name was given");
    let (_, overload) = callees.overload(callee).ok_or_else(unknown)?;
    kind(overload).and_then(CType::of_parameter).ok_or_else(unknown)
}

fn call(
    callee: &Callee,
    overload: &Overload,
    frame: &Frame,
    into: Option<Value>,
    args: &[Value],
) -> Result<Step, Unsupported> {
    // Whoever lets go of the GIL lets others run Python code.
    let runs_python = !overload.effects.no_python || overload.effects.nogil;
    let miscounted = || Unsupported::new(overload.to_string(), format!("the call passes {} values", args.len()));
    match callee.target {
        CalleeTarget::Underlying => {
            let (parameters, result) = c_prototype(overload)?;
            if parameters.len() != args.len() {
                return Err(miscounted());
            }
            let is_stolen = |position: usize| overload.effects.steals >> position & 1 == 1;
            let stolen = args.iter().enumerate().filter(|(position, _)| is_stolen(*position));
            Ok(Step::Call {
                into,
                arguments: args.iter().copied().zip(parameters).collect(),
                steals: stolen.map(|(_, value)| Stolen { value: *value, or_null: false }).collect(),
                result,
                // What is no object nobody owns, and what a foreign function returns only its provider knows.
                borrowed: overload.effects.borrowed_result || matches!(overload.result, Kind::Foreign(_)),
                nogil: overload.effects.nogil,
                raises: overload.raises,
                runs_python,
            })
        }
        CalleeTarget::Class => Err(Unsupported::new(overload.to_string(), "a class has no C function")),
        CalleeTarget::Method => {
            if frame.original == MethodConvention::Other {
                return Err(Unsupported::new("ml_meth", "its METH_ convention is not one that stubs call"));
            }
            let into = into.ok_or_else(|| Unsupported::new("ml_meth", "a METH_ function always returns an object"))?;
            let (receiver, arguments) = match frame.binding {
                Binding::Method => (args.first().copied(), args.get(1..).unwrap_or_default()),
                Binding::Function | Binding::Bare | Binding::Foreign { .. } => (None, args),
            };
            if !frame.original.passes(arguments.len()) || receiver.is_some() != (frame.binding == Binding::Method) {
                return Err(miscounted());
            }
            Ok(Step::CallMethod { into, receiver, arguments: arguments.to_vec(), raises: overload.raises, runs_python })
        }
    }
}

/// Whether the function has a reference to the value that it can hand over.
fn is_owned(function: &Function, callees: &Callees, value: Value) -> bool {
    match function.values[value].def {
        ValueDef::Result(inst) => match &function.insts[inst].instruction {
            Instruction::CallCFunction { callee, .. } => {
                let borrowed = callees.overload(callee).is_some_and(|(callee, overload)| {
                    callee.target == CalleeTarget::Underlying && overload.effects.borrowed_result
                });
                !borrowed
                    || function.instructions().any(|(_, _, data)| data.instruction == Instruction::Incref { value })
            }
            Instruction::Box { .. } | Instruction::FromForeign { .. } | Instruction::LoadConst => true,
            Instruction::Guard { value, .. } => is_owned(function, callees, *value),
            _ => false,
        },
        ValueDef::Param(..) | ValueDef::Unused => false,
    }
}

/// What a stub owns it must return: it has no other way yet to give a reference up.
fn check_ownership(steps: &[Step]) -> Result<(), Unsupported> {
    let returned = steps.iter().find_map(|step| match step {
        Step::Return { value, .. } => Some(*value),
        _ => None,
    });
    let Some(returned) = returned else {
        return Err(Unsupported::new("a function that does not return", "a stub ends with Return"));
    };
    for step in steps {
        let owned = match step {
            Step::Box { into, .. }
            | Step::BoxView { into, .. }
            | Step::FromForeign { into, .. }
            | Step::CallMethod { into, .. }
            | Step::None { into }
            | Step::Incref { value: into } => Some(*into),
            Step::Call { into, result: Some(CType::Pointer), borrowed: false, .. } => *into,
            _ => None,
        };
        let guarded = steps.iter().any(|step| matches!(step, Step::Guard { from, .. } if Some(*from) == owned));
        if owned.is_some_and(|owned| owned != returned) || guarded {
            return Err(Unsupported::new(step.to_string(), "its result would have to be given up before the return"));
        }
    }
    Ok(())
}
