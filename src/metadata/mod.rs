//! What is known about a callable: signatures, their text form, and the readers that find them. No IR, no Cranelift.

mod check;
pub(crate) mod cursor;
mod parse;
mod signature;
mod text;

pub use check::{Nonsense, Place};
pub use parse::ParseError;
pub use signature::{
    DefaultValue, Effects, Kind, MAX_OVERLOADS, MAX_PARAMETERS, Overload, Parameter, PythonType, Raises, Scalar,
    Signature, UserType,
};
