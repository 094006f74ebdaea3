//! From callables of a live interpreter to their definitions, and from these to their metadata.

use std::ffi::{CStr, c_char};
use std::ptr::null_mut;

use crate::support::extension::{import, start};
use crate::support::sample::clear_flag;
use pyo3_ffi::{PyDict_Type, PyUnicode_Type};
use typedcall::embed::{Object, Python};
use typedcall::metadata::{Definition, Receiver, definition, read_def};

const CALLABLES: &str = "
function = len
bound = [].append
method = str.upper
class_method = dict.__dict__['fromkeys']
bound_class_method = dict.fromkeys
class Sub(dict): pass
bound_to_sub = Sub.fromkeys
wrapped = str.__dict__['maketrans']
static = str.maketrans
";

const OTHERS: &str = "
def python(): pass
static_python = staticmethod(python)
try: empty = staticmethod.__new__(staticmethod)
except TypeError: empty = None  # from 3.15 there is none without a callable
slot = str.__add__
class Sub(dict): pass
number = 3
";

/// The names that a source binds, with their values.
fn names_of(python: &Python, source: &str) -> Object {
    let names = python.namespace().expect("there is memory");
    python.run(source, &names).expect("the source raises nothing");
    names
}

/// The definition of an object, with its name.
fn found(_: &Python, object: &Object) -> Option<(String, Definition)> {
    // SAFETY: the object is alive and the thread attached; `ml_name` is the first field of a definition.
    let (definition, name) = unsafe {
        let definition = definition(object.as_ptr())?;
        (definition, CStr::from_ptr(definition.def.cast::<*const c_char>().read()))
    };
    Some((name.to_str().expect("names are UTF-8").to_owned(), definition))
}

#[test]
fn definitions_are_found_behind_every_built_in_callable() {
    own_process!();
    let python = start();
    let names = names_of(&python, CALLABLES);
    let get = |name: &str| names.item(&python, name).expect("the source binds it");
    for (name, expected) in [
        ("function", "len"),
        ("bound", "append"),
        ("method", "upper"),
        ("class_method", "fromkeys"),
        ("bound_class_method", "fromkeys"),
        ("bound_to_sub", "fromkeys"),
        ("wrapped", "maketrans"),
        ("static", "maketrans"),
    ] {
        let (found, definition) = found(&python, &get(name)).unwrap_or_else(|| panic!("{name} is built-in"));
        assert_eq!(found, expected);
        assert_eq!(read_def(definition.def), Ok(None), "{expected} has no metadata");
        let (dict_type, str_type) = (&raw mut PyDict_Type, &raw mut PyUnicode_Type);
        match (name, definition.receiver) {
            ("function" | "bound", Receiver::Function { m_self }) => assert_ne!(m_self, null_mut(), "{name}"),
            ("method", Receiver::Method { d_type }) => assert_eq!(d_type, str_type),
            ("class_method", Receiver::ClassMethod { d_type }) => assert_eq!(d_type, dict_type),
            ("bound_class_method", Receiver::Function { m_self }) => assert_eq!(m_self, dict_type.cast()),
            ("bound_to_sub", Receiver::Function { m_self }) => assert_eq!(m_self, get("Sub").as_ptr()),
            // CPython passes null to a static method.
            ("wrapped" | "static", Receiver::Function { m_self }) => assert_eq!(m_self, null_mut(), "{name}"),
            (_, receiver) => panic!("{name}: {receiver:?}"),
        }
    }
    let wrapped = get("wrapped");
    assert_ne!(found(&python, &wrapped).map(|(_, found)| found.callable), Some(wrapped.as_ptr()));
}

#[test]
fn nothing_else_has_a_definition() {
    own_process!();
    let python = start();
    let names = names_of(&python, OTHERS);
    for name in ["python", "static_python", "empty", "slot", "Sub", "number"] {
        assert!(found(&python, &names.item(&python, name).expect("the source binds it")).is_none(), "{name}");
    }
}

#[test]
fn the_metadata_behind_a_definition_is_read_and_its_flag_cleared() {
    own_process!();
    let python = start();
    let module = import(&python, "broken", include_str!("../c/broken.c"), &["-std=c99"]);
    let def = |name| {
        let function = module.attr(&python, name).expect("the module has it");
        found(&python, &function).expect("it is a built-in function").1.def
    };
    let flagged = || read_def(def("good")).expect("it is good").expect("the footer tells, not the flag").flagged;
    assert!(flagged());
    clear_flag(def("good")).expect("a method table is writable");
    assert!(!flagged());
    assert_eq!(read_def(def("wrong_size")).expect_err("it is broken").field, "size");
    let calls = "good(5) == 5 == wrong_size(5) == null_function(5)";
    let names = module.attr(&python, "__dict__").expect("a module has a namespace");
    assert_eq!(python.eval(calls, &names).expect("they work as ever").repr(&python), Ok("True".to_owned()));
}
