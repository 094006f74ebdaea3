//! The counts of stubs: calls that went directly to the underlying function, and the reasons why the others did not.
//!
//! The counts are the whole process's.

use crate::support::extension::{bind, bind_address, execute, import, lifetimes, methods, run, start, stub, value};
use typedcall::embed::{Object, Python};
use typedcall::{Bind, Entry, FallbackReason, Options, Specializer, Stats};

/// A specializer whose stubs count their calls.
fn counting(python: &Python) -> Specializer {
    let mut options = Options::default();
    options.count_calls = true;
    Specializer::new(python, options).expect("the crate is built for the running interpreter")
}

/// The counts that the calls in an expression changed; the expression may raise.
fn counted(python: &Python, specializer: &Specializer, call: &str, names: &Object) -> String {
    let before = specializer.stats();
    let _ = python.eval(call, names);
    changes(&before, &specializer.stats())
}

fn changes(before: &Stats, after: &Stats) -> String {
    let reasons = FallbackReason::ALL.map(|reason| (reason.name(), after.fallback(reason) - before.fallback(reason)));
    let all = [("hits", after.hits - before.hits)].into_iter().chain(reasons);
    let changed: Vec<_> = all.filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")).collect();
    changed.join(", ")
}

fn arguments(python: &Python) -> Object {
    import(python, "arguments", include_str!("../c/arguments.c"), &["-O1", "-std=gnu11", "-Wall", "-Wextra"])
}

#[test]
fn every_call_is_a_hit_or_has_a_reason() {
    own_process!();
    let python = start();
    let specializer = counting(&python);
    let names = run(&python, "class Int(int): pass\nclass Str(str): pass");
    let each = [
        ("methods", methods(&python, "counted_methods", false)),
        ("arguments", arguments(&python)),
        ("overloads", import(&python, "overloads", include_str!("../c/overloads.c"), &["-O1", "-Wall", "-Wextra"])),
    ];
    for (name, module) in &each {
        bind(&python, &names, name, module);
    }
    for (callable, calls) in [
        (
            "methods.echo_i64",
            &[
                ("(1)", "hits 1"),
                ("(-2**59)", "hits 1"),
                ("(2**63)", "value 1"),
                ("(2**200)", "value 1"),
                ("('a')", "type 1"),
                ("(True)", "type 1"),
                ("(Int(3))", "type 1"),
                ("(1.5)", "type 1"),
                // CPython itself refuses these.
                ("()", ""),
                ("(x=1)", ""),
            ][..],
        ),
        ("methods.echo_i8", &[("(127)", "hits 1"), ("(128)", "value 1"), ("(None)", "type 1")]),
        ("methods.answer", &[("()", "hits 1")]),
        (
            "methods.add",
            &[("(1.0, 2.0)", "hits 1"), ("(1.0, 'a')", "type 1"), ("(1)", "arity 1"), ("(1, 2, 3)", "arity 1")],
        ),
        (
            "arguments.fast_three",
            &[
                ("(1)", "hits 1"),
                ("(1, y=0.5, base=3)", "hits 1"),
                ("(x=1)", "hits 1"),
                ("(1, nope=3)", "keywords 1"),
                ("(1, x=3)", "keywords 1"),
                ("()", "arity 1"),
                ("(1, 2.0, 3, 4)", "arity 1"),
                ("(1, 'a')", "type 1"),
                ("(x='a')", "type 1"),
                ("(1, base=2**31)", "value 1"),
            ],
        ),
        ("arguments.tuple_named", &[("(1)", "hits 1"), ("(1, z=2.0)", "keywords 1"), ("(1, y=None)", "type 1")]),
        ("arguments.fast_optional", &[("(1)", "hits 1"), ("(1, 2)", "type 1"), ("(2**64, 2.0)", "value 1")]),
        (
            "arguments.texts",
            &[
                ("(text='a')", "hits 1"),
                ("(text='a\\0b')", "value 1"),
                ("(text='\\ud800')", "value 1"),
                ("(text=3)", "type 1"),
                ("(more=None)", "hits 1"),
                ("(more=Str('a'))", "type 1"),
            ],
        ),
        ("overloads.flip", &[("(3)", "hits 1"), ("(0.5)", "hits 1"), ("(2**70)", "value 1"), ("([])", "type 1")]),
        ("overloads.by_count", &[("(1, 2, 3, 4, 5, 6)", "arity 1")]),
    ] {
        let fast = specializer.function(&python, &value(&python, callable, &names)).expect("typed");
        bind(&python, &names, "fast", &fast);
        for (call, expected) in calls {
            let found = counted(&python, &specializer, &format!("fast{call}"), &names);
            assert_eq!(found, *expected, "{callable}{call}");
        }
    }
}

