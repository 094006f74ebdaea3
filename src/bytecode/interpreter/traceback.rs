//! Entries in tracebacks, and the frames that they show.

use std::ffi::CString;

use pyo3_ffi as ffi;

use crate::bytecode::Code;
use crate::embed::{Object, Python};

use super::activation::{Activation, once};
use super::owned::Owned;
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
        let shown = self.shown_frame()?;
        let line = self.code.code().instructions.get(self.at as usize).and_then(|instruction| instruction.line);
        let line = line.map_or(-1, i64::from);
        // SAFETY: the thread is attached; the references in `arguments` are owned through the call.
        unsafe {
            let next = Owned::maybe(ffi::PyException_GetTraceback(exception.as_ptr()));
            let next = next.unwrap_or_else(|| Owned::none(self.python));
            let offset = Owned::new(ffi::PyLong_FromLong(self.offset.into()))?;
            let line = Owned::new(ffi::PyLong_FromLongLong(line))?;
            let arguments = [&next, &shown, &offset, &line].map(Owned::as_ptr);
            let class = (&raw mut ffi::PyTraceBack_Type).cast();
            let none = std::ptr::null_mut();
            let entry = Owned::new(api::PyObject_Vectorcall(class, arguments.as_ptr(), arguments.len(), none))?;
            api::PyException_SetTraceback(exception.as_ptr(), entry.as_ptr());
        }
        Ok(())
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
                super::owned::succeeded(api::PyObject_SetItem(mapping.as_ptr(), name.as_ptr(), value.as_ptr()))?;
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

/// The code that frames show: the function's own, but without free variables, whose closure a frame made by hand has not.
fn shown_code<'a>(python: &Python, code: &'a Prepared) -> Result<&'a Object> {
    let shown = once(&code.shown, || {
        let plain = code.code();
        let made = match &plain.object {
            Some(object) => without_free_variables(python, object, plain),
            None => empty(plain),
        };
        made.map(|made| Some(made.into_object(python)))
    })?;
    shown.as_ref().ok_or_else(|| errors::system_error(c"no code to show"))
}

fn without_free_variables(python: &Python, object: &Object, code: &Code) -> Result<Owned> {
    use crate::bytecode::LocalKind;
    if !code.locals.iter().any(|local| local.kind == LocalKind::Free) {
        return Ok(Owned::of(python, object));
    }
    // SAFETY: the thread is attached; all references are owned through the calls.
    unsafe {
        let replace = Owned::new(ffi::PyObject_GetAttrString(object.as_ptr(), c"replace".as_ptr()))?;
        let keywords = Owned::new(ffi::PyDict_New())?;
        let none = Owned::new(ffi::PyTuple_New(0))?;
        ffi::PyDict_SetItemString(keywords.as_ptr(), c"co_freevars".as_ptr(), none.as_ptr());
        Owned::new(api::PyObject_Call(replace.as_ptr(), none.as_ptr(), keywords.as_ptr()))
    }
}

fn empty(code: &Code) -> Result<Owned> {
    let text = |text: &str| CString::new(text).unwrap_or_default();
    let line = i32::try_from(code.first_line).unwrap_or(0);
    // SAFETY: the thread is attached; both are C strings, that the call copies.
    unsafe { Owned::new(api::PyCode_NewEmpty(text(&code.filename).as_ptr(), text(&code.name).as_ptr(), line)) }
}
