//! The instructions: one enum, matched exhaustively wherever its variants differ.
//!
//! References: every object operand is borrowed by the instruction, except where its documentation says otherwise, and
//! every object result is owned by the function, which gives up what it owns when it leaves.
//!
//! What passes ask of an instruction before they know its operands is in `questions`.

#![deny(clippy::wildcard_enum_match_arm)]

use std::sync::Arc;

use super::assumption::Assumption;
use super::callee::Called;
use super::effect_set::{Effects, Heap};
use super::entities::{Block, Value};
use super::operation::Operation;
use super::questions::Leaves;
use super::types::Type;
use crate::metadata::Scalar;
use crate::operators::{BinaryOperator, CompareOperator};

/// What an instruction does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// A constant; the type of the result carries it.
    LoadConst,
    /// The call's positional argument `index`, the receiver of a method not counted.
    LoadArg {
        /// Counted from 0.
        index: u16,
    },
    /// The object that the method is called on; for a built-in function the object that it is bound to.
    LoadSelf,
    /// The per-thread context, a `CPtr`.
    LoadContext,
    /// A call of any object.
    VectorCall {
        /// The object called.
        callable: Value,
        /// Positional arguments, and behind them those given by name.
        args: Vec<Value>,
        /// The names of the last arguments.
        keywords: Vec<Arc<str>>,
    },
    /// A call of a constant.
    VectorCallStatic {
        /// A value whose type is one object.
        callable: Value,
        /// Positional arguments, the receiver first where the callable is a method descriptor, and behind them those
        /// given by name.
        args: Vec<Value>,
        /// The names of the last arguments.
        keywords: Vec<Arc<str>>,
    },
    /// A direct call of an underlying function, or of a `ml_meth` in its METH_ shape. Checks for an error by the
    /// callee's own convention, and then leaves the function with the exception set.
    CallCFunction {
        /// What is called.
        callee: Called,
        /// The C arguments in order, `cstr` and `buffer` as one value each; for `ml_meth` the receiver, if there is
        /// one, and the positional arguments, all objects.
        args: Vec<Value>,
    },
    /// The same value, known to be of the type; where it is not, the guard fails. A guard for any `Object` stands where null was
    /// asked for before, and checks nothing.
    Guard {
        /// What is checked; with `Nullptr` in it, null passes.
        ty: Type,
        /// What is looked at.
        value: Value,
        /// What happens where it fails.
        failure: Failure,
    },
    /// Null in the place of `None`, else the same value.
    NullIfNone {
        /// An object.
        value: Value,
    },
    /// The C number in an object whose exact type is proven, or where its text or bytes lie and how many these are; it fails
    /// where the number does not fit. Null and 0 of null.
    Unbox {
        /// A C scalar's type, `CStr` or `CBuffer`.
        ctype: Type,
        /// An exact int or float, or a bool; an exact str or bytes, or null.
        value: Value,
        /// What happens where it fails.
        failure: Failure,
    },
    /// The C number in an exact float, or in an exact int, as CPython's own converters take it; of other objects, the stub leaves
    /// through its fallback.
    UnboxReal {
        /// `CDouble` or `CFloat`.
        ctype: Type,
        /// An object.
        value: Value,
    },
    /// The object of a C number, string or buffer; `None` for a null pointer.
    Box {
        /// A C scalar, `CStr` or `CBuffer`.
        value: Value,
    },
    /// The C value that the provider of a foreign function makes of an argument; where it makes none, the stub leaves
    /// through its fallback.
    ToForeign {
        /// The foreign function.
        callee: Called,
        /// The position of its parameter.
        parameter: u16,
        /// An object.
        value: Value,
    },
    /// The object that the provider of a foreign function makes of its result.
    FromForeign {
        /// The foreign function.
        callee: Called,
        /// What it returned.
        value: Value,
    },
    /// An operation of Python's on objects, done by the runtime.
    Operate {
        /// Which.
        operation: Operation,
        /// Its operands.
        args: Vec<Value>,
    },
    /// What the method is called on that an [`Operation`] found: null where it found something else than a method.
    MethodSelf {
        /// The result of that operation.
        method: Value,
    },
    /// What is said still holds; where it does not, the function leaves through the exit of its state.
    Assume {
        /// What.
        assumption: Assumption,
    },
    /// A C number, of which nobody needs to know what it is when it is not finite: then the function leaves through the
    /// exit of its state, which lies before the call that computed it.
    GuardFinite {
        /// A `CDouble`.
        value: Value,
    },
    /// Arithmetic on two C numbers of one type, which gives one of that type, but for `/` of ints. Where Python's result is
    /// another one (an overflow, a division by zero), the function leaves through the exit of its state.
    Arithmetic {
        /// Which.
        operator: BinaryOperator,
        /// A `CInt64` or a `CDouble`.
        lhs: Value,
        /// One of the same type.
        rhs: Value,
    },
    /// Comparison of two C numbers of one type, as Python compares.
    CompareNumbers {
        /// Which.
        operator: CompareOperator,
        /// A `CInt64` or a `CDouble`.
        lhs: Value,
        /// One of the same type.
        rhs: Value,
    },
    /// Takes a reference.
    Incref {
        /// An object, or null, of which there are no references.
        value: Value,
    },
    /// Gives up a reference.
    Decref {
        /// An object, or null, of which there are no references.
        value: Value,
    },
    /// Goes on in another block.
    Jump {
        /// Where.
        target: BlockCall,
    },
    /// Goes on in one of two blocks.
    Branch {
        /// A `CBool`.
        condition: Value,
        /// Where, when the condition is true.
        then: BlockCall,
        /// Where, when it is false.
        otherwise: BlockCall,
    },
    /// Leaves the function with a result, to which the caller gets a reference.
    Return {
        /// The result.
        value: Value,
    },
    /// Leaves through the exit of its state: the interpreter goes on there.
    Exit,
    /// Nothing comes here: what is in front of it always raises.
    Unreachable,
}

