//! The instructions: one enum, with exhaustive matches wherever its variants differ.
//!
//! References: every object operand is borrowed by the instruction, unless its documentation says otherwise. Every
//! object result is owned by the function, which gives up everything that it owns when it leaves.
//!
//! Questions that passes ask of an instruction before they look at its operands are in `questions`.

#![deny(clippy::wildcard_enum_match_arm)]

use std::sync::Arc;

use super::assumption::Assumption;
use super::callee::Called;
use super::effect_set::{EffectSet, Heap};
use super::entities::{Block, Value};
use super::operation::Operation;
use super::questions::Leaves;
use super::types::Type;
use crate::metadata::Scalar;
use crate::operators::{BinaryOperator, CompareOperator};

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// A constant; the type of the result carries it.
    LoadConst,
    /// The call's positional argument `index`; the receiver of a method is not counted.
    LoadArg {
        /// Counted from 0.
        index: u16,
    },
    /// The object on which the method is called; for a built-in function, the object that it is bound to.
    LoadSelf,
    /// The per-thread context, a `CPtr`.
    LoadContext,
    /// A call of any object.
    VectorCall {
        /// The object called.
        callable: Value,
        /// Positional arguments, followed by those given by name.
        args: Vec<Value>,
        /// The names of the last arguments.
        keywords: Vec<Arc<str>>,
    },
    /// A call of a constant.
    VectorCallStatic {
        /// A value whose type is one object.
        callable: Value,
        /// Positional arguments, with the receiver first if the callable is a method descriptor, followed by those
        /// given by name.
        args: Vec<Value>,
        /// The names of the last arguments.
        keywords: Vec<Arc<str>>,
    },
    /// A direct call of an underlying function, or of an `ml_meth` in its METH_ convention. It checks for an error by
    /// the callee's own convention; on an error it leaves the function with the exception set.
    CallCFunction {
        /// The callee.
        callee: Called,
        /// The C arguments in order, with `cstr` and `buffer` as one value each. For `ml_meth` the receiver, if there
        /// is one, and the positional arguments, all objects.
        args: Vec<Value>,
    },
    /// The same value, known to be of the type; if it is not, the guard fails. A guard for any `Object` takes the place
    /// of an earlier check for null, and checks nothing.
    Guard {
        /// The type to check; if it contains `Nullptr`, null passes.
        ty: Type,
        /// The value to check.
        value: Value,
        /// What happens if the check fails.
        failure: Failure,
    },
    /// Null if the value is `None`, otherwise the same value.
    NullIfNone {
        /// An object.
        value: Value,
    },
    /// The C number in an object whose exact type is proven, or the address of its text or bytes and their number. It
    /// fails if the number does not fit. For null, the result is null and 0.
    Unbox {
        /// A C scalar's type, `CStr` or `CBuffer`.
        ctype: Type,
        /// An exact int or float, or a bool; an exact str or bytes, or null.
        value: Value,
        /// What happens if the check fails.
        failure: Failure,
    },
    /// The C number in an exact float, or in an exact int, as CPython's own converters take it; of other objects, the
    /// stub leaves through its fallback.
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
    /// The C value that the provider of a foreign function makes of an argument; if it makes none, the stub leaves
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
        /// The result of the foreign function.
        value: Value,
    },
    /// One of Python's operations on objects, which the runtime does.
    Operate {
        /// The operation.
        operation: Operation,
        /// Its operands.
        args: Vec<Value>,
    },
    /// The object on which a method is called that an [`Operation`] found; null if the operation found something other
    /// than a method.
    MethodSelf {
        /// The result of that operation.
        method: Value,
    },
    /// Checks that an assumption still holds. If not, the function leaves through the exit of its state.
    Assume {
        /// The assumption.
        assumption: Assumption,
    },
    /// Checks that a C number is finite. If not, the function leaves through the exit of its state, which is before the
    /// call that computed the number.
    GuardFinite {
        /// A `CDouble`.
        value: Value,
    },
    /// Arithmetic on two C numbers of one type. The result has that type too, except for `/` of ints. If Python's
    /// result differs (an overflow, a division by zero), the function leaves through the exit of its state.
    Arithmetic {
        /// The operator.
        operator: BinaryOperator,
        /// A `CInt64` or a `CDouble`.
        lhs: Value,
        /// One of the same type.
        rhs: Value,
    },
    /// Comparison of two C numbers of one type, by Python's rules.
    CompareNumbers {
        /// The operator.
        operator: CompareOperator,
        /// A `CInt64` or a `CDouble`.
        lhs: Value,
        /// One of the same type.
        rhs: Value,
    },
    /// Takes a reference.
    Incref {
        /// An object, or null, which has no references.
        value: Value,
    },
    /// Gives up a reference.
    Decref {
        /// An object, or null, which has no references.
        value: Value,
    },
    /// Continues in another block.
    Jump {
        /// The target.
        target: BlockCall,
    },
    /// Continues in one of two blocks.
    Branch {
        /// A `CBool`.
        condition: Value,
        /// The target if the condition is true.
        then: BlockCall,
        /// The target if it is false.
        otherwise: BlockCall,
    },
    /// Leaves the function with a result; the caller gets a reference to it.
    Return {
        /// The result.
        value: Value,
    },
    /// Leaves through the exit of its state: CPython continues there.
    Exit,
    /// Never reached: the instruction before it always raises.
    Unreachable,
}

