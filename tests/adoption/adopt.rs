//! Adoption reads a module's metadata once. It clears the flag where it can, and changes nothing else.

use crate::support::extension::{evaluate, execute, flags_of, import, member, methods, run, specializer, start, stub};
use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::metadata::abi::METH_TYPED;
use typedcall::{Adopted, Entry, Error, Flag};

/// A module whose method table is read-only memory.
const CONSTANT: &str = r#"
#define TYPEDCALL_SET_FLAG
#include <Python.h>
#include "typedcall.h"
static int64_t inc_impl(int64_t x) { return x + 1; }
static PyObject *inc(PyObject *self, PyObject *arg) {
    (void)self;
    long x = PyLong_AsLong(arg);
    return x == -1 && PyErr_Occurred() ? NULL : PyLong_FromLong(inc_impl(x));
}
TYPEDCALL_METHOD(inc, inc_impl, TYPEDCALL_RESULT(I64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));
static const PyMethodDef methods[] = {TYPEDCALL_DEF(inc, inc, METH_O, NULL), {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "adopt_constant", NULL, -1, (PyMethodDef *)methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_adopt_constant(void) { return PyModule_Create(&definition); }
"#;

fn flag<'a>(adopted: &'a Adopted, name: &str) -> &'a Flag {
    &adopted.methods.iter().find(|method| method.name == name).unwrap_or_else(|| panic!("no method {name}")).flag
}

/// A flag's state in a word.
fn state(flag: &Flag) -> &'static str {
    match flag {
        Flag::Unset => "unset",
        Flag::Cleared => "cleared",
        Flag::Kept(_) => "kept",
    }
}

fn all_are(adopted: &Adopted, wanted: &str) {
    assert!(adopted.rejected.is_empty(), "{:?}", adopted.rejected);
    assert!(adopted.methods.len() > 70);
    for method in &adopted.methods {
        assert_eq!(state(&method.flag), wanted, "{}", method.name);
    }
}

fn flags_of_all(python: &Python, module: &Object, adopted: &Adopted) -> Vec<i32> {
    adopted.methods.iter().map(|method| flags_of(python, &member(python, module, &method.name))).collect()
}

/// The stub that Python gets of `echo_i64` works.
fn echoes(python: &Python, specializer: &typedcall::Specializer, module: &Object) {
    let echo = specializer.function(python, &member(python, module, "echo_i64")).expect("it has metadata");
    let names = python.namespace().expect("there is memory");
    names.set_item(python, "echo", &echo).expect("there is memory");
    assert_eq!(evaluate(python, "[echo(5), echo(-2**63)]", &names), "[5, -9223372036854775808]");
}

#[test]
fn the_flag_is_cleared_and_no_other_bit_of_functions_and_of_types_methods() {
    own_process!();
    let python = start();
    let (flagged, plain) = (methods(&python, "adopt_flagged", true), methods(&python, "adopt_twin", false));
    let specializer = specializer(&python);
    let twin = specializer.adopt(&python, &plain).expect("the module is sound");
    let before = flags_of_all(&python, &flagged, &twin);
    assert!(before.iter().all(|flags| flags & METH_TYPED != 0));
    let adopted = specializer.adopt(&python, &flagged).expect("the module is sound");
    all_are(&adopted, "cleared");
    for name in ["echo_i64", "Text.width", "Number.plus", "Point.owner", "Point.make", "Point.fixed"] {
        assert_eq!(flag(&adopted, name), &Flag::Cleared);
    }
    let after = flags_of_all(&python, &flagged, &adopted);
    assert_eq!(after, before.iter().map(|flags| flags & !METH_TYPED).collect::<Vec<_>>());
    // Now it can't be told from a module that was never flagged.
    assert_eq!(after, flags_of_all(&python, &plain, &twin));
    let signatures = |adopted: &Adopted| -> Vec<String> {
        adopted.methods.iter().map(|method| format!("{}: {}", method.name, method.signature)).collect()
    };
    assert_eq!(signatures(&adopted), signatures(&twin));
    echoes(&python, &specializer, &flagged);
}

#[test]
fn unflagged_modules_are_adopted_all_the_same() {
    own_process!();
    let python = start();
    let module = methods(&python, "adopt_plain", false);
    let specializer = specializer(&python);
    all_are(&specializer.adopt(&python, &module).expect("the module is sound"), "unset");
    echoes(&python, &specializer, &module);
}

#[test]
fn a_second_adoption_finds_the_flags_unset() {
    own_process!();
    let python = start();
    let module = methods(&python, "adopt_twice", true);
    let specializer = specializer(&python);
    all_are(&specializer.adopt(&python, &module).expect("the module is sound"), "cleared");
    let before = stub(&python, &specializer, &member(&python, &module, "echo_i64"), Entry::Boxed);
    all_are(&specializer.adopt(&python, &module).expect("the module is sound"), "unset");
    all_are(&crate::support::extension::specializer(&python).adopt(&python, &module).expect("it is sound"), "unset");
    assert_eq!(before.overload().to_string(), "(x: i64) -> i64 [pure, no_python]");
    echoes(&python, &specializer, &module);
}

