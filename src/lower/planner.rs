//! From IR to a plan: which step does what, which references it owns, and what cannot be lowered, with the reason.

use super::machine::CType;
use super::plan::{Arm, Binding, Convention, Frame, MethodConvention, Step};
use crate::ir::{Callee, CalleeTarget, Callees, Function, Instruction, Type, Value, ValueDef};
use crate::metadata::{Kind, Overload, PythonType, Raises};

/// Why IR was not lowered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not lowered: {reason}")]
pub struct Unsupported {
    /// The instruction, parameter or convention.
    pub what: String,
    /// Why, and what to do instead.
    pub reason: String,
}

impl Unsupported {
    pub(crate) fn new(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { what: what.into(), reason: reason.into() }
    }
}

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
    let steps = function.blocks[block]
        .insts
        .iter()
        .map(|inst| step(function, callees, frame, arity, *inst))
        .collect::<Result<Vec<_>, _>>()?;
    check_ownership(&steps)?;
    Ok(Arm { overload, arity, steps })
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
        Instruction::Guard { ty, value } => {
            let class =
                PythonType::ALL.into_iter().find(|class| Type::python_exact(*class) == *ty).ok_or_else(|| {
                    Unsupported::new(format!("Guard<{ty}>"), "only exact types of CPython's own are checked")
                })?;
            Step::Guard { into: into()?, from: *value, class }
        }
        Instruction::Unbox { ctype, value } => {
            let scalar = ctype.scalar().ok_or_else(|| Unsupported::new(format!("Unbox<{ctype}>"), "not a C number"))?;
            Step::Unbox { into: into()?, from: *value, scalar }
        }
        Instruction::Box { value } => {
            let ty = function.ty(*value);
            let scalar = ty.scalar().ok_or_else(|| Unsupported::new(format!("Box of {ty}"), "not a C number"))?;
            Step::Box { into: into()?, from: *value, scalar }
        }
        Instruction::CallCFunction { callee, args } => {
            let (found, overload) = callees.overload(callee).ok_or_else(|| {
                Unsupported::new(format!("CallCFunction<\"{callee}\">"), "no callee of that name was given")
            })?;
            call(found, overload, frame, data.result, args)?
        }
        Instruction::Return { value } => Step::Return { value: *value, owned: is_owned(function, *value) },
        Instruction::VectorCall { .. } | Instruction::VectorCallStatic { .. } => {
            return Err(Unsupported::new(name, "the call was not specialized"));
        }
        Instruction::Incref { .. } | Instruction::Decref { .. } => {
            return Err(Unsupported::new(
                name,
                "calls that steal, or return, a borrowed reference are not lowered yet",
            ));
        }
        Instruction::Jump { .. } | Instruction::Branch { .. } => {
            return Err(Unsupported::new(name, "only straight-line call sites are lowered"));
        }
    })
}

fn call(
    callee: &Callee,
    overload: &Overload,
    frame: &Frame,
    into: Option<Value>,
    args: &[Value],
) -> Result<Step, Unsupported> {
    let (parameters, result) = c_prototype(overload)?;
    // Whoever lets go of the GIL lets others run Python code.
    let runs_python = !overload.effects.no_python || overload.effects.nogil;
    let miscounted = || Unsupported::new(overload.to_string(), format!("the call passes {} values", args.len()));
    match callee.target {
        CalleeTarget::Underlying if parameters.len() != args.len() => Err(miscounted()),
        CalleeTarget::Underlying => {
            let arguments = args.iter().copied().zip(parameters).collect();
            Ok(Step::Call { into, arguments, result, raises: overload.raises, runs_python })
        }
        CalleeTarget::Method => {
            if frame.original == MethodConvention::Other {
                return Err(Unsupported::new("ml_meth", "its METH_ convention is not one that stubs call"));
            }
            let into = into.ok_or_else(|| Unsupported::new("ml_meth", "a METH_ function always returns an object"))?;
            let (receiver, arguments) = match frame.binding {
                Binding::Method => (args.first().copied(), args.get(1..).unwrap_or_default()),
                Binding::Function | Binding::Bare => (None, args),
            };
            if !frame.original.passes(arguments.len()) || receiver.is_some() != (frame.binding == Binding::Method) {
                return Err(miscounted());
            }
            Ok(Step::CallMethod { into, receiver, arguments: arguments.to_vec(), raises: overload.raises, runs_python })
        }
    }
}

/// The C parameters and the C result of an underlying function.
pub(super) fn c_prototype(overload: &Overload) -> Result<(Vec<CType>, Option<CType>), Unsupported> {
    if overload.effects.steals != 0 || overload.effects.borrowed_result {
        return Err(Unsupported::new("a call that moves references", "steals and borrowed_result are not lowered yet"));
    }
    let c_type = |kind: &Kind| {
        CType::of(kind).ok_or_else(|| Unsupported::new(kind.to_string(), "kinds of two C values are not lowered yet"))
    };
    let parameters = overload.parameters.iter().map(|parameter| c_type(&parameter.kind)).collect::<Result<_, _>>()?;
    let result = match (&overload.result, overload.raises) {
        (Kind::Void, Raises::Nonzero) => Some(CType::Status),
        (Kind::Void, _) => None,
        (kind, _) => Some(c_type(kind)?),
    };
    Ok((parameters, result))
}

/// Whether the function has a reference to the value that it can hand over.
fn is_owned(function: &Function, value: Value) -> bool {
    match function.values[value].def {
        ValueDef::Result(inst) => match &function.insts[inst].instruction {
            Instruction::CallCFunction { .. } | Instruction::Box { .. } | Instruction::LoadConst => true,
            Instruction::Guard { value, .. } => is_owned(function, *value),
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
            Step::Box { into, .. } | Step::CallMethod { into, .. } | Step::None { into } => Some(*into),
            Step::Call { into, result: Some(CType::Pointer), .. } => *into,
            _ => None,
        };
        let guarded = steps.iter().any(|step| matches!(step, Step::Guard { from, .. } if Some(*from) == owned));
        if owned.is_some_and(|owned| owned != returned) || guarded {
            return Err(Unsupported::new(step.to_string(), "its result would have to be given up before the return"));
        }
    }
    Ok(())
}
