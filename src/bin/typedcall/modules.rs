//! From names on the command line to live modules and callables.

use std::path::{Path, PathBuf};

use typedcall::demo::{self, literal};
use typedcall::embed::{Exception, Object, Python};

use crate::failure::Failure;

/// Prepares imports: from `folders`, then this one, then as Python does. What a module prints on import goes to stderr,
/// for stdout is the tool's.
pub fn prepare(python: &Python, folders: &[PathBuf]) -> Result<(), Failure> {
    let mut statements = "import sys\nsys.stdout = sys.stderr\n".to_owned();
    let folders = folders.iter().map(PathBuf::as_path).chain([Path::new(".")]);
    for (position, folder) in folders.enumerate() {
        let absolute = std::path::absolute(folder)?;
        if !absolute.is_dir() {
            return Err(Failure::other(format!("--path {}: no such folder", folder.display())));
        }
        statements += &format!("sys.path.insert({position}, {})\n", literal(&absolute.to_string_lossy()));
    }
    Ok(python.run(&statements, &python.namespace()?)?)
}

/// A module, by its name or by the path of its shared object.
pub fn module(python: &Python, name: &str) -> Result<Object, Failure> {
    if !name.contains('/') && !name.ends_with(".so") {
        return python.import(name).map_err(|exception| not_imported(name, &exception));
    }
    let path = std::path::absolute(name)?;
    if !path.is_file() {
        return Err(Failure::other(format!("{name}: no such file")));
    }
    // CPython finds the extension's init function by the name up to the first dot.
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = file.split('.').next().unwrap_or(&file);
    demo::import(python, stem, &path).map_err(|exception| {
        Failure::other(format!("{name} cannot be imported: {exception}; is it an extension for {}?", version()))
    })
}

/// What a dotted name stands for: a module, then attributes, or submodules where there is no such attribute.
pub fn resolve(python: &Python, name: &str) -> Result<Object, Failure> {
    let mut parts = name.split('.');
    let first = parts.next().unwrap_or_default();
    if first.is_empty() {
        return Err(Failure::other(format!("{name:?} is no MODULE.NAME")));
    }
    let mut so_far = first.to_owned();
    let mut object = python.import(first).map_err(|exception| not_imported(first, &exception))?;
    for part in parts {
        let longer = format!("{so_far}.{part}");
        object = match object.attr(python, part) {
            Ok(attribute) => attribute,
            Err(missing) => submodule(python, &longer)?.ok_or_else(|| {
                Failure::other(format!(
                    "{so_far} has no {part} ({missing}); the name is MODULE.NAME or MODULE.TYPE.METHOD"
                ))
            })?,
        };
        so_far = longer;
    }
    Ok(object)
}

/// A submodule; nothing where there is none.
fn submodule(python: &Python, name: &str) -> Result<Option<Object>, Failure> {
    match python.import(name) {
        Ok(module) => Ok(Some(module)),
        Err(exception) if exception.class == "ModuleNotFoundError" => Ok(None),
        Err(exception) => Err(not_imported(name, &exception)),
    }
}

fn not_imported(name: &str, exception: &Exception) -> Failure {
    Failure::other(format!("{name} cannot be imported: {exception}; name its folder with --path DIR"))
}

/// The running interpreter, as `Python 3.13.0`.
pub fn version() -> String {
    let version = typedcall::embed::running_version();
    format!("Python {}", version.split(' ').next().unwrap_or_default())
}
