//! Translates one instruction of the bytecode to a few instructions of IR.

use super::builder::FrontendBuilder;
use super::refusal::{Refusal, RefusalReason};
use crate::bytecode::{Arguments, Op};
use crate::ir::{Operation, Value};

impl FrontendBuilder<'_> {
    /// Translates the instruction that was started.
    pub(super) fn translate(&mut self, op: &Op) -> Result<(), Refusal> {
        match *op {
            Op::Nop | Op::Resume => {}
            Op::Pop => drop(self.pop()?),
            Op::Copy(depth) => {
                let copied = self.slot(depth)?;
                self.environment.stack.push(copied);
            }
            Op::Swap(depth) => {
                let below = self.slot(depth)?;
                let top = self.slot(1)?;
                let stack = &mut self.environment.stack;
                let count = stack.len();
                stack[count - depth as usize] = top;
                stack[count - 1] = below;
            }
            Op::LoadConst(index) => {
                let Some(constant) = self.code.consts.get(index as usize) else {
                    return self.refuse(RefusalReason::Malformed("there is no such constant"));
                };
                let ty = self.constants.ty(constant);
                let value = self.constant(ty);
                self.push(value);
            }
            Op::LoadFast(_)
            | Op::LoadFastAndClear(_)
            | Op::StoreFast(_)
            | Op::DeleteFast(_)
            | Op::MakeCell(_)
            | Op::CopyFreeVars(_)
            | Op::LoadClosure(_)
            | Op::LoadDeref(_)
            | Op::StoreDeref(_)
            | Op::DeleteDeref(_) => self.local(op)?,
            Op::LoadName(_) | Op::StoreName(_) | Op::DeleteName(_) | Op::SetupAnnotations => {
                return self.refuse(RefusalReason::Namespace);
            }
            Op::LoadClassDeref(_) | Op::LoadFromDictOrDeref(_) | Op::LoadFromDictOrGlobals(_) | Op::LoadLocals => {
                return self.refuse(RefusalReason::ClassScope);
            }
            Op::LoadGlobal(_) | Op::StoreGlobal(_) | Op::DeleteGlobal(_) | Op::LoadBuildClass => self.global(op)?,
            Op::LoadAttr(_)
            | Op::LoadMethod(_)
            | Op::LoadSuperAttr { .. }
            | Op::LoadSuperMethod { .. }
            | Op::LoadSpecial(_)
            | Op::StoreAttr(_)
            | Op::DeleteAttr(_) => self.attribute(op)?,
            Op::LoadSubscr => self.apply(Operation::GetItem, 2)?,
            Op::StoreSubscr => {
                let [value, container, key] = self.pop_array()?;
                self.operate(Operation::SetItem, vec![container, key, value]);
            }
            Op::DeleteSubscr => self.apply_void(Operation::DelItem, 2)?,
            Op::Unary(operator) => self.apply(Operation::UnaryOp(operator), 1)?,
            Op::Not => {
                let object = self.pop_object()?;
                let truth = self.truth(object);
                self.push_truth(truth, true);
            }
            Op::ToBool => {
                let object = self.pop_object()?;
                let truth = self.truth(object);
                self.push_truth(truth, false);
            }
            Op::Binary { operator, in_place: false } => self.apply(Operation::BinaryOp(operator), 2)?,
            Op::Binary { operator, in_place: true } => self.apply(Operation::InplaceOp(operator), 2)?,
            Op::Compare(operator) => self.apply(Operation::Compare(operator), 2)?,
            Op::Is { inverted } => self.test(Operation::Is, inverted)?,
            Op::Contains { inverted } => self.test(Operation::Contains, inverted)?,
            Op::BuildTuple(count) => self.apply(Operation::BuildTuple(count), count)?,
            Op::BuildList(count) => self.apply(Operation::BuildList(count), count)?,
            Op::BuildSet(count) => self.apply(Operation::BuildSet(count), count)?,
            Op::BuildMap(count) => self.apply(Operation::BuildMap(count), count * 2)?,
            Op::BuildConstKeyMap(count) => self.apply(Operation::BuildConstKeyMap(count), count + 1)?,
            Op::BuildString(count) => self.apply(Operation::BuildString(count), count)?,
            Op::BuildSlice { step } => {
                if !step {
                    let none = self.none();
                    self.push(none);
                }
                self.apply(Operation::BuildSlice, 3)?;
            }
            Op::ListAppend(depth) => self.grow(Operation::ListAppend, 1, &[depth])?,
            Op::ListExtend(depth) => self.grow(Operation::ListExtend, 1, &[depth])?,
            Op::SetAdd(depth) => self.grow(Operation::SetAdd, 1, &[depth])?,
            Op::SetUpdate(depth) => self.grow(Operation::SetUpdate, 1, &[depth])?,
            Op::MapAdd(depth) => self.grow(Operation::MapAdd, 2, &[depth])?,
            Op::DictUpdate(depth) => self.grow(Operation::DictUpdate, 1, &[depth])?,
            Op::DictMerge { depth, callable } => self.grow(Operation::DictMerge, 1, &[depth, callable])?,
            Op::ListToTuple => self.apply(Operation::ListToTuple, 1)?,
            Op::FormatSimple => self.apply(Operation::FormatSimple, 1)?,
            Op::FormatWithSpec => self.apply(Operation::FormatWithSpec, 2)?,
            Op::Convert(conversion) => self.apply(Operation::Convert(conversion), 1)?,
            Op::BuildTemplate => self.apply(Operation::BuildTemplate, 2)?,
            Op::BuildInterpolation { conversion, format } => {
                self.apply(Operation::BuildInterpolation(conversion, format), 2 + u32::from(format))?;
            }
            Op::Call(ref arguments) => self.call(arguments)?,
            Op::CallMethod(Arguments { count, ref keywords }) => {
                let mut args = self.pop_objects(count)?;
                let receiver = self.pop()?;
                let method = self.pop_object()?;
                args.splice(0..0, [method, self.value_or_null(receiver)]);
                self.push_operate(Operation::CallMethod(count, keywords.clone()), args);
            }
            Op::CallEx { keywords } => self.apply(Operation::CallEx(keywords), 2 + u32::from(keywords))?,
            Op::MakeFunction => self.apply(Operation::MakeFunction, 1)?,
            Op::SetFunctionAttribute(attribute) => {
                let [value, function] = self.pop_array()?;
                self.operate(Operation::SetFunctionAttribute(attribute), vec![function, value]);
                self.push(function);
            }
            Op::UnpackSequence(count) => self.unpack(Operation::UnpackSequence(count), count)?,
            Op::UnpackEx { before, after } => self.unpack(Operation::UnpackEx(before, after), before + 1 + after)?,
            Op::GetIter => self.apply(Operation::GetIter, 1)?,
            Op::ForIter(target) => self.for_iter(target)?,
            Op::Jump(target) => self.jump(target),
            Op::JumpIf { condition, target } => self.jump_if(condition, target)?,
            Op::Return => self.return_top()?,
            Op::Raise(_)
            | Op::Reraise(_)
            | Op::PushExcInfo
            | Op::PopExcept
            | Op::CheckExcMatch
            | Op::CheckEgMatch
            | Op::PrepReraiseStar
            | Op::BeforeWith
            | Op::WithExceptStart { .. } => self.exception(op)?,
            Op::GetLen => self.look(Operation::GetLen, 1)?,
            Op::MatchMapping => self.look_bool(Operation::MatchMapping)?,
            Op::MatchSequence => self.look_bool(Operation::MatchSequence)?,
            Op::MatchKeys => self.look(Operation::MatchKeys, 2)?,
            Op::MatchClass(count) => self.apply(Operation::MatchClass(count), 3)?,
            Op::ImportName(name) => {
                let name = self.name(name)?;
                self.apply(Operation::ImportName(name), 2)?;
            }
            Op::ImportFrom(name) => {
                let name = self.name(name)?;
                self.refuse_attribute(&name, None)?;
                self.look(Operation::ImportFrom(name), 1)?;
            }
            Op::Intrinsic1(which) => self.apply(Operation::Intrinsic1(which), 1)?,
            Op::Intrinsic2(which) => self.apply(Operation::Intrinsic2(which), 2)?,
            // `check_kind` has refused functions with these instructions.
            Op::Suspend(_) => return self.refuse(RefusalReason::Generator),
        }
        Ok(())
    }

    /// The slot at this depth of the stack, null or not.
    pub(super) fn slot(&self, depth: u32) -> Result<Option<Value>, Refusal> {
        let stack = &self.environment.stack;
        match stack.len().checked_sub(depth as usize).and_then(|index| stack.get(index)) {
            Some(&slot) => Ok(slot),
            None => self.refuse(RefusalReason::Malformed("the stack is not so deep")),
        }
    }

    pub(super) fn pop_array<const N: usize>(&mut self) -> Result<[Value; N], Refusal> {
        let mut objects = [None; N];
        for slot in objects.iter_mut().rev() {
            *slot = Some(self.pop_object()?);
        }
        Ok(objects.map(|object| object.expect("each was set in the loop above")))
    }

    /// `a… -- result`
    pub(super) fn apply(&mut self, operation: Operation, count: u32) -> Result<(), Refusal> {
        let args = self.pop_objects(count)?;
        self.push_operate(operation, args);
        Ok(())
    }

    /// `a… --`
    pub(super) fn apply_void(&mut self, operation: Operation, count: u32) -> Result<(), Refusal> {
        let args = self.pop_objects(count)?;
        self.operate(operation, args);
        Ok(())
    }

    /// `a… -- a… result`
    pub(super) fn look(&mut self, operation: Operation, count: u32) -> Result<(), Refusal> {
        let args = (1..=count).rev().map(|depth| self.peek(depth)).collect::<Result<_, _>>()?;
        self.push_operate(operation, args);
        Ok(())
    }

    /// `a -- a bool`
    pub(super) fn look_bool(&mut self, operation: Operation) -> Result<(), Refusal> {
        let subject = self.peek(1)?;
        let truth = self.result(operation, vec![subject]);
        self.push_bool(truth);
        Ok(())
    }

    /// `a b -- bool`
    pub(super) fn test(&mut self, operation: Operation, inverted: bool) -> Result<(), Refusal> {
        let args = self.pop_objects(2)?;
        let truth = self.result(operation, args);
        self.push_truth(truth, inverted);
        Ok(())
    }

    pub(super) fn push_truth(&mut self, truth: Value, inverted: bool) {
        let truth = if inverted { self.result(Operation::Not, vec![truth]) } else { truth };
        self.push_bool(truth);
    }

    /// `collection … a… -- collection …`. The operands are at these depths; the first is the collection.
    pub(super) fn grow(&mut self, operation: Operation, count: u32, depths: &[u32]) -> Result<(), Refusal> {
        let added = self.pop_objects(count)?;
        let mut args = depths.iter().map(|&depth| self.peek(depth)).collect::<Result<Vec<_>, _>>()?;
        args.splice(1..1, added);
        self.operate(operation, args);
        Ok(())
    }

    /// `a -- itemₙ … item₁`
    pub(super) fn unpack(&mut self, operation: Operation, count: u32) -> Result<(), Refusal> {
        let sequence = self.pop_object()?;
        let tuple = self.result(operation, vec![sequence]);
        let items: Vec<_> = (0..count).map(|index| self.result(Operation::TupleItem(index), vec![tuple])).collect();
        items.into_iter().rev().for_each(|item| self.push(item));
        Ok(())
    }
}
