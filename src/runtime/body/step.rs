//! Operations that the interpreter of decoded bytecode does, one instruction at a time.

use std::ptr::null_mut;

use pyo3_ffi as ffi;

use super::unit::Unit;
use crate::bytecode::{Local, Op};
use crate::embed::Python;
use crate::interpreter;
use crate::ir::Operation;
use crate::thread::{Owned, Raised};

type Object = *mut ffi::PyObject;

/// An operation that the interpreter does, as one instruction.
#[derive(Debug)]
pub struct Step {
    op: Op,
    /// Which operand, in the order of the stack.
    order: Vec<usize>,
    /// A local that the instruction looks at: its slot holds the first operand, if `order` names none.
    local: Option<Local>,
    take: Take,
}

/// What of the stack is the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Take {
    /// The top.
    Top,
    /// What lies below the top; the top is what a method is called on.
    Method,
    /// All, the top first.
    All,
    /// All, the bottom first.
    AllReversed,
    /// The top, a bool, borrowed.
    Truth,
    /// Nothing.
    Nothing,
}

impl Step {
    /// The instruction for an operation; `None` where it is done otherwise, or names what the code does not have.
    pub fn of(operation: &Operation, names: &[std::sync::Arc<str>]) -> Option<Self> {
        let name =
            |name: &str| names.iter().position(|known| **known == *name).and_then(|index| u32::try_from(index).ok());
        let count = operation.shape().operands.len();
        let (mut order, mut local): (Vec<_>, _) = ((0..count).collect(), None);
        let (op, take) = match operation {
            Operation::LoadSuperAttr(attribute, zero_arguments) => {
                (Op::LoadSuperAttr { name: name(attribute)?, zero_arguments: *zero_arguments }, Take::Top)
            }
            Operation::LoadSuperMethod(method, zero_arguments) => {
                (Op::LoadSuperMethod { name: name(method)?, zero_arguments: *zero_arguments }, Take::Method)
            }
            Operation::LoadSpecial(special) => (Op::LoadSpecial(*special), Take::Method),
            Operation::LoadGlobal(global) => (Op::LoadGlobal(name(global)?), Take::Top),
            Operation::StoreGlobal(global) => (Op::StoreGlobal(name(global)?), Take::Nothing),
            Operation::DeleteGlobal(global) => (Op::DeleteGlobal(name(global)?), Take::Nothing),
            Operation::LoadBuildClass => (Op::LoadBuildClass, Take::Top),
            Operation::CheckLocal(index) => {
                order.clear();
                local = Some(*index);
                (Op::LoadFast(*index), Take::Top)
            }
            Operation::LoadCell(index) => {
                order.clear();
                local = Some(*index);
                (Op::LoadDeref(*index), Take::Top)
            }
            Operation::BuildSet(count) => (Op::BuildSet(*count), Take::Top),
            Operation::BuildMap(count) => (Op::BuildMap(*count), Take::Top),
            Operation::BuildConstKeyMap(count) => (Op::BuildConstKeyMap(*count), Take::Top),
            Operation::BuildString(count) => (Op::BuildString(*count), Take::Top),
            Operation::ListExtend => (Op::ListExtend(1), Take::Nothing),
            Operation::SetUpdate => (Op::SetUpdate(1), Take::Nothing),
            Operation::DictUpdate => (Op::DictUpdate(1), Take::Nothing),
            Operation::DictMerge => {
                order = vec![2, 0, 1];
                (Op::DictMerge { depth: 1, callable: 2 }, Take::Nothing)
            }
            Operation::BuildTemplate => (Op::BuildTemplate, Take::Top),
            Operation::BuildInterpolation(conversion, format) => {
                (Op::BuildInterpolation { conversion: *conversion, format: *format }, Take::Top)
            }
            Operation::CallEx(keywords) => (Op::CallEx { keywords: *keywords }, Take::Top),
            Operation::MakeFunction => (Op::MakeFunction, Take::Top),
            Operation::SetFunctionAttribute(attribute) => {
                order.reverse();
                (Op::SetFunctionAttribute(*attribute), Take::Nothing)
            }
            Operation::UnpackSequence(count) => (Op::UnpackSequence(*count), Take::All),
            Operation::UnpackEx(before, after) => (Op::UnpackEx { before: *before, after: *after }, Take::All),
            Operation::Raise(operands) => (Op::Raise(*operands), Take::Nothing),
            Operation::BeforeWith => (Op::BeforeWith, Take::AllReversed),
            Operation::GetLen => (Op::GetLen, Take::Top),
            Operation::MatchMapping => (Op::MatchMapping, Take::Truth),
            Operation::MatchSequence => (Op::MatchSequence, Take::Truth),
            Operation::MatchKeys => (Op::MatchKeys, Take::Top),
            Operation::MatchClass(patterns) => (Op::MatchClass(*patterns), Take::Top),
            Operation::ImportName(module) => (Op::ImportName(name(module)?), Take::Top),
            Operation::ImportFrom(attribute) => (Op::ImportFrom(name(attribute)?), Take::Top),
            Operation::Intrinsic1(intrinsic) => (Op::Intrinsic1(*intrinsic), Take::Top),
            Operation::Intrinsic2(intrinsic) => (Op::Intrinsic2(*intrinsic), Take::Top),
            // A jump to itself is one back.
            Operation::Poll => (Op::Jump(0), Take::Nothing),
            _ => return None,
        };
        Some(Self { op, order, local, take })
    }

