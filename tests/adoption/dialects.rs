//! Extensions written for other dialects, compiled and imported, are adopted if the dialect is named, and their stubs
//! agree with them. If the dialect is wrong, all is rejected, and works as before.

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::path::Path;

use crate::support::extension::{
    agree, evaluate, execute, flags_of, import, member, methods, specializer, start, stub,
};
use crate::support::{Library, compile};
use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::metadata::abi::METH_TYPED;
use typedcall::metadata::{Dialect, TypeTable};
use typedcall::{Adopted, Entry, Error, Flag, Specializer, inspect, inspect_as};

const PYPY: &str = include_str!("../c/pypy_methods.c");
const ISSUE546: &str = include_str!("../c/issue546_methods.c");

const PYPY_HEADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/include/typedcall_pypy.h");

/// The extension in PyPy's style as a module of this name, with the header that makes its methods typed.
fn pypy(python: &Python, name: &str) -> Object {
    let module = format!("-DMODULE={name}");
    import(python, name, PYPY, &["-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-include", PYPY_HEADER, &module])
}

fn issue546_flags(module: &str) -> [&str; 3] {
    ["-O1", "-std=gnu11", module]
}

fn issue546(python: &Python, name: &str) -> Object {
    import(python, name, ISSUE546, &issue546_flags(&format!("-DMODULE={name}")))
}

/// The types of that extension; the underlying function is looked up in the library that was imported.
fn types(python: &Python, name: &str) -> Dialect {
    let module = format!("-DMODULE={name}");
    let library = python.detached(|| Library::load(&compile(name, ISSUE546, &issue546_flags(&module))));
    // SAFETY: the library exports this function, which returns the address of `inc_impl`.
    let function = unsafe {
        std::mem::transmute::<*mut c_void, extern "C" fn() -> Option<NonZeroUsize>>(library.symbol("underlying"))()
    };
    let mut types = TypeTable::new();
    let parse = |text: &str| text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    // SAFETY: the function is `long inc_impl(long)`, which the wrapper `inc`, alone of type 1, calls; the library stays.
    unsafe { types.insert_underlying(1, parse("(x: i64) -> i64"), function.into_iter().collect()) }
        .expect("it makes sense");
    types.insert(2, parse("(str) -> str raises null")).expect("it makes sense");
    types.insert(3, parse("(object) -> object")).expect("it makes sense");
    types.insert(4, parse("(object, object) -> tuple raises null")).expect("it makes sense");
    Dialect::Issue546(types)
}

fn adopt(python: &Python, specializer: &Specializer, module: &Object, dialect: &Dialect) -> Adopted {
    specializer.adopt_as(python, module, dialect).expect("the module's namespace can be read")
}

fn signatures(adopted: &Adopted) -> Vec<String> {
    adopted.methods.iter().map(|method| format!("{}: {}", method.name, method.signature)).collect()
}

/// Compares the function for Python and the vectorcall stub of each method with the method, on all inputs of
/// `agree.py`.
fn agrees(python: &Python, specializer: &Specializer, module: &Object, adopted: &Adopted) {
    let names = agree(python);
    execute(
        python,
        "def outcome(function, *args):\n\
         \x20   try:\n\
         \x20       result = function(*args)\n\
         \x20   except Exception as error:\n\
         \x20       return type(error), str(error)\n\
         \x20   return type(result), repr(result)\n\
         one = [(value,) for value in integers() + FLOATS + OTHERS]\n\
         some = [value for value, in one[::9]] + [7, 0.5, 1.5, -1, 'text', None]\n\
         calls = [()] + one + [(a, b) for a in some for b in some] + [(1, 2, 3)]\n",
        &names,
    );
    for method in &adopted.methods {
        let callable = member(python, module, &method.name);
        let fast = specializer.function(python, &callable).unwrap_or_else(|error| panic!("{}: {error}", method.name));
        names.set_item(python, "original", &callable).expect("there is memory");
        names.set_item(python, "fast", &fast).expect("there is memory");
        let differing = "[(args, outcome(original, *args), outcome(fast, *args)) for args in calls \
                         if outcome(original, *args) != outcome(fast, *args)]";
        assert_eq!(evaluate(python, differing, &names), "[]", "{}", method.name);
        let counts = evaluate(python, "sum(outcome(fast, *args)[0] in (int, float, str) for args in calls)", &names);
        assert_ne!(counts, "0", "{}: some calls succeed", method.name);
        stub(python, specializer, &callable, Entry::Vectorcall);
        stub(python, specializer, &callable, Entry::Boxed);
    }
}

