//! Extensions for tests: compiled for the running interpreter, and imported.

use std::ffi::c_void;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Mutex;

use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::metadata::{Receiver, definition};
use typedcall::{Entry, Error, Options, Specializer, Stub};

use super::{PYTHON_INCLUDE, compile, process};

const METHODS: &str = include_str!("../c/methods.c");
const KINDS: &str = include_str!("../c/kinds.c");
const RAW_CALLS: &str = include_str!("../c/raw_calls.c");
const AGREE: &str = include_str!("agree.py");
/// Python subclasses of the types that stubs check.
pub const SUBCLASSES: &str = include_str!("subclasses.py");
const LIFETIMES: &str = include_str!("../c/lifetimes.c");

/// Attaches this thread to the interpreter. Extensions are compiled with its headers from now on.
pub fn start() -> Python {
    assert!(process::only_test().is_some(), "a test with an interpreter begins with `own_process!();`");
    let python = Python::attach();
    if PYTHON_INCLUDE.get().is_none() {
        let names = run(&python, "import sysconfig\ninclude = sysconfig.get_path('include')");
        let include = names.item(&python, "include").expect("just assigned").text(&python).expect("a path is text");
        // Running Python releases the GIL now and then; a wait for another thread here could last for ever.
        let _ = PYTHON_INCLUDE.set(include.into());
    }
    python
}

/// A specializer with the default options.
pub fn specializer(python: &Python) -> Specializer {
    Specializer::new(python, Options::default()).expect("the crate is built for the running interpreter")
}

/// The typed methods of `tests/c/methods.c` as a module of this name; compiled for each name, since adoption changes
/// them.
pub fn methods(python: &Python, name: &str, flagged: bool) -> Object {
    let module = format!("-DMODULE={name}");
    let flags = ["-O1", "-std=gnu11", "-Wall", "-Wextra", &module, "-DTYPEDCALL_SET_FLAG"];
    import(python, name, METHODS, if flagged { &flags } else { &flags[..5] })
}

/// The typed methods of `tests/c/kinds.c`, likewise.
pub fn kinds(python: &Python, name: &str, flagged: bool) -> Object {
    let module = format!("-DMODULE={name}");
    let flags = ["-O1", "-std=gnu11", "-Wall", "-Wextra", &module, "-DTYPEDCALL_SET_FLAG"];
    import(python, name, KINDS, if flagged { &flags } else { &flags[..5] })
}

/// Functions that call machine code by its address.
pub fn raw_calls(python: &Python) -> Object {
    import(python, "raw_calls", RAW_CALLS, &["-O1"])
}

/// The Python code that compares callables: the names that `agree.py` defines.
pub fn agree(python: &Python) -> Object {
    let names = python.namespace().expect("there is memory");
    names.set_item(python, "raw_calls", &raw_calls(python)).expect("there is memory");
    execute(python, SUBCLASSES, &names);
    execute(python, AGREE, &names);
    names
}

/// Compiles an extension and imports it, once per name.
pub fn import(python: &Python, name: &str, source: &str, flags: &[&str]) -> Object {
    static IMPORTING: Mutex<()> = Mutex::new(());
    // Compiling takes a while, so other threads may run Python meanwhile. Nobody waits for the lock with the GIL held.
    let library = python.detached(|| {
        let _importing = IMPORTING.lock();
        compile(name, source, flags)
    });
    import_library(python, name, &library)
}

fn import_library(python: &Python, name: &str, library: &Path) -> Object {
    let code = format!(
        "import importlib.util as util, sys\n\
         module = sys.modules.get({name:?})\n\
         if module is None:\n\
         \x20   spec = util.spec_from_file_location({name:?}, {library:?})\n\
         \x20   module = sys.modules[{name:?}] = util.module_from_spec(spec)\n\
         \x20   spec.loader.exec_module(module)\n"
    );
    run(python, &code).item(python, "module").expect("just assigned")
}

