//! The package's own tests, `tests/python/test_*.py`, in the interpreter that the crate embeds: without a wheel, and with
//! the standard library alone.
//!
//! Each file has a process of its own. That process is this program once more, which by the name `python3` is a Python that
//! has `typedcall._native` among its built-in modules; as its `sys.executable` is that name, what the tests start is such a
//! Python as well.

use std::env;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use pyo3_ffi as ffi;
use typedcall::python::PyInit__native;

/// The name by which the program is a Python.
const PYTHON: &str = "python3";

/// Which Python to take for the library's own, where the build was not told one.
const ON_THE_PATH: &str = if cfg!(Py_3_15) {
    "python3.15"
} else if cfg!(Py_3_14) {
    "python3.14"
} else if cfg!(Py_3_13) {
    "python3.13"
} else if cfg!(Py_3_12) {
    "python3.12"
} else {
    "python3.11"
};

fn main() -> ExitCode {
    let called = env::args_os().next().map(PathBuf::from).unwrap_or_default();
    if called.file_name() == Some(OsStr::new(PYTHON)) {
        return be_python(&called);
    }
    let names: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let files: Vec<PathBuf> = files().into_iter().filter(|file| is_chosen(file, &names)).collect();
    if env::args().any(|argument| argument == "--list") {
        files.iter().for_each(|file| println!("{}: test", stem(file)));
        return ExitCode::SUCCESS;
    }
    let failed = run_all(&files);
    println!("\n{} files, {} failed: {}", files.len(), failed.len(), failed.join(", "));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder("tests/python")).expect("the folder is in the tree");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<_> = paths.filter(|path| stem(path).starts_with("test_") && has_extension(path, "py")).collect();
    files.sort();
    files
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension() == Some(OsStr::new(extension))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// As cargo's own tests are chosen: by a part of the name, or all.
fn is_chosen(file: &Path, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|name| stem(file).contains(name))
}

/// Runs the files, as many at a time as there are processors, and returns the names of those that fail.
fn run_all(files: &[PathBuf]) -> Vec<String> {
    let python = link();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (start, output) = (Instant::now(), run(&python, file));
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    let outcome = if output.status.success() { "ok" } else { "FAILED" };
                    println!("test {} ... {outcome} ({:.1} s)", stem(file), start.elapsed().as_secs_f64());
                    if !output.status.success() {
                        let (out, err) =
                            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                        println!("{out}{err}{}", output.status);
                        failed.push(stem(file));
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A link of that name to this program, which replaces that to an older one.
fn link() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python_files");
    let (python, new) = (folder.join(PYTHON), folder.join(format!("new-{}", std::process::id())));
    let program = env::current_exe().expect("a running program has a path");
    std::fs::create_dir_all(&folder).expect("cargo's folder for tests can be written");
    std::os::unix::fs::symlink(program, &new).expect("the name is this process's alone");
    std::fs::rename(new, &python).expect("both are in a folder of ours");
    python
}

fn run(python: &Path, file: &Path) -> Output {
    let mut command = Command::new(python);
    command.env("PYTHONPATH", folder("python"));
    // What these ask for is for the tests to ask.
    for variable in ["TYPEDCALL_DISABLE", "TYPEDCALL_VERIFY", "TYPEDCALL_LOG"] {
        command.env_remove(variable);
    }
    command.arg(folder("tests/python/run.py")).arg(file).output().expect("this program can be started")
}

/// Runs the arguments as `python3` would.
fn be_python(this: &Path) -> ExitCode {
    let text = |bytes: &[u8]| CString::new(bytes).expect("neither arguments nor paths have a NUL in them");
    let arguments: Vec<CString> = env::args_os().map(|argument| text(argument.as_bytes())).collect();
    let mut pointers: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
    let count = isize::try_from(pointers.len()).expect("a program has fewer arguments");
    let built_for = option_env!("TYPEDCALL_BUILD_PYTHON").filter(|path| Path::new(path).exists());
    let name = text(built_for.unwrap_or(ON_THE_PATH).as_bytes());
    let this = text(this.as_os_str().as_bytes());
    // SAFETY: nobody else starts an interpreter in this process; all texts live through the calls, which copy them.
    unsafe {
        assert_eq!(ffi::PyImport_AppendInittab(c"typedcall._native".as_ptr(), Some(PyInit__native)), 0);
        let mut config = std::mem::zeroed::<ffi::PyConfig>();
        ffi::PyConfig_InitPythonConfig(&mut config);
        let program_name = &raw mut config.program_name;
        let mut status = ffi::PyConfig_SetBytesString(&mut config, program_name, name.as_ptr());
        if ffi::PyStatus_Exception(status) == 0 {
            status = ffi::PyConfig_SetBytesArgv(&mut config, count, pointers.as_mut_ptr());
        }
        if ffi::PyStatus_Exception(status) == 0 {
            status = ffi::Py_InitializeFromConfig(&config);
        }
        ffi::PyConfig_Clear(&mut config);
        if ffi::PyStatus_Exception(status) != 0 {
            ffi::Py_ExitStatusException(status);
        }
        let executable = ffi::PyUnicode_DecodeFSDefault(this.as_ptr());
        assert!(!executable.is_null() && ffi::PySys_SetObject(c"executable".as_ptr(), executable) == 0);
        ffi::Py_DECREF(executable);
        ExitCode::from(u8::try_from(ffi::Py_RunMain()).unwrap_or(1))
    }
}