#[test]
fn an_extension_in_pypys_style_compiles_unmodified_and_its_stubs_agree() {
    own_process!();
    let python = start();
    let module = pypy(&python, "dialect_pypy");
    let specializer = specializer(&python);
    assert_eq!(flags_of(&python, &member(&python, &module, "inc")), ffi::METH_O | METH_TYPED);
    let adopted = adopt(&python, &specializer, &module, &Dialect::PyPy);
    assert!(adopted.rejected.is_empty(), "{:?}", adopted.rejected);
    let expected = [
        "inc: (i64) -> i64",
        "pick: (i64) -> i64 raises minus_one",
        "add: (f64, f64) -> f64",
        "half: (f64) -> f64 raises check",
        "takes_object: (object, i64) -> i64",
        "same: (object) -> object",
        "sized: (object) -> object raises null",
        "seven: () -> i64",
    ];
    assert_eq!(signatures(&adopted), expected);
    assert!(adopted.methods.iter().all(|method| method.flag == Flag::Cleared));
    assert_eq!(flags_of(&python, &member(&python, &module, "inc")), ffi::METH_O);
    agrees(&python, &specializer, &module, &adopted);

    let inc = stub(&python, &specializer, &member(&python, &module, "inc"), Entry::Native);
    // SAFETY: the signature says so, and the module stays.
    let inc = unsafe { std::mem::transmute::<NonNull, extern "C" fn(i64) -> i64>(inc.address()) };
    assert_eq!(inc(41), 42);
}

type NonNull = std::ptr::NonNull<u8>;

#[test]
fn the_same_extension_compiles_without_the_header_too() {
    own_process!();
    let python = start();
    let module = import(&python, "dialect_unpypy", PYPY, &["-std=gnu11", "-DMODULE=dialect_unpypy"]);
    for dialect in [Dialect::PyPy, Dialect::Version1, Dialect::Cinder] {
        let adopted = adopt(&python, &specializer(&python), &module, &dialect);
        assert!(adopted.methods.is_empty() && adopted.rejected.is_empty(), "{adopted:?}");
    }
}

#[test]
fn an_extension_with_numbers_is_adopted_with_the_embedders_types_and_its_stubs_agree() {
    own_process!();
    let python = start();
    let module = issue546(&python, "dialect_numbers");
    let dialect = types(&python, "dialect_numbers");
    let specializer = specializer(&python);
    let adopted = adopt(&python, &specializer, &module, &dialect);
    let expected = [
        "inc: (x: i64) -> i64",
        "upper: (str) -> str raises null",
        "same: (object) -> object",
        "pair: (object, object) -> tuple raises null",
    ];
    assert_eq!(signatures(&adopted), expected);
    assert_eq!(adopted.rejected.len(), 1);
    assert_eq!(adopted.rejected[0].rejected.to_string(), "upper_pair: type: 5 is not in the table of types");
    let flag = |name| flags_of(&python, &member(&python, &module, name)) & METH_TYPED;
    assert_eq!((flag("upper"), flag("upper_pair")), (0, METH_TYPED), "what is rejected keeps its flag");
    let scalar = Adopted {
        methods: adopted.methods.into_iter().filter(|method| method.name != "pair").collect(),
        ..Adopted::default()
    };
    agrees(&python, &specializer, &module, &scalar);
    let native = |name| specializer.stub(&python, &member(&python, &module, name), Entry::Native);
    assert!(native("inc").is_ok());
    assert!(native("upper").is_err_and(|error| error.to_string().contains("use another entry")), "ml_meth is called");
}

#[test]
fn a_number_whose_signature_does_not_fit_the_callable_is_rejected() {
    own_process!();
    let python = start();
    let module = issue546(&python, "dialect_unfit");
    let mut types = TypeTable::new();
    types.insert(3, "(self: str, object) -> object".parse().expect("it is a signature")).expect("it makes sense");
    let adopted = adopt(&python, &specializer(&python), &module, &Dialect::Issue546(types));
    let same = adopted.rejected.iter().find(|method| method.name == "same").expect("it was rejected");
    assert_eq!(same.rejected.field, "type");
    assert!(same.rejected.reason.contains("a function has no self"), "{}", same.rejected);
}

