//! The lowering works over any `Module`: a JIT of the embedder's own, which looks symbols up itself, and object files,
//! which a linker resolves.

use std::collections::BTreeSet;
use std::ffi::{c_int, c_void};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::Library;
use crate::support::lowering::cases;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, default_libcall_names};
use cranelift_object::object::{self, Object as _, ObjectSymbol as _};
use cranelift_object::{ObjectBuilder, ObjectModule};
use pyo3_ffi as ffi;
use typedcall::cpython::Layout;
use typedcall::embed::{Exception, Object, Python};
use typedcall::lower::build_stub;
use typedcall::lower::target_isa;
use typedcall::lower::{AddressTable, CellField, ModuleSymbols, Plan, Symbol};
use typedcall::runtime::Context;

const LAYOUT: Layout = Layout::CURRENT;

fn plan(input: &str) -> Plan {
    cases(input).remove(0).lowered().1.unwrap_or_else(|reason| panic!("{input}: {reason}"))
}

/// Defines a stub in a module, with imports for the symbols that it uses.
fn define(module: &mut dyn Module, isa: &OwnedTargetIsa, name: &str, plan: &Plan) -> FuncId {
    let mut context = module.make_context();
    let mut symbols = ModuleSymbols::declare(module).expect("nothing else has these names");
    build_stub(&mut context, &mut FunctionBuilderContext::new(), &**isa, &LAYOUT, &mut symbols, plan);
    let id = module.declare_function(name, Linkage::Export, &context.func.signature).expect("the name is new");
    module.define_function(id, &mut context).unwrap_or_else(|error| panic!("{error}:\n{plan}"));
    id
}

/// A stub in a `JITModule` that looks symbols up by name, in this table.
fn jit(addresses: &AddressTable, plan: &Plan) -> *const u8 {
    let isa = target_isa(None, true).expect("Cranelift knows this machine");
    let addresses = addresses.clone();
    let mut builder = JITBuilder::with_isa(isa.clone(), default_libcall_names());
    builder.symbol_lookup_fn(Box::new(move |name| {
        let symbol = Symbol::ALL.into_iter().find(|symbol| symbol.name() == name)?;
        Some(addresses.get(symbol).get() as *const u8)
    }));
    let mut module = JITModule::new(builder);
    let id = define(&mut module, &isa, "stub", plan);
    module.finalize_definitions().expect("all symbols are found");
    // The module is never freed: its code stays.
    std::mem::ManuallyDrop::new(module).get_finalized_function(id)
}

/// The running interpreter's addresses.
fn addresses(python: &Python) -> AddressTable {
    AddressTable::of_running(python, &LAYOUT)
}

/// Memory with the layout of a stub's cell, and a reference count that never becomes zero.
struct Cell(Vec<usize>);

impl Cell {
    fn new(fields: &[(CellField, usize)]) -> Self {
        let word = size_of::<usize>() as i32;
        let words = (LAYOUT.module_size + CellField::SIZE * CellField::COUNT) / word;
        let mut cell = Self(vec![0; words as usize]);
        cell.0[(LAYOUT.ob_refcnt / word) as usize] = 1000;
        for (field, value) in fields {
            cell.0[(field.offset(&LAYOUT) / word) as usize] = *value;
        }
        cell
    }

    fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.as_ptr() as *mut ffi::PyObject
    }

    fn refcount(&self) -> usize {
        self.0[(LAYOUT.ob_refcnt / size_of::<usize>() as i32) as usize]
    }
}

extern "C" fn increment(number: i64) -> i64 {
    number.wrapping_add(1)
}

static FALLBACKS: AtomicU32 = AtomicU32::new(0);