#[test]
fn stubs_of_every_entry_count() {
    own_process!();
    let python = start();
    let specializer = counting(&python);
    let names = lifetimes(&python);
    execute(&python, "T = m.make_type(); U = m.make_type(); t = T()\nclass Int(int): pass", &names);
    for (callable, entry, call, expected) in [
        ("m.echo", Entry::Boxed, "raw.boxed(a, 5)", "hits 1"),
        ("m.echo", Entry::Boxed, "raw.boxed(a, 2**64)", "value 1"),
        ("T.plus", Entry::Boxed, "raw.boxed(a, t, 5)", "hits 1"),
        ("T.plus", Entry::Boxed, "raw.boxed(a, t, 2**64)", "value 1"),
        ("m.echo", Entry::Vectorcall, "raw.vectorcall(a, m.echo, 5)", "hits 1"),
        ("m.echo", Entry::Vectorcall, "raw.vectorcall(a, m.echo, Int(5))", "type 1"),
        ("m.echo", Entry::Vectorcall, "raw.vectorcall(a, m.echo, 5, 6)", "arity 1"),
        ("m.echo", Entry::Vectorcall, "raw.vectorcall(a, m.echo, x=6)", "keywords 1"),
        ("T.plus", Entry::Vectorcall, "raw.vectorcall(a, T.plus, t, 5)", "hits 1"),
        ("T.plus", Entry::Vectorcall, "raw.vectorcall(a, T.plus, U(), 5)", "type 1"),
        ("T.plus", Entry::Vectorcall, "raw.vectorcall(a, T.plus, t)", "arity 1"),
        ("T.plus", Entry::Vectorcall, "raw.vectorcall(a, T.plus)", "arity 1"),
        ("T.plus", Entry::Vectorcall, "raw.vectorcall(a, T.plus, t, 'a')", "type 1"),
    ] {
        let stub = stub(&python, &specializer, &value(&python, callable, &names), entry);
        bind_address(&python, &names, "a", &stub);
        assert_eq!(counted(&python, &specializer, call, &names), expected, "{call}");
    }
}

#[test]
fn a_receiver_that_fails_is_of_another_type() {
    own_process!();
    let python = start();
    let specializer = counting(&python);
    let names = lifetimes(&python);
    execute(&python, "class Str(str): pass\nclass List(list): pass", &names);
    for (callable, signature) in [
        ("str.upper", "(self: str) -> str raises null"),
        ("str.zfill", "(self: str, width: int) -> str raises null"),
        ("str.split", "(self: str, sep: str, maxsplit: int) -> list raises null"),
        ("list.count", "(self: object, value: object) -> object raises null"),
    ] {
        specializer.declare(&python, &value(&python, callable, &names), signature).expect("it fits");
    }
    for (callable, calls) in [
        ("str.upper", &[("('a')", "hits 1"), ("(Str('a'))", "type 1")][..]),
        ("str.zfill", &[("('a', 3)", "hits 1"), ("(Str('a'), 3)", "type 1"), ("('a', True)", "type 1")]),
        (
            "str.split",
            &[
                ("('a b', ' ', 1)", "hits 1"),
                ("('a b', sep=' ', maxsplit=1)", "hits 1"),
                ("(Str('a b'), ' ', 1)", "type 1"),
                ("(Str('a b'), sep=' ', maxsplit=1)", "type 1"),
                ("('a b', ' ')", "arity 1"),
            ],
        ),
        ("list.count", &[("([], 3)", "hits 1"), ("(List(), 3)", "hits 1")]),
    ] {
        let fast = specializer.function(&python, &value(&python, callable, &names)).expect("typed");
        bind(&python, &names, "fast", &fast);
        for (call, expected) in calls {
            let found = counted(&python, &specializer, &format!("fast{call}"), &names);
            assert_eq!(found, *expected, "{callable}{call}");
        }
    }
}

extern "C" fn plus(a: i64, b: f64) -> f64 {
    a as f64 + b
}