    /// # Safety
    /// The thread is attached, the operands are alive or null, and as many as the operation has.
    pub(super) unsafe fn perform(
        &self,
        python: &Python,
        unit: &Unit,
        operands: *const Object,
        method_self: *mut Object,
    ) -> Result<Object, Raised> {
        // SAFETY: as the caller promises.
        let operand = |index: usize| unsafe {
            let object = *operands.add(index);
            (!object.is_null()).then(|| Owned::borrowed(object))
        };
        let stack = self.order.iter().map(|index| operand(*index));
        let local = self.local.map(|local| (local, operand(0)));
        let mut stack = interpreter::perform(python, unit.frame(), &self.op, local, stack.collect())?;
        let null = null_mut();
        Ok(match self.take {
            Take::Top => stack.pop().flatten().map_or(null, Owned::into_ptr),
            Take::Method => {
                let receiver = stack.pop().flatten();
                let method = stack.pop().flatten();
                if !method_self.is_null() {
                    // SAFETY: the caller's slot.
                    unsafe { *method_self = receiver.map_or(null, Owned::into_ptr) };
                }
                method.map_or(null, Owned::into_ptr)
            }
            Take::All | Take::AllReversed => {
                if self.take == Take::All {
                    stack.reverse();
                }
                // SAFETY: the thread is attached; the fresh tuple takes the references.
                unsafe {
                    let tuple = Owned::new(ffi::PyTuple_New(stack.len() as ffi::Py_ssize_t))?;
                    for (index, item) in (0..).zip(stack) {
                        ffi::PyTuple_SET_ITEM(tuple.as_ptr(), index, item.map_or(null, Owned::into_ptr));
                    }
                    tuple.into_ptr()
                }
            }
            // Borrowed: these two live for ever.
            Take::Truth => stack.pop().flatten().map_or(null, |truth| truth.as_ptr()),
            // SAFETY: a static; only that it is not null matters.
            Take::Nothing => unsafe { ffi::Py_None() },
        })
    }
}

/// Does an operation as the interpreter does. Called by compiled code.
///
/// # Safety
/// The unit and the step are those of running code, the operands as many as the step has; `method_self` is null or a slot.
pub unsafe extern "C-unwind" fn perform(
    unit: *const Unit,
    step: *const Step,
    operands: *const Object,
    _count: usize,
    method_self: *mut Object,
) -> Object {
    // SAFETY: running code holds the GIL; the rest as the caller promises.
    unsafe {
        let python = Python::assume_attached();
        (*step).perform(&python, &*unit, operands, method_self).unwrap_or(null_mut())
    }
}