/// What happens if an instruction's check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// It always holds.
    Never,
    /// A stub leaves through its fallback: it makes the original call.
    Fallback,
    /// A function leaves through the exit of the instruction's state, and CPython continues there.
    Exit,
}

/// A block to continue in, with the values of its parameters.
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
    /// Always; if it is an object, the function owns the reference.
    Always,
    /// Always; if it is an object, others keep it alive.
    Borrowed,
    /// If the callee returns something.
    ByCallee,
    /// Never.
    Never,
}

/// Visits the operands of an instruction in the order of the text form: one list, for reading them and for replacing
/// them.
macro_rules! visit_operands {
    ($instruction:expr, $visit:ident, $iter:ident) => {
        match $instruction {
            Instruction::LoadConst
            | Instruction::LoadArg { .. }
            | Instruction::LoadSelf
            | Instruction::LoadContext
            | Instruction::Assume { .. }
            | Instruction::Exit
            | Instruction::Unreachable => {}
            Instruction::VectorCall { callable, args, keywords: _ }
            | Instruction::VectorCallStatic { callable, args, keywords: _ } => {
                $visit(callable);
                args.$iter().for_each($visit);
            }
            Instruction::CallCFunction { callee: _, args } | Instruction::Operate { operation: _, args } => {
                args.$iter().for_each($visit);
            }
            Instruction::Arithmetic { operator: _, lhs, rhs } => [lhs, rhs].into_iter().for_each($visit),
            Instruction::CompareNumbers { operator: _, lhs, rhs } => [lhs, rhs].into_iter().for_each($visit),
            Instruction::MethodSelf { method: value }
            | Instruction::GuardFinite { value }
            | Instruction::Guard { value, .. }
            | Instruction::NullIfNone { value }
            | Instruction::Unbox { value, .. }
            | Instruction::UnboxReal { value, .. }
            | Instruction::Box { value }
            | Instruction::ToForeign { value, .. }
            | Instruction::FromForeign { value, .. }
            | Instruction::Incref { value }
            | Instruction::Decref { value }
            | Instruction::Return { value } => $visit(value),
            Instruction::Jump { target } => target.args.$iter().for_each($visit),
            Instruction::Branch { condition, then, otherwise } => {
                $visit(condition);
                then.args.$iter().chain(otherwise.args.$iter()).for_each($visit);
            }
        }
    };
}

impl Instruction {
    /// Unboxes an object that is proven to be of the type. Every float has a `double` and every bool a truth value;
    /// only other unboxing may fail, and then does this.
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

