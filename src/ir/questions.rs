//! Properties of an instruction that depend only on its variant: whether it ends a block, checks something, calls. Each
//! variant has one [`Sort`], and each question is answered for every sort, so the compiler asks for the sort of each
//! new instruction.

#![deny(clippy::wildcard_enum_match_arm)]

use super::entities::Value;
use super::instruction::{BlockCall, Failure, Instruction};
use super::operation::Operation;

/// How an instruction leaves the function, other than with a result or an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// It does not leave.
    Never,
    /// If its check fails, through the fallback of the stub.
    Fallback,
    /// If its check fails, through the exit of its state.
    Exit,
    /// Always, through the exit of its state.
    Always,
}

/// The sort of an instruction.
enum Sort<'a> {
    /// Gives a value and does nothing else.
    Value,
    /// Gives a value, or raises.
    Raises,
    /// A call of a Python object.
    Call,
    /// One of Python's operations.
    Operation(&'a Operation),
    /// Gives a value, or leaves in this way.
    Check(Leaves),
    /// Changes a reference count.
    Count,
    /// Ends the block and continues in one of these.
    Goes(Vec<&'a BlockCall>),
    /// Ends the function.
    Ends,
    /// Leaves the function through the exit of its state.
    Exits,
}

impl Instruction {
    fn sort(&self) -> Sort<'_> {
        match self {
            Self::LoadConst
            | Self::LoadArg { .. }
            | Self::LoadSelf
            | Self::NullIfNone { .. }
            | Self::MethodSelf { .. }
            | Self::CompareNumbers { .. } => Sort::Value,
            // The first context of a thread is made.
            Self::LoadContext | Self::CallCFunction { .. } | Self::Box { .. } | Self::FromForeign { .. } => {
                Sort::Raises
            }
            Self::VectorCall { .. } | Self::VectorCallStatic { .. } => Sort::Call,
            Self::Operate { operation, args: _ } => Sort::Operation(operation),
            Self::Guard { failure, .. } | Self::Unbox { failure, .. } => match failure {
                Failure::Never => Sort::Value,
                Failure::Fallback => Sort::Check(Leaves::Fallback),
                Failure::Exit => Sort::Check(Leaves::Exit),
            },
            Self::UnboxReal { .. } | Self::ToForeign { .. } => Sort::Check(Leaves::Fallback),
            Self::Assume { .. } | Self::GuardFinite { .. } | Self::Arithmetic { .. } => Sort::Check(Leaves::Exit),
            Self::Incref { .. } | Self::Decref { .. } => Sort::Count,
            Self::Jump { target } => Sort::Goes(vec![target]),
            Self::Branch { condition: _, then, otherwise } => Sort::Goes(vec![then, otherwise]),
            Self::Return { .. } | Self::Unreachable => Sort::Ends,
            Self::Exit => Sort::Exits,
        }
    }

    /// The operation, if it is one of Python's.
    pub fn operation(&self) -> Option<&Operation> {
        match self.sort() {
            Sort::Operation(operation) => Some(operation),
            Sort::Value
            | Sort::Raises
            | Sort::Call
            | Sort::Check(_)
            | Sort::Count
            | Sort::Goes(_)
            | Sort::Ends
            | Sort::Exits => None,
        }
    }

    /// How it leaves the function.
    pub fn leaves(&self) -> Leaves {
        match self.sort() {
            Sort::Check(leaves) => leaves,
            Sort::Exits => Leaves::Always,
            Sort::Value | Sort::Raises | Sort::Call | Sort::Operation(_) | Sort::Count | Sort::Goes(_) | Sort::Ends => {
                Leaves::Never
            }
        }
    }

    /// Whether it checks something, and leaves if the check fails.
    pub fn is_guard(&self) -> bool {
        match self.leaves() {
            Leaves::Fallback | Leaves::Exit => true,
            Leaves::Never | Leaves::Always => false,
        }
    }

    /// Whether it leaves the function through the exit of its state, and so needs one.
    pub fn needs_state(&self) -> bool {
        match self.leaves() {
            Leaves::Exit | Leaves::Always => true,
            Leaves::Never | Leaves::Fallback => false,
        }
    }

    /// Whether the function may end at it other than by a `Return`: through an exit, or because it raises. The function
    /// then gives up what it owns.
    pub fn may_end_early(&self) -> bool {
        match self.sort() {
            Sort::Raises | Sort::Call | Sort::Check(_) | Sort::Exits => true,
            Sort::Operation(operation) => operation.shape().effects.raises,
            Sort::Value | Sort::Count | Sort::Goes(_) | Sort::Ends => false,
        }
    }

    /// Whether it calls a Python object. A pass may have turned such a call into a direct call of a C function, which
    /// is not one.
    pub fn is_call(&self) -> bool {
        match self.sort() {
            Sort::Call => true,
            Sort::Operation(operation) => operation.is_call(),
            Sort::Value | Sort::Raises | Sort::Check(_) | Sort::Count | Sort::Goes(_) | Sort::Ends | Sort::Exits => {
                false
            }
        }
    }

    /// Whether it ends a block.
    pub fn is_terminator(&self) -> bool {
        match self.sort() {
            Sort::Goes(_) | Sort::Ends | Sort::Exits => true,
            Sort::Value | Sort::Raises | Sort::Call | Sort::Operation(_) | Sort::Check(_) | Sort::Count => false,
        }
    }

    /// The blocks in which the function may continue after it, if it ends a block.
    pub fn targets(&self) -> Vec<&BlockCall> {
        match self.sort() {
            Sort::Goes(targets) => targets,
            Sort::Value
            | Sort::Raises
            | Sort::Call
            | Sort::Operation(_)
            | Sort::Check(_)
            | Sort::Count
            | Sort::Ends
            | Sort::Exits => Vec::new(),
        }
    }

    /// The values that it uses itself, without those that it passes to blocks.
    pub fn own_operands(&self) -> Vec<Value> {
        let mut operands = self.operands();
        // The passed values come last in the text.
        let passed: usize = self.targets().iter().map(|call| call.args.len()).sum();
        operands.truncate(operands.len() - passed);
        operands
    }
}
