//! A stub and its original agree for every kind, error convention and calling convention, and for everything that
//! Python code may pass: on results, their exact types and identities, on exceptions and their texts, and on reference
//! counts after the call.
//!
//! The comparison is written in Python (`support/agree.py`), the methods in C (`methods.c`).

use std::ptr::NonNull;

use crate::support::extension::{
    agree, definition_of, evaluate, execute, kinds, member, methods, specializer, start, stub,
};
use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::metadata::{Overload, Parameter, Receiver};
use typedcall::{Entry, Specializer};

/// The stubs of one callable, compared with it.
struct Compared {
    /// The entries that were compared, in order.
    entries: Vec<&'static str>,
    /// Number of calls.
    count: u32,
}

fn text_list<T: ToString>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<_> = items.map(|item| format!("{:?}", item.to_string())).collect();
    format!("[{}]", items.join(", "))
}

fn kinds_and_names(overload: &Overload) -> (String, String) {
    let kind = |parameter: &Parameter| format!("{}{}", parameter.kind, if parameter.nullable { "?" } else { "" });
    let kinds = text_list(overload.arguments().map(|(_, parameter)| kind(parameter)));
    let names: Vec<_> = overload
        .arguments()
        .map(|(_, parameter)| parameter.name.as_ref().map_or("None".to_owned(), |name| format!("{name:?}")))
        .collect();
    (kinds, format!("[{}]", names.join(", ")))
}

/// Compares every possible stub of a callable with it, and fails if they differ. `receivers` is an expression for a
/// pair: objects that a method accepts as its receiver, and some that it does not.
fn compare(python: &Python, specializer: &Specializer, name: &str, callable: &Object, receivers: &str) -> Compared {
    let names = agree(python);
    let (def, bound) = definition_of(python, callable);
    // SAFETY: the callable keeps its definition alive.
    let (meth, flags) = unsafe { ((*def).ml_meth.as_ptr() as usize, (*def).ml_flags) };
    let convention =
        flags & (ffi::METH_NOARGS | ffi::METH_O | ffi::METH_FASTCALL | ffi::METH_KEYWORDS | ffi::METH_VARARGS);
    let own_convention = [ffi::METH_NOARGS, ffi::METH_O, ffi::METH_FASTCALL].contains(&convention);
    let receiver = match bound {
        Receiver::Function { m_self } => NonNull::new(m_self),
        _ => None,
    };
    let vectorcall = stub(python, specializer, callable, Entry::Vectorcall);
    let boxed = stub(python, specializer, callable, Entry::Boxed);
    let guarded = own_convention.then(|| stub(python, specializer, callable, Entry::Guarded));
    // SAFETY: the object that a function is bound to lives as long as the function.
    let receiver = receiver.map(|object| unsafe { Object::from_borrowed(python, object) });
    let function = specializer.function(python, callable).expect("its stubs are possible");

    names.set_item(python, "original", callable).expect("there is memory");
    let set = |key: &str, value: Option<&Object>, otherwise: &str| match value {
        Some(value) => names.set_item(python, key, value).expect("there is memory"),
        None => execute(python, &format!("{key} = {otherwise}"), &names),
    };
    set("function", Some(&function), "None");
    set("receiver", receiver.as_ref(), "Ellipsis");
    let (kinds, parameters) = kinds_and_names(vectorcall.overload());
    let receivers = match vectorcall.is_method() {
        true => {
            let own = vectorcall.overload().parameters.iter().find(|parameter| parameter.receiver);
            format!("({:?}, *{receivers})", own.expect("a method takes its receiver").kind.to_string())
        }
        false => "None".to_owned(),
    };
    let address = |stub: &typedcall::Stub| stub.address().as_ptr() as usize;
    let (guarded_at, vectorcall_at, boxed_at) =
        (guarded.as_ref().map_or(0, address), address(&vectorcall), address(&boxed));
    execute(
        python,
        &format!(
            "comparison = compare({name:?}, original, function, {guarded_at}, {vectorcall_at}, {boxed_at}, {meth}, \
             {convention}, {kinds}, {parameters}, receiver, {receivers})"
        ),
        &names,
    );
    let differences = evaluate(python, "'\\n'.join(comparison.differences[:5])", &names);
    assert_eq!(differences, "");
    let count = evaluate(python, "comparison.count", &names).parse().expect("a number");
    let entries = [("function", true), ("guarded", own_convention), ("vectorcall", true), ("boxed", true)];
    Compared { entries: entries.into_iter().filter(|entry| entry.1).map(|entry| entry.0).collect(), count }
}