    /// Its result rule and its effects. One `match` over all instructions, so the compiler asks for each new one.
    fn nature(&self) -> (ResultRule, EffectSet) {
        use ResultRule::{Always, Borrowed, ByCallee, Never};
        match self {
            Self::LoadConst | Self::LoadArg { .. } | Self::LoadSelf => (Borrowed, EffectSet::NONE),
            // The first one of a thread is made.
            Self::LoadContext => (Always, EffectSet { is_claimed_pure: true, ..EffectSet::MAKES_CONTAINER }),
            Self::NullIfNone { .. } | Self::MethodSelf { .. } | Self::CompareNumbers { .. } => {
                (Always, EffectSet::NONE)
            }
            Self::Unbox { .. } | Self::UnboxReal { .. } | Self::GuardFinite { .. } | Self::Arithmetic { .. } => {
                (Always, EffectSet::NONE)
            }
            // The classes of objects can change.
            Self::Guard { .. } => (Always, EffectSet::NONE.reading(Heap::ATTRIBUTES)),
            // Boxing allocates and may fail; but if the object is not used, the failure does not matter.
            Self::Box { .. } => (Always, EffectSet { is_claimed_pure: true, ..EffectSet::RAISES }),
            Self::Operate { operation, .. } => {
                let shape = operation.shape();
                (if shape.result.is_some() { Always } else { Never }, shape.effects)
            }
            Self::VectorCall { .. }
            | Self::VectorCallStatic { .. }
            | Self::ToForeign { .. }
            | Self::FromForeign { .. } => (Always, EffectSet::PYTHON),
            Self::CallCFunction { .. } => (ByCallee, EffectSet::PYTHON),
            Self::Incref { .. } => (Never, EffectSet::NONE.writing(Heap::OTHER)),
            Self::Decref { .. } => (Never, EffectSet { raises: false, ..EffectSet::PYTHON }),
            // Assumptions are about globals, modules and classes.
            Self::Assume { .. } => (Never, EffectSet::NONE.reading(Heap::GLOBALS.union(Heap::ATTRIBUTES))),
            Self::Jump { .. } | Self::Branch { .. } | Self::Return { .. } | Self::Exit | Self::Unreachable => {
                (Never, EffectSet::NONE)
            }
        }
    }

    /// Whether it has a result.
    pub fn result_rule(&self) -> ResultRule {
        self.nature().0
    }

    /// Its effects for any operands, apart from leaving the function through its exit or fallback. The effects of a
    /// direct call are those of its callee; here [`Self::CallCFunction`] counts as running Python.
    pub fn effects(&self) -> EffectSet {
        self.nature().1
    }

    /// Whether it may be dropped if its result is unused. A check that leaves the function may not, since the
    /// instructions after it rely on it.
    pub fn is_pure(&self) -> bool {
        self.leaves() == Leaves::Never && self.effects().is_pure()
    }

    /// The values that it uses, in the order of the text form.
    pub fn operands(&self) -> Vec<Value> {
        let mut operands = Vec::new();
        self.visit_operands(|value| operands.push(value));
        operands
    }

    /// Visits the values that it uses, in the order of the text form.
    pub(crate) fn visit_operands(&self, mut see: impl FnMut(Value)) {
        let mut visit = |value: &Value| see(*value);
        visit_operands!(self, visit, iter);
    }

    /// Visits the values that it uses, to replace them.
    pub fn for_each_operand(&mut self, mut visit: impl FnMut(&mut Value)) {
        visit_operands!(self, visit, iter_mut);
    }

    /// Visits the blocks in which the function may continue after it, to replace them.
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

/// Whether an object of the right type may hold something that is not a C value of this type.
pub(super) fn unbox_may_fail(ctype: &Type) -> bool {
    !matches!(ctype.scalar(), Some(Scalar::F64 | Scalar::F32 | Scalar::CBool))
}