#[test]
fn a_function_without_a_wrapper_counts_what_its_parser_reads() {
    own_process!();
    let python = start();
    let specializer = counting(&python);
    let names = run(&python, "class Int(int): pass");
    let signature = "(a: i64, b: f64 = 0.5) -> f64 [no_python]";
    let address = std::ptr::NonNull::new(plus as *mut std::ffi::c_void).expect("a function");
    // SAFETY: the function has this signature.
    let bound = unsafe { specializer.bind(&python, address, signature, "plus", &Bind::default()) }.expect("it fits");
    bind(&python, &names, "plus", &bound);
    for (call, expected) in [
        ("plus(1)", "hits 1"),
        ("plus(1, 2.5)", "hits 1"),
        ("plus(1, 2)", "hits 1"),
        ("plus(b=2.0, a=1)", "hits 1"),
        ("plus(Int(1))", "type 1"),
        ("plus('a')", "type 1"),
        ("plus(2**64)", "value 1"),
        ("plus(1, c=1)", "keywords 1"),
        ("plus()", "arity 1"),
    ] {
        assert_eq!(counted(&python, &specializer, call, &names), expected, "{call}");
    }
}

#[test]
fn a_foreign_functions_calls_are_counted_as_others() {
    own_process!();
    let python = start();
    let specializer = counting(&python);
    let names = run(
        &python,
        "
import ctypes
lib = ctypes.CDLL(None)
labs = lib.labs
labs.argtypes, labs.restype = [ctypes.c_long], ctypes.c_long
strlen = lib.strlen
strlen.argtypes, strlen.restype = [ctypes.c_char_p], ctypes.c_size_t
atof = lib.fabs
atof.argtypes, atof.restype = [ctypes.c_double], ctypes.c_double",
    );
    for (callable, calls) in [
        (
            "labs",
            &[
                ("(-3)", "hits 1"),
                ("(2**70)", "value 1"),
                ("(ctypes.c_long(3))", "type 1"),
                ("('a')", "type 1"),
                ("()", "arity 1"),
                ("(nope=3)", "keywords 1"),
            ][..],
        ),
        ("strlen", &[("(b'abc')", "hits 1"), ("(3)", "type 1")]),
        ("atof", &[("(-1.5)", "hits 1"), ("(-2)", "hits 1"), ("(None)", "type 1")]),
    ] {
        let fast = specializer.function(&python, &value(&python, callable, &names)).expect("it has a prototype");
        bind(&python, &names, "fast", &fast);
        for (call, expected) in calls {
            let found = counted(&python, &specializer, &format!("fast{call}"), &names);
            assert_eq!(found, *expected, "{callable}{call}");
        }
        execute(&python, &format!("{callable}.argtypes = list({callable}.argtypes)"), &names);
        assert_eq!(counted(&python, &specializer, &format!("fast{}", calls[0].0), &names), "changed 1");
    }
}

#[test]
fn stubs_that_were_not_asked_to_count_do_not() {
    own_process!();
    let python = start();
    let specializer = Specializer::new(&python, Options::default()).expect("the crate is built for the interpreter");
    let names = lifetimes(&python);
    bind(&python, &names, "fast", &specializer.function(&python, &value(&python, "m.echo", &names)).expect("typed"));
    assert_eq!(counted(&python, &specializer, "(fast(1), fast(2**64))", &names), "");
}

#[test]
fn shapes_and_stubs_are_counted_as_long_as_they_live() {
    own_process!();
    let python = start();
    let specializer = counting(&python);
    let names = lifetimes(&python);
    let callable = value(&python, "m.echo", &names);
    let before = specializer.stats();
    let stubs: Vec<_> = (0..3).map(|_| stub(&python, &specializer, &callable, Entry::Boxed)).collect();
    let with = specializer.stats();
    assert_eq!((with.stubs - before.stubs, with.shapes - before.shapes), (3, 1));
    assert!(with.code_bytes > before.code_bytes + 50, "{with:?}");
    drop(stubs);
    assert_eq!(specializer.stats().stubs, before.stubs);
    // Shapes stay in limbo until eight others push them out.
    for kind in ["i8", "u8", "i16", "u16", "i32", "u32", "u64", "f32", "f64"] {
        let module = methods(&python, "counted_methods", false);
        bind(&python, &names, "methods", &module);
        drop(stub(&python, &specializer, &value(&python, &format!("methods.echo_{kind}"), &names), Entry::Boxed));
    }
    let after = specializer.stats();
    assert_eq!(after.stubs, before.stubs);
    assert!(after.shapes <= before.shapes + 8, "{after:?}");
    // Shapes that were made before this test do not stay in limbo for ever either.
    assert!(after.code_bytes < with.code_bytes + 8 * 4096, "{after:?}");
}

#[test]
fn the_names_of_reasons_are_what_users_read() {
    own_process!();
    let names = FallbackReason::ALL.map(FallbackReason::name);
    assert_eq!(names, ["keywords", "arity", "type", "value", "changed", "other"]);
}
