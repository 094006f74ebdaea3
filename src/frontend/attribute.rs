//! Attributes and methods.

use std::sync::Arc;

use super::builder::FrontendBuilder;
use super::own_frame;
use super::refusal::{Refusal, RefusalReason};
use crate::bytecode::Op;
use crate::ir::{Instruction, Operation, Type, Value};

impl FrontendBuilder<'_> {
    pub(super) fn attribute(&mut self, op: &Op) -> Result<(), Refusal> {
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

    pub(super) fn refuse_attribute(&self, name: &Arc<str>, object: Option<Value>) -> Result<(), Refusal> {
        let module = object.and_then(|object| self.global_name(object));
        if own_frame::is_attribute(name, module) {
            return self.refuse(RefusalReason::OwnFrame(name.clone()));
        }
        Ok(())
    }

    /// `-- method self?`
    pub(super) fn push_method(&mut self, operation: Operation, args: Vec<Value>) {
        let method = self.result(operation, args);
        self.push(method);
        let receiver = self.emit(Instruction::MethodSelf { method }, Some(Type::OBJECT.or_null()));
        self.environment.stack.push(receiver);
    }
}
