//! The plan of a stub as plain data that prints: a frame, and arms around IR.
//!
//! Two stubs of one shape may differ in the names that their plans print, and in nothing that code is made of.

use super::audit::Promises;
use super::frame::{Binding, Convention, Frame};
use crate::ir::{Callees, Function, Inst, Instruction};
use crate::lower::convention::MethodConvention;

/// How a stub is called, and what it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How it is called.
    pub frame: Frame,
    /// At least one, tried in order: the first whose guards hold does the call.
    pub arms: Vec<Arm>,
}

/// What a stub does for one overload. Guards that fail lead to the next arm, those of the last one to the fallback.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// The overload's position in the signature.
    pub overload: u16,
    /// Number of arguments, the receiver of a method not counted.
    pub arity: u16,
    /// How many of them, the last ones, the original gets by name where the call falls back from C arguments.
    pub keywords: u16,
    /// How the call gives them.
    pub given: Given,
    /// How many of them may be left out for the object in a variable, which is then held during the call.
    pub held: u16,
    /// Whether it is checked that the receiver is of the method descriptor's type: what a caller has proven of an object of
    /// no kind is not enough.
    pub checks_receiver: bool,
    /// What the callee promises, where that is to be checked.
    pub audit: Option<Promises>,
    /// Whether calls that reach the C function are counted.
    pub counted: bool,
    /// Whether the function may run Python code.
    pub calls_python: bool,
    /// What it does: IR after all passes, a block that ends with `Return`.
    pub function: Function,
    /// The callees of that.
    pub callees: Callees,
}

/// How a call gives an arm its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Given {
    /// All by position, or the call is none of this arm's.
    ByPosition,
    /// All by position on the likely path. Else `runtime::stub::matching` finds those given by name, and defaults.
    Matched,
    /// As [`Given::Matched`], but some cannot be given by position.
    AlwaysMatched,
}

impl Plan {
    /// Whether the stub may run Python code, which may drop it.
    pub fn runs_python(&self) -> bool {
        self.arms.iter().any(Arm::runs_python)
    }

    /// Whether an arm's call counts against the recursion limit, as CPython's own vectorcall of the original does
    /// (`ml_meth` leaves that to its caller). A call that runs no Python code cannot recurse.
    pub fn counts_recursion(&self, arm: &Arm) -> bool {
        let original = self.frame.original;
        let counted = match (self.frame.convention, self.frame.binding) {
            // The original is called with a tuple, which counts; the stub, with an array, which does not.
            (Convention::Method(_), Binding::Function) => original.takes_tuple(),
            (Convention::Method(_), Binding::Method) => false,
            (Convention::Method(_), Binding::Bare) => false,
            // `PyObject_Vectorcall` of what has only `tp_call` counts.
            (_, Binding::Foreign { .. }) => true,
            (_, Binding::Method) => true,
            (_, Binding::Function | Binding::Bare) => {
                original.takes_tuple() || matches!(original, MethodConvention::NoArgs | MethodConvention::O)
            }
        };
        counted && arm.runs_python()
    }

    /// Whether calls are counted: those of underlying functions, and the fallback's by reason.
    pub fn counts_calls(&self) -> bool {
        self.arms.iter().any(|arm| arm.counted)
    }

    /// Whether an arm's arguments may be given by name, or left out.
    pub fn matches_arguments(&self) -> bool {
        self.arms.iter().any(|arm| arm.given != Given::ByPosition)
    }
}

impl Arm {
    /// Whether it may run Python code.
    pub fn runs_python(&self) -> bool {
        // What checks a promise has its own ways; and what was held for the call may die behind it.
        self.audit.is_some() || self.held > 0 || self.calls_python
    }

    /// The numbers of its instructions.
    pub(super) fn insts(&self) -> impl Iterator<Item = Inst> + '_ {
        self.function.instructions().map(|(_, inst, _)| inst)
    }

    /// Its instructions.
    pub fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        self.function.instructions().map(|(_, _, data)| &data.instruction)
    }
}
