//! The versions of a specialized function that are made for arguments of certain types. Calls with other arguments run
//! the version that takes any.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3_ffi as ffi;

use super::record::ReadyCode;
use crate::callable::world::exact_types;
use crate::compile::{CompileOptions, CompiledFunction, NotCompiled};
use crate::embed::Python;
use crate::ir::Type;
use crate::runtime::body::BodyEntry;
use crate::specializer::Specializer;

/// The most versions of one function that expect types of their arguments.
const MOST_VERSIONS: usize = 4;

/// After so many calls without an argument whose type is worth knowing, none is looked for.
const MOST_UNTYPED: u32 = 16;

/// The classes of which arguments are expected, by position; null for any.
type Classes = Box<[*mut ffi::PyTypeObject]>;

/// The versions, the oldest first.
#[derive(Debug, Default)]
pub struct TypedVersions {
    versions: RefCell<Vec<TypedVersion>>,
    /// The process that is compiling one, so that other calls do not compile it too; 0 for none. A forked child that
    /// inherits this compiles by itself.
    compiling: Cell<u32>,
    /// How many calls had no argument whose type the code is better for knowing.
    untyped: Cell<u32>,
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
        let is_full = versions.len() >= MOST_VERSIONS || self.untyped.get() >= MOST_UNTYPED;
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
        let argument_types = expected.into_iter().map(|found| found.map(|(_, ty)| ty)).collect();
        let options = CompileOptions { argument_types, ..CompileOptions::default() };
        if options.argument_types.iter().all(Option::is_none) {
            self.untyped.set(self.untyped.get() + 1);
            return Some(ready.entry);
        }
        let process = std::process::id();
        if self.compiling.replace(process) == process {
            return Some(ready.entry);
        }
        let made = catch_unwind(AssertUnwindSafe(|| specializer.compile_version(python, &ready.compiled, &options)));
        self.compiling.set(0);
        let compiled = match made {
            Ok(Ok(made)) => Some(made),
            Ok(Err(NotCompiled::Python(exception))) if exception.restore_urgent(python) => return None,
            Ok(Err(refused)) => {
                log::debug!(target: "typedcall::compile", "{refused}");
                None
            }
            Err(_) => None,
        };
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

/// The class of an argument, and its type, if the code is better for knowing it. Of a bool it is not.
fn expected(argument: *mut ffi::PyObject) -> Option<(*mut ffi::PyTypeObject, Type)> {
    // SAFETY: the callers have live arguments.
    let class = unsafe { ffi::Py_TYPE(argument) };
    let (ty, _) = exact_types().into_iter().find(|(ty, known)| *known == class && *ty != Type::BOOL)?;
    Some((class, ty))
}
