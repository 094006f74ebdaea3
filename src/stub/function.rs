//! Stubs as Python objects: built-in functions and method descriptors.

use std::ffi::CString;
use std::ptr::NonNull;
use std::sync::Arc;

use pyo3_ffi as ffi;

use crate::callable::Error;
use crate::callable::original::Original;
use crate::callable::registry::KnownMethod;
use crate::embed::{Object, Python};
use crate::ir::CalleeTarget;
use crate::lower::{Binding, CallSite, CellSource};
use crate::metadata::{Kind, Overload, definition};
use crate::runtime::code::code_pointer::method_pointer;
use crate::runtime::stub::cell::{Cell, Key, bound_with, original_of, self_of};
use crate::runtime::stub::shape::Shape;
use crate::runtime::stub::stand_in::StandIn;
use crate::specializer::{Entry, FunctionOptions};
use crate::specializer::{Specializer, bind_thunk};
use crate::stub::text_signature::text_signature;

impl Specializer {
    /// A callable that behaves as the original, and is faster. It is a built-in function for a function of a module or
    /// of a provider, and for a bound, class or static method; it is a descriptor for the descriptor of a method or of
    /// a class method. Two stubs of the same function of the same object, with the same handling of the GIL, are equal.
    /// For a provider's function there is a new stub each time, equal to no other, since the provider's data may have
    /// changed.
    ///
    /// # Errors
    /// The errors of [`Specializer::stub`].
    pub fn function(&self, python: &Python, callable: &Object) -> Result<Object, Error> {
        self.function_with(python, callable, &FunctionOptions::default())
    }

    /// Like [`Specializer::function`], with options. A function made by [`Specializer::bind`] is returned unchanged.
    ///
    /// # Errors
    /// The errors of [`Specializer::function`].
    pub fn function_with(
        &self,
        python: &Python,
        callable: &Object,
        options: &FunctionOptions,
    ) -> Result<Object, Error> {
        let original = Original::or_class_method(python, callable)?;
        match original.binding {
            // A function made by `bind` is already one.
            Binding::Function if bound_with(python, &original.callable).is_some() => Ok(original.callable),
            Binding::Function | Binding::Foreign { .. } | Binding::Bare => self.built_in(python, &original, options),
            Binding::Method => self.descriptor(python, original, options),
        }
    }

    /// Checks that a function made for Python would skip work of the original. If no value is converted, and no tuple
    /// of arguments made, a call of the original is as short as a stub's; it is shorter if a compiler has inlined the
    /// underlying function into the wrapper (`benches/interpreter_loop`). A specializer that verifies has other reasons
    /// to make a stub.
    ///
    /// # Errors
    /// [`Error::NothingToGain`]; those of built-in callables without a signature.
    pub fn check_gain(&self, python: &Python, callable: &Object) -> Result<(), Error> {
        // SAFETY: the callable is alive, and the thread attached.
        let is_built_in = unsafe { definition(callable.as_ptr()) }.is_some();
        // Asking a provider about its callable is most of the work of making a stub, and such a stub always gains.
        if self.verify || !is_built_in || bound_with(python, callable).is_some() {
            return Ok(());
        }
        let original = Original::or_class_method(python, callable)?;
        if original.foreign.is_some() {
            return Ok(());
        }
        let known = self.known(python, &original)?;
        let is_converted = |kind: &Kind| !kind.is_object() && !matches!(kind, Kind::Void | Kind::Context);
        let converts = |overload: &Overload| {
            is_converted(&overload.result) || overload.parameters.iter().any(|each| is_converted(&each.kind))
        };
        let reaches = known.target == CalleeTarget::Underlying && known.signature.overloads.iter().any(converts);
        if reaches || original.convention.takes_tuple() {
            Ok(())
        } else {
            Err(Error::NothingToGain(original.name(python)))
        }
    }

    /// The original of a function that was made for Python; for bound methods, an equal one. `None` for all others, and
    /// for functions made by [`Specializer::bind`], which have no original.
    pub fn original(&self, python: &Python, callable: &Object) -> Option<Object> {
        original_of(python, callable)
    }

