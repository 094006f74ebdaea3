//! Calls, also of `super()` without arguments.

use super::builder::FrontendBuilder;
use super::refusal::{Refusal, RefusalReason};
use crate::bytecode::{Arguments, LocalKind, LocalVariable, Op};
use crate::ir::{Instruction, Operation, Type, Value};

impl FrontendBuilder<'_> {
    pub(super) fn call(&mut self, arguments: &Arguments) -> Result<(), Refusal> {
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

    /// `super().name`, as 3.12 and later compile it: with the class from the closure, and the first argument. There is
    /// one difference: if the class does not exist yet, as in code that its metaclass calls, 3.11 raises a
    /// `RuntimeError`; 3.12 and this raise a `NameError`.
    pub(super) fn super_without_arguments(&mut self, callable: Value) -> Result<(), Refusal> {
        let next = self.at + 1;
        let (name, is_method) = match self.code.instructions.get(next as usize).map(|instruction| &instruction.op) {
            Some(&Op::LoadAttr(name)) => (self.name(name)?, false),
            Some(&Op::LoadMethod(name)) => (self.name(name)?, true),
            _ => return self.refuse(RefusalReason::ZeroArgumentSuper),
        };
        let is_class = |local: &LocalVariable| local.kind == LocalKind::Free && &*local.name == "__class__";
        let class = self.code.locals.iter().position(is_class).and_then(|index| u32::try_from(index).ok());
        let Some(class) = class.filter(|_| self.code.arguments.positional > 0 && !self.flow.is_start(next)) else {
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

    /// Whether a value was read from the global of this name.
    pub(super) fn is_global(&self, value: Value, wanted: &str) -> bool {
        self.global_name(value) == Some(wanted)
    }

    /// The name of the global that a value was read from.
    pub(super) fn global_name(&self, value: Value) -> Option<&str> {
        match self.function.definition(value) {
            Some(Instruction::Operate { operation: Operation::LoadGlobal(name), .. }) => Some(name),
            _ => None,
        }
    }
}