#[test]
fn the_wrong_dialect_rejects_all_and_changes_nothing() {
    own_process!();
    let python = start();
    let modules =
        [pypy(&python, "dialect_wrong"), issue546(&python, "dialect_wrong_too"), methods(&python, "dialect_own", true)];
    let dialects = [Dialect::PyPy, types(&python, "dialect_wrong_too"), Dialect::Version1];
    for (at, module) in modules.iter().enumerate() {
        let named = dialects.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, dialect)| dialect);
        for dialect in named.chain([&Dialect::Cinder]) {
            let adopted = adopt(&python, &specializer(&python), module, dialect);
            assert!(adopted.methods.is_empty(), "{dialect:?}: {:?}", adopted.methods);
            assert!(adopted.rejected.len() >= 5, "{dialect:?}: {:?}", adopted.rejected);
            for rejected in &adopted.rejected {
                let flags = flags_of(&python, &member(&python, module, &rejected.name));
                assert_ne!(flags & METH_TYPED, 0, "{}", rejected.rejected);
            }
        }
    }
    let names = python.namespace().expect("there is memory");
    for (name, module) in [("pypy", &modules[0]), ("numbers", &modules[1]), ("own", &modules[2])] {
        names.set_item(&python, name, module).expect("there is memory");
    }
    assert_eq!(evaluate(&python, "pypy.inc(1), numbers.upper('a'), own.echo_i64(3)", &names), "(2, 'A', 3)");
}

#[test]
fn no_dialect_is_guessed() {
    own_process!();
    let python = start();
    let module = pypy(&python, "dialect_unnamed");
    let inc = member(&python, &module, "inc");
    let error = specializer(&python).stub(&python, &inc, Entry::Boxed).expect_err("nobody named the dialect");
    assert!(matches!(&error, Error::Rejected(rejected) if rejected.field == "ml_flags"), "{error}");
    let found = inspect(&python, &module).expect("the namespace can be read");
    assert!(found.len() == 8 && found.iter().all(|found| found.method.is_err()));
    let found = inspect_as(&python, &module, &Dialect::PyPy).expect("the namespace can be read");
    assert!(found.len() == 8 && found.iter().all(|found| found.method.is_ok()));
    assert_ne!(flags_of(&python, &inc) & METH_TYPED, 0, "to look is not to adopt");
}

#[test]
fn a_second_adoption_knows_that_the_flag_was_there() {
    own_process!();
    let python = start();
    let module = pypy(&python, "dialect_twice");
    let first = adopt(&python, &specializer(&python), &module, &Dialect::PyPy);
    let specializer = specializer(&python);
    let second = adopt(&python, &specializer, &module, &Dialect::PyPy);
    assert_eq!(signatures(&first), signatures(&second));
    assert!(second.methods.iter().all(|method| method.flag == Flag::Unset));
    agrees(&python, &specializer, &module, &second);
    // It was not found in any other dialect.
    let other = adopt(&python, &specializer, &module, &Dialect::Issue546(TypeTable::new()));
    assert!(other.methods.is_empty() && other.rejected.is_empty(), "{other:?}");
}

#[test]
fn the_header_of_pypys_names_is_clean_in_c_and_in_cpp() {
    own_process!();
    assert!(Path::new(PYPY_HEADER).exists());
    let source = "#include \"typedcall_pypy.h\"\n#include \"typedcall_pypy.h\"\n#include <Python.h>\n\
                  static int types[] = {T_C_LONG, T_C_DOUBLE, T_PY_OBJECT, -1};\n\
                  PyPyTypedMethodMetadata sig = {types, -T_C_LONG, 0, \"x\"};\n\
                  int flags = METH_O | METH_TYPED;\n\
                  typedef char layout[sizeof(PyPyTypedMethodMetadata) == 128 && METH_TYPED == 0x400 ? 1 : -1];\n";
    for language in ["-std=c99", "-std=c++17"] {
        let flags: Vec<&str> = crate::support::STRICT.iter().chain(&[language]).copied().collect();
        crate::support::compile_object("pypy-header", source, &flags);
    }
}
