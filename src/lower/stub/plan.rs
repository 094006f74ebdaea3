//! The plan of a stub: what its code does, step by step, as plain data that prints.
//!
//! The planner decides, the emitter walks the plan. A plan holds nothing that differs between two stubs of a shape, so
//! equal plans have equal code.

use super::audit::Promises;
use super::frame::{Binding, Convention, Frame};
use crate::ir::Value;
use crate::lower::convention::MethodConvention;
use crate::lower::emit::admitted::{Admitted, View};
use crate::lower::machine::CType;
use crate::metadata::{Raises, Scalar};

/// How a stub is called, and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// How it is called.
    pub frame: Frame,
    /// At least one, tried in order: the first whose guards hold does the call.
    pub arms: Vec<Arm>,
}

/// What a stub does for one overload. Guards that fail lead to the next arm, those of the last one to the fallback.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// What it does, in order; ends with [`Step::Return`].
    pub steps: Vec<Step>,
}

/// How a call gives an arm its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Given {
    /// All by position, or the call is none of this arm's.
    ByPosition,
    /// All by position on the likely path. Else `runtime::matching` finds those given by name, and defaults.
    Matched,
    /// As [`Given::Matched`], but some cannot be given by position.
    AlwaysMatched,
}

/// An object of which a call takes over a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stolen {
    /// The object.
    pub value: Value,
    /// Whether it may be null.
    pub or_null: bool,
}

/// One step of a stub. Steps name values as the IR does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The object that the method is called on.
    Receiver {
        /// What it is named.
        into: Value,
    },
    /// A positional argument.
    Argument {
        /// What it is named.
        into: Value,
        /// Counted from 0.
        index: u16,
    },
    /// The per-thread context.
    Context {
        /// What it is named.
        into: Value,
    },
    /// A C number, known when the code is made.
    Constant {
        /// What it is named.
        into: Value,
        /// Its C type.
        scalar: Scalar,
        /// The number as a C value: an integer extended to 64 bits, the bits of a `double`.
        bits: u64,
    },
    /// A new reference to `None`.
    None {
        /// What it is named.
        into: Value,
    },
    /// Leaves this arm unless the value is of exactly this type.
    Guard {
        /// The same value, under a new name.
        into: Value,
        /// What is looked at.
        from: Value,
        /// What passes.
        admitted: Admitted,
    },
    /// Null in the place of `None`.
    NullIfNone {
        /// The object or null.
        into: Value,
        /// The object.
        from: Value,
    },
    /// Where the text or the bytes of an exact `str` or `bytes` lie, and how many bytes they are; leaves through the
    /// fallback where there are none that a C function may get.
    View {
        /// The pointer and the length.
        into: Value,
        /// The object.
        from: Value,
        /// What is looked at.
        view: View,
        /// Null and 0 of null, which the object may be.
        or_null: bool,
    },
    /// The C number in an exact int, float or bool; leaves through the fallback where it does not fit.
    Unbox {
        /// The number.
        into: Value,
        /// The object.
        from: Value,
        /// The C type.
        scalar: Scalar,
    },
    /// The C number in an exact float, or in an exact int, as CPython's own converters take it; leaves through the fallback
    /// for others.
    UnboxReal {
        /// The number.
        into: Value,
        /// The object.
        from: Value,
        /// `f32` or `f64`.
        scalar: Scalar,
    },
    /// The C value that the provider of a foreign function makes of an argument; leaves through the fallback where it makes
    /// none.
    ToForeign {
        /// The C value.
        into: Value,
        /// The object.
        from: Value,
        /// The position of the C parameter.
        parameter: u16,
        /// Its type.
        ty: CType,
    },
    /// The object that the provider of a foreign function makes of its result; leaves with an exception where it raises.
    FromForeign {
        /// The object.
        into: Value,
        /// The C value.
        from: Value,
        /// Its type.
        ty: CType,
    },
    /// Counts a call that no guard kept from the underlying function.
    CountHit,
    /// Calls the underlying function, and leaves with its error where it reports one.
    Call {
        /// Its result, if it has one.
        into: Option<Value>,
        /// The C arguments.
        arguments: Vec<(Value, CType)>,
        /// The objects that it takes over a reference to: references taken behind everything that may leave the stub.
        steals: Vec<Stolen>,
        /// What the C function returns; `None` for `void`.
        result: Option<CType>,
        /// Whether the object that it returns is borrowed.
        borrowed: bool,
        /// Whether the GIL is released around it.
        nogil: bool,
        /// How it reports an error.
        raises: Raises,
        /// Whether it may run Python code, which may drop the stub.
        runs_python: bool,
    },
    /// Calls the original's `ml_meth` with these objects.
    CallMethod {
        /// Its result.
        into: Value,
        /// What it is called on; `None` for what the original is bound to.
        receiver: Option<Value>,
        /// The positional arguments.
        arguments: Vec<Value>,
        /// How it reports an error.
        raises: Raises,
        /// Whether it may run Python code, which may drop the stub.
        runs_python: bool,
    },
    /// The object of a C number; leaves with an error where memory runs out.
    Box {
        /// The object.
        into: Value,
        /// The number.
        from: Value,
        /// The C type.
        scalar: Scalar,
    },
    /// The object of a string or of bytes, `None` of a null pointer; leaves with an exception where memory runs out, or
    /// where text is no UTF-8.
    BoxView {
        /// The object.
        into: Value,
        /// The string, or the bytes with their length.
        from: Value,
        /// Which of them.
        view: View,
    },
    /// A reference more.
    Incref {
        /// The object.
        value: Value,
    },
    /// Leaves with a result.
    Return {
        /// The result.
        value: Value,
        /// Whether the stub has a reference to hand over; else it takes one first.
        owned: bool,
    },
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
        self.arms.iter().any(|arm| arm.steps.contains(&Step::CountHit))
    }

    /// Whether an arm's arguments may be given by name, or left out.
    pub fn matches_arguments(&self) -> bool {
        self.arms.iter().any(|arm| arm.given != Given::ByPosition)
    }
}

impl Arm {
    /// Has calls counted, right before they are made: behind all guards.
    pub(super) fn count_hits(&mut self) {
        let is_call = |step: &Step| matches!(step, Step::Call { .. } | Step::CallMethod { .. });
        if let Some(call) = self.steps.iter().position(is_call) {
            self.steps.insert(call, Step::CountHit);
        }
    }

    /// Whether it may run Python code.
    pub fn runs_python(&self) -> bool {
        // What checks a promise has its own ways; and what was held for the call may die behind it.
        self.audit.is_some()
            || self.held > 0
            || self.steps.iter().any(|step| match step {
                Step::Call { runs_python: true, .. } | Step::CallMethod { runs_python: true, .. } => true,
                // What was returned beside an exception is given up, and its destructor may be anything.
                Step::Call { raises: Raises::Check, result: Some(CType::Pointer), .. }
                | Step::CallMethod { raises: Raises::Check, .. } => true,
                // A thread's first context is kept in a dict: 3.11 may collect garbage when one is made.
                Step::Context { .. } => true,
                // So it may when an exception for text that is no UTF-8 is made.
                Step::BoxView { .. } | Step::FromForeign { .. } => true,
                _ => false,
            })
    }
}
