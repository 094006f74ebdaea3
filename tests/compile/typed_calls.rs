//! Calls of typed functions from compiled code, in every form: overloads, names, defaults. They give the results of
//! their wrappers, and do not call these if the types are known.

use crate::support::extension;
use crate::support::session::Session;

/// With an extension as `m`, adopted.
fn session(name: &str, source: &str) -> Session {
    let session = Session::new(AGREE);
    let module = extension::import(&session.python, name, source, &["-O1", "-std=gnu11"]);
    session.specializer.adopt(&session.python, &module).expect("its metadata is good");
    session.names.set_item(&session.python, "m", &module).expect("there is memory");
    session
}

/// Compares an expression with the compiled one, over pairs of values. Returns how often the compiled one called
/// wrappers with the first pair.
fn agrees(session: &Session, expression: &str, first: &str) -> i64 {
    session.run(&format!("def f(a, b): return {expression}"));
    session.fast("f");
    session.run(&format!("before = m.calls()\noutcome(fast_f, ({first}))\nwrapped = m.calls() - before"));
    session.run(&format!("for a in values:\n    for b in values[:9]: agree({expression:?}, a, b)"));
    let wrapped = session.get("wrapped");
    wrapped.repr(&session.python).expect("there is memory").parse().expect("an int")
}

const AGREE: &str = "
class Int(int): pass
class Float(float): pass
class Str(str): pass
class Index:
    def __index__(self): return 3
    def __float__(self): return 0.25
values = [1, 100, 2.5, -0.0, 'text', True, None, 7, 2**70, -1, 2**63 - 1, -2**63, 2**31, float('nan'), 1e300, '', 'a\\0b', 'ä',
    Int(5), Float(1.5), Str('sub'), Index(), b'bytes', ['list']]
def shape(value):
    return type(value), [shape(item) for item in value] if isinstance(value, (tuple, list)) else repr(value)
def outcome(function, args):
    try: return shape(function(*args))
    except BaseException as error: return type(error), str(error)
def agree(text, *args):
    expected, got = outcome(f, args), outcome(fast_f, args)
    assert expected == got, (text, args, expected, got)
";

#[test]
fn the_overload_that_is_proven_is_called_and_none_is_guessed() {
    own_process!();
    let session = session("overloads", include_str!("../c/overloads.c"));
    let mut wrong = Vec::new();
    for (expression, first, wrappers) in [
        // Nothing is known of the argument, so the wrapper decides.
        ("m.flip(a)", "1, 2", 1),
        ("m.float_first(a)", "1.5, 2", 1),
        ("m.flip(float(a))", "1.5, 2", 0),
        ("m.flip(int(a))", "1, 2", 0),
        ("m.flip(f'{a}x')", "1, 2", 0),
        ("m.flip(m.flip(float(a)))", "1, 2", 0),
        ("m.flip(a == 1), m.flip(len(str(a)))", "1, 2", 1),
        ("m.float_first(float(a))", "1, 2", 0),
        // The first overload converts ints.
        ("m.float_first(int(a)), m.float_first(f'{a}x')", "1, 2", 1),
        ("m.by_count(a, b)", "1, 2.5", 0),
        ("m.by_count(int(a), float(b))", "1, 2", 0),
        ("m.by_count(int(a)), m.by_count(float(a))", "1, 2", 0),
        ("m.by_count(a)", "1, 2", 1),
        ("m.apart(x=float(a)), m.apart(y=int(a))", "1, 2", 0),
        ("m.apart(x=a), m.apart(y=b)", "1.5, 2", 0),
        ("m.alike(x=float(a))", "1, 2", 0),
        ("m.alike(x=a)", "1, 2", 1),
    ] {
        let wrapped = agrees(&session, expression, first);
        if wrapped != wrappers {
            wrong.push(format!("{expression}: {wrapped} wrappers called, not {wrappers}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn names_and_defaults_are_filled_in() {
    own_process!();
    let session = session("arguments", include_str!("../c/arguments.c"));
    session.run("m.set_default(['default'])");
    let mut wrong = Vec::new();
    for (expression, first, wrappers) in [
        ("m.tuple_three(a)", "1, 2", 0),
        ("m.tuple_three(a, b)", "1, 2.5", 0),
        ("m.tuple_three(a, base=b)", "1, 2", 0),
        ("m.tuple_three(y=b, x=a)", "1, 2.5", 0),
        ("m.tuple_three(base=3, y=float(b), x=int(a))", "1, 2", 0),
        ("m.fast_three(a, y=b)", "1, 2.5", 0),
        ("m.fast_three(x=a, bogus=b)", "100, 2.5", 1),
        ("m.fast_three(a, x=b)", "100, 2.5", 1),
        ("m.tuple_two(a)", "1, 2", 1),
        ("m.tuple_two(a, b)", "1, 2", 0),
        ("m.every()", "1, 2", 0),
        ("m.every(c=a, h=float(b))", "1, 2", 0),
        ("m.texts()", "1, 2", 1),
        ("m.texts(a, text=str(b))", "1, 2", 0),
        ("m.texts(object=a, text=str(b), more=None)", "1, 2", 0),
        ("m.texts(text=str(a), more=str(b))", "1, 2", 0),
        ("m.fast_optional(a, b)", "1, 2.5", 1),
        ("m.only_named(key=a)", "1, 2", 1),
        ("m.pick(int(a)), m.pick(float(a)), m.pick(str(a), b)", "1, 2", 0),
        ("m.pick(x=float(a), scale=float(b)), m.pick(text=str(a))", "1, 2", 0),
    ] {
        let wrapped = agrees(&session, expression, first);
        if wrapped != wrappers {
            wrong.push(format!("{expression}: {wrapped} wrappers called, not {wrappers}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_class_that_a_program_puts_into_builtins_is_none_of_cpythons_own() {
    own_process!();
    let session = Session::new(
        "
import builtins
from operator import neg, pos
class Foo:
    def __neg__(self): return 7
class Other:
    def __neg__(self): return '5'
Foo.__module__ = 'builtins'
builtins.Foo = Foo
def become(value, kind): value.__class__ = kind
class Maker:
    def __pos__(self): return Foo()
def f(maker, kind):
    value = pos(maker)
    become(value, kind)
    return int(neg(value))
",
    );
    // A result of the type is given another class before the call whose result is trusted for that type.
    for (name, signature) in
        [("pos", "(object) -> type:builtins.Foo raises null"), ("neg", "(type:builtins.Foo) -> int raises null")]
    {
        session.specializer.declare(&session.python, &session.get(name), signature).expect("it fits");
    }
    session.fast("f");
    session.run(
        "
for kind in Foo, Other:
    expected, got = f(Maker(), kind), fast_f(Maker(), kind)
    assert expected == got, (kind, expected, got)
",
    );
}
