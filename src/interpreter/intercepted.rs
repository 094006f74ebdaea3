//! Builtins that look at the frame of their caller. They are answered here, because no frame is pushed.

use pyo3_ffi as ffi;

use crate::bytecode::LocalKind;

use super::activation::Activation;
use crate::cpython::functions as api;
use crate::thread::owned::{Owned, succeeded};
use crate::thread::{Raised, Result, errors};

impl Activation<'_> {
    /// The result of a function that looks at its caller's frame, called without arguments in this function.
    pub(super) fn answer(&self, function: *mut ffi::PyObject) -> Result<Option<Owned>> {
        let looking = &self.code.looking;
        if function == (&raw mut ffi::PySuper_Type).cast() {
            self.bound_super().map(Some)
        } else if function == looking.globals.as_ptr() {
            Ok(Some(Owned::of(self.python, self.frame.globals)))
        } else if function == looking.vars.as_ptr() {
            self.locals_by_name().map(Some)
        } else if function == looking.dir.as_ptr() {
            // SAFETY: the thread is attached, and the objects alive.
            unsafe {
                let keys = Owned::new(api::PyMapping_Keys(self.locals_by_name()?.as_ptr()))?;
                if ffi::PyList_Sort(keys.as_ptr()) < 0 { Err(Raised) } else { Ok(Some(keys)) }
            }
        } else {
            Ok(None)
        }
    }

    /// `super()`, as `super_init_without_args` in `Objects/typeobject.c` does it.
    fn bound_super(&self) -> Result<Owned> {
        let code = self.code.code();
        if code.arguments.positional == 0 {
            return Err(errors::runtime_error(c"super(): no arguments"));
        }
        let first = match code.locals.first().map(|local| local.kind) {
            Some(LocalKind::Cell) if self.is_cell(0) => self.in_cell(0)?,
            _ => self.locals.first().and_then(Option::as_ref).map(Owned::again),
        };
        let first = first.ok_or_else(|| errors::runtime_error(c"super(): arg[0] deleted"))?;
        let position = (0..)
            .zip(&code.locals)
            .find_map(|(index, local)| (local.kind == LocalKind::Free && &*local.name == "__class__").then_some(index));
        let position = position.ok_or_else(|| errors::runtime_error(c"super(): __class__ cell not found"))?;
        if !self.is_cell(position) {
            return Err(errors::runtime_error(c"super(): bad __class__ cell"));
        }
        let class = self.in_cell(position)?;
        let class = class.ok_or_else(|| errors::runtime_error(c"super(): empty __class__ cell"))?;
        // SAFETY: the objects are alive.
        unsafe {
            if ffi::PyType_Check(class.as_ptr()) == 0 {
                let format = c"super(): __class__ is not a type (%s)";
                return Err(errors::raise_of_type(ffi::PyExc_RuntimeError, format, &class));
            }
            let arguments = [class.as_ptr(), first.as_ptr()];
            let (function, none) = ((&raw mut ffi::PySuper_Type).cast(), std::ptr::null_mut());
            Owned::new(api::PyObject_Vectorcall(function, arguments.as_ptr(), arguments.len(), none))
        }
    }

    fn is_cell(&self, local: u32) -> bool {
        let slot = self.locals.get(local as usize).and_then(Option::as_ref);
        slot.is_some_and(|value| value.class() == &raw mut ffi::PyCell_Type)
    }

    /// The bound locals, in a dict.
    fn locals_by_name(&self) -> Result<Owned> {
        // SAFETY: the thread is attached, and the objects alive.
        unsafe {
            let dict = Owned::new(ffi::PyDict_New())?;
            for ((index, variable), slot) in (0..).zip(&self.code.code().locals).zip(&self.locals) {
                let value = match variable.kind {
                    LocalKind::Cell | LocalKind::Free if self.is_cell(index) => self.in_cell(index)?,
                    _ => slot.as_ref().map(Owned::again),
                };
                let Some(value) = value else { continue };
                let name = Owned::text(self.python, &variable.name)?;
                succeeded(api::PyDict_SetItem(dict.as_ptr(), name.as_ptr(), value.as_ptr()))?;
            }
            Ok(dict)
        }
    }
}