    fn built_in(&self, python: &Python, original: &Original, options: &FunctionOptions) -> Result<Object, Error> {
        let known = self.known(python, original)?;
        let mut site = self.site(python, original, &known, Entry::Guarded)?.keeping_gil(options.keeps_gil());
        // CPython passes no `m_self` to a static method, so its cell could not be found.
        let is_static = original.binding == Binding::Function && original.receiver.is_null();
        if !is_static {
            site.frame.cell = CellSource::Receiver;
        }
        let shape = self.shape_of(&site, &known)?;
        let cell = self.cell_for_python(python, original, &known, &site, &shape)?;
        let def = cell.def();
        // SAFETY: the definition is in the cell, which the function owns as its `m_self`; `__module__` may be any
        // object, or null; only METH_METHOD has a defining class.
        unsafe {
            if is_static {
                let code = match cell.thunk() {
                    Some(code) => code,
                    None => bind_thunk(&cell, &site, &shape)?,
                };
                (*def).ml_meth = method_pointer(code);
                (*def).ml_flags |= ffi::METH_STATIC;
            } else {
                (*def).ml_meth = method_pointer(shape.code());
            }
            let module = original.callable.attr(python, "__module__").ok();
            let module = module.as_ref().map_or(std::ptr::null_mut(), Object::as_ptr);
            Ok(python.owned(ffi::PyCMethod_New(def, cell.object().as_ptr(), module, original.class))?)
        }
    }

    /// The cell of a function for Python: an existing one for the same original, or a new one.
    fn cell_for_python(
        &self,
        python: &Python,
        original: &Original,
        known: &KnownMethod,
        site: &CallSite,
        shape: &Arc<Shape>,
    ) -> Result<Cell, Error> {
        // A provider's data may differ each time.
        if original.binding != Binding::Function {
            let cell = self.cell(python, original, known, site, shape, None)?;
            if let Some(doc) = foreign_doc(python, original, &site.signature.overloads[0]) {
                cell.set_doc(doc);
            }
            if let Some(module) = defining_module(python, original) {
                cell.set_module(python, &module)?;
            }
            return Ok(cell);
        }
        // SAFETY: a live built-in function, which keeps the object alive that it is bound to.
        let (m_self, stand_in) = unsafe {
            let m_self = self_of(original.callable.as_ptr());
            (m_self, StandIn::of(python, m_self)?)
        };
        let key = Key { m_self: m_self as usize, def: original.def as usize, nogil: site.signature.releases_gil() };
        if let Some(cell) = Cell::find(python, key, shape, &site.signature, &known.functions) {
            return Ok(cell);
        }
        let cell = self.cell(python, original, known, site, shape, stand_in)?;
        if let Some(doc) = own_doc(python, original) {
            cell.set_doc(doc);
        }
        // Making it may have run Python code, which may have made an equal one.
        if let Some(cell) = Cell::find(python, key, shape, &site.signature, &known.functions) {
            return Ok(cell);
        }
        cell.found_by(key);
        Ok(cell)
    }
}

/// The docstring for a stub of a class method or a static method, with a text signature. From 3.13 on CPython makes a
/// text signature from the flags if the docstring has none (Objects/typeobject.c,
/// `_PyType_GetTextSignatureFromInternalDoc`), and the flags are not the original's. `None` if the original's docstring
/// can be used.
fn own_doc(python: &Python, original: &Original) -> Option<CString> {
    // SAFETY: the definition belongs to the callable, which is alive.
    let def = unsafe { &*original.def.cast::<ffi::PyMethodDef>() };
    let flags = def.ml_flags & (ffi::METH_CLASS | ffi::METH_STATIC);
    let own_flags = if original.receiver.is_null() { ffi::METH_STATIC } else { 0 };
    if flags == own_flags {
        return None;
    }
    let attribute = |name| original.callable.attr(python, name).ok()?.as_str(python);
    let signature = attribute("__text_signature__")?;
    let name = attribute("__name__")?;
    let name = name.rsplit('.').next()?;
    CString::new(format!("{name}{signature}\n--\n\n{}", attribute("__doc__").unwrap_or_default())).ok()
}

/// The docstring for a provider's function, with a text signature: its own, if it has one.
fn foreign_doc(python: &Python, original: &Original, overload: &Overload) -> Option<CString> {
    let attribute = |name| original.callable.attr(python, name).ok()?.as_str(python);
    let is_signature = |text: &String| text.starts_with('(') && text.ends_with(')') && !text.contains('\n');
    let signature = attribute("__text_signature__").filter(is_signature).unwrap_or_else(|| text_signature(overload));
    let name = original.name(python);
    let name = name.rsplit('.').next()?;
    CString::new(format!("{name}{signature}\n--\n\n{}", attribute("__doc__").unwrap_or_default())).ok()
}

/// The module in which a provider's function was named, as a decorator does; `None` if `__module__` is that of its
/// class.
fn defining_module(python: &Python, original: &Original) -> Option<Object> {
    // SAFETY: the callable keeps its type alive.
    let class = unsafe {
        let class = NonNull::new(ffi::Py_TYPE(original.callable.as_ptr()).cast())?;
        Object::from_borrowed(python, class)
    };
    let module = original.callable.attr(python, "__module__").ok()?;
    let name = module.as_str(python)?;
    let of_class = class.attr(python, "__module__").ok().and_then(|module| module.as_str(python));
    (of_class.as_ref() != Some(&name)).then_some(module)
}
