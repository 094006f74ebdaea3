//! Python's bytecode, decoded to version-neutral instructions; their interpreter.
//!
//! [`Code`] is a code object of CPython 3.11 to 3.15, or a text snippet, as plain data; [`Op`] lists the instructions.

mod code;
mod instruction;

pub use code::{ArgumentCounts, Code, Constant, Handler, Literal, LocalKind, LocalVariable};
pub use instruction::{
    Arguments, BinaryOperator, CompareOperator, Condition, Const, Conversion, FunctionAttribute, Instruction,
    Intrinsic1, Intrinsic2, Local, Name, Op, Special, Suspend, Target, UnaryOperator,
};
