//! Makes calls of constants static, and calls of callees with a known signature direct: guards and unboxing for the
//! arguments, the C function, boxing for the result.
//!
//! It first makes a plan as plain data (which overload, and what each argument needs), then the instructions of the
//! plan. A call that can't be planned stays unchanged, with the reason.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ir::{
    Block, Callee, CalleeTarget, Change, Dominators, Failure, Function, Inst, Instruction, Operation, Spec, Type, Value,
};

use super::{Knowledge, NotSpecialized, PassRun};
use crate::metadata::Overload;
use emit::CallRewriter;
use library::LibraryCall;
use plan::{Arg, CallPlan, ResultStep, Site, Unfit, plan_overload};

mod emit;
mod library;
mod plan;

/// Runs the pass. The reasons of an earlier run are forgotten.
pub fn run(function: &mut Function, knowledge: &Knowledge<'_>, run: &mut PassRun) -> Change {
    let PassRun { analyses, left_alone } = run;
    left_alone.clear();
    let Some(dominators) = analyses.dominators(function) else { return Change::Nothing };
    let mut change = Change::Nothing;
    let mut narrowed = Narrowed::default();
    // Each block comes after those that dominate it, so that what these have proven is known.
    for &block in dominators.reverse_postorder() {
        let before = std::mem::take(&mut function.blocks[block].insts);
        let mut rewriter = CallRewriter {
            function,
            failure: knowledge.failure,
            out: Vec::new(),
            state: None,
            error: None,
            guards: Vec::new(),
        };
        for inst in before {
            (rewriter.state, rewriter.error) =
                (rewriter.function.insts[inst].state, rewriter.function.insts[inst].error);
            let mut changed = narrowed.substitute(rewriter.function, &dominators, block, inst);
            changed |= rewriter.make_static(inst);
            match plan(rewriter.function, knowledge, inst) {
                Ok(Some(LibraryCall::Direct(plan))) => match plan.avoided(rewriter.function, knowledge.avoided, inst) {
                    None => {
                        changed = true;
                        rewriter.emit(inst, plan);
                    }
                    Some(reason) => {
                        left_alone.push(NotSpecialized { inst, reason });
                        rewriter.out.push(inst);
                    }
                },
                Ok(Some(LibraryCall::Argument(value))) => {
                    changed = true;
                    rewriter.give_back(inst, value);
                }
                Ok(Some(LibraryCall::Truth(value))) => {
                    changed = true;
                    rewriter.emit_truth(inst, value);
                }
                Ok(Some(LibraryCall::Typed(ty, reason))) => {
                    changed |= rewriter.narrow_result(inst, &ty);
                    left_alone.push(NotSpecialized { inst, reason });
                    rewriter.out.push(inst);
                }
                Ok(None) => rewriter.out.push(inst),
                Err(reason) => {
                    left_alone.push(NotSpecialized { inst, reason });
                    rewriter.out.push(inst);
                }
            }
            change |= Change::of_instructions(changed);
            for (value, checked) in rewriter.guards.drain(..) {
                narrowed.of.entry(value).or_default().push((block, checked));
            }
        }
        rewriter.finish(block);
    }
    change
}

/// The types that guards have proven so far.
#[derive(Debug, Default)]
struct Narrowed {
    /// For each value, the places where it was checked, and the checked value from there on.
    of: HashMap<Value, Vec<(Block, Value)>>,
}

impl Narrowed {
    /// Lets an operation or a call use the checked values; returns whether it changed.
    fn substitute(&self, function: &mut Function, dominators: &Dominators, block: Block, inst: Inst) -> bool {
        use Instruction::{Operate, VectorCall, VectorCallStatic};
        let instruction = &mut function.insts[inst].instruction;
        if self.of.is_empty() || !matches!(instruction, Operate { .. } | VectorCall { .. } | VectorCallStatic { .. }) {
            return false;
        }
        let mut changed = false;
        instruction.for_each_operand(|value| {
            let known = self.of.get(value).into_iter().flatten().rev();
            if let Some((_, checked)) = known.into_iter().find(|(at, _)| dominators.dominates(*at, block)) {
                *value = *checked;
                changed = true;
            }
        });
        changed
    }
}