/// The wrapper of `increment`, for arguments that do not fit.
unsafe extern "C" fn increment_wrapper(_: *mut ffi::PyObject, number: *mut ffi::PyObject) -> *mut ffi::PyObject {
    FALLBACKS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: called by the stub with the thread attached and a live argument.
    unsafe {
        let number = ffi::PyLong_AsLongLong(number);
        if number == -1 && !ffi::PyErr_Occurred().is_null() {
            return std::ptr::null_mut();
        }
        ffi::PyLong_FromLongLong(increment(number))
    }
}

#[test]
fn a_jit_of_the_embedders_own_finds_all_symbols_by_name() {
    own_process!();
    let python = Python::attach();
    let plan = plan("entry: METH_O\n(i64) -> i64 [no_python]");
    type Stub = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;
    // SAFETY: the code has the signature of METH_O, followed by the cell.
    let stub = unsafe { std::mem::transmute::<*const u8, Stub>(jit(&addresses(&python), &plan)) };
    let cell = Cell::new(&[
        (CellField::Target, increment as *const () as usize),
        (CellField::Method, increment_wrapper as *const () as usize),
    ]);
    let call = |argument: &Object| {
        // SAFETY: a live argument and a cell of this plan.
        unsafe { python.owned(stub(std::ptr::null_mut(), argument.as_ptr(), cell.as_ptr())) }
    };
    for number in [0, -6, 255, 256, 1023, 1024, 1 << 30, -(1 << 60) + 5, i64::from(i32::MAX)] {
        let result = call(&python.int(number).expect("there is memory")).expect("nothing raises");
        assert_eq!(result.text(&python).expect("an int prints"), (number + 1).to_string());
    }
    assert_eq!(FALLBACKS.load(Ordering::Relaxed), 0, "all of these are less than 63 bits");
    let names = python.namespace().expect("there is memory");
    let huge = python.eval("-2 ** 63", &names).expect("a constant");
    assert_eq!(call(&huge).expect("it fits").text(&python).expect("an int prints"), (i64::MIN + 1).to_string());
    assert_eq!(FALLBACKS.load(Ordering::Relaxed), 1);
    let error = call(&python.eval("'text'", &names).expect("a constant")).expect_err("no int");
    assert_eq!(error.class, "TypeError");
    assert_eq!(cell.refcount(), 1000);
}

extern "C" fn context_version(context: *const Context) -> u32 {
    // SAFETY: compiled code passes the thread's context.
    unsafe { (*context).version }
}

#[test]
fn the_context_comes_by_our_own_symbol() {
    own_process!();
    let python = Python::attach();
    let plan = plan("entry: boxed\n(context) -> u32 [no_python]");
    // SAFETY: a boxed stub of no arguments takes only its cell.
    let stub = unsafe {
        std::mem::transmute::<*const u8, unsafe extern "C" fn(*mut ffi::PyObject) -> *mut ffi::PyObject>(jit(
            &addresses(&python),
            &plan,
        ))
    };
    let cell = Cell::new(&[(CellField::Target, context_version as *const () as usize)]);
    // SAFETY: a cell of this plan; the thread is attached.
    let version = unsafe { python.owned(stub(cell.as_ptr())) }.expect("there is memory");
    assert_eq!(version.text(&python), Ok(Context::VERSION.to_string()));
}

#[test]
fn the_fallback_of_a_boxed_stub_calls_the_callable() {
    own_process!();
    let python = Python::attach();
    let names = python.namespace().expect("there is memory");
    let plan = plan("entry: boxed\n(i64) -> i64 [no_python]");
    type Stub = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;
    // SAFETY: a boxed stub of one argument, and its cell.
    let stub = unsafe { std::mem::transmute::<*const u8, Stub>(jit(&addresses(&python), &plan)) };
    let callable = python.eval("abs", &names).expect("a built-in");
    let cell = Cell::new(&[
        (CellField::Target, increment as *const () as usize),
        (CellField::Callable, callable.as_ptr() as usize),
    ]);
    let huge = python.eval("-2 ** 100", &names).expect("a constant");
    let before = huge.refcount(&python);
    // SAFETY: an exact int and a cell of this plan.
    let result = unsafe { python.owned(stub(huge.as_ptr(), cell.as_ptr())) }.expect("abs takes any int");
    assert_eq!(result.text(&python), Ok((1u128 << 100).to_string()));
    assert_eq!(huge.refcount(&python), before);
}

