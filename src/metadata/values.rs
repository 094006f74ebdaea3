//! The values of a version 1 signature: from bytes to [`Parameter`], result, error convention and effects.

use std::num::NonZeroUsize;

use super::abi::{self, AbiValue, effect, flag, kind, raises};
use super::rule::Rule;
use super::signature::{DefaultValue, Effects, Kind, Parameter, Raises, Scalar, TypePlace, UserType};
use crate::cpython::PythonType;
use crate::cpython::memory::{self, Fault};
use crate::cpython::object::{HEAP_TYPE, TP_FLAGS, TP_NAME};

/// The most bytes of a type's name. CPython has no bound.
const MAX_TYPE_NAME: usize = 1023;

/// An error in metadata, with its field, named from the struct at hand.
pub(super) struct Flaw {
    pub rule: Option<Rule>,
    pub field: String,
    pub reason: String,
}

impl Flaw {
    pub fn new(rule: Rule, field: &str, reason: impl ToString) -> Self {
        Self { rule: Some(rule), field: field.to_owned(), reason: reason.to_string() }
    }

    /// An error against a rule of a dialect other than version 1: these rules have no numbers.
    pub fn unnumbered(field: &str, reason: impl ToString) -> Self {
        Self { rule: None, field: field.to_owned(), reason: reason.to_string() }
    }

    /// The memory that the field points at can't be read.
    pub fn unreadable(field: &str) -> impl FnOnce(Fault) -> Self + '_ {
        move |fault| Self::new(Rule::from(&fault), field, fault)
    }

    /// The same, if the field points at it indirectly and that has a rule of its own.
    pub fn unreadable_by(rule: Rule, field: &str) -> impl FnOnce(Fault) -> Self + '_ {
        move |fault| match fault {
            Fault::Unreadable { .. } => Self::new(rule, field, fault),
            fault => Self::unreadable(field)(fault),
        }
    }

    /// The same error, named from the struct that contains the one at hand.
    pub fn within(mut self, outer: &str) -> Self {
        self.field = if self.field.is_empty() { outer.to_owned() } else { format!("{outer}.{}", self.field) };
        self
    }
}

/// Reads the value of a parameter.
pub(super) fn parameter(value: &AbiValue) -> Result<Parameter, Flaw> {
    if value.kind == kind::VOID {
        return Err(Flaw::new(Rule::VoidParameter, "kind", "a parameter can't be void"));
    }
    let kind = read_kind(value)?;
    let unknown = value.flags & !flag::PARAMETER;
    if unknown != 0 {
        return Err(Flaw::new(Rule::UnknownBits, "flags", format!("unknown bits {unknown:#x}")));
    }
    if value.effects != 0 {
        return Err(Flaw::new(
            Rule::NotZero,
            "effects",
            format!("{:#x}, but a parameter has none: it must be 0", value.effects),
        ));
    }
    let receiver = value.flags & flag::RECEIVER != 0;
    let name = match read_name(value.name)? {
        None if receiver => Some("self".to_owned()),
        Some(name) if receiver && name != "self" => {
            return Err(Flaw::new(Rule::ReceiverNamed, "name", format!("the receiver is named `{name}`, not `self`")));
        }
        Some(name) if kind == Kind::Context => {
            return Err(Flaw::new(
                Rule::ContextNamed,
                "name",
                format!("the context is named `{name}`: it has no name"),
            ));
        }
        name => name,
    };
    Ok(Parameter {
        name,
        receiver,
        nullable: value.flags & flag::NULLABLE != 0,
        keyword_only: value.flags & flag::KEYWORD_ONLY != 0,
        default: read_default(value, &kind)?,
        kind,
    })
}

/// Reads the value of the result.
pub(super) fn result(value: &AbiValue) -> Result<(Kind, Raises, Effects), Flaw> {
    if value.kind == kind::CONTEXT {
        return Err(Flaw::new(Rule::ContextResult, "kind", "a result can't be the context"));
    }
    let kind = read_kind(value)?;
    let raises = match value.flags & !flag::SUBCLASSES {
        raises::NEVER => Raises::Never,
        raises::NULL => Raises::Null,
        raises::MINUS_ONE => Raises::MinusOne,
        raises::NONZERO => Raises::Nonzero,
        raises::CHECK => Raises::Check,
        other => return Err(Flaw::new(Rule::UnknownConvention, "flags", format!("unknown error convention {other}"))),
    };
    if value.name != 0 {
        return Err(Flaw::new(Rule::NotZero, "name", "a result has no name: it must be null"));
    }
    refuse_defaults(value, false, false, false)?;
    Ok((kind, raises, read_effects(value.effects)?))
}

