//! If a security policy refuses executable memory, there are no stubs, there is one warning, and the originals run.
//!
//! A refusal is remembered by the whole process.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Mutex;

use crate::support::extension::{evaluate, is_refusal, member, methods, specializer, start};
use crate::support::{Library, compile};
use typedcall::metadata::abi::METH_TYPED;
use typedcall::{Adopted, Bind, Entry};

/// A table of Cinder's form.
const CINDER: &str = "#include \"typedcall_cinder.h\"\n\
    static int64_t seven(PyObject *self) { (void)self; return 7; }\n\
    Ci_Py_TYPED_SIGNATURE(seven, Ci_Py_SIG_INT64, NULL);\n\
    PyMethodDef methods[] = {{\"seven\", (PyCFunction)&seven_def, Ci_METH_TYPED, NULL}, {NULL}};\n";

/// Remembers the warnings.
struct Warnings(Mutex<Vec<String>>);

static WARNINGS: Warnings = Warnings(Mutex::new(Vec::new()));

impl log::Log for Warnings {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().expect("nothing panics under the lock").push(format!(
                "{}: {}",
                record.target(),
                record.args()
            ));
        }
    }

    fn flush(&self) {}
}

/// Makes the kernel answer EACCES, for ever, when this thread asks `mprotect` for executable memory.
fn refuse_executable_memory() {
    let statement = |code: u32, value: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k: value };
    let jump = |code: u32, value: u32, otherwise: u8| libc::sock_filter {
        code: (libc::BPF_JMP | code | libc::BPF_K) as u16,
        jt: 0,
        jf: otherwise,
        k: value,
    };
    // A filter sees the number of the system call at 0, and its third argument, the protection, at 32.
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let mut filter = [
        statement(load, 0),
        jump(libc::BPF_JEQ, libc::SYS_mprotect as u32, 3),
        statement(load, 32),
        jump(libc::BPF_JSET, libc::PROT_EXEC as u32, 1),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EACCES as u32),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: a well-formed program, which the kernel copies; it applies to this thread only.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
    }
}

#[test]
fn refused_memory_is_an_error_for_each_stub_and_one_warning_and_the_originals_run() {
    own_process!();
    log::set_logger(&WARNINGS).expect("there is no other logger");
    log::set_max_level(log::LevelFilter::Warn);
    let python = start();
    let module = methods(&python, "refused", true);
    let specializer = specializer(&python);
    let library = python.detached(|| Library::load(&compile("refused-cinder", CINDER, &["-std=gnu11"])));
    let table = library.symbol("methods");
    let before = crate::support::memory_map::anonymous_code_bytes();
    refuse_executable_memory();

    let Adopted { methods, rejected } = specializer.adopt(&python, &module).expect("adoption needs no code");
    assert!(rejected.is_empty() && methods.len() > 70);
    let mut refused = 0;
    for method in &methods {
        let callable = member(&python, &module, &method.name);
        // A native stub is the underlying function, which exists already.
        specializer.stub(&python, &callable, Entry::Native).expect("it needs no code");
        for entry in [Entry::Boxed, Entry::Vectorcall] {
            let error = specializer.stub(&python, &callable, entry).expect_err("there is no memory for it");
            assert!(is_refusal(&error), "{error}");
            assert!(error.to_string().contains("the original callables run instead"), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 140);
    let echo = member(&python, &module, "echo_i64");
    assert!(is_refusal(&specializer.function(&python, &echo).expect_err("there is no memory for it")));
    // Without a wrapper, a C function has nothing that could run instead.
    unsafe extern "C" fn twice(x: f64) -> f64 {
        2.0 * x
    }
    let address = NonNull::new(twice as *mut c_void).expect("a function has an address");
    // SAFETY: this is its signature.
    let bound = unsafe { specializer.bind(&python, address, "(f64) -> f64", "twice", &Bind::default()) };
    let error = bound.expect_err("there is no memory for it");
    assert!(
        is_refusal(&error) && error.to_string().contains("callables without an original can't be called"),
        "{error}"
    );
    // The same holds for a typed method of Cinder's; its table is unchanged. SAFETY: the table of a library that stays.
    let readied = unsafe { specializer.ready_cinder_table(&python, table) };
    assert!(is_refusal(&readied.expect_err("there is no memory for it")));
    // SAFETY: the table's first line.
    assert_eq!(unsafe { (*table.cast::<pyo3_ffi::PyMethodDef>()).ml_flags }, METH_TYPED);
    let warnings = WARNINGS.0.lock().expect("nothing panics under the lock").clone();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("typedcall: the system refuses executable memory"), "{warnings:?}");

    let names = python.namespace().expect("there is memory");
    names.set_item(&python, "echo", &echo).expect("there is memory");
    assert_eq!(evaluate(&python, "echo(2**40)", &names), (1_i64 << 40).to_string());
    assert_eq!(crate::support::memory_map::anonymous_code_bytes(), before);
}
