//! Plans a direct call of an overload: the source of each argument, its check, the C value made of it, and the
//! treatment of the result. Plain data, which [`emit`](super::emit) follows.

use std::sync::Arc;

use super::is_lasting;
use crate::ir::dispatch::admitted;
use crate::ir::instruction::unbox_may_fail;
use crate::ir::passes::Avoided;
use crate::ir::verify::{or_none, result_type};
use crate::ir::{Called, Callee, CalleeTarget, ConstObject, ConstValue, ExitReason, Function, Inst, Spec, Type, Value};
use crate::metadata::{DefaultValue, Kind, Overload, Parameter, Scalar};

/// How to make one call directly.
#[derive(Debug)]
pub(super) struct CallPlan {
    pub(super) callee: Called,
    /// In the order of the callee's arguments.
    pub(super) args: Vec<Arg>,
    pub(super) result: ResultStep,
    /// The parameters whose references the callee takes over.
    pub(super) steals: u16,
    pub(super) borrowed_result: bool,
    /// Whether its result is the call's only if it is finite.
    pub(super) finite: bool,
}

#[derive(Debug)]
pub(super) struct Arg {
    pub(super) source: ArgumentSource,
    pub(super) conversion: ArgumentConversion,
    /// Whether checked objects are passed unchanged, as to a wrapper.
    pub(super) as_it_came: bool,
}

/// The conversion that a parameter needs.
#[derive(Debug)]
pub(super) struct ArgumentConversion {
    /// `None` is accepted, and becomes null.
    pub(super) nullable: bool,
    /// Checked, unless already proven.
    pub(super) guard: Type,
    /// The type of the C value that is made of the object.
    pub(super) unbox: Option<Type>,
    /// Whether the provider makes that value.
    pub(super) foreign: bool,
}

#[derive(Debug)]
pub(super) enum ArgumentSource {
    Value(Value),
    Receiver,
    Context,
    /// The default, a C number.
    Default(Type),
    /// The default `None`.
    DefaultNone,
}

#[derive(Debug)]
pub(super) enum ResultStep {
    /// The callee's result is the call's.
    Object(Type),
    /// The object of a C value of this type.
    Box(Type),
    /// The object that the provider makes of a C value of this type.
    Foreign(Type),
    /// The callee returns nothing: `None`.
    Nothing,
}

/// The kind of place where a call is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    /// The first argument is the receiver.
    pub(super) is_method: bool,
    /// In a function, and not in a stub.
    pub(super) in_function: bool,
}

/// The reason why an overload is not the one that is called.
pub(super) enum Unfit {
    /// The call can't be one of this overload.
    Impossible(String),
    /// It may be one, in a form that is not specialized yet.
    Unsupported(String),
}

/// The plan for an overload, if the call may be one of it.
pub(super) fn plan_overload(
    function: &Function,
    callee: &Callee,
    overload: &Overload,
    site: Site,
    args: &[Value],
    keywords: &[Arc<str>],
) -> Result<(Vec<Arg>, ResultStep), Unfit> {
    let Site { is_method, in_function } = site;
    let (receiver, args) = match (is_method, args) {
        (true, [receiver, args @ ..]) if args.len() >= keywords.len() => (Some(*receiver), args),
        (true, _) => return Err(Unfit::Impossible("the call has no receiver".to_owned())),
        (false, args) => (None, args),
    };
    let given = given_arguments(overload, args, keywords)?;
    // An underlying function may have no receiver; `ml_meth` always gets it.
    if callee.target == CalleeTarget::Class {
        return Err(Unfit::Unsupported("it is a class".to_owned()));
    }
    if is_method && !overload.has_receiver() && callee.target == CalleeTarget::Method {
        return Err(Unfit::Unsupported("it does not take the receiver".to_owned()));
    }
    let mut given = given.into_iter();
    let mut unsupported = None;
    let mut planned = Vec::with_capacity(overload.parameters.len());
    for (position, parameter) in overload.parameters.iter().enumerate() {
        let source = if parameter.receiver {
            if receiver.is_none() && in_function {
                return Err(Unfit::Unsupported("what it is bound to is not at hand".to_owned()));
            }
            receiver.map_or(ArgumentSource::Receiver, ArgumentSource::Value)
        } else if parameter.kind == Kind::Context {
            ArgumentSource::Context
        } else {
            match given.next().expect("one for each such parameter") {
                Some(_) if parameter.keyword_only && callee.target == CalleeTarget::Method => {
                    let reason = "it is given by name, which a direct call has no place for";
                    unsupported = unsupported.or(Some(at_parameter(position, parameter, reason)));
                    continue;
                }
                Some(value) => ArgumentSource::Value(value),
                None => match default_of(parameter, site).filter(|_| callee.target == CalleeTarget::Underlying) {
                    Some(default) => default,
                    None => {
                        let reason =
                            at_parameter(position, parameter, "it is left out, and its default is no C number");
                        unsupported = unsupported.or(Some(reason));
                        continue;
                    }
                },
            }
        };
        let known = match &source {
            ArgumentSource::Value(value) => function.ty(*value).clone(),
            ArgumentSource::Receiver => Type::OBJECT,
            ArgumentSource::Context => Type::C_PTR,
            ArgumentSource::DefaultNone => none(),
            ArgumentSource::Default(constant) => {
                let conversion =
                    ArgumentConversion { nullable: false, guard: constant.clone(), unbox: None, foreign: false };
                planned.push(Arg { source, conversion, as_it_came: false });
                continue;
            }
        };
        let at_parameter = |reason: &str| at_parameter(position, parameter, reason);
        match conversion(parameter) {
            Err(reason) => unsupported = unsupported.or(Some(at_parameter(&reason))),
            Ok(conversion) if !conversion.admits(&known) => {
                let guard = or_none(conversion.guard, conversion.nullable);
                let reason = at_parameter(&format!("takes {guard}, the argument is {known}"));
                if parameter.receiver || !known.may_overlap(&admitted(parameter)) {
                    return Err(Unfit::Impossible(reason));
                }
                // The callee converts it, so no later overload is meant.
                unsupported = unsupported.or(Some(reason));
            }
            Ok(conversion) => planned.push(Arg { source, conversion, as_it_came: false }),
        }
    }
    // Only now, since a later parameter may show that the call can't be one of this overload.
    if let Some(reason) = unsupported {
        return Err(Unfit::Unsupported(reason));
    }
    let result = result_step(overload, callee.target).map_err(Unfit::Unsupported)?;
    if callee.target == CalleeTarget::Method {
        planned = boxed_order(overload, planned);
    }
    Ok((planned, result))
}