/// What happens where what an instruction checks does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// It always holds.
    Never,
    /// A stub leaves through its fallback: it makes the original call.
    Fallback,
    /// A function leaves through the exit of the instruction's state: the interpreter goes on there.
    Exit,
}

/// A block to go on in, with the values of its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockCall {
    /// The block.
    pub block: Block,
    /// One value per parameter.
    pub args: Vec<Value>,
}

/// Whether an instruction has a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultRule {
    /// Always; where it is an object, the function owns the reference.
    Always,
    /// Always; where it is an object, somebody else keeps it alive.
    Borrowed,
    /// Where the callee returns something.
    ByCallee,
    /// Never.
    Never,
}

impl Instruction {
    /// Unboxes what is proven to be of the type's objects. Every float has a `double` and every bool a truth value: only other
    /// unboxing may fail, and does this then.
    pub fn unbox(ctype: Type, value: Value, failure: Failure) -> Self {
        let failure = if unbox_may_fail(&ctype) { failure } else { Failure::Never };
        Self::Unbox { ctype, value, failure }
    }

    /// Its name in the text form.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LoadConst => "LoadConst",
            Self::LoadArg { .. } => "LoadArg",
            Self::LoadSelf => "LoadSelf",
            Self::LoadContext => "LoadContext",
            Self::VectorCall { .. } => "VectorCall",
            Self::VectorCallStatic { .. } => "VectorCallStatic",
            Self::CallCFunction { .. } => "CallCFunction",
            Self::Guard { .. } => "Guard",
            Self::NullIfNone { .. } => "NullIfNone",
            Self::Unbox { .. } => "Unbox",
            Self::UnboxReal { .. } => "UnboxReal",
            Self::Box { .. } => "Box",
            Self::ToForeign { .. } => "ToForeign",
            Self::FromForeign { .. } => "FromForeign",
            Self::Operate { operation, .. } => operation.name(),
            Self::MethodSelf { .. } => "MethodSelf",
            Self::Assume { .. } => "Assume",
            Self::GuardFinite { .. } => "GuardFinite",
            Self::Arithmetic { .. } => "Arithmetic",
            Self::CompareNumbers { .. } => "CompareNumbers",
            Self::Incref { .. } => "Incref",
            Self::Decref { .. } => "Decref",
            Self::Jump { .. } => "Jump",
            Self::Branch { .. } => "Branch",
            Self::Return { .. } => "Return",
            Self::Exit => "Exit",
            Self::Unreachable => "Unreachable",
        }
    }

    /// What it is like: result, what can happen. One `match` over all instructions, so that the compiler asks for each new
    /// one.
    fn nature(&self) -> (ResultRule, Effects) {
        use ResultRule::{Always, Borrowed, ByCallee, Never};
        match self {
            Self::LoadConst | Self::LoadArg { .. } | Self::LoadSelf => (Borrowed, Effects::NONE),
            // The first one of a thread is made.
            Self::LoadContext => (Always, Effects { is_claimed_pure: true, ..Effects::MAKES_CONTAINER }),
            Self::NullIfNone { .. } | Self::MethodSelf { .. } | Self::CompareNumbers { .. } => (Always, Effects::NONE),
            Self::Unbox { .. } | Self::UnboxReal { .. } | Self::GuardFinite { .. } | Self::Arithmetic { .. } => {
                (Always, Effects::NONE)
            }
            // The classes of objects can change.
            Self::Guard { .. } => (Always, Effects::NONE.reading(Heap::ATTRIBUTES)),
            // Boxing allocates, and so may fail; but nobody misses a failure to make an object that nobody wants.
            Self::Box { .. } => (Always, Effects { is_claimed_pure: true, ..Effects::RAISES }),
            Self::Operate { operation, .. } => {
                let shape = operation.shape();
                (if shape.result.is_some() { Always } else { Never }, shape.effects)
            }
            Self::VectorCall { .. }
            | Self::VectorCallStatic { .. }
            | Self::ToForeign { .. }
            | Self::FromForeign { .. } => (Always, Effects::PYTHON),
            Self::CallCFunction { .. } => (ByCallee, Effects::PYTHON),
            Self::Incref { .. } => (Never, Effects::NONE.writing(Heap::OTHER)),
            Self::Decref { .. } => (Never, Effects { raises: false, ..Effects::PYTHON }),
            // What is assumed is in globals, in modules, on classes.
            Self::Assume { .. } => (Never, Effects::NONE.reading(Heap::GLOBALS.union(Heap::ATTRIBUTES))),
            Self::Jump { .. } | Self::Branch { .. } | Self::Return { .. } | Self::Exit | Self::Unreachable => {
                (Never, Effects::NONE)
            }
        }
    }

    /// Whether it has a result.
    pub fn result_rule(&self) -> ResultRule {
        self.nature().0
    }

    /// What can happen while it is done, whatever its operands are, apart from leaving the function through its exit or
    /// fallback. What a direct call can do is its callee's: [`Self::CallCFunction`] counts as running Python here.
    pub fn effects(&self) -> Effects {
        self.nature().1
    }

    /// Whether it may be dropped when its result is unused. What leaves the function when it fails is missed: what follows
    /// relies on the check.
    pub fn is_pure(&self) -> bool {
        self.leaves() == Leaves::Never && self.effects().is_pure()
    }

    /// The values that it uses, in the order of the text form.
    pub fn operands(&self) -> Vec<Value> {
        let mut operands = Vec::new();
        // Visiting needs no more than a shared borrow, but one list of the operands is better than two.
        self.clone().for_each_operand(|value| operands.push(*value));
        operands
    }

    /// Visits the values that it uses, to replace them.
    pub fn for_each_operand(&mut self, mut visit: impl FnMut(&mut Value)) {
        match self {
            Self::LoadConst
            | Self::LoadArg { .. }
            | Self::LoadSelf
            | Self::LoadContext
            | Self::Assume { .. }
            | Self::Exit
            | Self::Unreachable => {}
            Self::VectorCall { callable, args, keywords: _ }
            | Self::VectorCallStatic { callable, args, keywords: _ } => {
                visit(callable);
                args.iter_mut().for_each(visit);
            }
            Self::CallCFunction { callee: _, args } | Self::Operate { operation: _, args } => {
                args.iter_mut().for_each(visit);
            }
            Self::Arithmetic { operator: _, lhs, rhs } => [lhs, rhs].into_iter().for_each(visit),
            Self::CompareNumbers { operator: _, lhs, rhs } => [lhs, rhs].into_iter().for_each(visit),
            Self::MethodSelf { method: value }
            | Self::GuardFinite { value }
            | Self::Guard { value, .. }
            | Self::NullIfNone { value }
            | Self::Unbox { value, .. }
            | Self::UnboxReal { value, .. }
            | Self::Box { value }
            | Self::ToForeign { value, .. }
            | Self::FromForeign { value, .. }
            | Self::Incref { value }
            | Self::Decref { value }
            | Self::Return { value } => visit(value),
            Self::Jump { target } => target.args.iter_mut().for_each(visit),
            Self::Branch { condition, then, otherwise } => {
                visit(condition);
                then.args.iter_mut().chain(&mut otherwise.args).for_each(visit);
            }
        }
    }

    /// Visits where the function may go on after it, to replace that.
    pub fn for_each_target(&mut self, mut visit: impl FnMut(&mut BlockCall)) {
        match self {
            Self::Jump { target } => visit(target),
            Self::Branch { condition: _, then, otherwise } => [then, otherwise].into_iter().for_each(visit),
            Self::Return { .. }
            | Self::Exit
            | Self::Unreachable
            | Self::LoadConst
            | Self::LoadArg { .. }
            | Self::LoadSelf
            | Self::LoadContext
            | Self::VectorCall { .. }
            | Self::VectorCallStatic { .. }
            | Self::CallCFunction { .. }
            | Self::Guard { .. }
            | Self::NullIfNone { .. }
            | Self::Unbox { .. }
            | Self::UnboxReal { .. }
            | Self::Box { .. }
            | Self::ToForeign { .. }
            | Self::FromForeign { .. }
            | Self::Operate { .. }
            | Self::MethodSelf { .. }
            | Self::Assume { .. }
            | Self::GuardFinite { .. }
            | Self::Arithmetic { .. }
            | Self::CompareNumbers { .. }
            | Self::Incref { .. }
            | Self::Decref { .. } => {}
        }
    }
}

/// Whether an object of the right type may hold what is no C value of this type.
pub(super) fn unbox_may_fail(ctype: &Type) -> bool {
    !matches!(ctype.scalar(), Some(Scalar::F64 | Scalar::F32 | Scalar::CBool))
}
