//! The versions of a specialized function that are made for arguments of certain types. Calls with other arguments run
//! the version that takes any.

use std::cell::{Cell, RefCell};

use pyo3_ffi as ffi;

use super::record::ReadyCode;
use crate::compile::{CompileOptions, CompiledFunction, NotCompiled};
use crate::embed::Python;
use crate::ir::Type;
use crate::runtime::body::BodyEntry;
use crate::specializer::Specializer;

/// The most versions of one function that expect types of their arguments.
const MOST_VERSIONS: usize = 4;

/// The classes of which arguments are expected, by position; null for any.
type Classes = Box<[*mut ffi::PyTypeObject]>;

/// The versions, the oldest first.
#[derive(Debug, Default)]
pub struct TypedVersions {
    versions: RefCell<Vec<TypedVersion>>,
    /// Whether one is being compiled, so that other calls do not compile it too.
    is_compiling: Cell<bool>,
}

#[derive(Debug)]
struct TypedVersion {
    classes: Classes,
    /// Its code; `None` if it can't be compiled.
    compiled: Option<CompiledFunction>,
}

impl TypedVersions {
    /// The code for bound arguments; `None`, with an exception set, if an interrupt came while it was compiled.
    ///
    /// # Safety
    /// The thread is attached, and there are as many arguments as the code takes, all alive.
    #[inline]
    pub unsafe fn select(
        &self,
        python: &Python,
        specializer: &Specializer,
        ready: &ReadyCode,
        arguments: *const *mut ffi::PyObject,
    ) -> Option<BodyEntry> {
        let versions = self.versions.borrow();
        for version in versions.iter() {
            // SAFETY: as the caller promises.
            if unsafe { version.takes(arguments) } {
                let valid = version.compiled.as_ref().filter(|compiled| compiled.is_valid());
                return Some(valid.map_or(ready.entry, |compiled| compiled.entry));
            }
        }
        let is_full = versions.len() >= MOST_VERSIONS || self.is_compiling.get();
        drop(versions);
        // SAFETY: as the caller promises.
        if is_full { Some(ready.entry) } else { unsafe { self.compile(python, specializer, ready, arguments) } }
    }

    /// Compiles a version for these arguments.
    ///
    /// # Safety
    /// The conditions of [`TypedVersions::select`].
    #[cold]
    unsafe fn compile(
        &self,
        python: &Python,
        specializer: &Specializer,
        ready: &ReadyCode,
        arguments: *const *mut ffi::PyObject,
    ) -> Option<BodyEntry> {
        // SAFETY: as the caller promises.
        let arguments = (0..ready.compiled.arguments()).map(|index| unsafe { *arguments.add(index) });
        let used = ready.compiled.unit().used_arguments.get().map_or(&[][..], |used| used);
        let expected: Vec<_> = arguments
            .enumerate()
            .map(|(index, argument)| expected(argument).filter(|_| used.get(index) == Some(&true)))
            .collect();
        let classes: Classes =
            expected.iter().map(|found| found.as_ref().map_or(std::ptr::null_mut(), |(class, _)| *class)).collect();
        let mut options = CompileOptions::default();
        options.argument_types = expected.into_iter().map(|found| found.map(|(_, ty)| ty)).collect();
        let mut compiled = None;
        if options.argument_types.iter().any(Option::is_some) {
            self.is_compiling.set(true);
            let made = specializer.compile_version(python, &ready.compiled, &options);
            self.is_compiling.set(false);
            match made {
                Ok(made) => compiled = Some(made),
                Err(NotCompiled::Python(exception)) if exception.restore_urgent(python) => return None,
                Err(refused) => log::debug!(target: "typedcall::compile", "{refused}"),
            }
        }
        let entry = compiled.as_ref().map_or(ready.entry, |compiled| compiled.entry);
        self.versions.borrow_mut().push(TypedVersion { classes, compiled });
        Some(entry)
    }
}

impl TypedVersion {
    /// # Safety
    /// The conditions of [`TypedVersions::select`].
    #[inline]
    unsafe fn takes(&self, arguments: *const *mut ffi::PyObject) -> bool {
        self.classes.iter().enumerate().all(|(index, class)| {
            // SAFETY: there are as many arguments as classes.
            class.is_null() || std::ptr::eq(unsafe { ffi::Py_TYPE(*arguments.add(index)) }, *class)
        })
    }
}

/// The class of an argument, and its type, if the code is better for knowing it.
fn expected(argument: *mut ffi::PyObject) -> Option<(*mut ffi::PyTypeObject, Type)> {
    // SAFETY: the callers have live arguments; these classes are static.
    unsafe {
        let class = ffi::Py_TYPE(argument);
        let types = [
            (&raw mut ffi::PyLong_Type, Type::LONG_EXACT),
            (&raw mut ffi::PyFloat_Type, Type::FLOAT_EXACT),
            (&raw mut ffi::PyUnicode_Type, Type::UNICODE_EXACT),
            (&raw mut ffi::PyBytes_Type, Type::BYTES_EXACT),
            (&raw mut ffi::PyList_Type, Type::LIST_EXACT),
            (&raw mut ffi::PyTuple_Type, Type::TUPLE_EXACT),
            (&raw mut ffi::PyDict_Type, Type::DICT_EXACT),
        ];
        types.into_iter().find(|(known, _)| std::ptr::eq(*known, class))
    }
}
