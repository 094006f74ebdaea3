//! Compiles C extensions with the machine's compiler, and imports them.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use crate::embed::{Exception, Object, Python};

/// The header that the sources include as `"typedcall.h"`.
pub const HEADER: &str = include_str!("../../include/typedcall.h");

/// The reason why an extension could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtensionError {
    /// There is no compiler, or it does not start.
    #[error("no C compiler: {0}; install one, or name it in the environment variable CC")]
    NoCompiler(String),
    /// The compiler reported errors.
    #[error("the C compiler {compiler} failed on {source_file} ({status}):\n{output}")]
    Failed {
        /// The compiler.
        compiler: String,
        /// The file.
        source_file: String,
        /// Its exit status.
        status: ExitStatus,
        /// The compiler's output.
        output: String,
    },
    /// The compiler reported success, but made no file.
    #[error("the C compiler {compiler} made no file {library}, and no error either; name another one in CC")]
    NoFile {
        /// The compiler.
        compiler: String,
        /// The shared object that it should have made.
        library: PathBuf,
    },
    /// The headers are not where `sysconfig` says.
    #[error("Python.h is not in {0}: install the headers of this Python (on Debian, package python3-dev)")]
    NoHeaders(PathBuf),
    /// Files could not be written.
    #[error("{path}: {source}")]
    Files {
        /// The path.
        path: PathBuf,
        /// The error.
        source: std::io::Error,
    },
    /// A shared object can't be loaded, or lacks an export.
    #[error("{library} has no {what}")]
    Missing {
        /// The shared object.
        library: PathBuf,
        /// The missing thing.
        what: String,
    },
    /// Python raised.
    #[error("Python raised {0}")]
    Python(#[from] Exception),
}

/// Compiles a C source to the shared object `directory/name.so` at -O2, with the headers of the running Python and
/// `typedcall.h` on the include path.
///
/// # Errors
/// If there is no compiler, there are no headers, or the source does not compile.
pub fn compile(python: &Python, directory: &Path, name: &str, source: &str) -> Result<PathBuf, ExtensionError> {
    let include = include_directory(python)?;
    if !include.join("Python.h").is_file() {
        return Err(ExtensionError::NoHeaders(include));
    }
    let write = |path: PathBuf, text: &str| {
        std::fs::write(&path, text).map(|()| path.clone()).map_err(|source| ExtensionError::Files { path, source })
    };
    std::fs::create_dir_all(directory)
        .map_err(|source| ExtensionError::Files { path: directory.to_owned(), source })?;
    write(directory.join("typedcall.h"), HEADER)?;
    let source_file = write(directory.join(format!("{name}.c")), source)?;
    let library = directory.join(format!("{name}.so"));
    let (compiler, mut command) = compiler()?;
    command.args(["-O2", "-shared", "-fPIC", "-fno-strict-aliasing", "-I"]).arg(&include).arg("-I").arg(directory);
    command.arg(&source_file).arg("-o").arg(&library);
    let ended = command.output().map_err(|error| ExtensionError::NoCompiler(format!("{compiler}: {error}")))?;
    if !ended.status.success() {
        let output = String::from_utf8_lossy(&ended.stderr).into_owned();
        let source_file = source_file.display().to_string();
        return Err(ExtensionError::Failed { compiler, source_file, status: ended.status, output });
    }
    if library.is_file() { Ok(library) } else { Err(ExtensionError::NoFile { compiler, library }) }
}

/// Imports the extension module `name` from a shared object.
///
/// # Errors
/// The exception of the import.
pub fn import(python: &Python, name: &str, library: &Path) -> Result<Object, Exception> {
    let names = python.namespace()?;
    for (variable, text) in [("name", name), ("path", &library.to_string_lossy())] {
        names.set_item(python, variable, &python.eval(&literal(text), &names)?)?;
    }
    python.run(
        "import importlib.machinery, importlib.util, sys\n\
         loader = importlib.machinery.ExtensionFileLoader(name, path)\n\
         spec = importlib.util.spec_from_file_location(name, path, loader=loader)\n\
         module = importlib.util.module_from_spec(spec)\n\
         spec.loader.exec_module(module)\n\
         sys.modules[name] = module\n",
        &names,
    )?;
    names.item(python, "module").ok_or_else(|| python.take_exception())
}

/// A text as Python source.
pub fn literal(text: &str) -> String {
    let letter = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '/' | '.' | '_' | '-' | ' ' => letter.to_string(),
        other => format!("\\U{:08x}", u32::from(other)),
    };
    format!("'{}'", text.chars().map(letter).collect::<String>())
}

fn include_directory(python: &Python) -> Result<PathBuf, Exception> {
    let names = python.namespace()?;
    python.run("import sysconfig\ninclude = sysconfig.get_path('include')", &names)?;
    let include = names.item(python, "include").ok_or_else(|| python.take_exception())?;
    Ok(PathBuf::from(include.text(python)?))
}

/// The machine's C compiler, as the `cc` crate finds it: its name for messages, and its command, with the arguments in
/// `CC` and `CFLAGS`.
fn compiler() -> Result<(String, Command), ExtensionError> {
    let target = target_lexicon::HOST.to_string();
    let compiler = cc::Build::new()
        .target(&target)
        .host(&target)
        .opt_level(2)
        .debug(false)
        // Only the user's own flags: the caller adds those that make a shared object.
        .no_default_flags(true)
        .warnings(false)
        // All of these would go to stdout, which belongs to the caller.
        .cargo_metadata(false)
        .cargo_warnings(false)
        .cargo_debug(false)
        .cargo_output(false)
        .try_get_compiler()
        .map_err(|error| ExtensionError::NoCompiler(error.to_string()))?;
    Ok((compiler.path().display().to_string(), compiler.to_command()))
}
