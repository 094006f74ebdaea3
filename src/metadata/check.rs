//! The rules for signatures that make sense, shared by the text form and by the readers of binary metadata.

use super::rule::Rule;
use super::signature::{
    DefaultValue, Kind, MAX_OVERLOADS, MAX_PARAMETERS, Overload, Parameter, Raises, Scalar, Signature,
};

/// A part of an overload, so that a text parser can point at a column and a reader can name a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The parameter at this position, counted from 0.
    Parameter(usize),
    /// The result's kind.
    Result,
    /// The error convention.
    Raises,
    /// The effects.
    Effects,
}

/// A broken rule, with words that complete "this makes no sense: …".
type Broken = (Rule, String);

/// Why an overload makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Nonsense {
    /// The part of the overload.
    pub place: Place,
    /// The broken rule, for programs.
    pub rule: Rule,
    /// The reason, in words that complete "this makes no sense: …".
    pub reason: String,
}

impl Overload {
    /// Checks that the parts of this overload go together.
    ///
    /// # Errors
    /// The first part that breaks a rule, with the reason.
    pub fn check(&self) -> Result<(), Nonsense> {
        let at = |place| move |(rule, reason): Broken| Nonsense { place, rule, reason };
        if self.parameters.len() > MAX_PARAMETERS {
            let reason = format!("more than {MAX_PARAMETERS} parameters");
            return Err(at(Place::Parameter(MAX_PARAMETERS))((Rule::WrongCount, reason)));
        }
        for (position, parameter) in self.parameters.iter().enumerate() {
            check_parameter(parameter)
                .and_then(|()| check_order(&self.parameters[..position], parameter))
                .map_err(at(Place::Parameter(position)))?;
        }
        check_result(&self.result).map_err(at(Place::Result))?;
        self.check_raises().map_err(at(Place::Raises))?;
        self.check_effects().map_err(at(Place::Effects))
    }

    fn check_raises(&self) -> Result<(), Broken> {
        let result = &self.result;
        let fits = match self.raises {
            Raises::Never | Raises::Check => true,
            Raises::Null => result.is_object() || matches!(result, Kind::Cstr | Kind::Buffer),
            Raises::MinusOne => matches!(result, Kind::Scalar(scalar) if *scalar != Scalar::CBool),
            Raises::Nonzero => *result == Kind::Void,
        };
        if fits {
            Ok(())
        } else {
            Err((Rule::WrongConvention, format!("a result of kind {result} can't report an error by {}", self.raises)))
        }
    }

    fn check_effects(&self) -> Result<(), Broken> {
        if self.effects.borrowed_result && !self.result.is_object() {
            return Err((
                Rule::NotBorrowed,
                format!("a result of kind {} can't be borrowed, only an object can", self.result),
            ));
        }
        for stolen in (0..u16::BITS).filter(|stolen| self.effects.steals >> stolen & 1 == 1) {
            match self.parameters.get(stolen as usize) {
                Some(parameter) if parameter.kind.is_object() => {}
                Some(_) => {
                    return Err((
                        Rule::NotStealable,
                        format!("parameter {stolen} is not an object, so it can't be stolen"),
                    ));
                }
                None => return Err((Rule::NothingToSteal, format!("there is no parameter {stolen} to steal"))),
            }
        }
        Ok(())
    }
}

impl Signature {
    /// Checks every overload, and their number.
    ///
    /// # Errors
    /// The position of the overload, and what makes no sense in it.
    pub fn check(&self) -> Result<(), (usize, Nonsense)> {
        let nonsense = |reason| Nonsense { place: Place::Parameter(0), rule: Rule::WrongCount, reason };
        if self.overloads.is_empty() {
            return Err((0, nonsense("no overloads".to_owned())));
        }
        if self.overloads.len() > MAX_OVERLOADS {
            return Err((MAX_OVERLOADS, nonsense(format!("more than {MAX_OVERLOADS} overloads"))));
        }
        for (index, overload) in self.overloads.iter().enumerate() {
            overload.check().map_err(|nonsense| (index, nonsense))?;
        }
        Ok(())
    }
}

