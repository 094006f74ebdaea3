//! Entries in tracebacks, and the frames that they show.

use std::ffi::CString;
use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::owned::{Owned, succeeded};
use super::{Result, errors, once};
use crate::bytecode::{Code, LocalKind, Target};
use crate::cpython::{Behaviour, functions as api};
use crate::embed::{Object, Python};

/// The code object of a function's frames in tracebacks, once there is one.
#[derive(Debug, Default)]
pub struct ShownCode(OnceLock<Object>);

/// A function that has entries in tracebacks.
#[derive(Clone, Copy, Debug)]
pub struct ShownFunction<'a> {
    pub code: &'a Code,
    pub shown_code: &'a ShownCode,
    pub globals: &'a Object,
}

/// A position in a function.
#[derive(Clone, Copy, Debug)]
pub struct TracebackPlace {
    /// The instruction, which determines the line.
    pub at: Target,
    /// The byte offset of the instruction that raised, which determines the columns.
    pub offset: u32,
}

impl ShownFunction<'_> {
    /// Adds the function to the traceback of the current exception. If that fails, the traceback stays as it is.
    /// `frame` is the frame of the function's entries; it is made for the first one.
    pub fn add_entry(&self, python: &Python, frame: &mut Option<Owned>, place: TracebackPlace) {
        let Some(exception) = errors::take() else { return };
        if self.put_entry(python, frame, place, &exception).is_err() {
            errors::clear();
        }
        errors::restore(exception);
    }

    fn put_entry(
        &self,
        python: &Python,
        frame: &mut Option<Owned>,
        place: TracebackPlace,
        exception: &Owned,
    ) -> Result {
        // SAFETY: the exception is alive; the reference is handed over.
        let next = unsafe { Owned::maybe(ffi::PyException_GetTraceback(exception.as_ptr())) };
        let entry = self.entry(python, frame, place, next)?;
        // SAFETY: both are alive, and the entry is a traceback.
        succeeded(unsafe { api::PyException_SetTraceback(exception.as_ptr(), entry.as_ptr()) })
    }

    /// An entry for the current position of the function, before others.
    pub fn entry(
        &self,
        python: &Python,
        frame: &mut Option<Owned>,
        place: TracebackPlace,
        next: Option<Owned>,
    ) -> Result<Owned> {
        let shown = match frame {
            Some(frame) => frame.again(),
            None => frame.insert(self.new_frame(python)?).again(),
        };
        let line = self.code.instructions.get(place.at as usize).and_then(|instruction| instruction.line);
        let line = line.map_or(-1, i64::from);
        let next = next.unwrap_or_else(|| Owned::none(python));
        // SAFETY: the thread is attached; the references in `arguments` are owned through the call.
        unsafe {
            let offset = Owned::new(ffi::PyLong_FromLong(place.offset.into()))?;
            let line = Owned::new(ffi::PyLong_FromLongLong(line))?;
            let arguments = [&next, &shown, &offset, &line].map(Owned::as_ptr);
            let class = (&raw mut ffi::PyTraceBack_Type).cast();
            let none = std::ptr::null_mut();
            Owned::new(api::PyObject_Vectorcall(class, arguments.as_ptr(), arguments.len(), none))
        }
    }

    fn new_frame(&self, python: &Python) -> Result<Owned> {
        let code = shown_code(python, self.code, self.shown_code)?;
        // SAFETY: the thread is attached; a code object whose frame needs no closure, and a dict.
        unsafe {
            let thread = ffi::PyThreadState_Get();
            Owned::new(api::PyFrame_New(thread, code.as_ptr(), self.globals.as_ptr(), std::ptr::null_mut()))
        }
    }

    /// Hands a function's locals over to a frame in a traceback. CPython's own frames keep them alive in the same way.
    pub fn hand_over_locals(&self, python: &Python, frame: Owned, locals: &[Option<Owned>]) {
        // SAFETY: the frame is alive. If ours is the only reference, nothing else can look at it.
        if unsafe { ffi::Py_REFCNT(frame.as_ptr()) } <= 1 {
            return;
        }
        let pending = errors::take();
        if self.put_locals(python, &frame, locals).is_err() {
            errors::clear();
        }
        if let Some(pending) = pending {
            errors::restore(pending);
        }
    }

    fn put_locals(&self, python: &Python, frame: &Owned, locals: &[Option<Owned>]) -> Result {
        // SAFETY: the frame is alive; `f_locals` is a mapping, up to 3.12 a dict that is written back into the frame.
        unsafe {
            let mapping = Owned::new(ffi::PyObject_GetAttrString(frame.as_ptr(), c"f_locals".as_ptr()))?;
            for (variable, slot) in self.code.locals.iter().zip(locals) {
                let Some(value) = slot else { continue };
                let value = match ffi::Py_TYPE(value.as_ptr()) == &raw mut ffi::PyCell_Type {
                    true => Owned::maybe(ffi::PyCell_Get(value.as_ptr())),
                    false => Some(value.again()),
                };
                let Some(value) = value else { continue };
                let name = Owned::text(python, &variable.name)?;
                succeeded(api::PyObject_SetItem(mapping.as_ptr(), name.as_ptr(), value.as_ptr()))?;
            }
            if Behaviour::CURRENT.writes_locals_back {
                api::write_locals_back(frame.as_ptr());
                // The dict is emptied; it is made anew on the next access.
                ffi::PyDict_Clear(mapping.as_ptr());
            }
        }
        Ok(())
    }
}

/// Removes the first entry of an exception's traceback: that of a function that ran in the place of an instruction.
pub fn drop_head() {
    let Some(exception) = errors::take() else { return };
    // SAFETY: the exception is alive; a traceback's `tb_next` is read by its own getter.
    unsafe {
        if let Some(head) = Owned::maybe(ffi::PyException_GetTraceback(exception.as_ptr())) {
            let next = Owned::maybe(ffi::PyObject_GetAttrString(head.as_ptr(), c"tb_next".as_ptr()));
            if let Some(next) = next {
                // It is a traceback or None; both are accepted.
                let _ = succeeded(api::PyException_SetTraceback(exception.as_ptr(), next.as_ptr()));
            }
        }
    }
    errors::restore(exception);
}

/// The code of the frames. It is the function's own; if that has cells, it is a copy with plain locals in their places.
/// A frame made by hand has no closure, and 3.13.0 would take the content of a cell's place for a cell.
fn shown_code<'a>(python: &Python, plain: &Code, cell: &'a ShownCode) -> Result<&'a Object> {
    once(&cell.0, || {
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
            let name = Owned::text(python, &local.name)?;
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
    // SAFETY: the thread is attached; the call copies both C strings.
    unsafe { Owned::new(api::PyCode_NewEmpty(text(&code.filename).as_ptr(), text(&code.name).as_ptr(), line)) }
}
