//! Variables: globals, locals and cells.

use std::sync::Arc;

use super::builder::FrontendBuilder;
use super::own_frame;
use super::refusal::{Refusal, RefusalReason};
use crate::bytecode::{Local, Name, Op};
use crate::ir::{Operation, Value};

impl FrontendBuilder<'_> {
    pub(super) fn global(&mut self, op: &Op) -> Result<(), Refusal> {
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

    pub(super) fn name(&self, name: Name) -> Result<Arc<str>, Refusal> {
        match self.code.names.get(name as usize) {
            Some(name) => Ok(name.clone()),
            None => self.refuse(RefusalReason::Malformed("there is no such name")),
        }
    }

    pub(super) fn local(&mut self, op: &Op) -> Result<(), Refusal> {
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
                // Raises if the cell is empty.
                self.operate(Operation::LoadCell(local), vec![cell]);
                let null = self.value_or_null(None);
                self.operate(Operation::StoreCell, vec![cell, null]);
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn local_mut(&mut self, local: Local) -> Result<&mut Option<Value>, Refusal> {
        let refusal = RefusalReason::Malformed("there is no such local").at(self.code, self.at);
        self.environment.locals.get_mut(local as usize).ok_or(refusal)
    }

    /// The value of a local. A check that it is bound takes the number of the load.
    pub(super) fn bound(&mut self, local: Local) -> Result<Value, Refusal> {
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

    pub(super) fn cell(&mut self, local: Local) -> Result<Value, Refusal> {
        let slot = *self.local_mut(local)?;
        if let Some(cell) = slot
            && self.function.ty(cell).is_object()
        {
            return Ok(cell);
        }
        // Around inlined comprehensions a cell is put aside. Uses of it in between find another one in its place.
        let unchecked = self.value_or_null(slot);
        let cell = self.result(Operation::CheckLocal(local), vec![unchecked]);
        *self.local_mut(local)? = Some(cell);
        Ok(cell)
    }

    /// The content of the cell of a local.
    pub(super) fn in_cell(&mut self, local: Local) -> Result<Value, Refusal> {
        let cell = self.cell(local)?;
        Ok(self.result(Operation::LoadCell(local), vec![cell]))
    }
}
