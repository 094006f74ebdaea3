//! The demo: a small C extension, compiled and imported, and loops that time calls of its functions.
//!
//! What the command line tool shows, and the benchmarks measure.

mod extension;
mod measure;

pub use extension::{ExtensionError, HEADER, compile, import};
pub use measure::{Case, Measurement, Once, Run, Way, measure, measure_once, runs};

use std::path::Path;

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
/// Where it cannot be compiled or imported.
pub fn load(python: &Python, directory: &Path) -> Result<Object, ExtensionError> {
    let library = compile(python, directory, NAME, SOURCE)?;
    Ok(import(python, NAME, &library)?)
}
