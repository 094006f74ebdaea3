//! Calls of constants become static, and those of callees with a known signature direct: guards and unboxing for the
//! arguments, the C function, boxing for the result.
//!
//! First a plan (which overload, what each argument needs), as plain data; then the instructions that it asks for. A
//! call that can't be planned stays as it is, with the reason.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ir::{
    Block, Callee, CalleeTarget, Callees, Change, Dominators, Function, Inst, Instruction, Operation, Spec, Type, Value,
};

use super::{Knowledge, NotSpecialized, Run};
use crate::metadata::Overload;
use emit::Rewriter;
use library::Call;
use plan::{Arg, Plan, ResultStep, Site, Unfit, plan_overload};

mod emit;
mod library;
mod plan;

/// Runs the pass. What it left alone when it ran before is forgotten.
pub fn run(function: &mut Function, knowledge: &Knowledge<'_>, run: &mut Run) -> Change {
    let Run { analyses, left_alone } = run;
    left_alone.clear();
    let callees = knowledge.callees;
    let Some(dominators) = analyses.dominators(function) else { return Change::Nothing };
    let mut change = Change::Nothing;
    let mut narrowed = Narrowed::default();
    // Each block after those that dominate it, so that what these have proven is known.
    for &block in dominators.reverse_postorder() {
        let before = std::mem::take(&mut function.blocks[block].insts);
        let mut rewriter = Rewriter { function, out: Vec::new(), state: None, error: None, guards: Vec::new() };
        for inst in before {
            (rewriter.state, rewriter.error) =
                (rewriter.function.insts[inst].state, rewriter.function.insts[inst].error);
            let mut changed = narrowed.substitute(rewriter.function, &dominators, block, inst);
            changed |= rewriter.make_static(inst);
            match plan(rewriter.function, callees, inst) {
                Ok(Some(Call::Direct(plan))) => match plan.avoided(rewriter.function, knowledge.avoided, inst) {
                    None => {
                        changed = true;
                        rewriter.emit(inst, plan);
                    }
                    Some(reason) => {
                        left_alone.push(NotSpecialized { inst, reason });
                        rewriter.out.push(inst);
                    }
                },
                Ok(Some(Call::Argument(value))) => {
                    changed = true;
                    rewriter.give_back(inst, value);
                }
                Ok(Some(Call::Truth(value))) => {
                    changed = true;
                    rewriter.emit_truth(inst, value);
                }
                Ok(Some(Call::Typed(ty, reason))) => {
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

/// What guards have proven so far.
#[derive(Debug, Default)]
struct Narrowed {
    /// For each value, where it was checked, and what it is from there on.
    of: HashMap<Value, Vec<(Block, Value)>>,
}

impl Narrowed {
    /// Lets an operation or a call use what is checked already; whether it does now.
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

/// What becomes of an instruction; `None` if it is no call of a constant.
fn plan(function: &Function, callees: &Callees, inst: Inst) -> Result<Option<Call>, String> {
    let data = &function.insts[inst];
    let Instruction::VectorCallStatic { callable, args: given, keywords } = &data.instruction else {
        return not_static(function, inst).map_or(Ok(None), Err);
    };
    let ty = function.ty(*callable);
    let Some(object) = ty.const_object() else { return Ok(None) };
    let Some(called) = callees.of_constant(ty) else {
        return Err(format!("no signature of {} is known", object.label));
    };
    let (name, callee) = (callees.name(called), callees.get(called));
    let is_method = ty.is_subtype(&Type::METHOD_DESCR);
    if data.state.is_some() && callee.target != CalleeTarget::Underlying {
        let receivers = usize::from(is_method);
        return match library::plan(function, callees, called, given, receivers, keywords) {
            Ok(Call::Typed(ty, reason)) => Ok(Some(Call::Typed(ty, format!("{name}: {reason}")))),
            Ok(call) => Ok(Some(call)),
            Err(reason) => Err(format!("{name}: {reason}")),
        };
    }
    let site = Site { is_method, in_function: data.state.is_some() };
    let (index, args, result) =
        choose_overload(function, callee, site, given, keywords).map_err(|reason| format!("{name}: {reason}"))?;
    let effects = callee.signature.overloads[index].effects;
    let is_underlying = callee.target == CalleeTarget::Underlying;
    let borrowed_result = is_underlying && effects.borrowed_result;
    Ok(Some(Call::Direct(Plan {
        callee: callees.called(called, index),
        args,
        result,
        // What the wrapper does with references is between it and its underlying function.
        steals: if is_underlying { effects.steals } else { 0 },
        borrowed_result,
        finite: false,
    })))
}

/// The overload that is meant, with what its arguments and its result need.
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
                // A guess that is wrong would leave the function at each call.
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
                // This overload may be the one that the call means: a later one must not take its place.
                if is_last_word {
                    break;
                }
            }
        }
    }
    Err(reasons.join("; "))
}

/// Why a call in a function is not one of a known object; `None` if it is no call, or one in a stub.
fn not_static(function: &Function, inst: Inst) -> Option<String> {
    let data = &function.insts[inst];
    data.state?;
    match &data.instruction {
        Instruction::VectorCall { .. } => Some("what is called is not known".to_owned()),
        Instruction::Operate { operation: Operation::CallEx(_), .. } => {
            Some("the number of its arguments is not known".to_owned())
        }
        Instruction::Operate { operation: Operation::CallMethod(..), args } => match function.definition(args[0])? {
            Instruction::Operate { operation: Operation::LoadMethod(name), args } => {
                Some(format!("what {name} is for {} is not known", function.ty(args[0])))
            }
            _ => Some("what is called is not known".to_owned()),
        },
        _ => None,
    }
}

/// Whether an object that is of the type stays so whatever code runs: an object can be given another class, unless its own
/// is one of CPython's.
pub(super) fn is_lasting(ty: &Type) -> bool {
    match ty.spec() {
        Some(Spec::Class(class) | Spec::Instance(class)) => class.is_builtin,
        _ => true,
    }
}