/// Checks a parameter by itself.
fn check_parameter(parameter: &Parameter) -> Result<(), Broken> {
    let Parameter { name, kind, receiver, nullable, keyword_only, default } = parameter;
    check_user_type(kind)?;
    if *kind == Kind::Void {
        return Err((Rule::VoidParameter, "void is for results only".to_owned()));
    }
    let special = match (receiver, kind) {
        (true, Kind::Context) => return Err((Rule::ContextReceiver, "the context can't be the receiver".to_owned())),
        (true, _) => Some("the receiver"),
        (false, Kind::Context) => Some("the context"),
        (false, _) => None,
    };
    if let Some(special) = special {
        let complaint = match (nullable, keyword_only, default) {
            (true, _, _) => Some((Rule::SpecialNullable, "can't be None")),
            (_, true, _) => Some((Rule::SpecialKeyword, "can't be passed by name")),
            (_, _, Some(_)) => Some((Rule::SpecialDefault, "can't have a default")),
            (false, false, None) => None,
        };
        if let Some((rule, complaint)) = complaint {
            return Err((rule, format!("{special} {complaint}")));
        }
    }
    match (name.as_deref(), receiver, kind) {
        (Some("self"), true, _) => {}
        (_, true, _) => return Err((Rule::ReceiverNamed, "the receiver is always named self".to_owned())),
        (Some("self"), false, _) => {
            return Err((Rule::SelfNotReceiver, "a parameter named self is always the receiver".to_owned()));
        }
        (Some(_), false, Kind::Context) => return Err((Rule::ContextNamed, "the context has no name".to_owned())),
        (Some(name), false, _) => check_name(name)?,
        (None, false, _) if *keyword_only => {
            return Err((Rule::Nameless, "a keyword-only parameter needs a name".to_owned()));
        }
        (None, false, _) => {}
    }
    if *nullable && !kind.is_object() && !matches!(kind, Kind::Cstr | Kind::Buffer) {
        return Err((Rule::NotNullable, format!("{kind} can't be None")));
    }
    default.as_ref().map_or(Ok(()), |default| check_default(default, kind, *nullable))
}

/// Checks a parameter against those before it.
fn check_order(before: &[Parameter], parameter: &Parameter) -> Result<(), Broken> {
    if parameter.receiver && before.iter().any(|other| other.receiver) {
        return Err((Rule::SecondReceiver, "a second receiver".to_owned()));
    }
    if parameter.kind == Kind::Context && before.iter().any(|other| other.kind == Kind::Context) {
        return Err((Rule::SecondContext, "a second context".to_owned()));
    }
    if let Some(name) = &parameter.name
        && before.iter().any(|other| other.name.as_ref() == Some(name))
    {
        return Err((Rule::SecondName, format!("a second parameter named {name}")));
    }
    if parameter.receiver || parameter.kind == Kind::Context || parameter.keyword_only {
        return Ok(());
    }
    if before.iter().any(|other| other.keyword_only) {
        return Err((Rule::PositionalAfterKeyword, "a positional parameter after a keyword-only one".to_owned()));
    }
    if parameter.default.is_none() && before.iter().any(|other| other.default.is_some()) {
        return Err((Rule::RequiredAfterDefault, "a parameter without a default after one with a default".to_owned()));
    }
    Ok(())
}

fn check_result(result: &Kind) -> Result<(), Broken> {
    check_user_type(result)?;
    if *result == Kind::Context {
        Err((Rule::ContextResult, "context is for parameters only".to_owned()))
    } else {
        Ok(())
    }
}

/// Checks that a type's name prints as a name, so that it can be read back.
fn check_user_type(kind: &Kind) -> Result<(), Broken> {
    match kind {
        Kind::User { class, .. } if !class.name.contains('.') || !class.name.split('.').all(is_identifier) => {
            Err((Rule::NoTypeName, format!("a type is named module.Name, not {:?}", class.name)))
        }
        _ => Ok(()),
    }
}

fn check_name(name: &str) -> Result<(), Broken> {
    // A keyword of Python is accepted too: `f(**{"class": 1})` passes it.
    if is_identifier(name) { Ok(()) } else { Err((Rule::NoIdentifier, format!("{name:?} is not an identifier"))) }
}

fn is_identifier(name: &str) -> bool {
    let admitted = |character: char| character == '_' || character.is_alphanumeric();
    name.starts_with(|first: char| first == '_' || first.is_alphabetic()) && name.chars().all(admitted)
}

fn check_default(default: &DefaultValue, kind: &Kind, nullable: bool) -> Result<(), Broken> {
    let range = match kind {
        Kind::Scalar(scalar) => scalar.integer_range(),
        _ => None,
    };
    let fits = match default {
        DefaultValue::Int(number) => match range {
            Some((least, greatest)) if (least..=greatest).contains(number) => true,
            Some(_) => return Err((Rule::OutOfRange, format!("{number} does not fit into {kind}"))),
            None => false,
        },
        DefaultValue::Float(bits) => match kind {
            Kind::Scalar(Scalar::F64) => true,
            Kind::Scalar(Scalar::F32) => {
                let number = f64::from_bits(*bits);
                if number.is_finite() && (number as f32).is_infinite() {
                    return Err((Rule::OutOfRange, format!("{number:?} does not fit into f32")));
                }
                true
            }
            _ => false,
        },
        DefaultValue::Bool(_) => *kind == Kind::Scalar(Scalar::CBool),
        DefaultValue::Str(_) => *kind == Kind::Cstr,
        DefaultValue::None if !nullable => {
            return Err((Rule::NoneNotNullable, "the default None needs a parameter that admits it (?)".to_owned()));
        }
        DefaultValue::None => true,
        DefaultValue::Object { .. } => kind.is_object(),
    };
    if fits { Ok(()) } else { Err((Rule::NoDefault, format!("{default} is no default for {kind}"))) }
}
