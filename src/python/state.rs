//! The state of the module: the specializer, the class of its errors, and the settings from the environment.

use std::env;
use std::ptr::{NonNull, null_mut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use log::LevelFilter;
use pyo3_ffi as ffi;

use super::convert::{add, truth};
use super::method_error::MethodError;
use crate::callable::Error;
use crate::embed::{Object, Python};
use crate::specializer::Options;
use crate::specializer::Specializer;
use crate::stub::cinder::capsule;

/// `typedcall.Error`: the module's own reference, kept for the rest of the process.
static ERROR: AtomicPtr<ffi::PyObject> = AtomicPtr::new(null_mut());

/// Fills a new module.
///
/// # Errors
/// If memory runs out.
pub fn initialize(python: &Python, module: *mut ffi::PyObject) -> Result<(), MethodError> {
    start_log();
    let module = NonNull::new(module).ok_or_else(|| MethodError::Type("there is no module".to_owned()))?;
    // SAFETY: the import machinery gives a live module.
    let module = unsafe { Object::from_borrowed(python, module) };
    // SAFETY: the class is stored below, and never given up.
    let class = unsafe { NonNull::new(error_class()).map(|class| Object::from_borrowed(python, class)) };
    let class = match class {
        Some(class) => class,
        None => new_error(python)?,
    };
    add(python, &module, "Error", &class)?;
    // Extensions in Cinder's form find the package by this.
    add(python, &module, "_cinder", &capsule(python)?)?;
    add(python, &module, "__version__", &python.text(env!("CARGO_PKG_VERSION"))?)?;
    add(python, &module, "disabled", &truth(python, is_on("TYPEDCALL_DISABLE"))?)
}

/// The class of the module's errors, borrowed; null before [`initialize`] has made it.
pub fn error_class() -> *mut ffi::PyObject {
    ERROR.load(Ordering::Relaxed)
}

fn new_error(python: &Python) -> Result<Object, MethodError> {
    let doc = c"There is no stub: the text names the callable and says what to do. The callable works as before.";
    // SAFETY: the thread is attached; the texts are C strings; without a base the class is an Exception.
    let class = unsafe {
        python.owned(ffi::PyErr_NewExceptionWithDoc(c"typedcall.Error".as_ptr(), doc.as_ptr(), null_mut(), null_mut()))
    }?;
    ERROR.store(class.clone_ref(python).into_ptr(), Ordering::Relaxed);
    Ok(class)
}

/// The specializer, made when it is first needed.
///
/// # Errors
/// If the interpreter has another layout than the crate was built for.
pub fn specializer(python: &Python) -> Result<&'static Specializer, Error> {
    static SPECIALIZER: OnceLock<Specializer> = OnceLock::new();
    if let Some(specializer) = SPECIALIZER.get() {
        return Ok(specializer);
    }
    // Made outside the lock, which is never held while Python code may run; a second one is dropped.
    let options = Options { verify: is_on("TYPEDCALL_VERIFY"), count_calls: true, ..Options::default() };
    let made = Specializer::new(python, options)?;
    Ok(SPECIALIZER.get_or_init(|| made))
}

/// Whether an environment variable switches something on: it is set, and neither empty nor `0`.
fn is_on(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Starts logging to stderr as `TYPEDCALL_LOG` says; by default, warnings. An existing logger of the process stays.
fn start_log() {
    let asked = env::var("TYPEDCALL_LOG").unwrap_or_default();
    let level = asked.parse::<LevelFilter>().ok();
    let _ = env_logger::Builder::new().filter_module("typedcall", level.unwrap_or(LevelFilter::Warn)).try_init();
    if level.is_none() && !asked.is_empty() {
        log::warn!(target: "typedcall", "TYPEDCALL_LOG={asked}: say off, error, warn, info, debug or trace");
    }
}
