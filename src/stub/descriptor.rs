//! Stubs of method descriptors and of class-method descriptors, as Python objects: descriptors of the same kind.
//!
//! A descriptor owns only its type, and the functions that it makes when it is bound use its definition. So the cell,
//! which contains the definition, lives as long as the process. It knows neither the type nor the original: CPython
//! checks the receiver before it calls a method, and the fallback calls the original's C function, with the original's
//! convention. So one cell serves every type that has the definition, also those of modules that are imported again and
//! again.

use std::sync::PoisonError;

use pyo3_ffi as ffi;

use crate::callable::Error;
use crate::callable::original::Original;
use crate::callable::registry::Fingerprint;
use crate::embed::{Object, Python};
use crate::runtime::code::code_pointer::method_pointer;
use crate::runtime::stub::cell::{Cell, CellContents, Twins};
use crate::specializer::descriptors::DescriptorCell;
use crate::specializer::{Entry, FunctionOptions};
use crate::specializer::{Specializer, bind_thunk};

impl Specializer {
    /// The descriptor for this original. It is the same as long as its type lives and its signature does not change.
    pub(crate) fn descriptor(
        &self,
        python: &Python,
        original: Original,
        options: &FunctionOptions,
    ) -> Result<Object, Error> {
        let cell = self.descriptor_cell(python, &original, options)?;
        let (def, class) = (cell.def(), original.class);
        // SAFETY: the original is alive, and keeps its type.
        if let Some(twins) = unsafe { Twins::find(python, class, def.cast()) } {
            return Ok(twins.stub);
        }
        let new = if original.is_class_method { ffi::PyDescr_NewClassMethod } else { ffi::PyDescr_NewMethod };
        // SAFETY: as above; the definition and the code that it names live as long as the process.
        unsafe {
            let twins = Twins { stub: python.owned(new(class, def))?, original: original.callable };
            // Making them may have run Python code, up to 3.11, which may have attached them first.
            Ok(twins.attach(python, class, def.cast())?.stub)
        }
    }

    /// The cell of the stubs for descriptors with this definition, made with the first of them.
    fn descriptor_cell(&self, python: &Python, original: &Original, options: &FunctionOptions) -> Result<Cell, Error> {
        let key = (original.def as usize, options.keeps_gil());
        let known = self.known(python, original)?;
        // SAFETY: the definition is that of the live original.
        let (fingerprint, doc) = unsafe {
            let def = &*original.def.cast::<ffi::PyMethodDef>();
            (Fingerprint::of(original.def), def.ml_doc as usize)
        };
        let made = self.descriptors.lock().unwrap_or_else(PoisonError::into_inner);
        // A cell that was made before another signature was declared is not used any more.
        let same =
            |made: &&DescriptorCell| made.fingerprint == fingerprint && made.doc == doc && made.known.is_like(&known);
        if let Some(made) = made.get(&key).filter(same) {
            // SAFETY: it is the object of a cell, see below.
            return Ok(unsafe { Cell::from_object(made.cell.clone_ref(python)) });
        }
        drop(made);
        let site = self.site(python, original, &known, Entry::Guarded)?.keeping_gil(options.keeps_gil());
        let shape = self.shape_of(&site, &known)?;
        let contents = self.cell_contents(python, original, &known, &site, &shape)?;
        // A verified stub names its original, so it pins the first one and its type.
        let callable = contents.callable.filter(|_| self.verify);
        let cell = Cell::new(python, CellContents { callable, class: std::ptr::null_mut(), ..contents })?;
        let thunk = bind_thunk(&cell, &site, &shape)?;
        // SAFETY: no other code has the cell yet, and it has room for the definition.
        unsafe {
            (*cell.def()).ml_meth = method_pointer(thunk);
            if original.is_class_method {
                (*cell.def()).ml_flags |= ffi::METH_CLASS;
            }
        }
        cell.keep(python);
        let made = DescriptorCell { fingerprint, doc, known, cell: cell.object().clone_ref(python) };
        let replaced = self.descriptors.lock().unwrap_or_else(PoisonError::into_inner).insert(key, made);
        drop(replaced);
        Ok(cell)
    }
}
