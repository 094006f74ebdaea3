//! Raising and handling.

use super::builder::Builder;
use super::refusal::Refusal;
use crate::bytecode::Op;
use crate::ir::{Operation, Value};

impl Builder<'_> {
    pub(super) fn exception(&mut self, op: &Op) -> Result<(), Refusal> {
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

    pub(super) fn push_items(&mut self, tuple: Value, count: u32) {
        (0..count).for_each(|index| self.push_operate(Operation::TupleItem(index), vec![tuple]));
    }
}
