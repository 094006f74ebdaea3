//! Fast locals, and the cells in them.

use pyo3_ffi as ffi;

use super::activation::Activation;
use crate::bytecode::{Local, LocalVariable};
use crate::semantics::names;
use crate::thread::owned::{Owned, pointer};
use crate::thread::{Raised, Result, errors};

impl<'a> Activation<'a> {
    pub(super) fn load_fast(&mut self, local: Local) -> Result {
        let value = self.locals[local as usize].as_ref().map(Owned::again);
        let value = value.ok_or_else(|| self.unbound(local))?;
        self.push(value);
        Ok(())
    }

    pub(super) fn store_fast(&mut self, local: Local) -> Result {
        let value = self.pop_slot()?;
        // The old value is given up last, because its destructor may look at the local.
        drop(std::mem::replace(&mut self.locals[local as usize], value));
        Ok(())
    }

    pub(super) fn delete_fast(&mut self, local: Local) -> Result {
        self.locals[local as usize].take().map(drop).ok_or_else(|| self.unbound(local))
    }

    fn unbound(&self, local: Local) -> Raised {
        names::unbound_local(self.variable(local))
    }

    pub(super) fn make_cell(&mut self, local: Local) -> Result {
        let slot = &mut self.locals[local as usize];
        // SAFETY: the thread is attached; null makes an empty cell.
        let cell = unsafe { Owned::new(ffi::PyCell_New(pointer(slot.as_ref())))? };
        drop(slot.replace(cell));
        Ok(())
    }

    pub(super) fn copy_free_vars(&mut self, count: u32) -> Result {
        let Some(closure) = self.frame.closure else {
            return Err(errors::system_error(c"the function has no closure"));
        };
        // SAFETY: the closure is alive; its size and items are read only if it is a tuple.
        unsafe {
            let closure = closure.as_ptr();
            if ffi::PyTuple_Check(closure) == 0 || ffi::PyTuple_GET_SIZE(closure) != count as ffi::Py_ssize_t {
                return Err(errors::system_error(c"the closure does not fit the code"));
            }
            // `Prepared` checks that there are enough locals.
            let first = self.locals.len() - count as usize;
            for (index, local) in (0..).zip(&mut self.locals[first..]) {
                *local = Some(Owned::borrowed(ffi::PyTuple_GET_ITEM(closure, index)));
            }
        }
        Ok(())
    }

    pub(super) fn load_deref(&mut self, local: Local) -> Result {
        let value = names::load_cell(self.python, self.cell(local)?, self.variable(local))?;
        self.push(value);
        Ok(())
    }

    pub(super) fn store_deref(&mut self, local: Local) -> Result {
        let value = self.pop()?;
        names::store_cell(self.cell(local)?, Some(&value))
    }

    pub(super) fn delete_deref(&mut self, local: Local) -> Result {
        // The old value is given up last, because its destructor may look at the local.
        let cell = self.cell(local)?;
        let _old = names::load_cell(self.python, cell, self.variable(local))?;
        names::store_cell(cell, None)
    }

    /// `mapping -- value`
    pub(super) fn load_from_dict_or_deref(&mut self, local: Local) -> Result {
        let mapping = self.pop()?;
        let (cell, variable) = (self.cell(local)?, self.variable(local));
        let value = names::load_from_mapping_or_cell(self.python, &mapping, cell, variable)?;
        drop(mapping);
        self.push(value);
        Ok(())
    }

    /// The cell in a local's slot.
    fn cell(&self, local: Local) -> Result<&Owned> {
        self.locals[local as usize].as_ref().ok_or_else(|| errors::system_error(c"no cell where there should be one"))
    }

    /// The content of a local's cell.
    pub(super) fn in_cell(&self, local: Local) -> Result<Option<Owned>> {
        names::in_cell(self.cell(local)?)
    }

    fn variable(&self, local: Local) -> &'a LocalVariable {
        &self.code.code().locals[local as usize]
    }
}