/// Runs statements in a new namespace, and returns it.
pub fn run(python: &Python, statements: &str) -> Object {
    let names = python.namespace().expect("there is memory");
    execute(python, statements, &names);
    names
}

/// Runs statements in a namespace.
pub fn execute(python: &Python, statements: &str, names: &Object) {
    python.run(statements, names).unwrap_or_else(|exception| panic!("{exception}, in:\n{statements}"));
}

/// The text of an expression's value.
pub fn evaluate(python: &Python, expression: &str, names: &Object) -> String {
    let value = python.eval(expression, names).unwrap_or_else(|exception| panic!("{exception}, in {expression}"));
    value.text(python).expect("every value has a text")
}

/// An attribute, or one of an attribute: `inc`, `Point.norm`.
pub fn member(python: &Python, module: &Object, path: &str) -> Object {
    path.split('.').fold(module.clone_ref(python), |object, name| {
        object.attr(python, name).unwrap_or_else(|exception| panic!("{path}: {exception}"))
    })
}

/// A stub that must be possible.
pub fn stub(python: &Python, specializer: &Specializer, callable: &Object, entry: Entry) -> Stub {
    specializer.stub(python, callable, entry).unwrap_or_else(|error| panic!("{entry:?}: {error}"))
}

/// A callable's `PyMethodDef`, and the object that the callable is bound to.
pub fn definition_of(_: &Python, callable: &Object) -> (*mut ffi::PyMethodDef, Receiver) {
    // SAFETY: the callable is alive and the GIL held.
    let found = unsafe { definition(callable.as_ptr()) }.expect("it is a built-in callable");
    (found.def as *mut ffi::PyMethodDef, found.receiver)
}

/// `ml_flags`, which the library may have changed without the compiler's knowledge.
pub fn flags_of(python: &Python, callable: &Object) -> i32 {
    let (def, _) = definition_of(python, callable);
    // SAFETY: the callable keeps its definition alive.
    unsafe { (&raw const (*def).ml_flags).read_volatile() }
}

/// A stub's address as a METH_O function.
///
/// # Safety
/// It is one, and the stub is alive at every call.
pub unsafe fn method_o(stub: &Stub) -> MethodO {
    // SAFETY: the caller knows the stub's convention.
    unsafe { std::mem::transmute::<NonNull<u8>, MethodO>(stub.address()) }
}

/// A METH_O or METH_NOARGS function.
pub type MethodO = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;

/// An address as a number for Python.
pub fn number(address: *const c_void) -> usize {
    address as usize
}

/// Whether an error says that executable memory is refused.
pub fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Compile(typedcall::lower::CompileError::ExecutableMemory(_)))
}

/// Names for Python code about the methods of `tests/c/lifetimes.c`: `m`, and `raw` for raw calls.
pub fn lifetimes(python: &Python) -> Object {
    let module = import(python, "lifetimes", LIFETIMES, &["-O1", "-std=gnu11", "-Wall", "-Wextra"]);
    let names = python.namespace().expect("there is memory");
    names.set_item(python, "m", &module).expect("there is memory");
    names.set_item(python, "raw", &raw_calls(python)).expect("there is memory");
    names
}

/// `names[name] = value`.
pub fn bind(python: &Python, names: &Object, name: &str, value: &Object) {
    names.set_item(python, name, value).expect("there is memory");
}

/// `names[name] =` a stub's address.
pub fn bind_address(python: &Python, names: &Object, name: &str, stub: &Stub) {
    let address = i64::try_from(number(stub.address().as_ptr().cast())).expect("an address of user space");
    bind(python, names, name, &python.int(address).expect("there is memory"));
}

/// The value of an expression.
pub fn value(python: &Python, expression: &str, names: &Object) -> Object {
    python.eval(expression, names).unwrap_or_else(|exception| panic!("{exception}, in {expression}"))
}