fn read_effects(bits: u32) -> Result<Effects, Flaw> {
    let unknown = bits & 0xffff & !effect::ALL;
    if unknown != 0 {
        return Err(Flaw::new(Rule::UnknownBits, "effects", format!("unknown bits {unknown:#x}")));
    }
    Ok(Effects {
        no_python: bits & effect::NO_PYTHON != 0,
        pure: bits & effect::PURE != 0,
        nogil: bits & effect::NOGIL != 0,
        borrowed_result: bits & effect::BORROWED_RESULT != 0,
        steals: (bits >> effect::STEALS_SHIFT) as u16,
    })
}

/// The kind of a number, with the flag and the pointer that are part of it.
fn read_kind(value: &AbiValue) -> Result<Kind, Flaw> {
    let subclasses = value.flags & flag::SUBCLASSES != 0;
    let kind = if value.kind == kind::USER {
        Kind::User { class: read_type(value.class)?, subclasses }
    } else if let Some(class) = python_type(value.kind) {
        Kind::Python { class, subclasses }
    } else if let Some(kind) = other_kind(value.kind) {
        if subclasses {
            return Err(Flaw::new(Rule::NoSubclasses, "flags", "subclasses are for Python types and user types only"));
        }
        kind
    } else if value.kind == kind::INVALID {
        return Err(Flaw::new(Rule::NoKind, "kind", "0 is no kind"));
    } else {
        return Err(Flaw::new(Rule::UnknownKind, "kind", format!("unknown kind {}", value.kind)));
    };
    if value.class != 0 && value.kind != kind::USER {
        return Err(Flaw::new(Rule::NotZero, "type", "only a user type has one: it must be null"));
    }
    Ok(kind)
}

fn python_type(number: u16) -> Option<PythonType> {
    Some(match number {
        kind::INT => PythonType::Int,
        kind::FLOAT => PythonType::Float,
        kind::BOOL => PythonType::Bool,
        kind::STR => PythonType::Str,
        kind::BYTES => PythonType::Bytes,
        kind::LIST => PythonType::List,
        kind::TUPLE => PythonType::Tuple,
        kind::DICT => PythonType::Dict,
        kind::NONE => PythonType::None,
        _ => return None,
    })
}

fn other_kind(number: u16) -> Option<Kind> {
    Some(match number {
        kind::VOID => Kind::Void,
        kind::CONTEXT => Kind::Context,
        kind::OBJECT => Kind::Object,
        kind::CSTR => Kind::Cstr,
        kind::BUFFER => Kind::Buffer,
        kind::I8 => Kind::Scalar(Scalar::I8),
        kind::I16 => Kind::Scalar(Scalar::I16),
        kind::I32 => Kind::Scalar(Scalar::I32),
        kind::I64 => Kind::Scalar(Scalar::I64),
        kind::U8 => Kind::Scalar(Scalar::U8),
        kind::U16 => Kind::Scalar(Scalar::U16),
        kind::U32 => Kind::Scalar(Scalar::U32),
        kind::U64 => Kind::Scalar(Scalar::U64),
        kind::ISIZE => Kind::Scalar(Scalar::Isize),
        kind::USIZE => Kind::Scalar(Scalar::Usize),
        kind::F32 => Kind::Scalar(Scalar::F32),
        kind::F64 => Kind::Scalar(Scalar::F64),
        kind::CBOOL => Kind::Scalar(Scalar::CBool),
        _ => return None,
    })
}

fn read_name(address: usize) -> Result<Option<String>, Flaw> {
    if address == 0 {
        return Ok(None);
    }
    let bytes = memory::read_text(address, abi::MAX_NAME).map_err(Flaw::unreadable("name"))?;
    identifier("name", bytes).map(Some)
}

/// A Python identifier. Keywords are accepted: a parameter may be named `class`.
pub(super) fn identifier(field: &str, bytes: Vec<u8>) -> Result<String, Flaw> {
    let name = String::from_utf8(bytes).map_err(|_| Flaw::new(Rule::NotUtf8, field, "not UTF-8"))?;
    if is_identifier(&name) {
        Ok(name)
    } else {
        Err(Flaw::new(Rule::NoIdentifier, field, format!("{name:?} is not an identifier")))
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first == '_' || first.is_alphabetic())
        && name.chars().all(|letter| letter == '_' || letter.is_alphanumeric())
}