/// A code generator for shared objects, whose code contains no absolute addresses.
fn position_independent() -> OwnedTargetIsa {
    let mut flags = settings::builder();
    flags.set("is_pic", "true").expect("a setting of Cranelift's");
    let builder = cranelift_native::builder().expect("Cranelift knows this machine");
    builder.finish(settings::Flags::new(flags)).expect("flags that go together")
}

fn object(stubs: &[(&str, &str)]) -> Vec<u8> {
    let isa = position_independent();
    let builder = ObjectBuilder::new(isa.clone(), "stubs", default_libcall_names()).expect("an object format");
    let mut module = ObjectModule::new(builder);
    for (name, input) in stubs {
        define(&mut module, &isa, name, &plan(input));
    }
    module.finish().emit().expect("the object file can be written")
}

fn undefined(object: &[u8]) -> BTreeSet<String> {
    let file = object::File::parse(object).expect("an object file");
    let symbols = file.symbols().filter(|symbol| symbol.is_undefined());
    symbols.map(|symbol| symbol.name().expect("names are UTF-8").to_owned()).filter(|name| !name.is_empty()).collect()
}

#[test]
fn an_object_file_imports_what_its_stubs_refer_to() {
    own_process!();
    let names = undefined(&object(&[("inc", "entry: METH_O\n(i64) -> i64 raises minus_one [no_python]")]));
    let expected = ["PyErr_Occurred", "PyLong_FromLong", "PyLong_Type", "_Py_Dealloc", "typedcall_small_ints"];
    for name in expected {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    let known: BTreeSet<_> = Symbol::ALL.map(|symbol| symbol.name().to_owned()).into();
    assert!(names.is_subset(&known), "{names:?}");
}

/// A driver that calls the stubs linked to it. The cell is as the stubs expect it: fields after those of a module.
const DRIVER: &str = r#"
#include <Python.h>
#include <stdint.h>

struct cell {
    PyObject head;
    char rest[MODULE_SIZE - sizeof(PyObject)];
    void *target, *method, *receiver, *callable;
    PyTypeObject *type;
};

PyObject *add_stub(PyObject *self, PyObject *const *args, Py_ssize_t nargs, struct cell *cell);
PyObject *pair_stub(PyObject *a, PyObject *b, struct cell *cell);
PyObject *here_stub(struct cell *cell);

static int contexts;
const char typedcall_recursion_place[] = " while calling a Python object";
void *typedcall_context_current(void) { contexts++; return &contexts; }
/* No stub here looks into it; the array is the interpreter's and has no name. */
char typedcall_small_ints[1];

static double add(double a, double b) { return a + b; }
static PyObject *add_wrapper(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self; (void)args;
    return PyErr_Format(PyExc_TypeError, "the fallback got %zd", nargs);
}
static PyObject *pair(PyObject *a, PyObject *b) { return PyTuple_Pack(2, a, b); }
static double here(void *context) { return context == &contexts ? 0.5 : -1; }

#define CELL(target) {{ PyObject_HEAD_INIT(NULL) }, {0}, (void *)(target), NULL, NULL, NULL, NULL}
static struct cell add_cell = CELL(add), pair_cell = CELL(pair), here_cell = CELL(here);

PyObject *drive_add(PyObject *const *args, Py_ssize_t nargs) {
    Py_SET_REFCNT(&add_cell.head, 1000);
    add_cell.method = (void *)add_wrapper;
    return add_stub(NULL, args, nargs, &add_cell);
}
PyObject *drive_pair(PyObject *a, PyObject *b) { return pair_stub(a, b, &pair_cell); }
PyObject *drive_here(void) { return here_stub(&here_cell); }
int drive_contexts(void) { return contexts; }
"#;

/// Links the stubs' object file with [`DRIVER`] into a shared object.
fn link(stubs: &[u8]) -> Library {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let stem = format!("modules-{}-{}", LAYOUT.minor, std::process::id());
    let (stubs_file, library) = (folder.join(format!("{stem}.o")), folder.join(format!("{stem}.so")));
    fs::write(&stubs_file, stubs).expect("the temporary folder is writable");
    let size = format!("-DMODULE_SIZE={}", LAYOUT.module_size);
    // C has no conversion of a function pointer to `void *`; POSIX has.
    let driver =
        crate::support::compile_object("modules_driver", DRIVER, &["-O1", "-Wno-missing-field-initializers", &size]);
    let output = Command::new("cc")
        .args(["-shared", "-o"])
        .args([&library, &driver, &stubs_file])
        .output()
        .expect("a C compiler is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let loaded = Library::load(&library);
    for file in [stubs_file, library] {
        // A loaded library stays loaded; if its file stays, that is no failure.
        let _ = fs::remove_file(file);
    }
    loaded
}

#[test]
fn linked_stubs_run() {
    own_process!();
    let python = Python::attach();
    let stubs = [
        ("add_stub", "entry: METH_FASTCALL\n(f64, f64) -> f64 [no_python]"),
        ("pair_stub", "entry: boxed\n(object, object) -> object raises null [no_python]"),
        ("here_stub", "entry: boxed\n(context) -> f64 [no_python]"),
    ];
    let library = link(&object(&stubs));
    type Add = unsafe extern "C" fn(*const *mut ffi::PyObject, isize) -> *mut ffi::PyObject;
    type Pair = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;
    type Here = unsafe extern "C" fn() -> *mut ffi::PyObject;
    type Contexts = unsafe extern "C" fn() -> c_int;
    // SAFETY: the driver's functions have these signatures.
    let (add, pair, here, contexts) = unsafe {
        (
            std::mem::transmute::<*mut c_void, Add>(library.symbol("drive_add")),
            std::mem::transmute::<*mut c_void, Pair>(library.symbol("drive_pair")),
            std::mem::transmute::<*mut c_void, Here>(library.symbol("drive_here")),
            std::mem::transmute::<*mut c_void, Contexts>(library.symbol("drive_contexts")),
        )
    };
    let names = python.namespace().expect("there is memory");
    let eval = |text: &str| python.eval(text, &names).expect("a constant");
    let (a, b) = (eval("1.5"), eval("[]"));
    let sum = |arguments: &[&Object]| -> Result<String, Exception> {
        let pointers: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
        // SAFETY: live arguments, as many as the count says.
        unsafe { python.owned(add(pointers.as_ptr(), pointers.len() as isize)) }?.text(&python)
    };
    assert_eq!(sum(&[&a, &a]), Ok("3.0".to_owned()));
    // An object that is not a float, and a wrong number of arguments, take the fallback.
    assert_eq!(sum(&[&a, &b]).expect_err("a list").message, "the fallback got 2");
    assert_eq!(sum(&[&a]).expect_err("one argument").message, "the fallback got 1");

    let before = (a.refcount(&python), b.refcount(&python));
    // SAFETY: live arguments.
    let tuple = unsafe { python.owned(pair(a.as_ptr(), b.as_ptr())) }.expect("there is memory");
    assert_eq!(tuple.repr(&python), Ok("(1.5, [])".to_owned()));
    drop(tuple);
    assert_eq!((a.refcount(&python), b.refcount(&python)), before);

    // SAFETY: the thread is attached.
    let half = unsafe { python.owned(here()) }.expect("there is memory");
    assert_eq!(half.text(&python), Ok("0.5".to_owned()));
    // SAFETY: it only reads a counter.
    assert_eq!(unsafe { contexts() }, 1);
}
