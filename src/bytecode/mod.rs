//! Python's bytecode, decoded to version-neutral instructions; their interpreter.
//!
//! [`Code`] is a code object of CPython 3.11 to 3.15, or a text snippet, as plain data; [`Op`] lists the instructions.

mod code;
mod instruction;

pub use code::{ArgumentCounts, Code, Constant, Handler, Literal, LocalKind, LocalVariable};
pub use instruction::{Arguments, Condition, Const, Instruction, Local, Name, Op, Suspend, Target};

pub use crate::operators::{
    BinaryOperator, CompareOperator, Conversion, FunctionAttribute, Intrinsic1, Intrinsic2, Special, UnaryOperator,
};
