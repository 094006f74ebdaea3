//! Compiled functions, and the callables made of them.

use std::ffi::{CString, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pyo3_ffi as ffi;

use super::exit_site::ExitSite;
use crate::bytecode::ArgumentCounts;
use crate::embed::{Exception, Object, Python};
use crate::ir::ExitReason;
use crate::runtime::body::{BodyEntry, Unit, Version};
use crate::runtime::code::code_pointer::method_pointer;
use crate::thread::observed::is_traced;
use crate::thread::{self, Raised};

/// The name of the capsules that own compiled functions.
const CAPSULE: &std::ffi::CStr = c"typedcall.compiled";

/// A Python function as machine code. The code lives as long as this, or as any callable made of it.
///
/// While a trace or profile function is active on the thread, and after the function got other code, calls go to the
/// original.
#[derive(Debug)]
pub struct CompiledFunction {
    unit: Arc<Unit>,
    /// The version that calls run.
    version: Arc<Version>,
    /// The address of its code.
    pub(super) entry: BodyEntry,
    arguments: ArgumentCounts,
    /// The function and its code object at compile time; `None` for a snippet.
    original: Option<(Object, usize)>,
}

/// The data that a callable made for Python owns.
struct Callable {
    compiled: CompiledFunction,
    name: CString,
    def: ffi::PyMethodDef,
}

impl CompiledFunction {
    /// The function of a unit, with a version of it, the entry of that, and the objects that it was made of.
    pub(super) fn new(
        python: &Python,
        unit: Arc<Unit>,
        (version, entry): (Arc<Version>, BodyEntry),
        original: Option<&Object>,
    ) -> Self {
        let original = original.map(|function| (function.clone_ref(python), code_of(function)));
        let arguments = unit.prepared.code().arguments;
        Self { unit, version, entry, arguments, original }
    }

    /// The same function, whose calls run another version of it.
    pub(super) fn with_version(&self, python: &Python, (version, entry): (Arc<Version>, BodyEntry)) -> Self {
        let original = self.original.as_ref().map(|(function, code)| (function.clone_ref(python), *code));
        Self { unit: self.unit.clone(), version, entry, arguments: self.arguments, original }
    }

    /// Every object that the function's code owns a reference to, for the collector. The namespaces and the closure are
    /// not among them.
    pub(super) fn for_each_owned(&self, mut see: impl FnMut(&Object)) {
        for version in self.unit.versions() {
            version.code.get().into_iter().flat_map(|code| code.linked.owned()).for_each(&mut see);
        }
    }

    /// The code object that was compiled; `None` for a snippet.
    pub(super) fn code_object(&self) -> Option<&Object> {
        self.unit.prepared.code().object.as_ref()
    }

    /// The parameters, by kind.
    pub(super) fn argument_counts(&self) -> ArgumentCounts {
        self.arguments
    }

    /// The data of the function that all its versions share.
    pub(super) fn unit(&self) -> &Arc<Unit> {
        &self.unit
    }

    /// The number of arguments that the code takes: positional ones, those by name, the tuple of `*args` and the dict
    /// of `**kwargs`, in this order.
    pub fn arguments(&self) -> usize {
        self.arguments.total() as usize
    }

    /// The machine code. It takes bound arguments, which it borrows, and returns a new reference, or null with an
    /// exception set. It may be called while this lives, with the thread attached, and with exactly
    /// [`CompiledFunction::arguments`] arguments. Unlike [`CompiledFunction::call`] it does not check whether the
    /// original must be called instead.
    pub fn entry(&self) -> unsafe extern "C-unwind" fn(*const *mut ffi::PyObject) -> *mut ffi::PyObject {
        self.entry
    }

    /// Whether all assumptions of the code still hold. If not, the code leaves for CPython.
    pub fn is_valid(&self) -> bool {
        self.version.flag.holds()
    }

    /// The number of times that the code was left for CPython, because the code was compiled for
    /// another case, or because an instruction raised in the range of a handler.
    pub fn exits(&self) -> u64 {
        let handed_over = self.version.exits().iter().filter(|exit| exit.point.reason != ExitReason::Raised);
        handed_over.map(|exit| exit.taken.load(Ordering::Relaxed)).sum()
    }

    /// The places where the code may be left, with the reason, and how often it was left there: in the order of the
    /// places, each reason of a place once.
    pub fn exit_sites(&self) -> Vec<ExitSite> {
        let exits = self.version.exits().iter();
        let all = exits.map(|exit| (&exit.point, exit.taken.load(Ordering::Relaxed)));
        ExitSite::collect(self.unit.prepared.code(), all)
    }

    /// The exit sites of all versions of the function.
    pub(super) fn all_exit_sites(&self) -> Vec<ExitSite> {
        let versions = self.unit.versions();
        let exits = versions.iter().flat_map(|version| version.exits());
        let all = exits.map(|exit| (&exit.point, exit.taken.load(Ordering::Relaxed)));
        ExitSite::collect(self.unit.prepared.code(), all)
    }

    /// Bytes of machine code of all versions of the function.
    pub(super) fn all_code_bytes(&self) -> usize {
        self.unit.versions().iter().filter_map(|version| version.code.get()).map(|code| code.placed.bytes).sum()
    }

    /// The number of versions of the function. The code of each version is made for the facts that were known when it
    /// was compiled.
    pub fn versions(&self) -> usize {
        self.unit.versions().len()
    }

    /// Bytes of machine code.
    pub fn code_bytes(&self) -> usize {
        self.version.code.get().map_or(0, |code| code.placed.bytes)
    }

    /// Calls it with bound arguments. The original, if there is one, is called with any other number of them, while the
    /// thread is traced, and after the function got other code.
    ///
    /// # Errors
    /// The exception that it raises.
    pub fn call(&self, python: &Python, arguments: &[&Object]) -> Result<Object, Exception> {
        let pointers: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
        if pointers.len() == self.arguments() && self.may_run(python) {
            if thread::enter(python).is_err() {
                return Err(python.take_exception());
            }
            // SAFETY: the thread is attached, the arguments alive and of the right number; unit and version live with
            // `self`.
            return unsafe { python.owned((self.entry)(pointers.as_ptr())) };
        }
        match &self.original {
            Some((original, _)) => original.call(python, arguments),
            None => {
                let text = format!("the snippet takes {} arguments ({} given)", self.arguments(), pointers.len());
                Err(Exception::new("TypeError", text))
            }
        }
    }

    /// Whether a call may run the code: there is no tracing, and the function still has the code that was compiled. A
    /// snippet has no original, so its code always may.
    fn may_run(&self, python: &Python) -> bool {
        match &self.original {
            None => true,
            Some((function, code)) => !is_traced(python) && code_of(function) == *code,
        }
    }

    /// A built-in function for Python: it runs the code if the number of positional arguments is right, and the
    /// original otherwise. It keeps the original alive, and so the original's globals: if it is stored in these, it is
    /// freed only after it is removed from them.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn as_object(&self, python: &Python) -> Result<Object, Exception> {
        let name = CString::new(&*self.unit.prepared.code().name).unwrap_or_default();
        let compiled = self.with_version(python, (self.version.clone(), self.entry));
        let mut callable = Box::new(Callable { compiled, name, def: ffi::PyMethodDef::zeroed() });
        callable.def.ml_name = callable.name.as_ptr();
        callable.def.ml_flags = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
        callable.def.ml_meth =
            method_pointer(NonNull::new(call_compiled as *mut u8).expect("functions have addresses"));
        let callable = Box::into_raw(callable);
        // SAFETY: the capsule owns the box from now on; the definition is in it, and the function keeps the capsule
        // alive.
        unsafe {
            let capsule = ffi::PyCapsule_New(callable.cast::<c_void>(), CAPSULE.as_ptr(), Some(destroy));
            if capsule.is_null() {
                drop(Box::from_raw(callable));
                return Err(python.take_exception());
            }
            let capsule = python.owned(capsule)?;
            python.owned(ffi::PyCFunction_NewEx(&raw mut (*callable).def, capsule.as_ptr(), null_mut()))
        }
    }
}

