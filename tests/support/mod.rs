//! Compiles C for the tests and loads it. All integration tests share this module, and each uses a part of it.
#![allow(dead_code, reason = "every integration test is a crate of its own and uses a part")]

#[macro_use]
pub mod process;

pub mod bare;
pub mod extension;
pub mod lowering;
pub mod memory_map;
pub mod mutation;
pub mod sample;
pub mod session;
pub mod victim;

use std::collections::hash_map::DefaultHasher;
use std::ffi::{CStr, CString, c_void};
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The warnings under which the header promises to be clean.
pub const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// Compiles C (C++ if the flags have `-std=c++…`) to a shared object, once for equal source, flags and headers. It may
/// include `typedcall.h` and `Python.h`.
pub fn compile(name: &str, source: &str, flags: &[&str]) -> PathBuf {
    build(name, source, "so", &["-shared"], flags)
}

/// The same, to an object file.
pub fn compile_object(name: &str, source: &str, flags: &[&str]) -> PathBuf {
    build(name, source, "o", &["-c"], flags)
}

/// The same, to a program; runs it and returns its output.
pub fn run(name: &str, source: &str, flags: &[&str]) -> String {
    let output = Command::new(build(name, source, "out", &[], flags)).output().expect("the compiled program starts");
    assert!(output.status.success(), "{name}: {output:?}");
    String::from_utf8(output.stdout).expect("the program prints UTF-8")
}

fn build(name: &str, source: &str, extension: &str, form: &[&str], flags: &[&str]) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let mut hasher = DefaultHasher::new();
    (source, form, flags, python_include()).hash(&mut hasher);
    for header in fs::read_dir(&include).expect("the crate has an include folder") {
        let path = header.expect("the folder can be listed").path();
        // The headers in a folder inside this folder only include those in here.
        if path.is_file() {
            fs::read(path).expect("a header is readable").hash(&mut hasher);
        }
    }
    let stem = format!("{name}-{:016x}", hasher.finish());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let built = folder.join(format!("{stem}.{extension}"));
    if built.exists() {
        return built;
    }
    // Other tests may compile the same at the same time: each makes a file of its own, and the last one renames it into
    // place.
    let own = format!("{stem}.{}.{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let is_cpp = flags.iter().any(|flag| flag.starts_with("-std=c++"));
    let (compiler, language) = if is_cpp { ("c++", "cpp") } else { ("cc", "c") };
    let (text, result) = (folder.join(format!("{own}.{language}")), folder.join(format!("{own}.{extension}")));
    fs::write(&text, source).expect("the temporary folder is writable");
    let output = Command::new(compiler)
        .args(form)
        .args(["-fPIC", "-g0"])
        .arg("-I")
        .arg(&include)
        .arg("-isystem")
        .arg(python_include())
        .args(flags)
        .arg(&text)
        .arg("-o")
        .arg(&result)
        .output()
        .expect("a C compiler is installed");
    assert!(output.status.success(), "{compiler} {flags:?} {name}:\n{}", String::from_utf8_lossy(&output.stderr));
    fs::rename(&result, &built).expect("the temporary folder is writable");
    // Nobody needs the copy of the source; if it stays, that is no failure.
    let _ = fs::remove_file(&text);
    built
}

static PYTHON_INCLUDE: OnceLock<PathBuf> = OnceLock::new();

/// The folder of `Python.h`. If [`extension::start`] started an interpreter, it is that of the running one. Otherwise
/// it is that of the Python that the crate is built for: `TYPEDCALL_PYTHON_INCLUDE`, or that of `PYO3_PYTHON`, or that
/// of `python3`.
pub fn python_include() -> &'static Path {
    PYTHON_INCLUDE.get_or_init(|| {
        if let Some(folder) = std::env::var_os("TYPEDCALL_PYTHON_INCLUDE") {
            return folder.into();
        }
        let python = std::env::var_os("PYO3_PYTHON").unwrap_or_else(|| "python3".into());
        let output = Command::new(python)
            .args(["-c", "import sysconfig; print(sysconfig.get_path('include'))"])
            .output()
            .expect("Python is installed");
        String::from_utf8(output.stdout).expect("the path is UTF-8").trim_end().into()
    })
}

/// A loaded shared object; never unloaded, so its contents live as long as the process.
pub struct Library(*mut c_void);

impl Library {
    /// Loads it. Functions of CPython that it needs are resolved at their first call.
    pub fn load(path: &Path) -> Self {
        let name = CString::new(path.to_str().expect("the path is UTF-8")).expect("the path has no NUL");
        // SAFETY: a NUL-terminated path; the tests' own libraries run no code when loaded.
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | libc::RTLD_LOCAL) };
        // SAFETY: after a failure `dlerror` returns a text; it is copied before the next call.
        assert!(!handle.is_null(), "{}", unsafe { CStr::from_ptr(libc::dlerror()) }.to_string_lossy());
        Self(handle)
    }

    /// The address of an exported symbol.
    pub fn symbol(&self, name: &str) -> *mut c_void {
        let symbol = CString::new(name).expect("a symbol has no NUL");
        // SAFETY: the handle is a loaded library's, the name NUL-terminated.
        let address = unsafe { libc::dlsym(self.0, symbol.as_ptr()) };
        assert!(!address.is_null(), "no symbol {name}");
        address
    }
}
