//! Plans as text: what `typedcall explain` shows and golden tests compare.

use std::fmt;

use super::frame::{Binding, Convention};
use super::plan::{Given, Plan, Step, Stolen};
use crate::ir::Value;
use crate::metadata::{Kind, Raises, Scalar};
use crate::text::cursor::print_float;

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = &self.frame;
        let entry = match frame.convention {
            Convention::Objects { .. } => "objects",
            Convention::Method(method) => method.name(),
            Convention::Vectorcall => "vectorcall",
        };
        let arities: Vec<_> = self.arms.iter().map(|arm| frame.entry_arity(arm.arity).to_string()).collect();
        writeln!(formatter, "{entry}/{} of {frame}", arities.join("|"))?;
        for (position, arm) in self.arms.iter().enumerate() {
            if self.arms.len() > 1 {
                writeln!(formatter, "  arm {position}, overload {}:", arm.overload)?;
            }
            match arm.given {
                Given::ByPosition => {}
                Given::Matched => writeln!(formatter, "  other arguments: by names and defaults")?,
                Given::AlwaysMatched => writeln!(formatter, "  arguments: by names and defaults")?,
            }
            if arm.held > 0 {
                writeln!(formatter, "  default objects held during the call: {}", arm.held)?;
            }
            if arm.checks_receiver {
                writeln!(formatter, "  self: of the descriptor's type or fallback")?;
            }
            if arm.audit.is_some() {
                writeln!(formatter, "  audited:")?;
            }
            for step in &arm.steps {
                writeln!(formatter, "  {step}")?;
            }
        }
        match (self.frame.convention, self.frame.binding) {
            (_, Binding::Bare) => writeln!(formatter, "  fallback: CPython's parser, then the call"),
            (Convention::Objects { .. }, _) if self.arms[0].keywords > 0 => {
                writeln!(
                    formatter,
                    "  fallback: PyObject_Vectorcall of the original, {} by name",
                    self.arms[0].keywords
                )
            }
            (Convention::Objects { .. } | Convention::Vectorcall, _) => {
                writeln!(formatter, "  fallback: PyObject_Vectorcall of the original")
            }
            (Convention::Method(_), Binding::Function | Binding::Foreign { .. })
                if self.frame.original.takes_tuple() =>
            {
                writeln!(formatter, "  fallback: PyObject_Vectorcall of the original")
            }
            (Convention::Method(_), Binding::Method) if self.frame.original.takes_tuple() => {
                writeln!(formatter, "  fallback: ml_meth of the original, with a tuple")
            }
            (Convention::Method(_), _) => writeln!(formatter, "  fallback: ml_meth of the original"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receiver { into } => write!(formatter, "{into} = self"),
            Self::Argument { into, index } => write!(formatter, "{into} = argument {index}"),
            Self::Context { into } => write!(formatter, "{into} = context"),
            Self::Constant { into, scalar: scalar @ (Scalar::F32 | Scalar::F64), bits } => {
                write!(formatter, "{into} = {} {}", Kind::Scalar(*scalar), print_float(*bits))
            }
            Self::Constant { into, scalar, bits } if scalar.is_signed() => {
                write!(formatter, "{into} = {} {}", Kind::Scalar(*scalar), *bits as i64)
            }
            Self::Constant { into, scalar, bits } => write!(formatter, "{into} = {} {bits}", Kind::Scalar(*scalar)),
            Self::None { into } => write!(formatter, "{into} = None"),
            Self::Guard { into, from, admitted } => write!(formatter, "{into} = {from}, {admitted} or fallback"),
            Self::NullIfNone { into, from } => write!(formatter, "{into} = {from}, null if None"),
            Self::View { into, from, view, or_null } => {
                let or_null = if *or_null { "null or " } else { "" };
                write!(formatter, "{into} = {view} of {or_null}{from} or fallback")
            }
            Self::Unbox { into, from, scalar } => write!(formatter, "{into} = unbox {scalar} {from} or fallback"),
            Self::UnboxReal { into, from, scalar } => {
                write!(formatter, "{into} = unbox {scalar} float or int {from} or fallback")
            }
            Self::CountHit => formatter.write_str("count the call"),
            Self::Call { into, arguments, steals, result, borrowed, nogil, raises, runs_python } => {
                write_into(formatter, *into)?;
                formatter.write_str("call target(")?;
                for (position, (value, ty)) in arguments.iter().enumerate() {
                    let separator = if position == 0 { "" } else { ", " };
                    write!(formatter, "{separator}{ty} {value}")?;
                }
                match result {
                    Some(result) => write!(formatter, ") -> {result}")?,
                    None => formatter.write_str(") -> void")?,
                }
                if *borrowed {
                    formatter.write_str(", borrowed")?;
                }
                for Stolen { value, or_null } in steals {
                    write!(formatter, ", steals {value}{}", if *or_null { " or null" } else { "" })?;
                }
                if *nogil {
                    formatter.write_str(", without the GIL")?;
                }
                write_outcome(formatter, *raises, *runs_python)
            }
            Self::CallMethod { into, receiver, arguments, raises, runs_python } => {
                write_into(formatter, Some(*into))?;
                formatter.write_str("call ml_meth(")?;
                match receiver {
                    Some(receiver) => write!(formatter, "{receiver}")?,
                    None => formatter.write_str("self")?,
                }
                for argument in arguments {
                    write!(formatter, ", {argument}")?;
                }
                formatter.write_str(") -> ptr")?;
                write_outcome(formatter, *raises, *runs_python)
            }
            Self::ToForeign { into, from, parameter, ty } => {
                write!(formatter, "{into} = {ty} of {from} as parameter {parameter} or fallback")
            }
            Self::FromForeign { into, from, ty } => write!(formatter, "{into} = new object of {ty} {from}"),
            Self::Box { into, from, scalar } => write!(formatter, "{into} = box {scalar} {from}"),
            Self::BoxView { into, from, view } => write!(formatter, "{into} = new object of {view} {from}"),
            Self::Incref { value } => write!(formatter, "take a reference to {value}"),
            Self::Return { value, owned: true } => write!(formatter, "return {value}"),
            Self::Return { value, owned: false } => write!(formatter, "return a new reference to {value}"),
        }
    }
}

fn write_into(formatter: &mut fmt::Formatter<'_>, into: Option<Value>) -> fmt::Result {
    into.map_or(Ok(()), |into| write!(formatter, "{into} = "))
}

fn write_outcome(formatter: &mut fmt::Formatter<'_>, raises: Raises, runs_python: bool) -> fmt::Result {
    let raises = match raises {
        Raises::Never => "",
        Raises::Null => ", raises null",
        Raises::MinusOne => ", raises minus_one",
        Raises::Nonzero => ", raises nonzero",
        Raises::Check => ", raises check",
    };
    write!(formatter, "{raises}{}", if runs_python { ", may run Python" } else { "" })
}
