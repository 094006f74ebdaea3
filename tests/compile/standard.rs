//! Tests every line of the standard library's tables against the running interpreter, with `standard/checks.py`.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::support::extension::{evaluate, execute, member, run, start};
use typedcall::callable::recognize;
use typedcall::embed::{Object, Python};
use typedcall::ir::{CalleeTarget, Function, passes};
use typedcall::metadata::{Overload, Receiver, definition};
use typedcall::standard::{self, StandardEntry, entries, entry, listed};

const ARGUMENTS: &str = include_str!("standard/arguments.py");
const CHECKS: &str = include_str!("standard/checks.py");

/// The number of random numbers for each function below, besides the edges.
const NUMBERS: usize = 20_000;

fn version(python: &Python) -> (u8, u8) {
    let names = run(python, "import sys\nminor = sys.version_info.minor");
    (3, evaluate(python, "minor", &names).parse().expect("a version is a small number"))
}

/// A namespace with the checker in it.
fn checker(python: &Python) -> Object {
    let names = python.namespace().expect("there is memory");
    names.set_item(python, "__name__", &python.text("standard").expect("there is memory")).expect("there is memory");
    execute(python, ARGUMENTS, &names);
    execute(python, CHECKS, &names);
    names
}

/// An entry in the form that the checker takes, as Python code.
fn in_python(entry: &StandardEntry) -> String {
    let mut text = format!("({:?}, [", entry.name);
    for overload in &entry.signature.overloads {
        write!(text, "{},", overload_in_python(overload)).expect("writing to a String can't fail");
    }
    match &entry.below {
        Some(below) => {
            let finite = if below.finite { "True" } else { "False" };
            write!(text, "], ({}, {finite}))", below.address)
        }
        None => write!(text, "], None)"),
    }
    .expect("writing to a String can't fail");
    text
}

fn overload_in_python(overload: &Overload) -> String {
    let kinds: Vec<_> = overload.parameters.iter().map(|parameter| parameter.kind.to_string()).collect();
    let by_name = overload.parameters.iter().filter(|parameter| parameter.keyword_only);
    let names: Vec<_> = by_name.filter_map(|parameter| parameter.name.clone()).collect();
    let (result, raises) = (overload.result.to_string(), overload.raises.to_string());
    format!("({kinds:?}, {names:?}, {result:?}, {raises:?}, {:?})", overload.effects.to_string())
}

/// The errors that the checker finds in a line.
fn wrong_with(python: &Python, checker: &Object, entry: &StandardEntry) -> String {
    let call = format!("'\\n'.join(check_line({}, {NUMBERS})[:4])", in_python(entry));
    evaluate(python, &call, checker)
}

/// The errors in a line of a table that is written here.
fn wrong_with_text(python: &Python, checker: &Object, text: &'static str) -> String {
    let lines = standard::read(text, version(python)).unwrap_or_else(|error| panic!("{error}"));
    lines.entries.iter().map(|entry| wrong_with(python, checker, entry)).collect()
}

