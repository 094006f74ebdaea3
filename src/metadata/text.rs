//! Prints the text form of signatures. `parse.rs` reads it.

use std::fmt;

use super::signature::{
    DefaultValue, Effects, ForeignKind, Kind, Overload, Parameter, Raises, Scalar, Signature, UserType,
};
use crate::cpython::PythonType;
use crate::text::cursor::{print_float, quote};

/// The scalars with their names.
pub(super) const SCALARS: [(&str, Scalar); 13] = [
    ("i8", Scalar::I8),
    ("i16", Scalar::I16),
    ("i32", Scalar::I32),
    ("i64", Scalar::I64),
    ("u8", Scalar::U8),
    ("u16", Scalar::U16),
    ("u32", Scalar::U32),
    ("u64", Scalar::U64),
    ("isize", Scalar::Isize),
    ("usize", Scalar::Usize),
    ("f32", Scalar::F32),
    ("f64", Scalar::F64),
    ("cbool", Scalar::CBool),
];

/// Python's types with their names.
pub(super) const PYTHON_TYPES: [(&str, PythonType); 9] = [
    ("int", PythonType::Int),
    ("float", PythonType::Float),
    ("bool", PythonType::Bool),
    ("str", PythonType::Str),
    ("bytes", PythonType::Bytes),
    ("list", PythonType::List),
    ("tuple", PythonType::Tuple),
    ("dict", PythonType::Dict),
    ("None", PythonType::None),
];

/// The kinds that providers convert, with their names.
pub(super) const FOREIGN: [(&str, ForeignKind); 6] = [
    ("ptr", ForeignKind::Pointer),
    ("char", ForeignKind::Char),
    ("wchar", ForeignKind::Wchar),
    ("pyobject", ForeignKind::Object),
    ("cdouble", ForeignKind::Double),
    ("cfloat", ForeignKind::Float),
];

/// The error conventions with their names, except the one that has none.
pub(super) const CONVENTIONS: [(&str, Raises); 4] =
    [("null", Raises::Null), ("minus_one", Raises::MinusOne), ("nonzero", Raises::Nonzero), ("check", Raises::Check)];

/// The name of a value in a table that names all of them.
fn name_in<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, other)| other == value).map_or("never", |(name, _)| name)
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, overload) in self.overloads.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            write!(f, "{overload}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Overload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        let first_keyword = self.parameters.iter().position(|parameter| parameter.keyword_only);
        for (position, parameter) in self.parameters.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            if Some(position) == first_keyword {
                f.write_str("*, ")?;
            }
            write!(f, "{parameter}")?;
        }
        write!(f, ") -> {}", self.result)?;
        if self.raises != Raises::Never {
            write!(f, " raises {}", self.raises)?;
        }
        if self.effects != Effects::default() {
            write!(f, " [{}]", self.effects)?;
        }
        Ok(())
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) if self.receiver && self.kind == Kind::Object => f.write_str(name)?,
            Some(name) => write!(f, "{name}: {}", self.kind)?,
            None => write!(f, "{}", self.kind)?,
        }
        if self.nullable {
            f.write_str("?")?;
        }
        match &self.default {
            Some(default) => write!(f, " = {default}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plus = |subclasses: &bool| if *subclasses { "+" } else { "" };
        match self {
            Self::Scalar(scalar) => write!(f, "{scalar}"),
            Self::Object => f.write_str("object"),
            Self::Python { class, subclasses } => write!(f, "{class}{}", plus(subclasses)),
            Self::User { class, subclasses } => write!(f, "{class}{}", plus(subclasses)),
            Self::Cstr => f.write_str("cstr"),
            Self::Buffer => f.write_str("buffer"),
            Self::Foreign(foreign) => f.write_str(name_in(&FOREIGN, foreign)),
            Self::Void => f.write_str("void"),
            Self::Context => f.write_str("context"),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_in(&SCALARS, self))
    }
}

impl fmt::Display for PythonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_in(&PYTHON_TYPES, self))
    }
}

impl fmt::Display for UserType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "type:{}", self.name)
    }
}

impl fmt::Display for Raises {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_in(&CONVENTIONS, self))
    }
}

impl fmt::Display for DefaultValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(f, "{number}"),
            Self::Float(bits) => f.write_str(&print_float(*bits)),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Str(text) => f.write_str(&quote(text, '\'')),
            Self::None => f.write_str("None"),
            Self::Object { .. } => f.write_str("<object>"),
        }
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { no_python, pure, nogil, borrowed_result, steals } = *self;
        let flags = [("pure", pure), ("no_python", no_python), ("nogil", nogil), ("borrowed_result", borrowed_result)];
        let flags = flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| name.to_owned());
        let stolen = (0..u16::BITS).filter(|n| steals >> n & 1 == 1).map(|n| format!("steals({n})"));
        f.write_str(&flags.chain(stolen).collect::<Vec<_>>().join(", "))
    }
}