/// The plan for an instruction; `None` if it is not a call of a constant.
fn plan(function: &Function, knowledge: &Knowledge<'_>, inst: Inst) -> Result<Option<LibraryCall>, String> {
    let data = &function.insts[inst];
    let callees = knowledge.callees;
    let in_function = match knowledge.failure {
        Failure::Exit => true,
        Failure::Fallback | Failure::Never => false,
    };
    let Instruction::VectorCallStatic { callable, args: given, keywords } = &data.instruction else {
        return not_static(function, inst).filter(|_| in_function).map_or(Ok(None), Err);
    };
    let ty = function.ty(*callable);
    let Some(object) = ty.const_object() else { return Ok(None) };
    let Some(called) = callees.of_constant(ty) else {
        return Err(format!("no signature of {} is known", object.label));
    };
    let (name, callee) = (callees.name(called), callees.get(called));
    let is_method = ty.is_subtype(&Type::METHOD_DESCR);
    if in_function && callee.target != CalleeTarget::Underlying {
        let receivers = usize::from(is_method);
        return match library::plan(function, callees, called, given, receivers, keywords) {
            Ok(LibraryCall::Typed(ty, reason)) => Ok(Some(LibraryCall::Typed(ty, format!("{name}: {reason}")))),
            Ok(call) => Ok(Some(call)),
            Err(reason) => Err(format!("{name}: {reason}")),
        };
    }
    let site = Site { is_method, in_function };
    let (index, args, result) =
        choose_overload(function, callee, site, given, keywords).map_err(|reason| format!("{name}: {reason}"))?;
    let effects = callee.signature.overloads[index].effects;
    let is_underlying = callee.target == CalleeTarget::Underlying;
    let borrowed_result = is_underlying && effects.borrowed_result;
    Ok(Some(LibraryCall::Direct(CallPlan {
        callee: callees.called(called, index),
        args,
        result,
        // How the wrapper handles references is between it and its underlying function.
        steals: if is_underlying { effects.steals } else { 0 },
        borrowed_result,
        finite: false,
    })))
}

/// The overload that the call means, with what its arguments and its result need.
fn choose_overload(
    function: &Function,
    callee: &Callee,
    site: Site,
    given: &[Value],
    keywords: &[Arc<str>],
) -> Result<(usize, Vec<Arg>, ResultStep), String> {
    let mut reasons = Vec::new();
    for (index, overload) in callee.signature.overloads.iter().enumerate() {
        match plan_overload(function, callee, overload, site, given, keywords) {
            Ok((args, result)) => {
                // A wrong guess would leave the function at each call.
                let may_be = |later: &Overload| {
                    !matches!(plan_overload(function, callee, later, site, given, keywords), Err(Unfit::Impossible(_)))
                };
                let others = callee.signature.overloads.iter().enumerate().skip(index + 1);
                if let Some((other, _)) = others.into_iter().find(|(_, later)| may_be(later))
                    && site.in_function
                    && !args.iter().all(|arg| arg.is_proven(function))
                {
                    return Err(format!("overload {index} may be meant, or overload {other}"));
                }
                return Ok((index, args, result));
            }
            Err(unfit) => {
                let is_last_word = matches!(unfit, Unfit::Unsupported(_));
                let (Unfit::Impossible(reason) | Unfit::Unsupported(reason)) = unfit;
                let many = callee.signature.overloads.len() > 1;
                reasons.push(if many { format!("overload {index}: {reason}") } else { reason });
                // The call may mean this overload, so a later one must not take its place.
                if is_last_word {
                    break;
                }
            }
        }
    }
    Err(reasons.join("; "))
}

/// Why a call is not one of a known object; `None` if it is no call.
fn not_static(function: &Function, inst: Inst) -> Option<String> {
    match &function.insts[inst].instruction {
        Instruction::VectorCall { .. } => Some("what is called is not known".to_owned()),
        Instruction::Operate { operation: Operation::CallEx(_), .. } => {
            Some("the number of its arguments is not known".to_owned())
        }
        Instruction::Operate { operation: Operation::CallMethod(..), args } => match function.definition(args[0])? {
            Instruction::Operate { operation: Operation::LoadMethod(name), args } => Some(format!(
                "{name} is looked up on a value of type {}: its exact type is not known",
                function.ty(args[0])
            )),
            _ => Some("what is called is not known".to_owned()),
        },
        _ => None,
    }
}

/// Whether an object of the type stays of it whatever code runs. Objects can be given another class, unless their own
/// is one of CPython's.
pub(super) fn is_lasting(ty: &Type) -> bool {
    match ty.spec() {
        Some(Spec::Class(class) | Spec::Instance(class)) => class.is_builtin,
        _ => true,
    }
}
