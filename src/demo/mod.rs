//! The demo: a small C extension, compiled and imported, and loops that time calls of its functions.
//!
//! The command line tool shows it, and the benchmarks measure it.

mod extension;
mod library;
mod measure;
mod runs;
mod typed_loops;

pub use extension::{ExtensionError, HEADER, compile, import, literal};
pub use measure::{Measurement, Once, Ratio, measure, measure_once};
pub use runs::{Case, Run, Way, runs};
pub use typed_loops::{LoopTime, measure_loops};

use std::ffi::{CString, c_char, c_void};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use library::Library;

use crate::embed::{Object, Python};

/// The source of the demo's extension.
pub const SOURCE: &str = include_str!("demo.c");

/// The name of the demo's extension.
pub const NAME: &str = "typedcall_demo";

/// The source of the loops.
const LOOPS: &str = include_str!("loops.c");

/// Compiles the demo's extension in `directory` and imports it.
///
/// # Errors
/// If it can't be compiled or imported.
pub fn load(python: &Python, directory: &Path) -> Result<Object, ExtensionError> {
    let library = compile(python, directory, NAME, SOURCE)?;
    Ok(import(python, NAME, &library)?)
}

/// The address of the underlying function of a function of the demo's module. It comes from the extension's own C code,
/// not from the metadata, which says the same.
///
/// # Errors
/// If the module was not made from [`SOURCE`], or has no function of this name.
pub fn underlying(python: &Python, module: &Object, name: &str) -> Result<NonNull<c_void>, ExtensionError> {
    let path = PathBuf::from(module.attr(python, "__file__")?.text(python)?);
    let missing = || ExtensionError::Missing { library: path.clone(), what: format!("underlying function of {name}") };
    let name = CString::new(name).map_err(|_| missing())?;
    // SAFETY: the library is that of an imported module, so it is loaded; the function is declared as in demo.c.
    unsafe {
        let ask: unsafe extern "C" fn(*const c_char) -> *mut c_void =
            Library::load(&path)?.function("typedcall_demo_underlying")?;
        NonNull::new(ask(name.as_ptr())).ok_or_else(missing)
    }
}