/// Compares all methods of the extension.
fn compare_all(name: &str, flagged: bool, adopted: bool) {
    let python = start();
    let module = methods(&python, name, flagged);
    let specializer = specializer(&python);
    // Another specializer may adopt the module just to list it: it changes only the flag.
    let found = if adopted || !flagged { specializer.adopt(&python, &module) } else { typed(&python, name) };
    let found = found.expect("the module is sound");
    assert!(found.rejected.is_empty(), "{:?}", found.rejected);
    assert!(found.methods.len() >= 80, "{} methods", found.methods.len());
    execute(&python, &format!("import {name} as tested"), &agree(&python));
    let mut count = 0;
    // A wrapper can't know the address of the context, so that one method differs by design.
    for method in found.methods.iter().filter(|method| method.name != "context_address") {
        let class = method.name.split('.').next().expect("a split has a first part");
        // Arguments come from the namespace of the comparison, receivers from the module.
        let receivers = match class {
            "Text" => format!("__import__({name:?}).Text('abc')"),
            "Number" => format!("__import__({name:?}).Number(41)"),
            "Point" => format!("__import__({name:?}).Point()"),
            _ => "None".to_owned(),
        };
        let subclass = format!("type('Sub', (__import__({name:?}).{class},), {{}})()");
        let receivers = format!("([{receivers}, {subclass}], [3, 'abc', None, object(), int])");
        let compared =
            compare(&python, &specializer, &method.name, &member(&python, &module, &method.name), &receivers);
        assert!(compared.entries.len() >= 2, "{}: {:?}", method.name, compared.entries);
        count += compared.count;
    }
    assert!(count > 30_000, "{count} comparisons");
}

/// Compares all methods of `kinds.c`.
fn compare_kinds(name: &str, flagged: bool) {
    let python = start();
    let module = kinds(&python, name, flagged);
    let specializer = specializer(&python);
    let found = specializer.adopt(&python, &module).expect("the module is sound");
    assert!(found.rejected.is_empty(), "{:?}", found.rejected);
    assert!(found.methods.len() >= 39, "{} methods", found.methods.len());
    let mut count = 0;
    for method in &found.methods {
        let point = format!("__import__({name:?}).Point");
        let receivers = match method.name.starts_with("Point.") {
            true => format!("([{point}(), type('Sub', ({point},), {{}})()], [3, 'abc', None, object(), {point}])"),
            false => "None".to_owned(),
        };
        let callable = member(&python, &module, &method.name);
        let compared = compare(&python, &specializer, &method.name, &callable, &receivers);
        assert_eq!(compared.entries, ALL, "{}", method.name);
        count += compared.count;
    }
    assert!(count > 10_000, "{count} comparisons");
}

#[test]
fn stubs_of_all_kinds_agree_with_their_originals() {
    own_process!();
    compare_kinds("kinds_plain", false);
}

#[test]
fn stubs_of_all_kinds_agree_with_their_flagged_originals() {
    own_process!();
    compare_kinds("kinds_flagged", true);
}

/// The typed methods of a flagged module that is not changed: they are read from its unflagged twin.
fn typed(python: &Python, _: &str) -> Result<typedcall::Adopted, typedcall::Error> {
    specializer(python).adopt(python, &methods(python, "differential_twin", false))
}

#[test]
fn stubs_of_unflagged_methods_agree_with_their_originals() {
    own_process!();
    compare_all("differential_plain", false, true);
}

#[test]
fn stubs_of_flagged_and_adopted_methods_agree_with_their_originals() {
    own_process!();
    compare_all("differential_adopted", true, true);
}

#[test]
fn stubs_of_flagged_methods_that_nobody_adopted_agree_with_their_originals() {
    own_process!();
    compare_all("differential_flagged", true, false);
}

