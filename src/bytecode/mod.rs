//! Python's bytecode, decoded to version-neutral instructions.
//!
//! [`Code`] is a code object of CPython 3.11 to 3.15, or a text snippet, as plain data. [`Op`] lists the instructions.
//! [`decode`] makes `Code` of a code object, and `"LOAD_CONST 1; RETURN_VALUE".parse()` makes it of a snippet.

mod code;
mod decode;
mod exceptions;
mod instruction;
mod lines;
#[cfg(test)]
mod listing;
mod opcodes;
mod print;
mod raw_stack;
mod snippet;
mod stack;

pub use code::{ArgumentCounts, Code, Constant, Handler, Literal, LocalKind, LocalVariable};
pub use decode::{DecodeError, Problem, decode, decode_function};
pub use instruction::{Arguments, BytecodeInstruction, Condition, Const, Local, Name, Op, Suspend, Target};
pub use raw_stack::{RawPoint, RawRaise, RawSlot, RawStacks};
pub use snippet::{SnippetError, SnippetProblem};
pub use stack::{StackError, StackProblem};

pub use crate::operators::{
    BinaryOperator, CompareOperator, Conversion, FunctionAttribute, Intrinsic1, Intrinsic2, Special, UnaryOperator,
};
