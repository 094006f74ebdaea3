//! Entries in tracebacks, and the frames that they show.

use std::ffi::CString;

use pyo3_ffi as ffi;

use crate::bytecode::{Code, LocalKind};
use crate::embed::{Object, Python};

use super::activation::{Activation, once};
use super::owned::{Owned, succeeded};
use super::{Prepared, Result, api, errors};

impl Activation<'_> {
    /// Adds this function to the traceback of the current exception. Where that fails, the traceback stays as it is.
    pub(super) fn add_traceback(&mut self) {
        let Some(exception) = errors::take() else { return };
        if self.put_traceback(&exception).is_err() {
            errors::clear();
        }
        errors::restore(exception);
    }

    fn put_traceback(&mut self, exception: &Owned) -> Result {
        // SAFETY: the exception is alive; the reference is handed over.
        let next = unsafe { Owned::maybe(ffi::PyException_GetTraceback(exception.as_ptr())) };
        let entry = self.traceback_entry(next)?;
        // SAFETY: both are alive, and the entry is a traceback.
        succeeded(unsafe { api::PyException_SetTraceback(exception.as_ptr(), entry.as_ptr()) })
    }

    /// An entry for where this function is, in front of others.
    pub(super) fn traceback_entry(&mut self, next: Option<Owned>) -> Result<Owned> {
        let shown = self.shown_frame()?;
        let line = self.code.code().instructions.get(self.at as usize).and_then(|instruction| instruction.line);
        let line = line.map_or(-1, i64::from);
        let next = next.unwrap_or_else(|| Owned::none(self.python));
        // SAFETY: the thread is attached; the references in `arguments` are owned through the call.
        unsafe {
            let offset = Owned::new(ffi::PyLong_FromLong(self.offset.into()))?;
            let line = Owned::new(ffi::PyLong_FromLongLong(line))?;
            let arguments = [&next, &shown, &offset, &line].map(Owned::as_ptr);
            let class = (&raw mut ffi::PyTraceBack_Type).cast();
            let none = std::ptr::null_mut();
            Owned::new(api::PyObject_Vectorcall(class, arguments.as_ptr(), arguments.len(), none))
        }
    }

    fn shown_frame(&mut self) -> Result<Owned> {
        if let Some(shown) = &self.shown {
            return Ok(shown.again());
        }
        let code = shown_code(self.python, self.code)?;
        // SAFETY: the thread is attached; a code object whose frame needs no closure, and a dict.
        let frame = unsafe {
            let globals = self.frame.globals.as_ptr();
            let thread = ffi::PyThreadState_Get();
            Owned::new(api::PyFrame_New(thread, code.as_ptr(), globals, std::ptr::null_mut()))?
        };
        self.shown = Some(frame.again());
        Ok(frame)
    }

    /// A frame in a traceback keeps a function's locals alive, as CPython's own do.
    pub(super) fn hand_over_locals(&mut self) {
        let Some(frame) = self.shown.take() else { return };
        // SAFETY: the frame is alive. With no other reference than ours nobody will look.
        if unsafe { ffi::Py_REFCNT(frame.as_ptr()) } <= 1 {
            return;
        }
        let pending = errors::take();
        if self.put_locals(&frame).is_err() {
            errors::clear();
        }
        if let Some(pending) = pending {
            errors::restore(pending);
        }
    }

    fn put_locals(&self, frame: &Owned) -> Result {
        // SAFETY: the frame is alive; `f_locals` is a mapping, up to 3.12 a dict that is written back into the frame.
        unsafe {
            let mapping = Owned::new(ffi::PyObject_GetAttrString(frame.as_ptr(), c"f_locals".as_ptr()))?;
            for (variable, slot) in self.code.code().locals.iter().zip(&self.locals) {
                let Some(value) = slot else { continue };
                let value = match ffi::Py_TYPE(value.as_ptr()) == &raw mut ffi::PyCell_Type {
                    true => Owned::maybe(ffi::PyCell_Get(value.as_ptr())),
                    false => Some(value.again()),
                };
                let Some(value) = value else { continue };
                let name = super::names::text(self.python, &variable.name)?;
                succeeded(api::PyObject_SetItem(mapping.as_ptr(), name.as_ptr(), value.as_ptr()))?;
            }
            #[cfg(not(Py_3_13))]
            {
                PyFrame_LocalsToFast(frame.as_ptr(), 0);
                // The dict goes, and is made anew where somebody asks.
                ffi::PyDict_Clear(mapping.as_ptr());
            }
        }
        Ok(())
    }
}

#[cfg(not(Py_3_13))]
unsafe extern "C" {
    fn PyFrame_LocalsToFast(frame: *mut ffi::PyObject, clear: std::ffi::c_int);
}

/// The code that frames show: the function's own; where it has cells, a copy that has plain locals in their places. A frame made
/// by hand has no closure, and 3.13.0 takes what is in a cell's place for a cell.
fn shown_code<'a>(python: &Python, code: &'a Prepared) -> Result<&'a Object> {
    once(&code.shown, || {
        let plain = code.code();
        let made = match &plain.object {
            Some(object) if plain.locals.iter().all(|local| local.kind == LocalKind::Plain) => {
                Ok(Owned::of(python, object))
            }
            Some(object) => without_cells(python, object, plain).or_else(|_| {
                errors::clear();
                empty(plain)
            }),
            None => empty(plain),
        };
        made.map(|made| made.into_object(python))
    })
}

fn without_cells(python: &Python, object: &Object, code: &Code) -> Result<Owned> {
    // SAFETY: the thread is attached; all references are owned through the calls, and those to the names handed over.
    unsafe {
        let replace = Owned::new(ffi::PyObject_GetAttrString(object.as_ptr(), c"replace".as_ptr()))?;
        let keywords = Owned::new(ffi::PyDict_New())?;
        let none = Owned::new(ffi::PyTuple_New(0))?;
        let count = code.locals.len() as ffi::Py_ssize_t;
        let names = Owned::new(ffi::PyTuple_New(count))?;
        for (index, local) in (0..).zip(&code.locals) {
            let name = super::names::text(python, &local.name)?;
            ffi::PyTuple_SET_ITEM(names.as_ptr(), index, name.into_ptr());
        }
        let count = Owned::new(ffi::PyLong_FromSsize_t(count))?;
        let replaced =
            [(c"co_nlocals", &count), (c"co_varnames", &names), (c"co_cellvars", &none), (c"co_freevars", &none)];
        for (name, value) in replaced {
            succeeded(ffi::PyDict_SetItemString(keywords.as_ptr(), name.as_ptr(), value.as_ptr()))?;
        }
        Owned::new(api::PyObject_Call(replace.as_ptr(), none.as_ptr(), keywords.as_ptr()))
    }
}

fn empty(code: &Code) -> Result<Owned> {
    let text = |text: &str| CString::new(text).unwrap_or_default();
    let line = i32::try_from(code.first_line).unwrap_or(0);
    // SAFETY: the thread is attached; both are C strings, that the call copies.
    unsafe { Owned::new(api::PyCode_NewEmpty(text(&code.filename).as_ptr(), text(&code.name).as_ptr(), line)) }
}
