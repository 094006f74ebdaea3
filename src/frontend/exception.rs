//! Raising, and entering `with`. The function leaves for CPython before it raises; handlers are not compiled either.

use super::builder::FrontendBuilder;
use super::refusal::{Refusal, RefusalReason};
use crate::bytecode::Op;
use crate::ir::{Instruction, Operation, Value};

impl FrontendBuilder<'_> {
    pub(super) fn exception(&mut self, op: &Op) -> Result<(), Refusal> {
        match *op {
            Op::Raise(count) => {
                self.pop_objects(count)?;
                // CPython raises, with its own text.
                self.end(Instruction::Exit);
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
