//! The plan of a stub as plain data that can be printed: a frame, and arms around IR.
//!
//! Two stubs of one shape may differ in the names that their plans print, but in nothing that determines the code.

use super::audit::Promises;
use super::frame::{Binding, Convention, Frame};
use crate::ir::{Callees, Function, Inst, Instruction};
use crate::lower::convention::MethodConvention;

/// How a stub is called, and what it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How it is called.
    pub frame: Frame,
    /// At least one, tried in order: the first arm whose guards hold does the call.
    pub arms: Vec<Arm>,
}

/// The code of a stub for one overload. Guards that fail lead to the next arm; those of the last arm to the fallback.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// The overload's position in the signature.
    pub overload: u16,
    /// Number of arguments, without the receiver of a method.
    pub arity: u16,
    /// How many of them, counted from the last, the original gets by name if the call falls back from C arguments.
    pub keywords: u16,
    /// How the call gives them.
    pub given: Given,
    /// How many of them may be left out for the object in a variable, which is then held during the call.
    pub held: u16,
    /// Whether the code checks that the receiver is of the method descriptor's type: the caller's proofs are not enough
    /// if the object has no kind.
    pub checks_receiver: bool,
    /// The promises of the callee, if they are to be checked.
    pub audit: Option<Promises>,
    /// Whether calls that reach the C function are counted.
    pub counted: bool,
    /// Whether the function may run Python code.
    pub calls_python: bool,
    /// Its IR after all passes: a block that ends with `Return`.
    pub function: Function,
    /// The callees of the IR.
    pub callees: Callees,
}

/// How a call gives an arm its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Given {
    /// All by position; other calls do not match this arm.
    ByPosition,
    /// All by position on the likely path; else `runtime::stub::matching` finds those given by name, and defaults.
    Matched,
    /// Like [`Given::Matched`], but some cannot be given by position.
    AlwaysMatched,
}

impl Plan {
    /// Whether the stub may run Python code, which may drop it.
    pub fn runs_python(&self) -> bool {
        self.arms.iter().any(Arm::runs_python)
    }

    /// Whether an arm's call counts against the recursion limit. CPython's own vectorcall of the original counts
    /// (`ml_meth` leaves that to its caller). A call that runs no Python code cannot recurse.
    pub fn counts_recursion(&self, arm: &Arm) -> bool {
        let original = self.frame.original;
        let counted = match (self.frame.convention, self.frame.binding) {
            // The original is called with a tuple, which counts; the stub, with an array, which does not.
            (Convention::Method(_), Binding::Function) => original.takes_tuple(),
            (Convention::Method(_), Binding::Method) => false,
            (Convention::Method(_), Binding::Bare) => false,
            // `PyObject_Vectorcall` of an object that has only `tp_call` counts.
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
        // The check of a promise may run any code, and an object that was held for the call may die after it.
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