/// The value for each argument of an overload, in their order; `None` for an argument that is left out.
pub(super) fn given_arguments(
    overload: &Overload,
    args: &[Value],
    keywords: &[Arc<str>],
) -> Result<Vec<Option<Value>>, Unfit> {
    let parameters: Vec<_> = overload.arguments().map(|(_, parameter)| parameter).collect();
    let positional = parameters.iter().filter(|parameter| !parameter.keyword_only).count();
    // A function that is not verified may have more names than arguments.
    let by_position = args.len().saturating_sub(keywords.len());
    if by_position > positional {
        let reason = format!("it takes {} arguments, the call has {}", parameters.len(), args.len());
        return Err(Unfit::Impossible(reason));
    }
    let mut given = vec![None; parameters.len()];
    for (place, value) in given.iter_mut().zip(&args[..by_position]) {
        *place = Some(*value);
    }
    for (name, value) in keywords.iter().zip(&args[by_position..]) {
        let named = parameters.iter().position(|parameter| parameter.name.as_deref() == Some(name));
        match named {
            None => return Err(Unfit::Impossible(format!("it has no parameter {name}"))),
            Some(index) if given[index].is_some() => {
                return Err(Unfit::Impossible(format!("the call gives {name} twice")));
            }
            Some(index) => given[index] = Some(*value),
        }
    }
    let missing =
        parameters.iter().zip(&given).find(|(parameter, given)| parameter.default.is_none() && given.is_none());
    match missing {
        Some((parameter, _)) => Err(Unfit::Impossible(match (&parameter.name, keywords) {
            (Some(name), [_, ..]) => format!("the call does not give {name}"),
            _ => format!("it takes {} arguments, the call has {}", parameters.len(), args.len()),
        })),
        None => Ok(given),
    }
}

/// `None` as the type of a constant.
pub(super) fn none() -> Type {
    Type::NONE_TYPE.constant(ConstObject::symbolic("None").with_value(ConstValue::None))
}

/// The value for a parameter that is left out, if it is known here. Stubs have the other defaults in their cells.
fn default_of(parameter: &Parameter, site: Site) -> Option<ArgumentSource> {
    match parameter.default.as_ref()? {
        DefaultValue::None if site.in_function => Some(ArgumentSource::DefaultNone),
        _ => default_number(parameter).map(ArgumentSource::Default),
    }
}

/// The default of a parameter, if it is a C number: the type of the constant.
fn default_number(parameter: &Parameter) -> Option<Type> {
    let Kind::Scalar(scalar) = parameter.kind else { return None };
    let spec = match parameter.default.as_ref()? {
        DefaultValue::Int(number) => Spec::Int(*number),
        // An `f32` is passed as C rounds the constant.
        DefaultValue::Float(bits) if scalar == Scalar::F32 => {
            Spec::Double(f64::from(f64::from_bits(*bits) as f32).to_bits())
        }
        DefaultValue::Float(bits) => Spec::Double(*bits),
        DefaultValue::Bool(truth) => Spec::Bool(*truth),
        DefaultValue::Str(_) | DefaultValue::None | DefaultValue::Object { .. } => return None,
    };
    Type::of_scalar(scalar).specialized(spec)
}

