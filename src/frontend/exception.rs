//! Raising, and entering `with`. Handlers are not compiled: an instruction that raises in the range of one leaves for
//! the interpreter.

use super::builder::FrontendBuilder;
use super::refusal::{Refusal, RefusalReason};
use crate::bytecode::Op;
use crate::ir::{Operation, Value};

impl FrontendBuilder<'_> {
    pub(super) fn exception(&mut self, op: &Op) -> Result<(), Refusal> {
        match *op {
            Op::Raise(count) => {
                let args = self.pop_objects(count)?;
                self.raise(Operation::Raise(count), args);
                Ok(())
            }
            Op::BeforeWith => {
                let manager = self.pop_object()?;
                let pair = self.result(Operation::BeforeWith, vec![manager]);
                self.push_items(pair, 2);
                Ok(())
            }
            _ => self.refuse(RefusalReason::Malformed("it handles an exception, and comes after none")),
        }
    }

    pub(super) fn push_items(&mut self, tuple: Value, count: u32) {
        (0..count).for_each(|index| self.push_operate(Operation::TupleItem(index), vec![tuple]));
    }
}
