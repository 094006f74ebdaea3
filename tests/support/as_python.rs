#![allow(dead_code, reason = "every integration test is a crate of its own and uses a part")]
//! A program of tests that is a Python with more built-in modules when it is called `python3`. Each file or suite has a
//! process of its own. `sys.executable` has that name, so processes that the tests start are such Pythons too.

use std::env;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use pyo3_ffi as ffi;

/// The name under which the program is a Python.
const PYTHON: &str = "python3";

/// The Python whose standard library is used, if the build was given none.
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

/// A built-in module: its name, and the function that makes it.
pub type BuiltIn = (&'static CStr, unsafe extern "C" fn() -> *mut ffi::PyObject);

/// The job of one process.
pub struct Test {
    /// Its name.
    pub name: String,
    /// The arguments for Python.
    pub arguments: Vec<OsString>,
}

/// A program of tests.
pub struct Program {
    /// The name of the test, for its folder.
    pub name: &'static str,
    /// The additional modules of its Python.
    pub modules: &'static [BuiltIn],
    /// Environment variables that the Pythons get.
    pub environment: Vec<(&'static str, OsString)>,
    /// Environment variables that the Pythons do not get.
    pub without: &'static [&'static str],
    /// Whether the output of a test is shown if it passes.
    pub verbose: bool,
}

impl Program {
    /// Is a Python, lists the tests, or runs those that are chosen as cargo chooses its own: by a part of the name, or
    /// all. `sum_up` gets the output of the tests that ran.
    pub fn main(&self, tests: Vec<Test>, sum_up: impl FnOnce(&[String])) -> ExitCode {
        let called = env::args_os().next().map(PathBuf::from).unwrap_or_default();
        if called.file_name() == Some(OsStr::new(PYTHON)) {
            return self.be_python(&called);
        }
        let names: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
        let is_chosen = |test: &Test| names.is_empty() || names.iter().any(|name| test.name.contains(name));
        let tests: Vec<Test> = tests.into_iter().filter(is_chosen).collect();
        if env::args().any(|argument| argument == "--list") {
            tests.iter().for_each(|test| println!("{}: test", test.name));
            return ExitCode::SUCCESS;
        }
        let (printed, failed) = self.run_all(&tests);
        sum_up(&printed);
        println!("\n{} of {}, {} failed: {}", tests.len(), self.name, failed.len(), failed.join(", "));
        if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// Runs the tests, as many at a time as there are processors. Returns their output and the names of those that
    /// fail.
    fn run_all(&self, tests: &[Test]) -> (Vec<String>, Vec<String>) {
        let python = self.link();
        let (next, done) = (AtomicUsize::new(0), Mutex::new((Vec::new(), Vec::new())));
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let (start, output) = (Instant::now(), self.run(&python, test));
                        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                        let (passes, text) = (output.status.success(), String::from_utf8_lossy(&output.stdout));
                        let outcome = if passes { "ok" } else { "FAILED" };
                        println!("test {} ... {outcome} ({:.1} s)", test.name, start.elapsed().as_secs_f64());
                        if self.verbose || !passes {
                            print!("{text}");
                        }
                        if !passes {
                            println!("{}{}", String::from_utf8_lossy(&output.stderr), output.status);
                            done.1.push(test.name.clone());
                        }
                        done.0.push(text.into_owned());
                    }
                });
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// A link with that name to this program; it replaces a link to an older one.
    fn link(&self) -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.name);
        let (python, new) = (folder.join(PYTHON), folder.join(format!("new-{}", std::process::id())));
        let program = env::current_exe().expect("a running program has a path");
        std::fs::create_dir_all(&folder).expect("cargo's folder for tests can be written");
        std::os::unix::fs::symlink(program, &new).expect("the name is this process's alone");
        std::fs::rename(new, &python).expect("both are in a folder of ours");
        python
    }

    fn run(&self, python: &Path, test: &Test) -> Output {
        let mut command = Command::new(python);
        for variable in self.without {
            command.env_remove(variable);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(&test.arguments).output().expect("this program can be started")
    }

    /// Runs the arguments as `python3` would.
    fn be_python(&self, this: &Path) -> ExitCode {
        let text = |bytes: &[u8]| CString::new(bytes).expect("neither arguments nor paths have a NUL in them");
        let arguments: Vec<CString> = env::args_os().map(|argument| text(argument.as_bytes())).collect();
        let mut pointers: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
        let count = isize::try_from(pointers.len()).expect("a program has fewer arguments");
        let built_for = option_env!("TYPEDCALL_BUILD_PYTHON").filter(|path| Path::new(path).exists());
        let name = text(built_for.unwrap_or(ON_THE_PATH).as_bytes());
        let this = text(this.as_os_str().as_bytes());
        // SAFETY: no other thread starts an interpreter in this process; all texts live through the calls, which copy
        // them.
        unsafe {
            for (name, make) in self.modules {
                assert_eq!(ffi::PyImport_AppendInittab(name.as_ptr(), Some(*make)), 0);
            }
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
}

/// A path in this tree.
pub fn in_tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The Python files of a folder whose stems are chosen, sorted.
pub fn python_files(folder: &str, is_chosen: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(in_tree(folder)).expect("the folder is in the tree");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension() == Some(OsStr::new("py")) && is_chosen(&stem(path))).collect();
    files.sort();
    files
}

/// The name of a file without its extension.
pub fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