#[test]
fn every_line_holds_on_the_running_interpreter() {
    own_process!();
    let python = start();
    let checker = checker(&python);
    let wrong: Vec<_> = entries(version(&python))
        .map(|entry| wrong_with(&python, &checker, entry))
        .filter(|wrong| !wrong.is_empty())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_public_function_has_a_line_or_a_reason_and_every_line_a_function() {
    own_process!();
    let python = start();
    let version = version(&python);
    let names = evaluate(&python, "' '.join(public())", &checker(&python));
    let public: BTreeSet<_> = names.split(' ').collect();
    let known: Vec<_> =
        entries(version).map(|entry| entry.name).chain(listed(version).map(|listed| listed.name)).collect();
    let once: BTreeSet<_> = known.iter().copied().collect();
    assert_eq!(once.len(), known.len(), "a name is there twice: {known:?}");
    let missing: Vec<_> = public.difference(&once).collect();
    assert!(missing.is_empty(), "neither a line nor a reason: {missing:?}");
    // Some of the site module's own are missing if it is not loaded.
    let site = ["copyright", "credits", "exit", "help", "license", "quit", "exceptions"];
    let stale: Vec<_> = once.difference(&public).filter(|name| !site.contains(name)).collect();
    assert!(stale.is_empty(), "there is no such function: {stale:?}");
}

#[test]
fn the_tables_can_be_read_for_every_version() {
    own_process!();
    for minor in 11..=15 {
        assert!(entries((3, minor)).count() > 200, "3.{minor}");
        for entry in entries((3, minor)) {
            assert!(entry.versions.contains((3, minor)), "{}", entry.name);
            assert_eq!(standard::entry(entry.name, (3, minor)), Some(entry));
            let again = entry.signature.to_string().parse::<typedcall::metadata::Signature>().expect("it was printed");
            assert_eq!(again.to_string(), entry.signature.to_string());
        }
    }
    assert_eq!(entries((3, 10)).count() + entries((3, 16)).count() + entries((4, 11)).count(), 0);
    assert_eq!(entry("math.fma", (3, 12)), None);
    assert!(entry("math.fma", (3, 13)).is_some());
}

/// The checks must find each wrong line, or they are worth nothing.
#[test]
fn a_wrong_line_is_caught() {
    own_process!();
    let python = start();
    let checker = checker(&python);
    let wrong = |text| wrong_with_text(&python, &checker, text);
    assert_eq!(wrong("str.upper  (self: str) -> str raises null [no_python, pure]"), "");
    for (text, found) in [
        ("str.upper  (self: str) -> int raises null", "gives int, but <class 'str'>"),
        ("abs  (object) -> int raises null", "gives int, but"),
        ("repr  (object) -> str raises null", "gives str, but <class 'standard.Str'>"),
        ("chr  (int) -> str", "never raises, but ValueError"),
        ("ord  (str) -> int raises null [pure]", "is pure, but TypeError"),
        ("list.append  (self: list, object) -> None raises null [pure]", "but changed"),
        ("list.copy  (self: list) -> list raises null [pure]", "not to be shared"),
        ("next  (object) -> object raises null [pure]", "is pure, but"),
        ("str.lowercase  (self: str) -> str", "there is no such function"),
        ("str.upper  (self: str, object) -> str raises null", "no call of it succeeded"),
        ("math.sin  (f64) -> f64 raises check; below cos finite", "below"),
        ("math.sqrt  (f64) -> f64 raises check; below sqrt", "ValueError('expected a nonnegative input"),
    ] {
        let message = wrong(text);
        // 3.11 to 3.13 only say that it is an error in the domain.
        let is_domain = found.starts_with("ValueError(") && message.contains("ValueError('math domain error')");
        assert!(message.contains(found) || is_domain, "{text}: {message}");
    }
}

/// Most violations of `no_python` are not obvious: each of these did run Python code.
#[test]
fn a_wrong_no_python_is_caught() {
    own_process!();
    let python = start();
    let checker = checker(&python);
    for text in [
        "dict.get  (self: dict, str) -> object raises null [no_python]",
        "list.clear  (self: list) -> None [no_python]",
        "list.count  (self: list, str) -> int raises null [no_python]",
        "dict.copy  (self: dict) -> dict raises null [no_python]; memory",
        "len  (object) -> int raises null [no_python]; memory",
        "isinstance  (object, type:builtins.type) -> bool [no_python]",
        "isinstance  (int, type:builtins.type+) -> bool [no_python]",
        "id  (object) -> int raises null [no_python]; memory",
        "str.join  (self: str, object) -> str raises null [no_python]; memory",
        "math.sqrt  (object) -> float raises null [no_python]; memory",
    ] {
        let line = standard::read(text, version(&python)).unwrap_or_else(|error| panic!("{error}"));
        let mut entry = line.entries[0].clone();
        // On 3.11 some of these are without the promise anyway.
        entry.signature.overloads[0].effects.no_python = true;
        let message = wrong_with(&python, &checker, &entry);
        assert!(message.contains("is no_python, and ran"), "{text}: {message}");
    }
}

#[test]
fn what_is_no_python_does_not_look_for_signals() {
    own_process!();
    // This thread starts the interpreter, so it is Python's main thread, the only one that runs signal handlers.
    let python = start();
    let checker = checker(&python);
    let check = |entry: &StandardEntry| {
        evaluate(&python, &format!("'\\n'.join(check_signals({})[:2])", in_python(entry)), &checker)
    };
    let wrong: Vec<_> = entries(version(&python)).map(check).filter(|wrong| !wrong.is_empty()).collect();
    let lines = standard::read("repr  (float) -> str raises null [no_python, pure]", version(&python));
    let caught = check(&lines.expect("it is right").entries[0]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(caught.contains("looked for signals"), "a wrong line is not caught: {caught}");
}

#[test]
fn what_is_pure_is_given_what_does_not_change() {
    own_process!();
    for entry in entries((3, 15)).filter(|entry| entry.name != "isinstance") {
        for overload in entry.signature.overloads.iter().filter(|overload| overload.effects.pure) {
            for parameter in &overload.parameters {
                let kind = parameter.kind.to_string();
                let changes =
                    ["object", "list", "dict", "type:builtins.set"].contains(&kind.as_str()) || kind.contains('+');
                assert!(!changes, "{}: {overload}", entry.name);
            }
        }
    }
}

#[test]
fn what_builtins_math_and_the_types_hold_is_recognized() {
    own_process!();
    let python = start();
    let names = run(&python, "import builtins, math");
    for entry in entries(version(&python)) {
        let path = if entry.name.contains('.') { entry.name.to_owned() } else { format!("builtins.{}", entry.name) };
        let callable = python.eval(&path, &names).unwrap_or_else(|error| panic!("{path}: {error}"));
        let recognized = recognize(&python, &callable).map(|entry| entry.name);
        assert_eq!(recognized, Some(entry.name), "{path}");
    }
}

#[test]
fn what_a_program_has_made_is_not_recognized() {
    own_process!();
    let python = start();
    let names = run(
        &python,
        "import builtins, math, collections\n\
         class Str(str): pass\n\
         class range: pass\n\
         class Int(int): pass\n\
         class Dict(dict): pass\n",
    );
    let recognized = |expression: &str| {
        let callable = python.eval(expression, &names).unwrap_or_else(|error| panic!("{expression}: {error}"));
        recognize(&python, &callable).map(|entry| entry.name)
    };
    for expression in [
        "lambda x: 3",
        "range",
        "Str",
        "'abc'.upper",
        "[].append",
        "3",
        "None",
        "collections.deque.append",
        "collections.OrderedDict.pop",
        "frozenset.union",
        "bytearray.upper",
        "Int.from_bytes",
        "Dict.fromkeys",
        "ValueError",
        "int.__add__",
        "globals",
    ] {
        assert_eq!(recognized(expression), None, "{expression}");
    }
    // A subclass that inherits it holds the very same descriptor.
    assert_eq!(recognized("Str.upper"), Some("str.upper"));
}

#[test]
fn a_replaced_builtin_is_not_recognized() {
    own_process!();
    let python = start();
    let names = run(&python, "import builtins, math\noriginal = builtins.len");
    let original = names.item(&python, "original").expect("just assigned");
    let name_of = |callable: &Object| recognize(&python, callable).map(|entry| entry.name);
    assert_eq!(name_of(&original), Some("len"));
    // Other tests may call `len` meanwhile; the replacement does the same.
    execute(&python, "builtins.len = lambda x: original(x)", &names);
    let replaced = member(&python, &names.item(&python, "builtins").expect("imported"), "len");
    let found = (name_of(&replaced), name_of(&original));
    execute(&python, "builtins.len = original", &names);
    assert_eq!(found, (None, None));
    assert_eq!(name_of(&original), Some("len"));
}

#[test]
fn every_callee_has_a_known_convention_that_takes_as_many_arguments() {
    own_process!();
    const CONVENTION: i32 = 0x8f; // VARARGS, KEYWORDS, NOARGS, O and FASTCALL; 0x10 and 0x20 are CLASS and STATIC
    const NOARGS: i32 = 0x04;
    const O: i32 = 0x08;
    let python = start();
    let version = version(&python);
    let names = run(&python, "import builtins, math");
    let callees = standard::callees(version);
    let functions = entries(version).filter(|entry| !entry.is_class);
    for entry in functions {
        let callee = callees
            .find(entry.name)
            .map(|callee| callees.get(callee))
            .unwrap_or_else(|| panic!("{} is no callee", entry.name));
        assert_eq!(callee.target, CalleeTarget::Method);
        let path = if entry.name.contains('.') { entry.name.to_owned() } else { format!("builtins.{}", entry.name) };
        let callable = python.eval(&path, &names).expect("it was found before");
        // SAFETY: the callable is alive, and the thread attached; two pointers lead to the flags of a definition.
        let (found, flags) = unsafe {
            let found = definition(callable.as_ptr()).unwrap_or_else(|| panic!("{path} has no definition"));
            (found, found.def.byte_add(16).cast::<i32>().read())
        };
        let is_method = matches!(found.receiver, Receiver::Method { .. });
        for overload in &callee.signature.overloads {
            assert_eq!(overload.has_receiver(), is_method, "{path}: {overload}");
            let arguments = overload.arguments().count();
            match flags & CONVENTION {
                NOARGS => assert_eq!(arguments, 0, "{path}: {overload}"),
                O => assert_eq!(arguments, 1, "{path}: {overload}"),
                0x80 | 0x82 | 0x01 | 0x03 => {}
                other => panic!("{path} has the convention {other:#x}"),
            }
            // On 3.11 the tuple of the arguments may start a collection.
            let takes_tuple = flags & CONVENTION == 0x01 || flags & CONVENTION == 0x03;
            assert!(!(version < (3, 12) && takes_tuple && overload.effects.no_python), "{path}: {overload}");
        }
    }
}

#[test]
fn callees_take_and_give_objects() {
    own_process!();
    for minor in 11..=15 {
        for (name, callee) in standard::callees((3, minor)).iter() {
            for overload in &callee.signature.overloads {
                assert!(overload.parameters.iter().all(|parameter| parameter.kind.is_object()), "{name}: {overload}");
                assert!(overload.result.is_object(), "{name}: {overload}");
                overload.check().unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }
    let callees = standard::callees((3, 13));
    let sqrt = callees.get(callees.find("math.sqrt").expect("it is there")).signature.to_string();
    assert!(sqrt.starts_with("(float) -> float raises null [no_python] | "), "{sqrt}");
}

/// The result of the passes for a call, with the callees of a version.
fn specialized(ir: &str, version: (u8, u8)) -> String {
    let mut function: Function = ir.parse().unwrap_or_else(|error| panic!("{error}"));
    let callees = standard::callees(version);
    passes::run(&mut function, &callees);
    function.verify_calls(&callees).unwrap_or_else(|error| panic!("{error}\n{function}"));
    function.to_string()
}

#[test]
fn the_passes_call_what_the_tables_know_directly() {
    own_process!();
    for version in [(3, 11), (3, 15)] {
        let upper = specialized(
            "v6:UnicodeExact[\"hello,world\"] = LoadConst\nv9:MethodDescr[\"str.upper\"] = LoadConst\n\
             v11:Object = VectorCallStatic<1> v9 v6\nReturn v11\n",
            version,
        );
        assert!(upper.contains("v11:UnicodeExact = CallCFunction<\"str.upper\"> v6"), "{upper}");
        let sqrt = specialized(
            "v1:FloatExact = LoadArg<0>\nv2:CFunction[\"math.sqrt\"] = LoadConst\n\
             v3:Object = VectorCallStatic<1> v2 v1\nReturn v3\n",
            version,
        );
        assert!(sqrt.contains("v3:FloatExact = CallCFunction<\"math.sqrt#0\"> v1"), "{sqrt}");
        let length = specialized(
            "v1:ListExact = LoadArg<0>\nv2:CFunction[\"len\"] = LoadConst\nv3:Object = VectorCallStatic<1> v2 v1\n\
             Return v3\n",
            version,
        );
        assert!(length.contains("v3:LongExact = CallCFunction<\"len#3\"> v1"), "{length}");
    }
}