#[test]
fn methods_that_nobody_adopted_have_stubs_and_keep_their_flag() {
    own_process!();
    let python = start();
    let module = methods(&python, "adopt_never", true);
    echoes(&python, &specializer(&python), &module);
    let echo = member(&python, &module, "echo_i64");
    assert_eq!(flags_of(&python, &echo), ffi::METH_O | METH_TYPED);
    let text = specializer(&python).signature(&python, &echo).expect("it has metadata").to_string();
    assert_eq!(text, "(x: i64) -> i64 [pure, no_python]");
}

#[test]
fn a_read_only_method_table_keeps_its_flag_with_the_reason_and_works() {
    own_process!();
    let python = start();
    let module = import(&python, "adopt_constant", CONSTANT, &["-O1"]);
    let specializer = specializer(&python);
    let adopted = specializer.adopt(&python, &module).expect("the module is sound");
    let Flag::Kept(reason) = flag(&adopted, "inc") else { panic!("{adopted:?}") };
    assert!(reason.contains("can't be written"), "{reason}");
    let inc = member(&python, &module, "inc");
    assert_eq!(flags_of(&python, &inc), ffi::METH_O | METH_TYPED);
    let names = python.namespace().expect("there is memory");
    names.set_item(&python, "inc", &inc).expect("there is memory");
    names.set_item(&python, "fast", &specializer.function(&python, &inc).expect("typed")).expect("there is memory");
    assert_eq!(evaluate(&python, "(inc(41), fast(41), fast(-1))", &names), "(42, 42, 0)");
}

#[test]
fn a_stub_for_python_looks_like_its_original_and_bears_no_flag() {
    own_process!();
    let python = start();
    let module = methods(&python, "adopt_looks", true);
    let specializer = specializer(&python);
    let names = run(&python, "import inspect, pickle");
    names.set_item(&python, "module", &module).expect("there is memory");
    let function = specializer.function(&python, &member(&python, &module, "echo_i64")).expect("typed");
    let method = specializer.function(&python, &member(&python, &module, "Point.owner_and")).expect("typed");
    // The original still has its flag, the stubs have none.
    assert_eq!(flags_of(&python, &function), ffi::METH_O);
    assert_eq!(flags_of(&python, &method), ffi::METH_O);
    // From 3.13 on CPython makes a text signature from the flags, but not if it does not know one of them.
    specializer.adopt(&python, &module).expect("the module is sound");
    names.set_item(&python, "function", &function).expect("there is memory");
    names.set_item(&python, "method", &method).expect("there is memory");
    execute(
        &python,
        "for stub, original in (function, module.echo_i64), (method, module.Point.owner_and):\n\
         \x20   assert type(stub) is type(original)\n\
         \x20   for name in '__name__', '__qualname__', '__doc__', '__text_signature__':\n\
         \x20       assert getattr(stub, name) == getattr(original, name), name\n\
         assert function.__module__ == module.echo_i64.__module__\n\
         assert repr(function) == repr(module.echo_i64)\n\
         assert repr(function.__self__) == repr(module)\n\
         assert function.__self__.Point is module.Point\n\
         assert str(inspect.signature(function)) == '(x)'\n\
         assert function != module.echo_i64 and function == function\n\
         module.Point.owner_and = method\n\
         point = module.Point()\n\
         assert point.owner_and(3) == (point, 3)\n",
        &names,
    );
}

#[test]
fn what_has_no_metadata_or_no_stub_yet_says_so() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let builtins = python.import("builtins").expect("always there");
    let untyped = specializer.stub(&python, &member(&python, &builtins, "len"), Entry::Boxed);
    assert!(matches!(untyped, Err(Error::Untyped(_))), "{untyped:?}");
    let class = specializer.stub(&python, &member(&python, &builtins, "int"), Entry::Boxed);
    assert!(matches!(class, Err(Error::NotBuiltin(_))), "{class:?}");
    let upper = member(&python, &builtins, "str.upper");
    for (signature, part) in [("(i64) -> i64", "objects only"), ("(self: str, object) -> str", "METH_NOARGS")] {
        let error = specializer.declare(&python, &upper, signature).expect_err("it does not fit");
        assert!(error.to_string().contains(part), "{error}");
    }
    specializer.declare(&python, &upper, "(self: str) -> str raises null").expect("it fits");
    let native = specializer.stub(&python, &upper, Entry::Native).expect_err("ml_meth takes objects");
    assert!(native.to_string().contains("use another entry"), "{native}");
    specializer.declare(&python, &upper, "() -> str raises null").expect("it fits");
    let unsupported = specializer.stub(&python, &upper, Entry::Boxed);
    assert!(matches!(unsupported, Err(Error::Unsupported { .. })), "{unsupported:?}");
}
