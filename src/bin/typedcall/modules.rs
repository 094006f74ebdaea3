//! Finds live modules and callables by the names on the command line.

use std::path::{Path, PathBuf};

use typedcall::demo::{self, literal};
use typedcall::embed::{Exception, Object, Python};

use crate::failure::CommandFailure;
use crate::stdout;

/// Prepares imports: from `folders`, then the current folder, then as Python does. What a module prints on import goes
/// to stderr, since stdout is the tool's.
pub fn prepare(python: &Python, folders: &[PathBuf]) -> Result<(), CommandFailure> {
    let mut statements = "import sys\nsys.stdout = sys.stderr\n".to_owned();
    let folders = folders.iter().map(PathBuf::as_path).chain([Path::new(".")]);
    for (position, folder) in folders.enumerate() {
        let wrong = |reason: &str| CommandFailure::other(format!("--path {}: {reason}", folder.display()));
        let absolute = std::path::absolute(folder).map_err(|error| wrong(&error.to_string()))?;
        if !absolute.is_dir() {
            return Err(wrong("no such folder"));
        }
        statements += &format!("sys.path.insert({position}, {})\n", literal(&absolute.to_string_lossy()));
    }
    Ok(python.run(&statements, &python.namespace()?)?)
}

/// A module, by its name or by the path of its shared object.
pub fn module(python: &Python, name: &str) -> Result<Object, CommandFailure> {
    if name.is_empty() {
        return Err(CommandFailure::other("which module? Name it, or give the path of its shared object"));
    }
    if !name.contains('/') && !name.ends_with(".so") {
        return stdout::spared(python, || python.import(name).map_err(|exception| not_imported(name, &exception)));
    }
    let path = std::path::absolute(name).map_err(|error| CommandFailure::other(format!("{name}: {error}")))?;
    if path.is_dir() {
        return Err(CommandFailure::other(format!(
            "{name} is a folder: inspect a module in it with --path {name} MODULE"
        )));
    }
    if !path.is_file() {
        return Err(CommandFailure::other(format!("{name}: no such file")));
    }
    // CPython finds the extension's init function by the name up to the first dot.
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = file.split('.').next().unwrap_or(&file);
    stdout::spared(python, || {
        demo::import(python, stem, &path).map_err(|exception| {
            let advice =
                if misnamed(&exception) { MISNAMED } else { &format!("is it an extension for {}?", version()) };
            CommandFailure::other(format!("{name} cannot be imported: {exception}; {advice}"))
        })
    })
}

/// A function of a Python file, by its dotted name, and a remark about it, if there is one. The file is imported as
/// part of its package if it is in one, otherwise under its name without the ending if no module has that name yet.
pub fn function_in_file(python: &Python, file: &str, name: &str) -> Result<(Object, String), CommandFailure> {
    let path = std::path::absolute(file).map_err(|error| CommandFailure::other(format!("{file}: {error}")))?;
    let about = std::fs::metadata(&path).map_err(|error| CommandFailure::other(format!("{file}: {error}")))?;
    if about.is_dir() {
        return Err(CommandFailure::other(format!("{file} is a folder; the name is FILE.py:FUNCTION")));
    }
    if !about.is_file() {
        return Err(CommandFailure::other(format!("{file} is not a regular file; the name is FILE.py:FUNCTION")));
    }
    let names = python.namespace()?;
    names.set_item(python, "path", &python.text(&path.to_string_lossy())?)?;
    names.set_item(python, "dotted", &python.text(name)?)?;
    stdout::spared(python, || {
        python.run(include_str!("find_function.py"), &names).map_err(|exception| {
            CommandFailure::other(match exception.class.as_str() {
                "Unknown" => format!("{file}: {}", exception.message),
                _ => format!("{file} cannot be imported: {exception}"),
            })
        })?;
        let found = |what| names.item(python, what).ok_or_else(|| CommandFailure::other(format!("{file}: no {what}")));
        Ok((found("function")?, found("aside")?.text(python)?))
    })
}

/// The object with a dotted name: a module, then attributes, or submodules if there is no such attribute.
pub fn resolve(python: &Python, name: &str) -> Result<Object, CommandFailure> {
    stdout::spared(python, || attribute(python, name))
}

fn attribute(python: &Python, name: &str) -> Result<Object, CommandFailure> {
    let mut parts = name.split('.');
    let first = parts.next().unwrap_or_default();
    if first.is_empty() {
        return Err(CommandFailure::other(format!("{name:?} is no MODULE.NAME")));
    }
    let mut so_far = first.to_owned();
    let mut object = python.import(first).map_err(|exception| not_imported(first, &exception))?;
    for part in parts {
        let longer = format!("{so_far}.{part}");
        object = match object.attr(python, part) {
            Ok(attribute) => attribute,
            Err(missing) => submodule(python, &longer)?.ok_or_else(|| {
                CommandFailure::other(format!(
                    "{so_far} has no {part} ({missing}); the name is MODULE.NAME or MODULE.TYPE.METHOD"
                ))
            })?,
        };
        so_far = longer;
    }
    Ok(object)
}

/// A submodule; `None` if there is none.
fn submodule(python: &Python, name: &str) -> Result<Option<Object>, CommandFailure> {
    match python.import(name) {
        Ok(module) => Ok(Some(module)),
        Err(exception) if exception.class == "ModuleNotFoundError" => Ok(None),
        Err(exception) => Err(not_imported(name, &exception)),
    }
}

fn not_imported(name: &str, exception: &Exception) -> CommandFailure {
    let advice = match exception.class.as_str() {
        "ModuleNotFoundError" => "; name its folder with --path DIR".to_owned(),
        _ if misnamed(exception) => format!("; {MISNAMED}"),
        // It was found, so no advice on where to look is needed.
        _ => String::new(),
    };
    CommandFailure::other(format!("{name} cannot be imported: {exception}{advice}"))
}

/// What to do with an extension that is [`misnamed`].
const MISNAMED: &str =
    "the file's name up to the first dot must match the module's own name, the NAME of the PyInit_NAME that it exports";

/// Whether a shared object was found that does not export the init function of its file name, by the text of
/// `_PyImport_LoadDynamicModuleWithSpec` in CPython's Python/importdl.c.
fn misnamed(exception: &Exception) -> bool {
    exception.class == "ImportError" && exception.message.contains("does not define module export function")
}

/// The running interpreter, as `Python 3.13.0`.
pub fn version() -> String {
    let version = typedcall::embed::running_version();
    format!("Python {}", version.split(' ').next().unwrap_or_default())
}
