//! The effects of an instruction, with the types of its operands and the promises of its callee.

use super::callee::Callees;
use super::effect_set::{EffectSet, Heap};
use super::entities::Inst;
use super::function::Function;
use super::instruction::Instruction;
use super::operation::Operation;
use super::types::Type;
use super::typing::{dies_unseen, integers, numbers, scalars};
use crate::cpython::Collector;
use crate::metadata::{Overload, Raises};
use crate::operators::BinaryOperator;

impl Function {
    /// The effects of an instruction.
    pub fn effects(&self, callees: &Callees, inst: Inst) -> EffectSet {
        let instruction = &self.insts[inst].instruction;
        match instruction {
            Instruction::Operate { operation, args } => {
                let types: Vec<_> = args.iter().map(|&arg| self.ty(arg)).collect();
                let general = operation.shape().effects;
                narrowed(operation, &types).map_or(general, |narrowed| general.intersection(narrowed))
            }
            Instruction::CallCFunction { callee, .. } => {
                callees.overload(callee).map_or(EffectSet::PYTHON, |(_, overload)| of_call(overload))
            }
            Instruction::Decref { value } if dies_unseen(self.ty(*value)) => EffectSet::NONE.writing(Heap::OTHER),
            // Only two bools exist, so none is allocated.
            Instruction::Box { value } if self.ty(*value).is_subtype(&Type::C_BOOL) => EffectSet::NONE,
            other => other.effects(),
        }
    }

    /// Whether Python code may have run by the end of an instruction, on a CPython with this garbage collector.
    pub(crate) fn may_run_python(&self, callees: &Callees, inst: Inst, collector: Collector) -> bool {
        self.effects(callees, inst).may_run_python(collector)
    }
}

/// The effects that a signature promises. It says nothing about the memory that is read and written, unless it promises
/// that there is none.
fn of_call(overload: &Overload) -> EffectSet {
    let promises = overload.effects;
    // A function that releases the GIL lets other threads run Python code.
    let runs_python = !promises.no_python || promises.nogil;
    let heap = if promises.pure && !runs_python { Heap::NONE } else { Heap::ALL };
    let raises = overload.raises != Raises::Never;
    EffectSet { reads: heap, writes: heap, raises, runs_python, collects: false, is_claimed_pure: promises.pure }
}

/// The effects of the operation for operands of these types, if they are less than in general.
fn narrowed(operation: &Operation, types: &[&Type]) -> Option<EffectSet> {
    const NONE: EffectSet = EffectSet::NONE;
    const RAISES: EffectSet = EffectSet::RAISES;
    // The lengths and items of these objects can change.
    let of_containers = Heap::LISTS | Heap::DICTS;
    let are = |wanted: &Type| types.iter().all(|ty| ty.is_subtype(wanted));
    let exact = |ty: &Type| types.first().is_some_and(|first| first.is_subtype(ty));
    let containers = || Type::LIST_EXACT.union(&Type::TUPLE_EXACT).union(&Type::DICT_EXACT);
    match operation {
        Operation::BinaryOp(operator) | Operation::InplaceOp(operator) => {
            use BinaryOperator::{Add, And, Or, Subtract, Xor};
            let texts = [Type::UNICODE_EXACT, Type::BYTES_EXACT];
            // Long multiplications, divisions and powers check for signals, whose handlers are Python code.
            let is_short = matches!(operator, Add | And | Or | Subtract | Xor);
            let has_float = are(&numbers()) && types.iter().any(|ty| ty.is_subtype(&Type::FLOAT_EXACT));
            let own = are(&integers()) && is_short || has_float || *operator == Add && texts.iter().any(are);
            own.then_some(RAISES)
        }
        Operation::Compare(_) => {
            let one = [integers(), Type::FLOAT_EXACT, Type::UNICODE_EXACT];
            if one.iter().any(are) { Some(NONE) } else { are(&scalars()).then_some(RAISES) }
        }
        Operation::UnaryOp(_) => are(&numbers()).then_some(RAISES),
        Operation::IsTrue => exact(&scalars().union(&containers())).then_some(NONE.reading(of_containers)),
        Operation::GetLen => {
            let sized = Type::UNICODE_EXACT.union(&Type::BYTES_EXACT).union(&containers());
            exact(&sized).then_some(RAISES.reading(of_containers))
        }
        Operation::GetItem => {
            let (container, key) = (types.first()?, types.get(1)?);
            let sequence = Type::LIST_EXACT.union(&Type::TUPLE_EXACT).union(&scalars());
            (container.is_subtype(&sequence) && key.is_subtype(&integers())).then_some(RAISES.reading(Heap::LISTS))
        }
        // The types of these objects can't be changed. They make a bound method or an iterator.
        Operation::LoadMethod(_) | Operation::GetAttr(_) | Operation::GetIter => {
            exact(&scalars().union(&containers())).then_some(EffectSet::MAKES_CONTAINER)
        }
        Operation::Contains => are(&Type::UNICODE_EXACT).then_some(RAISES),
        // Making a text of another object checks for signals (`PyObject_Str`, `PyObject_Repr` in Objects/object.c).
        Operation::FormatSimple => exact(&Type::UNICODE_EXACT).then_some(RAISES),
        Operation::UnpackSequence(_) => {
            let known = Type::LIST_EXACT.union(&Type::TUPLE_EXACT).union(&Type::UNICODE_EXACT);
            exact(&known).then_some(EffectSet::MAKES_CONTAINER.reading(Heap::LISTS))
        }
        Operation::CheckLocal(_) => exact(&Type::OBJECT).then_some(NONE),
        _ => None,
    }
}
