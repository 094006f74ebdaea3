//! The reasons why a function is left before its end.

#![deny(clippy::wildcard_enum_match_arm)]

use std::fmt;
use std::str::FromStr;

use super::instruction::{Failure, Instruction};
use crate::operators::BinaryOperator;

/// The check that failed, or the event, when a function is left before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExitReason {
    /// An object is not of the expected type, or not the expected object.
    Type,
    /// An object of that type has no such C value: an int with too many digits.
    Value,
    /// The result of arithmetic does not fit.
    Overflow,
    /// A division by zero, or one whose result does not fit.
    Division,
    /// The result of a C function is infinite or NaN.
    NotFinite,
    /// Something that the code relies on has changed.
    Assumption,
    /// A local, or the content of a cell, is unbound.
    Unbound,
    /// An instruction raised in the range of a handler, which the interpreter will find.
    Handled,
    /// An instruction raised, and the exception leaves the function.
    Raised,
    /// The code always leaves there.
    Always,
}

impl ExitReason {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Type,
        Self::Value,
        Self::Overflow,
        Self::Division,
        Self::NotFinite,
        Self::Assumption,
        Self::Unbound,
        Self::Handled,
        Self::Raised,
        Self::Always,
    ];

    /// Its name, as it is printed and parsed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Value => "value",
            Self::Overflow => "overflow",
            Self::Division => "division",
            Self::NotFinite => "not-finite",
            Self::Assumption => "assumption",
            Self::Unbound => "unbound",
            Self::Handled => "handled",
            Self::Raised => "raised",
            Self::Always => "always",
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ExitReason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|reason| reason.name() == text);
        found.ok_or_else(|| format!("no reason to leave a function is called {text}"))
    }
}

impl Instruction {
    /// The reason why the function may be left at it other than by an exception; `None` if it never is.
    pub fn exit_reason(&self) -> Option<ExitReason> {
        match self {
            Self::Guard { failure: Failure::Never, .. } | Self::Unbox { failure: Failure::Never, .. } => None,
            Self::Guard { failure: Failure::Fallback | Failure::Exit, .. } => Some(ExitReason::Type),
            Self::Unbox { failure: Failure::Fallback | Failure::Exit, .. } => Some(ExitReason::Value),
            Self::UnboxReal { .. } | Self::ToForeign { .. } => Some(ExitReason::Value),
            Self::Assume { .. } => Some(ExitReason::Assumption),
            Self::GuardFinite { .. } => Some(ExitReason::NotFinite),
            Self::Arithmetic { operator, .. } => Some(ExitReason::of_arithmetic(*operator)),
            Self::Exit => Some(ExitReason::Always),
            Self::LoadConst
            | Self::LoadArg { .. }
            | Self::LoadSelf
            | Self::LoadContext
            | Self::VectorCall { .. }
            | Self::VectorCallStatic { .. }
            | Self::CallCFunction { .. }
            | Self::FromForeign { .. }
            | Self::NullIfNone { .. }
            | Self::Box { .. }
            | Self::Incref { .. }
            | Self::Decref { .. }
            | Self::Jump { .. }
            | Self::Branch { .. }
            | Self::Return { .. }
            | Self::Unreachable
            | Self::MethodSelf { .. }
            | Self::CompareNumbers { .. } => None,
            Self::Operate { operation, .. } => operation.leaves_if_unbound().then_some(ExitReason::Unbound),
        }
    }

    /// The reason why the function is left at it if it raises in the range of a handler.
    pub fn error_reason(&self) -> ExitReason {
        match self.operation() {
            Some(operation) if operation.is_bound_check() => ExitReason::Unbound,
            Some(_) | None => ExitReason::Handled,
        }
    }
}

impl ExitReason {
    /// The reason for leaving at arithmetic on C numbers.
    pub fn of_arithmetic(operator: BinaryOperator) -> Self {
        match operator {
            BinaryOperator::FloorDivide | BinaryOperator::Remainder | BinaryOperator::TrueDivide => Self::Division,
            BinaryOperator::Add
            | BinaryOperator::And
            | BinaryOperator::LeftShift
            | BinaryOperator::MatrixMultiply
            | BinaryOperator::Multiply
            | BinaryOperator::Or
            | BinaryOperator::Power
            | BinaryOperator::RightShift
            | BinaryOperator::Subtract
            | BinaryOperator::Xor => Self::Overflow,
        }
    }
}