/// Follows the pointer to the variable that holds the type, and reads the name of the type that it holds now.
fn read_type(variable: usize) -> Result<UserType, Flaw> {
    aligned("type", variable)?;
    let class: usize = memory::read(variable).map_err(Flaw::unreadable("type"))?;
    if class == 0 {
        return Err(Flaw::new(
            Rule::NotMade,
            "type",
            "the type is not made yet: the PyTypeObject * is still null, import the module",
        ));
    }
    let field = |offset: usize| memory::read::<u64>(class.wrapping_add(offset));
    let name = field(TP_NAME).map_err(Flaw::unreadable_by(Rule::TypeUnreadable, "type"))?;
    let bytes = memory::read_text(name as usize, MAX_TYPE_NAME)
        .map_err(Flaw::unreadable_by(Rule::TypeNameUnreadable, "type"))?;
    let name =
        String::from_utf8(bytes).map_err(|_| Flaw::new(Rule::NotUtf8, "type", "the type's name is not UTF-8"))?;
    if !name.split('.').all(is_identifier) {
        return Err(Flaw::new(Rule::NoTypeName, "type", format!("{name:?} is not the name of a type")));
    }
    let name = if name.contains('.') {
        name
    } else if field(TP_FLAGS).map_err(Flaw::unreadable_by(Rule::TypeUnreadable, "type"))? & HEAP_TYPE == 0 {
        format!("builtins.{name}")
    } else {
        // A class statement's module is an attribute, which only running Python code could look up.
        format!("unknown.{name}")
    };
    Ok(UserType { name, place: NonZeroUsize::new(variable).map(TypePlace::Variable), builtin: None })
}

/// Reads the default, and checks that the fields it does not use are zero.
fn read_default(value: &AbiValue, kind: &Kind) -> Result<Option<DefaultValue>, Flaw> {
    let none = value.flags & flag::DEFAULT_NONE != 0;
    if value.flags & flag::OPTIONAL == 0 {
        if none {
            return Err(Flaw::new(Rule::NotOptional, "flags", "a default of None, but not optional"));
        }
        refuse_defaults(value, false, false, false)?;
        return Ok(None);
    }
    if none {
        refuse_defaults(value, false, false, false)?;
        return Ok(Some(DefaultValue::None));
    }
    let default = match kind {
        Kind::Scalar(Scalar::CBool) => match value.default_int {
            0 => DefaultValue::Bool(false),
            1 => DefaultValue::Bool(true),
            other => {
                return Err(Flaw::new(
                    Rule::NoTruthValue,
                    "default_int",
                    format!("{other} is not a truth value: it must be 0 or 1"),
                ));
            }
        },
        Kind::Scalar(Scalar::F32 | Scalar::F64) => DefaultValue::Float(value.default_float),
        Kind::Scalar(Scalar::U64 | Scalar::Usize) => DefaultValue::Int(i128::from(value.default_int as u64)),
        Kind::Scalar(scalar) => {
            let number = i128::from(value.default_int);
            if scalar.integer_range().is_some_and(|(least, greatest)| !(least..=greatest).contains(&number)) {
                return Err(Flaw::new(Rule::OutOfRange, "default_int", format!("{number} does not fit the kind")));
            }
            DefaultValue::Int(number)
        }
        Kind::Cstr => {
            let bytes =
                memory::read_text(value.default_address, abi::MAX_TEXT).map_err(Flaw::unreadable("default_address"))?;
            let text =
                String::from_utf8(bytes).map_err(|_| Flaw::new(Rule::NotUtf8, "default_address", "not UTF-8"))?;
            DefaultValue::Str(text)
        }
        Kind::Object | Kind::Python { .. } | Kind::User { .. } => {
            aligned("default_address", value.default_address)?;
            memory::read::<usize>(value.default_address).map_err(Flaw::unreadable("default_address"))?;
            DefaultValue::Object { address: NonZeroUsize::new(value.default_address) }
        }
        Kind::Buffer | Kind::Foreign(_) | Kind::Void | Kind::Context => {
            return Err(Flaw::new(Rule::NoDefault, "flags", "optional, but this kind has no default but None"));
        }
    };
    let (float, integer) = (matches!(default, DefaultValue::Float(_)), matches!(kind, Kind::Scalar(_)));
    refuse_defaults(value, integer && !float, float, !integer)?;
    Ok(Some(default))
}

/// Checks that fields of defaults that are not in use are zero, so that a later version may give them a meaning.
fn refuse_defaults(value: &AbiValue, integer: bool, float: bool, address: bool) -> Result<(), Flaw> {
    let reason = "not in use here: it must be 0";
    if !integer && value.default_int != 0 {
        return Err(Flaw::new(Rule::NotZero, "default_int", reason));
    }
    if !float && value.default_float != 0 {
        return Err(Flaw::new(Rule::NotZero, "default_float", reason));
    }
    if !address && value.default_address != 0 {
        return Err(Flaw::new(Rule::NotZero, "default_address", reason));
    }
    Ok(())
}

/// Checks a pointer to pointers or to structs of the ABI, which are all aligned to 8 bytes.
pub(super) fn aligned(field: &str, address: usize) -> Result<(), Flaw> {
    if address == 0 {
        return Err(Flaw::new(Rule::Null, field, "null"));
    }
    if !address.is_multiple_of(8) {
        return Err(Flaw::new(Rule::Misaligned, field, format!("{address:#x} is not aligned to 8 bytes")));
    }
    Ok(())
}
