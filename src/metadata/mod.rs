//! Everything that is known about a callable: signatures, their text form, and the readers that find them. No IR, no
//! Cranelift.

pub mod abi;
mod check;
mod definition;
pub mod dialect;
mod parse;
mod reader;
mod rule;
mod signature;
mod text;
mod values;

pub use crate::cpython::PythonType;
pub use check::{Nonsense, Place};
pub use definition::{Definition, Receiver, definition};
pub use dialect::{Dialect, DialectTable, TypeError, TypeTable, read_def_as, read_table_as};
pub use parse::ParseError;
pub(crate) use reader::probe_writable;
pub use reader::{FlagError, MethodTable, MethodTableEntry, Rejected, TypedMethod, clear_flag, read_def, read_table};
pub use rule::Rule;
pub use signature::{
    BuiltinType, DefaultValue, Effects, ForeignKind, Kind, MAX_OVERLOADS, MAX_PARAMETERS, Overload, Parameter, Raises,
    Scalar, Signature, TypePlace, UserType,
};
