//! Stubs as Python holds them: built-in functions and method descriptors.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3_ffi as ffi;

use crate::embed::{Object, Python};
use crate::error::Error;
use crate::lower::{Binding, CellSource};
use crate::options::{Entry, FunctionOptions};
use crate::original::Original;
use crate::registry::KnownMethod;
use crate::runtime::cell::bound_with;
use crate::specializer::{Specializer, method_pointer};

/// Descriptors made for Python, by the original's definition and type (types may share their definitions), and by whether
/// the GIL is kept: nobody owns their cells, so there is one each.
pub type Descriptors = Mutex<HashMap<(usize, usize, bool), Descriptor>>;

/// A descriptor made for Python, with what was known when it was.
#[derive(Debug)]
pub struct Descriptor {
    known: Arc<KnownMethod>,
    object: Object,
}

impl Specializer {
    /// A callable that behaves as the original, and is faster: a built-in function for a function of a module or of a
    /// provider, a method descriptor for a method descriptor.
    ///
    /// # Errors
    /// As [`Specializer::stub`]; also for functions that are bound to something else than a module.
    pub fn function(&self, python: &Python, callable: &Object) -> Result<Object, Error> {
        self.function_with(python, callable, &FunctionOptions::default())
    }

    /// As [`Specializer::function`], with options. A function that was bound ([`Specializer::bind`]) is what it is.
    ///
    /// # Errors
    /// As [`Specializer::function`].
    pub fn function_with(
        &self,
        python: &Python,
        callable: &Object,
        options: &FunctionOptions,
    ) -> Result<Object, Error> {
        let original = Original::of(python, callable)?;
        match original.binding {
            // What was bound is one already.
            Binding::Function if bound_with(python, &original.callable).is_some() => Ok(original.callable),
            Binding::Foreign { .. } => self.built_in(python, &original, options),
            Binding::Function if original.bound_to_module() => self.built_in(python, &original, options),
            Binding::Function | Binding::Bare => Err(Error::Mismatch {
                name: original.name(python),
                reason: "it is bound to no module, so that a stub for Python cannot stand for it yet: use \
                         Specializer::stub"
                    .into(),
            }),
            Binding::Method => self.descriptor(python, &original, options),
        }
    }

    fn built_in(&self, python: &Python, original: &Original, options: &FunctionOptions) -> Result<Object, Error> {
        let known = self.known(python, original)?;
        let mut site = self.site(python, original, &known, Entry::Guarded)?.with(options);
        site.frame.cell = CellSource::Receiver;
        let shape = self.shape(&site)?;
        let cell = self.cell(python, original, &known, &site, &shape)?;
        let def = cell.def();
        // SAFETY: the definition lies in the cell, which the function owns as its `m_self`; `__module__` may be any
        // object, or null; only METH_METHOD has a defining class.
        unsafe {
            (*def).ml_meth = method_pointer(shape.code());
            let module = original.callable.attr(python, "__module__").ok();
            let module = module.as_ref().map_or(std::ptr::null_mut(), Object::as_ptr);
            Ok(python.owned(ffi::PyCMethod_New(def, cell.object().as_ptr(), module, original.class))?)
        }
    }

    fn descriptor(&self, python: &Python, original: &Original, options: &FunctionOptions) -> Result<Object, Error> {
        let key = (original.def as usize, original.class as usize, options.keeps_gil());
        let known = self.known(python, original)?;
        let made = self.descriptors.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was made before another signature was declared is of no use any more.
        if let Some(descriptor) = made.get(&key).filter(|descriptor| Arc::ptr_eq(&descriptor.known, &known)) {
            return Ok(descriptor.object.clone_ref(python));
        }
        drop(made);
        let stub = self.stub_with(python, &original.callable, Entry::Guarded, options)?;
        let cell = stub.into_cell().ok_or_else(|| Error::Untyped(original.name(python)))?;
        let def = cell.def();
        let thunk = cell.thunk().ok_or_else(|| Error::Untyped(original.name(python)))?;
        // SAFETY: the cell and with it definition and thunk are leaked below, for a descriptor owns nothing.
        let descriptor = unsafe {
            (*def).ml_meth = method_pointer(thunk);
            python.owned(ffi::PyDescr_NewMethod(original.class, def))?
        };
        cell.leak();
        let mut made = self.descriptors.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = made.insert(key, Descriptor { known, object: descriptor.clone_ref(python) });
        drop(made);
        drop(replaced);
        Ok(descriptor)
    }
}
