//! The types that CPython itself defines and that signatures name.

/// A type that CPython itself defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the variants are Python's types of the same names")]
pub enum PythonType {
    Int,
    Float,
    Bool,
    Str,
    Bytes,
    List,
    Tuple,
    Dict,
    /// `NoneType`, whose only instance is `None`.
    None,
}

impl PythonType {
    /// Every type.
    pub const ALL: [Self; 9] =
        [Self::Int, Self::Float, Self::Bool, Self::Str, Self::Bytes, Self::List, Self::Tuple, Self::Dict, Self::None];
}
