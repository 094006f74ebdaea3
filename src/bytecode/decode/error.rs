//! The errors that a code object may have.

use crate::bytecode::StackError;
use crate::embed::Exception;

/// A code object can't be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The object is not a code object.
    #[error("{class} is not a code object: pass the `__code__` of a Python function, or what `compile` returns")]
    NotCode {
        /// The name of its type.
        class: String,
    },
    /// The interpreter did not return its opcodes, or an attribute of the code object.
    #[error("the interpreter did not say what is needed to decode {code}: {exception}")]
    Unreadable {
        /// The code object's qualified name.
        code: String,
        /// The exception that it raised.
        exception: Exception,
    },
    /// An instruction is invalid.
    #[error("{code}, offset {offset}, {opcode}: {problem}")]
    BytecodeInstruction {
        /// The code object's qualified name.
        code: String,
        /// Byte offset of the instruction.
        offset: u32,
        /// Its name in CPython.
        opcode: String,
        /// The error.
        problem: Problem,
    },
    /// The exception table is invalid.
    #[error(
        "{code}: the exception table is damaged; the code object was not made by CPython's compiler, leave it to CPython"
    )]
    ExceptionTable {
        /// The code object's qualified name.
        code: String,
    },
    /// The decoded instructions have an invalid stack.
    #[error("{code}: {error}; this is a defect of the decoder, please report the code object")]
    Stack {
        /// The code object's qualified name.
        code: String,
        /// The error.
        error: StackError,
    },
}

/// An error in an instruction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The version has no such opcode, or no code object contains it.
    #[error(
        "no instruction that a code object of Python 3.{version} contains; decode code objects with the Python that made them"
    )]
    UnknownOpcode {
        /// The minor version.
        version: u32,
    },
    /// The operand names nothing.
    #[error("operand {operand} names nothing; the code object was changed by hand, leave it to CPython")]
    Operand {
        /// The operand.
        operand: u32,
    },
    /// It jumps to an offset where no instruction starts.
    #[error(
        "no instruction starts at its target, offset {target}; the code object was changed by hand, leave it to CPython"
    )]
    Target {
        /// The byte offset.
        target: i64,
    },
    /// The code ends, but another instruction must follow.
    #[error("the code ends after it; it must end with a return, a raise or a jump")]
    OffTheEnd,
    /// The stack holds fewer values than it takes.
    #[error("the stack holds less than it takes; the code object was changed by hand, leave it to CPython")]
    Underflow,
    /// The stack holds more values than any code needs.
    #[error("the stack holds more than {limit} values; the function is left to CPython")]
    Overflow {
        /// The greatest depth that the decoder accepts.
        limit: u32,
    },
    /// The contents of the stack depend on the path to this instruction.
    #[error(
        "the stack holds other things on another path here; the code object was changed by hand, leave it to CPython"
    )]
    Merge,
    /// It uses a null as a value, or has a value where a null must be.
    #[error(
        "a null is on the stack where a value is needed, or the reverse; the code object was changed by hand, leave it to CPython"
    )]
    Null,
    /// The names of a call's keyword arguments are not a constant before it.
    #[error(
        "the names of its keyword arguments are no constant; the code object was changed by hand, leave it to CPython"
    )]
    Keywords,
}
