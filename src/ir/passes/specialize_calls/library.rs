//! Calls of functions that take objects, such as the library's, from a compiled function.
//!
//! All overloads of such a function are one C function: what an overload promises holds for arguments that are proven to
//! be of its types. None is guarded: the last overload mostly takes anything, and a guess that is wrong would leave the
//! function at each call.

use std::sync::Arc;

use super::is_lasting;
use super::plan::{
    Arg, Conversion, Plan, ResultStep, Source, Unfit, at_parameter, conversion, given_arguments, result_step,
};
use crate::ir::verify::{object_type, or_none};
use crate::ir::{CalleeTarget, Callees, Function, Type, Value};
use crate::metadata::{Overload, Parameter};

/// How to make the call, or why it is left alone.
pub(super) fn plan(
    function: &Function,
    callees: &Callees,
    name: &str,
    args: &[Value],
    receivers: usize,
    keywords: &[Arc<str>],
) -> Result<Plan, String> {
    let callee = callees.get(name).ok_or("no signature of it is known")?;
    let mut reasons = Vec::new();
    for (index, overload) in callee.signature.overloads.iter().enumerate() {
        match arguments(function, overload, args, receivers, keywords) {
            Ok(args) => {
                if let Some(plan) = plan_below(function, callees, name, &args).filter(|_| index == 0) {
                    return Ok(plan);
                }
                let result = result_step(overload, CalleeTarget::Method)?;
                let args = args.into_iter().map(as_object).collect();
                let callee = callees.overload_name(name, index);
                return Ok(Plan { callee, args, result, steals: 0, borrowed_result: false, finite: false });
            }
            Err(reason) => {
                let many = callee.signature.overloads.len() > 1;
                reasons.push(if many { format!("overload {index}: {reason}") } else { reason });
            }
        }
    }
    Err(reasons.join("; "))
}

/// The arguments of an overload, if they are proven to be what it takes: the receiver, then those by position.
fn arguments(
    function: &Function,
    overload: &Overload,
    args: &[Value],
    receivers: usize,
    keywords: &[Arc<str>],
) -> Result<Vec<Value>, String> {
    if args.len() < receivers + keywords.len() {
        return Err("the call has no receiver".to_owned());
    }
    let (receiver, args) = args.split_at(receivers);
    let mut given = given_arguments(overload, args, keywords).map_err(|unfit| match unfit {
        Unfit::Impossible(reason) | Unfit::Unsupported(reason) => reason,
    })?;
    while given.last().is_some_and(Option::is_none) {
        given.pop();
    }
    let mut all = Vec::with_capacity(receivers + given.len());
    let mut parameters = overload.parameters.iter().enumerate();
    if let Some((position, parameter)) = parameters.clone().find(|(_, parameter)| parameter.receiver) {
        let &receiver = receiver.first().ok_or("the call has no receiver")?;
        check(function, position, parameter, receiver)?;
        all.push(receiver);
    } else if !receiver.is_empty() {
        return Err("it does not take the receiver".to_owned());
    }
    let by_position: Vec<_> = overload.arguments().collect();
    for ((position, parameter), value) in by_position.into_iter().zip(given) {
        let reason = |text: &str| at_parameter(position, parameter, text);
        let value = value.ok_or_else(|| reason("it is left out, and a later one given"))?;
        if parameter.keyword_only {
            return Err(reason("it is given by name, which a direct call has no place for"));
        }
        check(function, position, parameter, value)?;
        all.push(value);
    }
    parameters.all(|(_, parameter)| conversion(parameter).is_ok()).then_some(all).ok_or("it takes void".to_owned())
}

fn check(function: &Function, position: usize, parameter: &Parameter, value: Value) -> Result<(), String> {
    let wanted = or_none(object_type(&parameter.kind), parameter.nullable);
    let known = function.ty(value);
    if known.is_subtype(&wanted) && is_lasting(&wanted) {
        return Ok(());
    }
    Err(at_parameter(position, parameter, &format!("takes {wanted}, the argument is {known}")))
}

fn as_object(value: Value) -> Arg {
    let conversion = Conversion { nullable: false, guard: Type::OBJECT, unbox: None, foreign: false };
    Arg { source: Source::Value(value), conversion, as_it_came: true }
}

/// The call of the C function below on the numbers in these objects.
fn plan_below(function: &Function, callees: &Callees, name: &str, args: &[Value]) -> Option<Plan> {
    let below = callees.below(name)?;
    let (_, overload) = callees.overload(&below.callee)?;
    if overload.parameters.len() != args.len() {
        return None;
    }
    let mut planned = Vec::with_capacity(args.len());
    for (parameter, &value) in overload.parameters.iter().zip(args) {
        let conversion = conversion(parameter).ok()?;
        if conversion.nullable || !function.ty(value).is_subtype(&conversion.guard) {
            return None;
        }
        planned.push(Arg { source: Source::Value(value), conversion, as_it_came: false });
    }
    let result = result_step(overload, CalleeTarget::Underlying).ok()?;
    if !matches!(&result, ResultStep::Box(ctype) if *ctype == Type::C_DOUBLE) {
        return None;
    }
    let callee = below.callee.clone();
    Some(Plan { callee, args: planned, result, steals: 0, borrowed_result: false, finite: below.finite })
}
