//! One instruction of the bytecode to a few of IR.

use std::sync::Arc;

use super::builder::Builder;
use super::own_frame;
use super::refusal::{Refusal, RefusalReason};
use crate::bytecode::{Arguments, Local, LocalKind, Name, Op};
use crate::ir::{Instruction, Operation, Type, Value};

impl Builder<'_> {
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
            // `check_kind` has refused the functions that have these.
            Op::Suspend(_) => return self.refuse(RefusalReason::Generator),
        }
        Ok(())
    }

    /// What lies so deep in the stack, null or not.
    fn slot(&self, depth: u32) -> Result<Option<Value>, Refusal> {
        let stack = &self.environment.stack;
        match stack.len().checked_sub(depth as usize).and_then(|index| stack.get(index)) {
            Some(&slot) => Ok(slot),
            None => self.refuse(RefusalReason::Malformed("the stack is not so deep")),
        }
    }

    fn pop_array<const N: usize>(&mut self) -> Result<[Value; N], Refusal> {
        let mut objects = [None; N];
        for slot in objects.iter_mut().rev() {
            *slot = Some(self.pop_object()?);
        }
        Ok(objects.map(|object| object.expect("each was set in the loop above")))
    }

    /// `a… -- result`
    fn apply(&mut self, operation: Operation, count: u32) -> Result<(), Refusal> {
        let args = self.pop_objects(count)?;
        self.push_operate(operation, args);
        Ok(())
    }

    /// `a… --`
    fn apply_void(&mut self, operation: Operation, count: u32) -> Result<(), Refusal> {
        let args = self.pop_objects(count)?;
        self.operate(operation, args);
        Ok(())
    }

    /// `a… -- a… result`
    fn look(&mut self, operation: Operation, count: u32) -> Result<(), Refusal> {
        let args = (1..=count).rev().map(|depth| self.peek(depth)).collect::<Result<_, _>>()?;
        self.push_operate(operation, args);
        Ok(())
    }

    /// `a -- a bool`
    fn look_bool(&mut self, operation: Operation) -> Result<(), Refusal> {
        let subject = self.peek(1)?;
        let truth = self.result(operation, vec![subject]);
        self.push_bool(truth);
        Ok(())
    }

    /// `a b -- bool`
    fn test(&mut self, operation: Operation, inverted: bool) -> Result<(), Refusal> {
        let args = self.pop_objects(2)?;
        let truth = self.result(operation, args);
        self.push_truth(truth, inverted);
        Ok(())
    }

    fn push_truth(&mut self, truth: Value, inverted: bool) {
        let truth = if inverted { self.result(Operation::Not, vec![truth]) } else { truth };
        self.push_bool(truth);
    }

    /// `collection … a… -- collection …`: what is looked at lies at these depths, the first of them the collection.
    fn grow(&mut self, operation: Operation, count: u32, depths: &[u32]) -> Result<(), Refusal> {
        let added = self.pop_objects(count)?;
        let mut args = depths.iter().map(|&depth| self.peek(depth)).collect::<Result<Vec<_>, _>>()?;
        args.splice(1..1, added);
        self.operate(operation, args);
        Ok(())
    }

    /// `a -- itemₙ … item₁`
    fn unpack(&mut self, operation: Operation, count: u32) -> Result<(), Refusal> {
        let sequence = self.pop_object()?;
        let tuple = self.result(operation, vec![sequence]);
        let items: Vec<_> = (0..count).map(|index| self.result(Operation::TupleItem(index), vec![tuple])).collect();
        items.into_iter().rev().for_each(|item| self.push(item));
        Ok(())
    }

    fn call(&mut self, arguments: &Arguments) -> Result<(), Refusal> {
        let args = self.pop_objects(arguments.count)?;
        let callable = self.pop_object()?;
        if args.is_empty() && self.is_global(callable, "super") {
            return self.super_without_arguments(callable);
        }
        let keywords = arguments.keywords.clone();
        let result = self.emit(Instruction::VectorCall { callable, args, keywords }, Some(Type::OBJECT));
        self.environment.stack.push(result);
        Ok(())
    }

    /// `super().name`, as 3.12 and later compile it: with the class from the closure, and the first argument. There is one
    /// difference: where the class does not exist yet, as in code that its metaclass calls, 3.11 raises a `RuntimeError`
    /// and this, as 3.12, a `NameError`.
    fn super_without_arguments(&mut self, callable: Value) -> Result<(), Refusal> {
        let behind = self.at + 1;
        let (name, is_method) = match self.code.instructions.get(behind as usize).map(|instruction| &instruction.op) {
            Some(&Op::LoadAttr(name)) => (self.name(name)?, false),
            Some(&Op::LoadMethod(name)) => (self.name(name)?, true),
            _ => return self.refuse(RefusalReason::ZeroArgumentSuper),
        };
        let is_class =
            |local: &crate::bytecode::LocalVariable| local.kind == LocalKind::Free && &*local.name == "__class__";
        let class = self.code.locals.iter().position(is_class).and_then(|index| u32::try_from(index).ok());
        let Some(class) = class.filter(|_| self.code.arguments.positional > 0 && !self.flow.is_start(behind)) else {
            return self.refuse(RefusalReason::ZeroArgumentSuper);
        };
        let class = self.in_cell(class)?;
        let receiver = match self.code.locals.first().map(|local| local.kind) {
            Some(LocalKind::Cell) => self.in_cell(0)?,
            _ => match self.environment.locals.first() {
                Some(&Some(receiver)) if self.function.ty(receiver).is_object() => receiver,
                _ => return self.refuse(RefusalReason::ZeroArgumentSuper),
            },
        };
        let args = vec![callable, class, receiver];
        if is_method {
            self.push_method(Operation::LoadSuperMethod(name, true), args);
        } else {
            self.push_operate(Operation::LoadSuperAttr(name, true), args);
        }
        self.skip = true;
        Ok(())
    }

    /// Whether a value is what the name of a global is bound to.
    fn is_global(&self, value: Value, wanted: &str) -> bool {
        let definition = self.function.definition(value);
        matches!(definition, Some(Instruction::Operate { operation: Operation::LoadGlobal(name), .. }) if **name == *wanted)
    }

    /// `-- method self?`
    fn push_method(&mut self, operation: Operation, args: Vec<Value>) {
        let method = self.result(operation, args);
        self.push(method);
        let receiver = self.emit(Instruction::MethodSelf { method }, Some(Type::OBJECT.or_null()));
        self.environment.stack.push(receiver);
    }

    pub(super) fn name(&self, name: Name) -> Result<Arc<str>, Refusal> {
        match self.code.names.get(name as usize) {
            Some(name) => Ok(name.clone()),
            None => self.refuse(RefusalReason::Malformed("there is no such name")),
        }
    }

    fn refuse_attribute(&self, name: &Arc<str>, object: Option<Value>) -> Result<(), Refusal> {
        let of_inspect = object.is_some_and(|object| self.is_global(object, "inspect"));
        if own_frame::is_attribute(name, of_inspect) {
            return self.refuse(RefusalReason::OwnFrame(name.clone()));
        }
        Ok(())
    }

    fn global(&mut self, op: &Op) -> Result<(), Refusal> {
        match *op {
            Op::LoadGlobal(name) => {
                let name = self.name(name)?;
                if own_frame::is_global(&name) {
                    return self.refuse(RefusalReason::OwnFrame(name));
                }
                self.push_operate(Operation::LoadGlobal(name), Vec::new());
            }
            Op::StoreGlobal(name) => {
                let name = self.name(name)?;
                self.apply_void(Operation::StoreGlobal(name), 1)?;
            }
            Op::DeleteGlobal(name) => {
                let name = self.name(name)?;
                self.operate(Operation::DeleteGlobal(name), Vec::new());
            }
            _ => self.push_operate(Operation::LoadBuildClass, Vec::new()),
        }
        Ok(())
    }

    fn attribute(&mut self, op: &Op) -> Result<(), Refusal> {
        match *op {
            Op::LoadAttr(name) => {
                let (name, object) = (self.name(name)?, self.pop_object()?);
                self.refuse_attribute(&name, Some(object))?;
                self.push_operate(Operation::GetAttr(name), vec![object]);
            }
            Op::LoadMethod(name) => {
                let (name, object) = (self.name(name)?, self.pop_object()?);
                self.refuse_attribute(&name, Some(object))?;
                self.push_method(Operation::LoadMethod(name), vec![object]);
            }
            Op::LoadSuperAttr { name, zero_arguments } => {
                let (name, args) = (self.name(name)?, self.pop_objects(3)?);
                self.push_operate(Operation::LoadSuperAttr(name, zero_arguments), args);
            }
            Op::LoadSuperMethod { name, zero_arguments } => {
                let (name, args) = (self.name(name)?, self.pop_objects(3)?);
                self.push_method(Operation::LoadSuperMethod(name, zero_arguments), args);
            }
            Op::LoadSpecial(special) => {
                let object = self.pop_object()?;
                self.push_method(Operation::LoadSpecial(special), vec![object]);
            }
            Op::StoreAttr(name) => {
                let (name, [value, object]) = (self.name(name)?, self.pop_array()?);
                self.operate(Operation::SetAttr(name), vec![object, value]);
            }
            Op::DeleteAttr(name) => {
                let name = self.name(name)?;
                self.apply_void(Operation::DelAttr(name), 1)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn exception(&mut self, op: &Op) -> Result<(), Refusal> {
        match *op {
            Op::Raise(count) => {
                let args = self.pop_objects(count)?;
                self.raise(Operation::Raise(count), args);
            }
            // Where the first raise was, the traceback in the exception knows.
            Op::Reraise(_) => {
                let exception = self.pop_object()?;
                self.raise(Operation::Reraise, vec![exception]);
            }
            Op::PushExcInfo => {
                let exception = self.pop_object()?;
                self.push_operate(Operation::PushExcInfo, vec![exception]);
                self.push(exception);
            }
            Op::PopExcept => self.apply_void(Operation::PopExcept, 1)?,
            Op::CheckExcMatch => {
                let class = self.pop_object()?;
                let exception = self.peek(1)?;
                let truth = self.result(Operation::CheckExcMatch, vec![exception, class]);
                self.push_bool(truth);
            }
            Op::CheckEgMatch => {
                let args = self.pop_objects(2)?;
                let pair = self.result(Operation::CheckEgMatch, args);
                self.push_items(pair, 2);
            }
            Op::PrepReraiseStar => self.apply(Operation::PrepReraiseStar, 2)?,
            Op::BeforeWith => {
                let manager = self.pop_object()?;
                let pair = self.result(Operation::BeforeWith, vec![manager]);
                self.push_items(pair, 2);
            }
            Op::WithExceptStart { has_self } => {
                let exception = self.peek(1)?;
                let exit = self.peek(if has_self { 5 } else { 4 })?;
                let receiver = if has_self { self.slot(4)? } else { None };
                let receiver = self.value_or_null(receiver);
                self.push_operate(Operation::WithExceptStart, vec![exit, receiver, exception]);
            }
            _ => {}
        }
        Ok(())
    }

    fn push_items(&mut self, tuple: Value, count: u32) {
        (0..count).for_each(|index| self.push_operate(Operation::TupleItem(index), vec![tuple]));
    }

    fn local(&mut self, op: &Op) -> Result<(), Refusal> {
        match *op {
            Op::LoadFast(local) => {
                let value = self.bound(local)?;
                self.push(value);
            }
            Op::LoadFastAndClear(local) => {
                let slot = std::mem::take(self.local_mut(local)?);
                self.environment.stack.push(slot);
                self.skip_number();
            }
            Op::StoreFast(local) => {
                let slot = self.pop()?;
                *self.local_mut(local)? = slot;
                self.skip_number();
            }
            Op::DeleteFast(local) => {
                self.bound(local)?;
                *self.local_mut(local)? = None;
            }
            Op::MakeCell(local) => {
                let slot = *self.local_mut(local)?;
                let content = self.value_or_null(slot);
                let cell = self.result(Operation::MakeCell, vec![content]);
                *self.local_mut(local)? = Some(cell);
            }
            Op::CopyFreeVars(count) => {
                let first = (self.code.locals.len() as u32).saturating_sub(count);
                for index in 0..count {
                    let cell = self.result(Operation::LoadClosureCell(index), Vec::new());
                    *self.local_mut(first + index)? = Some(cell);
                }
            }
            Op::LoadClosure(local) => {
                let cell = self.cell(local)?;
                self.push(cell);
            }
            Op::LoadDeref(local) => {
                let content = self.in_cell(local)?;
                self.push(content);
            }
            Op::StoreDeref(local) => {
                let content = self.pop_object()?;
                let cell = self.cell(local)?;
                self.operate(Operation::StoreCell, vec![cell, content]);
            }
            Op::DeleteDeref(local) => {
                let cell = self.cell(local)?;
                // Raises where it is empty.
                self.operate(Operation::LoadCell(local), vec![cell]);
                let null = self.value_or_null(None);
                self.operate(Operation::StoreCell, vec![cell, null]);
            }
            _ => {}
        }
        Ok(())
    }

    fn local_mut(&mut self, local: Local) -> Result<&mut Option<Value>, Refusal> {
        let refusal = RefusalReason::Malformed("there is no such local").at(self.code, self.at);
        self.environment.locals.get_mut(local as usize).ok_or(refusal)
    }

    /// The value of a local; a check that it is bound takes the number of the load.
    fn bound(&mut self, local: Local) -> Result<Value, Refusal> {
        let slot = *self.local_mut(local)?;
        if let Some(value) = slot
            && self.function.ty(value).is_object()
        {
            self.skip_number();
            return Ok(value);
        }
        let unchecked = self.value_or_null(slot);
        let value = self.result(Operation::CheckLocal(local), vec![unchecked]);
        *self.local_mut(local)? = Some(value);
        Ok(value)
    }

    fn cell(&mut self, local: Local) -> Result<Value, Refusal> {
        let slot = *self.local_mut(local)?;
        if let Some(cell) = slot
            && self.function.ty(cell).is_object()
        {
            return Ok(cell);
        }
        // Around inlined comprehensions a cell is put aside; whoever uses it then has put another in its place.
        let unchecked = self.value_or_null(slot);
        let cell = self.result(Operation::CheckLocal(local), vec![unchecked]);
        *self.local_mut(local)? = Some(cell);
        Ok(cell)
    }

    /// What is in the cell of a local.
    fn in_cell(&mut self, local: Local) -> Result<Value, Refusal> {
        let cell = self.cell(local)?;
        Ok(self.result(Operation::LoadCell(local), vec![cell]))
    }
}
