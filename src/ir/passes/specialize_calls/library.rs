//! Calls from a compiled function of functions that take objects, such as the standard library's.
//!
//! All overloads of such a function are one C function: the promises of an overload hold for arguments that are proven
//! to be of its types. No overload is guarded: the last one mostly takes anything, and a wrong guess would leave the
//! function at each call. If the function can't be called directly, as a class can't, the type of its result is known
//! all the same.

use std::sync::Arc;

use super::is_lasting;
use super::plan::{
    Arg, ArgumentConversion, ArgumentSource, CallPlan, ResultStep, Unfit, at_parameter, conversion, given_arguments,
    result_step,
};
use crate::ir::verify::{object_type, or_none, result_type};
use crate::ir::{Callee, CalleeBelow, CalleeRef, CalleeTarget, Callees, Function, Type, Value};
use crate::metadata::{BuiltinType, Kind, Overload, Parameter, PythonType};

/// The treatment of a call.
#[derive(Debug)]
pub(super) enum LibraryCall {
    /// It is made directly.
    Direct(CallPlan),
    /// Its result is its argument: a call of a class with an instance that is immutable.
    Argument(Value),
    /// Its result is the truth of its argument.
    Truth(Value),
    /// It stays a call, for a reason, but the type of its result is known.
    Typed(Type, String),
}

/// How to make the call, or why nothing is known of it.
pub(super) fn plan(
    function: &Function,
    callees: &Callees,
    called: CalleeRef,
    args: &[Value],
    receivers: usize,
    keywords: &[Arc<str>],
) -> Result<LibraryCall, String> {
    let callee = callees.get(called);
    let mut reasons = Vec::new();
    for (index, overload) in callee.signature.overloads.iter().enumerate() {
        match arguments(function, overload, args, receivers, keywords) {
            Ok(given) if callee.target == CalleeTarget::Class => return Ok(of_class(callee, overload, &given)),
            Ok(given) if given.iter().any(|(_, parameter)| parameter.keyword_only) => {
                let reason = "an argument is given by name, which a direct call has no place for";
                return Ok(LibraryCall::Typed(typed(overload, callee.target), reason.to_owned()));
            }
            Ok(given) => {
                let given: Vec<_> = given.into_iter().map(|(value, _)| value).collect();
                let below = callees.below(called).filter(|_| index == 0);
                if let Some(plan) = below.and_then(|below| plan_below(function, callees, below, &given)) {
                    return Ok(LibraryCall::Direct(plan));
                }
                let result = result_step(overload, CalleeTarget::Method)?;
                let args = given.into_iter().map(as_object).collect();
                let callee = callees.called(called, index);
                let plan = CallPlan { callee, args, result, steals: 0, borrowed_result: false, finite: false };
                return Ok(LibraryCall::Direct(plan));
            }
            Err(reason) => {
                let many = callee.signature.overloads.len() > 1;
                reasons.push(if many { format!("overload {index}: {reason}") } else { reason });
            }
        }
    }
    Err(reasons.join("; "))
}

/// A call of a class, if an overload is true of it.
fn of_class(callee: &Callee, overload: &Overload, given: &[(Value, &Parameter)]) -> LibraryCall {
    match given {
        [(value, parameter)] if parameter.kind == overload.result && gives_back(&overload.result) => {
            LibraryCall::Argument(*value)
        }
        [(value, _)] if overload.result == Kind::exact(PythonType::Bool) => LibraryCall::Truth(*value),
        _ => {
            let reason = "it is a class, which has no C function that could be called directly";
            LibraryCall::Typed(typed(overload, callee.target), reason.to_owned())
        }
    }
}

/// Whether a class with instances of this kind returns an exact instance unchanged, as immutable classes do.
fn gives_back(instances: &Kind) -> bool {
    use PythonType::{Bytes, Float, Int, Str, Tuple};
    match instances {
        Kind::Python { class, subclasses } => !subclasses && [Bytes, Float, Int, Str, Tuple].contains(class),
        Kind::User { class, subclasses } => !subclasses && class.builtin == Some(BuiltinType::FrozenSet),
        _ => false,
    }
}

fn typed(overload: &Overload, target: CalleeTarget) -> Type {
    result_type(overload, target).unwrap_or(Type::OBJECT)
}

/// The arguments of an overload, if they are proven to be of its types: the receiver, then the others in the order of
/// the parameters.
fn arguments<'a>(
    function: &Function,
    overload: &'a Overload,
    args: &[Value],
    receivers: usize,
    keywords: &[Arc<str>],
) -> Result<Vec<(Value, &'a Parameter)>, String> {
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
        all.push((receiver, parameter));
    } else if !receiver.is_empty() {
        return Err("it does not take the receiver".to_owned());
    }
    for ((position, parameter), value) in overload.arguments().zip(given) {
        let value = value.ok_or_else(|| at_parameter(position, parameter, "it is left out, and a later one given"))?;
        check(function, position, parameter, value)?;
        all.push((value, parameter));
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
    let conversion = ArgumentConversion { nullable: false, guard: Type::OBJECT, unbox: None, foreign: false };
    Arg { source: ArgumentSource::Value(value), conversion, as_it_came: true }
}

/// The call of the C function below, on the numbers in these objects.
fn plan_below(function: &Function, callees: &Callees, below: &CalleeBelow, args: &[Value]) -> Option<CallPlan> {
    let called = callees.called(below.callee, 0);
    let (_, overload) = callees.overload(&called)?;
    if overload.parameters.len() != args.len() {
        return None;
    }
    let mut planned = Vec::with_capacity(args.len());
    for (parameter, &value) in overload.parameters.iter().zip(args) {
        let conversion = conversion(parameter).ok()?;
        if conversion.nullable || !function.ty(value).is_subtype(&conversion.guard) {
            return None;
        }
        planned.push(Arg { source: ArgumentSource::Value(value), conversion, as_it_came: false });
    }
    let result = result_step(overload, CalleeTarget::Underlying).ok()?;
    if !matches!(&result, ResultStep::Box(ctype) if *ctype == Type::C_DOUBLE) {
        return None;
    }
    Some(CallPlan { callee: called, args: planned, result, steals: 0, borrowed_result: false, finite: below.finite })
}