impl CallPlan {
    /// The expectation about it that the call must avoid, if there is one.
    pub(super) fn avoided(&self, function: &Function, avoided: &Avoided, inst: Inst) -> Option<String> {
        let name = &self.callee.text;
        let of_arg = |arg: &Arg| {
            let checks = [(arg.is_guarded(function), ExitReason::Type), (arg.is_unboxed(), ExitReason::Value)];
            checks.into_iter().filter(|(is_made, _)| *is_made).map(|(_, reason)| reason)
        };
        let result = self.finite.then_some(ExitReason::NotFinite);
        let mut reasons = self.args.iter().flat_map(of_arg).chain(result);
        let found = reasons.find(|reason| avoided.at(function, inst, *reason))?;
        Some(match found {
            ExitReason::NotFinite => format!("{name}: its result was not finite too often"),
            _ => format!("{name}: its arguments were others than expected too often ({found})"),
        })
    }
}

impl Arg {
    /// Whether a guard is made for it in a function.
    fn is_guarded(&self, function: &Function) -> bool {
        let ArgumentSource::Value(value) = &self.source else { return matches!(self.source, ArgumentSource::Receiver) };
        let (known, guard) = (function.ty(*value), self.conversion.guard.clone());
        let (known, guard) =
            if self.conversion.nullable { (known.null_for_none(), guard.or_null()) } else { (known.clone(), guard) };
        !known.is_subtype(&guard) || !is_lasting(&guard)
    }

    /// Whether a C value is taken out of it that it may not have.
    fn is_unboxed(&self) -> bool {
        let is_given = matches!(self.source, ArgumentSource::Value(_) | ArgumentSource::Receiver);
        is_given && self.conversion.unbox.as_ref().is_some_and(unbox_may_fail)
    }

    /// Whether a value is known to be of the parameter's type, so that no guard can fail.
    pub(super) fn is_proven(&self, function: &Function) -> bool {
        match &self.source {
            ArgumentSource::Value(value) => {
                let admitted = or_none(self.conversion.guard.clone(), self.conversion.nullable);
                function.ty(*value).is_subtype(&admitted)
            }
            ArgumentSource::Receiver => false,
            ArgumentSource::Context | ArgumentSource::Default(_) | ArgumentSource::DefaultNone => true,
        }
    }
}

impl ArgumentConversion {
    /// Whether an argument of this type may be one that the parameter takes.
    fn admits(&self, known: &Type) -> bool {
        known.may_overlap(&self.guard) || self.nullable && known.may_overlap(&Type::NONE_TYPE)
    }
}

pub(super) fn conversion(parameter: &Parameter) -> Result<ArgumentConversion, String> {
    let (guard, unbox) = match &parameter.kind {
        kind @ (Kind::Scalar(_) | Kind::Cstr | Kind::Buffer | Kind::Foreign(_)) => {
            (Type::unboxed_from(kind), Some(Type::of_kind(kind)))
        }
        kind @ (Kind::Object | Kind::Python { .. } | Kind::User { .. } | Kind::Context) => (Type::of_kind(kind), None),
        Kind::Void => return Err("void is no kind of parameter".to_owned()),
    };
    let foreign = matches!(parameter.kind, Kind::Foreign(_));
    Ok(ArgumentConversion { nullable: parameter.nullable, guard, unbox, foreign })
}

pub(super) fn at_parameter(position: usize, parameter: &Parameter, reason: &str) -> String {
    format!("{}: {reason}", describe(position, parameter))
}

fn describe(position: usize, parameter: &Parameter) -> String {
    match &parameter.name {
        Some(name) => format!("parameter {name}"),
        None => format!("parameter {position}"),
    }
}

pub(super) fn result_step(overload: &Overload, target: CalleeTarget) -> Result<ResultStep, String> {
    match (&overload.result, target) {
        (Kind::Context, _) => Err("the context is no result".to_owned()),
        (Kind::Void, CalleeTarget::Underlying) => Ok(ResultStep::Nothing),
        (kind @ (Kind::Scalar(_) | Kind::Cstr | Kind::Buffer), CalleeTarget::Underlying) => {
            Ok(ResultStep::Box(Type::of_kind(kind)))
        }
        (kind @ Kind::Foreign(_), CalleeTarget::Underlying) => Ok(ResultStep::Foreign(Type::of_kind(kind))),
        (Kind::Object | Kind::Python { .. } | Kind::User { .. }, _)
        | (_, CalleeTarget::Method | CalleeTarget::Class) => {
            Ok(ResultStep::Object(result_type(overload, target).unwrap_or(Type::OBJECT)))
        }
    }
}

/// The arguments of a wrapper: the receiver first, then the call's own, all objects, no context.
fn boxed_order(overload: &Overload, planned: Vec<Arg>) -> Vec<Arg> {
    let mut receiver = Vec::new();
    let mut others = Vec::new();
    for (parameter, mut arg) in overload.parameters.iter().zip(planned) {
        arg.conversion.unbox = None;
        arg.as_it_came = arg.conversion.nullable;
        if parameter.receiver {
            receiver.push(arg);
        } else if parameter.kind != Kind::Context {
            others.push(arg);
        }
    }
    receiver.append(&mut others);
    receiver
}
