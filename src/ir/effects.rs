//! What can happen at an instruction, with the types of its operands and the promises of its callee taken into account.

use super::callee::Callees;
use super::entities::Inst;
use super::function::Function;
use super::instruction::Instruction;
use super::operation::{Happens, Operation};
use super::types::Type;
use super::typing::{dies_unseen, integers, numbers, scalars};
use crate::metadata::{Overload, Raises};
use crate::operators::BinaryOperator;

/// What can happen at an instruction, apart from leaving the function through an exit or a fallback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effects {
    /// Python code may run, which may change whatever can be changed.
    pub runs_python: bool,
    /// It may raise.
    pub raises: bool,
    /// Nobody misses it when its result is not used: nothing is changed, and where it raises, that is not missed either.
    pub pure: bool,
}

impl Effects {
    fn of(happens: Happens) -> Self {
        Self {
            runs_python: happens == Happens::RunsPython,
            raises: happens >= Happens::Raises,
            pure: happens == Happens::Nothing,
        }
    }
}

impl Function {
    /// What can happen at an instruction.
    pub fn effects(&self, callees: &Callees, inst: Inst) -> Effects {
        let instruction = &self.insts[inst].instruction;
        match instruction {
            Instruction::Operate { operation, args } => {
                let types: Vec<_> = args.iter().map(|&arg| self.ty(arg)).collect();
                let happens = narrowed(operation, &types).unwrap_or_else(|| operation.shape().happens);
                Effects::of(happens.min(operation.shape().happens))
            }
            Instruction::CallCFunction { callee, .. } => match callees.overload(callee) {
                Some((_, overload)) => of_call(overload),
                None => Effects::of(Happens::RunsPython),
            },
            Instruction::Decref { value } => {
                Effects { runs_python: !dies_unseen(self.ty(*value)), raises: false, pure: false }
            }
            // There are only two bools, and they are there.
            Instruction::Box { value } => {
                Effects { runs_python: false, raises: !self.ty(*value).is_subtype(&Type::C_BOOL), pure: true }
            }
            other => Effects { pure: other.is_pure(), ..Effects::of(other.happens()) },
        }
    }

    /// Whether Python code may have run by the end of an instruction: also because it made an object that the garbage
    /// collector knows of, which on CPython 3.11 may start it, and so finalizers.
    pub(crate) fn may_run_python(&self, callees: &Callees, inst: Inst) -> bool {
        let collects = match &self.insts[inst].instruction {
            Instruction::Operate { operation, .. } => {
                operation.shape().happens >= Happens::Raises
                    && !matches!(
                        operation,
                        Operation::BuildString(_) | Operation::CheckLocal(_) | Operation::LoadCell(_)
                    )
                    && !self.insts[inst].result.is_some_and(|value| dies_unseen(self.ty(value)))
            }
            // The first one of a thread is made.
            Instruction::LoadContext => true,
            _ => false,
        };
        collects || self.effects(callees, inst).runs_python
    }
}

fn of_call(overload: &Overload) -> Effects {
    let effects = overload.effects;
    let raises = overload.raises != Raises::Never;
    // Whoever lets go of the GIL lets others run Python code.
    Effects { runs_python: !effects.no_python || effects.nogil, raises, pure: effects.pure }
}

/// Less than what the operation can do in general, for operands of these types.
fn narrowed(operation: &Operation, types: &[&Type]) -> Option<Happens> {
    let are = |wanted: &Type| types.iter().all(|ty| ty.is_subtype(wanted));
    let exact = |ty: &Type| types.first().is_some_and(|first| first.is_subtype(ty));
    let containers = || Type::LIST_EXACT.union(&Type::TUPLE_EXACT).union(&Type::DICT_EXACT);
    match operation {
        Operation::BinaryOp(operator) | Operation::InplaceOp(operator) => {
            use BinaryOperator::{Add, And, Or, Subtract, Xor};
            let texts = [Type::UNICODE_EXACT, Type::BYTES_EXACT];
            // Long multiplications, divisions and powers look for signals, whose handlers are Python code.
            let is_short = matches!(operator, Add | And | Or | Subtract | Xor);
            let has_float = are(&numbers()) && types.iter().any(|ty| ty.is_subtype(&Type::FLOAT_EXACT));
            let own = are(&integers()) && is_short || has_float || *operator == Add && texts.iter().any(are);
            own.then_some(Happens::Raises)
        }
        Operation::Compare(_) => {
            let one = [integers(), Type::FLOAT_EXACT, Type::UNICODE_EXACT];
            if one.iter().any(are) { Some(Happens::Nothing) } else { are(&scalars()).then_some(Happens::Raises) }
        }
        Operation::UnaryOp(_) => are(&numbers()).then_some(Happens::Raises),
        Operation::IsTrue => exact(&scalars().union(&containers())).then_some(Happens::Nothing),
        Operation::GetLen => {
            let sized = Type::UNICODE_EXACT.union(&Type::BYTES_EXACT).union(&containers());
            exact(&sized).then_some(Happens::Raises)
        }
        Operation::GetItem => {
            let (container, key) = (types.first()?, types.get(1)?);
            let sequence = Type::LIST_EXACT.union(&Type::TUPLE_EXACT).union(&scalars());
            (container.is_subtype(&sequence) && key.is_subtype(&integers())).then_some(Happens::Raises)
        }
        // The types of these objects can't be changed.
        Operation::LoadMethod(_) | Operation::GetAttr(_) | Operation::GetIter => {
            exact(&scalars().union(&containers())).then_some(Happens::Raises)
        }
        Operation::Contains => are(&Type::UNICODE_EXACT).then_some(Happens::Raises),
        // Whatever makes texts of other objects looks for signals (`PyObject_Str`, `PyObject_Repr` in Objects/object.c).
        Operation::FormatSimple => exact(&Type::UNICODE_EXACT).then_some(Happens::Raises),
        Operation::UnpackSequence(_) => {
            exact(&Type::LIST_EXACT.union(&Type::TUPLE_EXACT).union(&Type::UNICODE_EXACT)).then_some(Happens::Raises)
        }
        Operation::CheckLocal(_) => exact(&Type::OBJECT).then_some(Happens::Nothing),
        _ => None,
    }
}