/// # Safety
/// Called by CPython with a capsule of [`CompiledFunction::as_object`].
unsafe extern "C" fn destroy(capsule: *mut ffi::PyObject) {
    // SAFETY: the capsule owns the box, and is destroyed once.
    unsafe {
        let callable = ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<Callable>();
        if !callable.is_null() {
            drop(Box::from_raw(callable));
        }
    }
}

/// The C function of [`CompiledFunction::as_object`].
///
/// # Safety
/// Called by CPython, with the capsule as `self`.
unsafe extern "C-unwind" fn call_compiled(
    capsule: *mut ffi::PyObject,
    arguments: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython passes the arguments that the definition asks for. The capsule is held while the code runs, since
    // not even CPython's own callers always own what they call; nothing here has a destructor that an unwinding would
    // have to run.
    unsafe {
        let callable = ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<Callable>();
        let compiled = &(*callable).compiled;
        let fits = count == compiled.arguments.positional as isize && compiled.arguments() as isize == count;
        ffi::Py_INCREF(capsule);
        let python = Python::assume_attached();
        let result = if names.is_null() && fits && compiled.may_run(&python) {
            match thread::enter(&python) {
                Ok(()) => (compiled.entry)(arguments),
                Err(Raised) => null_mut(),
            }
        } else {
            match &compiled.original {
                Some((original, _)) => ffi::PyObject_Vectorcall(original.as_ptr(), arguments, count as usize, names),
                None => {
                    let text = c"a snippet takes exactly its arguments, by position";
                    ffi::PyErr_SetString(ffi::PyExc_TypeError, text.as_ptr());
                    null_mut()
                }
            }
        };
        ffi::Py_DECREF(capsule);
        result
    }
}

/// The code object of a function.
fn code_of(function: &Object) -> usize {
    // SAFETY: a live Python function, whose type cannot be changed.
    unsafe { ffi::PyFunction_GetCode(function.as_ptr()) as usize }
}