/// Declares a signature for a function whose underlying function can't be reached, and compares.
fn compare_declared(path: &str, signature: &str, receivers: &str) -> Vec<&'static str> {
    let python = start();
    let builtins = python.import("builtins").expect("always there");
    let specializer = specializer(&python);
    let callable = member(&python, &builtins, path);
    specializer.declare(&python, &callable, signature).unwrap_or_else(|error| panic!("{path}: {error}"));
    compare(&python, &specializer, path, &callable, receivers).entries
}

const ALL: [&str; 4] = ["function", "guarded", "vectorcall", "boxed"];

#[test]
fn declared_methods_without_arguments_agree() {
    own_process!();
    let strings = "(['text', '', 'ä', Str('sub')], [3, None, b'bytes', object()])";
    assert_eq!(compare_declared("str.upper", "(self: str) -> str raises null", strings), ALL);
    assert_eq!(compare_declared("str.isupper", "(self: str) -> bool raises null", strings), ALL);
}

#[test]
fn declared_methods_of_one_argument_agree() {
    own_process!();
    let lists = "([[1, 2, 3], [], List([1])], [3, None, (1,), object()])";
    assert_eq!(compare_declared("list.count", "(self: list, object) -> int raises null", lists), ALL);
    assert_eq!(compare_declared("list.append", "(self: list, object) -> None raises null", lists), ALL);
}

#[test]
fn declared_methods_of_several_arguments_agree() {
    own_process!();
    let dicts = "([{100: 'here'}, {}, Dict()], [3, None, [1], object()])";
    assert_eq!(compare_declared("dict.get", "(self: dict, object, object) -> object raises null", dicts), ALL);
    let lists = "([[1, 2, 3], [], List([1])], [3, None, (1,), object()])";
    assert_eq!(compare_declared("list.insert", "(self: list, int, object) -> None raises null", lists), ALL);
}

#[test]
fn declared_functions_agree() {
    own_process!();
    assert_eq!(compare_declared("len", "(object) -> int raises null", "None"), ALL);
    assert_eq!(compare_declared("divmod", "(int, int) -> tuple raises null", "None"), ALL);
}

#[test]
fn a_native_stub_is_the_underlying_function() {
    own_process!();
    let python = start();
    let module = methods(&python, "differential_native", true);
    let specializer = specializer(&python);
    let native = |name: &str| {
        let stub = stub(&python, &specializer, &member(&python, &module, name), Entry::Native);
        stub.address().as_ptr()
    };
    // SAFETY: these are the C signatures of the functions in methods.c; they are pure, and the GIL is held anyway.
    unsafe {
        let echo = std::mem::transmute::<*mut u8, extern "C" fn(i64) -> i64>(native("echo_i64"));
        assert_eq!((echo(7), echo(i64::MIN)), (7, i64::MIN));
        let echo = std::mem::transmute::<*mut u8, extern "C" fn(i8) -> i8>(native("echo_i8"));
        assert_eq!((echo(-128), echo(127)), (-128, 127));
        let echo = std::mem::transmute::<*mut u8, extern "C" fn(f32) -> f32>(native("echo_f32"));
        assert_eq!(echo(0.1), 0.1);
        let echo = std::mem::transmute::<*mut u8, extern "C" fn(bool) -> bool>(native("echo_cbool"));
        assert_eq!((echo(true), echo(false)), (true, false));
        let add = std::mem::transmute::<*mut u8, extern "C" fn(f64, f64) -> f64>(native("add"));
        assert_eq!(add(1.5, 2.25), 3.75);
        let plus = std::mem::transmute::<*mut u8, extern "C" fn(*mut ffi::PyObject, i64) -> i64>(native("plus_none"));
        assert_eq!(plus(ffi::Py_None(), 41), 42);
        // One function of two methods is one address.
        assert_eq!(native("varargs"), native("named"));
        let minus = std::mem::transmute::<*mut u8, extern "C" fn(i64) -> i64>(native("minus_i64"));
        assert_eq!(minus(7), -1);
        assert_eq!(python.take_exception().to_string(), "ValueError: seven, by -1");
    }
}
