//! The stub of a bound, a class or a static method looks as the original does, except for the address in its repr.
//!
//! The extension keeps state for the whole process.

use crate::support::extension::{
    bind, definition_of, evaluate, execute, lifetimes, methods, specializer, start, stub, value,
};
use typedcall::embed::{Object, Python};
use typedcall::{Entry, FunctionOptions, Specializer};

/// Functions with every kind of binding, as `original`, with their stubs as `fast`. Each test says something of them as
/// an expression or a statement.
const CALLABLES: [&str; 12] = [
    "m.echo",
    "t.plus",
    "s.append",
    "methods.Point.make",
    "methods.Point().make",
    "methods.Point.fixed",
    "methods.Point().owner",
    "methods.Number(3).plus",
    "items.append",
    "dict.fromkeys",
    "str.maketrans",
    "datetime.datetime.fromisoformat",
];

/// Names for the callables, and a specializer that knows them all.
fn names(python: &Python) -> (Specializer, Object) {
    let (specializer, names) = (specializer(python), lifetimes(python));
    bind(python, &names, "methods", &methods(python, "bound_methods", false));
    execute(
        python,
        "
import copy, datetime, gc, inspect, pickle, sys, types, weakref
T = m.make_type(); t = T(); items = []
class S(list):
    class Inner: pass
s = S()
S.__qualname__ = 'Outer.S'",
        &names,
    );
    for (callable, signature) in [
        ("list.append", "(self: object, object) -> object raises null"),
        ("dict.fromkeys", "(object, object) -> object raises null"),
        ("str.maketrans", "(object) -> object raises null"),
        ("datetime.datetime.fromisoformat", "(str) -> object raises null"),
    ] {
        // A method that the type itself defines is declared on the type, which has its definition.
        let declared = match callable {
            "list.append" => "items.append",
            other => other,
        };
        let signature = signature.replace("self: object, ", "");
        specializer.declare(python, &value(python, declared, &names), &signature).expect("it fits");
    }
    (specializer, names)
}

/// Binds `original` and `fast`.
fn make(python: &Python, specializer: &Specializer, names: &Object, callable: &str) {
    let original = value(python, callable, names);
    let fast = specializer.function(python, &original).unwrap_or_else(|error| panic!("{callable}: {error}"));
    bind(python, names, "original", &original);
    bind(python, names, "fast", &fast);
}

/// The `repr` of an expression's value, or the exception, without the addresses in it.
fn outcome(python: &Python, expression: &str, names: &Object) -> String {
    let text = match python.eval(expression, names) {
        Ok(value) => value.repr(python).expect("every value here has one"),
        Err(exception) => exception.to_string(),
    };
    let mut parts = text.split(" at 0x");
    let first = parts.next().expect("a split has a first part").to_owned();
    let digits = |part: &str| part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit()).to_owned();
    parts.fold(first, |text, part| format!("{text} at 0x…{}", digits(part)))
}

/// What can be seen of a function, `{}`.
const LOOKS: &[&str] = &[
    "repr({})",
    "{}.__name__",
    "{}.__qualname__",
    "{}.__module__",
    "{}.__doc__",
    "{}.__text_signature__",
    "repr({}.__self__)",
    "str({}.__self__)",
    "{}.__self__ is None",
    "isinstance({}.__self__, type(original.__self__))",
    // Modules' cells have a class that is found under no name, and some picklers look for it.
    "isinstance({}.__self__, types.ModuleType) or {}.__self__.__class__",
    "isinstance({}.__self__, type)",
    "getattr({}.__self__, '__qualname__', '')",
    "hash({}.__self__)",
    "{}.__self__ == original.__self__",
    "original.__self__ == {}.__self__",
    "{}.__self__ != original.__self__",
    "{}.__self__ == 3",
    "type({})",
    "callable({})",
    "inspect.signature({})",
    "inspect.isbuiltin({})",
    "inspect.getmodule({})",
    "sorted(dir({}))",
    "{} == {}",
    "{} != {}",
    "{} == 3",
    "{} < {}",
    "hash({}) == hash({})",
    "copy.copy({}) is {}",
    "copy.deepcopy({}) is {}",
    "weakref.ref({})() is {}",
    "{}.__get__",
    "{}.nope",
    "{}()",
    "{}(1, 2, 3, 4, 5, 6)",
    "{}(nope=1)",
    "{}(object())",
];

#[test]
fn a_stub_looks_as_what_it_stands_for() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    for callable in CALLABLES {
        make(&python, &specializer, &names, callable);
        for look in LOOKS {
            let expected = outcome(&python, &look.replace("{}", "original"), &names);
            let found = outcome(&python, &look.replace("{}", "fast"), &names);
            assert_eq!(found, expected, "{callable}: {look}");
        }
        assert_eq!(evaluate(&python, "fast is original", &names), "False", "{callable}");
        assert_eq!(evaluate(&python, "fast == original", &names), "False", "{callable}");
    }
}

#[test]
fn a_stub_does_what_it_stands_for_does() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    for (callable, call) in [
        ("t.plus", "(4)"),
        ("s.append", "(4)"),
        ("methods.Point.make", "(4)"),
        ("methods.Point.make", "('a')"),
        ("methods.Point.fixed", "(4)"),
        ("methods.Point.fixed", "(4.0)"),
        ("methods.Number(3).plus", "(5)"),
        ("dict.fromkeys", "('ab', 1)"),
        ("str.maketrans", "({'a': 'b'})"),
        ("datetime.datetime.fromisoformat", "('2020-01-02')"),
        ("datetime.datetime.fromisoformat", "('nope')"),
    ] {
        make(&python, &specializer, &names, callable);
        let expected = outcome(&python, &format!("original{call}"), &names);
        assert_eq!(outcome(&python, &format!("fast{call}"), &names), expected, "{callable}{call}");
        let calls = format!("[fast{call} for _ in range(100)][-1]");
        assert_eq!(outcome(&python, &calls, &names), expected, "{callable}{call}, again and again");
    }
    make(&python, &specializer, &names, "items.append");
    assert_eq!(evaluate(&python, "fast(3), fast('a'), items", &names), "(None, None, [3, 'a'])");
}

#[test]
fn what_is_made_twice_is_equal_as_long_as_it_is_the_same() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    for callable in CALLABLES {
        make(&python, &specializer, &names, callable);
        let again = value(&python, callable, &names);
        bind(&python, &names, "again", &specializer.function(&python, &again).expect("typed"));
        // Two that are bound to different objects differ, as their originals do.
        let expected = evaluate(&python, &format!("original == {callable}"), &names);
        assert_eq!(evaluate(&python, "fast == again", &names), expected, "{callable}");
        assert_eq!(evaluate(&python, "len({fast, again})", &names), if expected == "True" { "1" } else { "2" });
        // The stub of a stub is one of its original.
        let fast = value(&python, "fast", &names);
        bind(&python, &names, "again", &specializer.function(&python, &fast).expect("typed"));
        assert_eq!(evaluate(&python, "fast == again", &names), "True", "{callable}");
        let raw = stub(&python, &specializer, &fast, Entry::Vectorcall);
        bind(&python, &names, "again", &raw.original(&python).expect("it has one"));
        assert_eq!(evaluate(&python, "original == again", &names), "True", "{callable}");
    }
    // Another signature, or other options, make another function.
    let nap = value(&python, "m.nap", &names);
    let mut options = FunctionOptions::default();
    options.release_gil = Some(false);
    bind(&python, &names, "one", &specializer.function(&python, &nap).expect("typed"));
    bind(&python, &names, "two", &specializer.function_with(&python, &nap, &options).expect("typed"));
    assert_eq!(evaluate(&python, "one == two", &names), "False");
    let fromkeys = value(&python, "dict.fromkeys", &names);
    bind(&python, &names, "one", &specializer.function(&python, &fromkeys).expect("declared"));
    specializer.declare(&python, &fromkeys, "(str, object) -> dict raises null").expect("it fits");
    bind(&python, &names, "two", &specializer.function(&python, &fromkeys).expect("declared"));
    assert_eq!(evaluate(&python, "one == two, one('ab', 1) == two('ab', 1)", &names), "(False, True)");
}

#[test]
fn a_stub_of_a_bound_method_pickles_as_the_original() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    execute(&python, "items[:] = [1, 2]", &names);
    make(&python, &specializer, &names, "items.append");
    execute(&python, "loaded = pickle.loads(pickle.dumps(fast))\nloaded(3)", &names);
    assert_eq!(evaluate(&python, "loaded.__self__, items, loaded.__name__", &names), "([1, 2, 3], [1, 2], 'append')");
    // For a class method and for a static method, the original itself is loaded.
    for callable in ["dict.fromkeys", "str.maketrans"] {
        make(&python, &specializer, &names, callable);
        execute(&python, "loaded = pickle.loads(pickle.dumps(fast))", &names);
        assert_eq!(evaluate(&python, "loaded == original, loaded == fast", &names), "(True, False)", "{callable}");
    }
    // If that is impossible, nothing else is pickled in its place.
    make(&python, &specializer, &names, "m.echo");
    let pickled = outcome(&python, "pickle.dumps(fast)", &names);
    assert!(pickled.starts_with("PicklingError: "), "{pickled}");
}

#[test]
fn the_names_are_those_of_the_receivers_class() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    execute(
        &python,
        "class Odd(list): pass\nOdd.__qualname__ = 'a.b.\\u00e9'\nOdd.__name__ = '\\u00e9'\nodd = Odd()",
        &names,
    );
    for (callable, repr, qualname) in [
        ("odd.append", "<built-in method append of \u{e9} object at ", "a.b.\u{e9}.append"),
        (
            "datetime.datetime.fromisoformat",
            "<built-in method fromisoformat of type object at ",
            "datetime.fromisoformat",
        ),
        ("items.append", "<built-in method append of list object at ", "list.append"),
    ] {
        make(&python, &specializer, &names, callable);
        assert!(evaluate(&python, "repr(fast)", &names).starts_with(repr), "{callable}");
        assert_eq!(evaluate(&python, "fast.__qualname__", &names), qualname);
    }
}

#[test]
fn a_stub_owns_what_it_is_bound_to_and_nothing_owns_it() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    execute(&python, "class Local(list):\n  def __del__(self): gone.append(1)\ngone = []\nx = Local()", &names);
    make(&python, &specializer, &names, "x.append");
    execute(&python, "del x, original\ngc.collect()", &names);
    assert_eq!(evaluate(&python, "gone, fast(4)", &names), "([], None)");
    execute(&python, "del fast\ngc.collect()", &names);
    assert_eq!(evaluate(&python, "gone", &names), "[1]");
    // The class that a private type is named after is not kept alive, and a cycle through the stub is garbage.
    execute(&python, "x = Local(); kept = weakref.ref(Local)", &names);
    make(&python, &specializer, &names, "x.append");
    execute(&python, "x.fast = fast\ndel x, fast, original, Local\nfor _ in range(3): gc.collect()", &names);
    assert_eq!(evaluate(&python, "gone, kept()", &names), "([1, 1], None)");
}

#[test]
fn types_of_stand_ins_go_with_their_stubs() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    let count = "len([x for x in gc.get_objects() if type(x) is type and x.__name__.startswith('Passing')])";
    for round in 0..3 {
        execute(&python, &format!("Passing = type('Passing{round}', (list,), {{}})\nx = Passing()"), &names);
        make(&python, &specializer, &names, "x.append");
        // The class itself, and that of the stand-in for its instance.
        assert_eq!(evaluate(&python, count, &names), "2");
        execute(&python, "del x, fast, original, Passing\nfor _ in range(3): gc.collect()", &names);
        assert_eq!(evaluate(&python, count, &names), "0");
    }
}

#[test]
fn a_stub_may_be_dropped_by_its_own_call() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    for callable in ["methods.Point.fixed", "methods.Point.make", "methods.Number(3).plus"] {
        make(&python, &specializer, &names, callable);
        // An object that is not an int is asked for one, and drops the stub.
        execute(
            &python,
            "class Dropper:\n  def __index__(self):\n    globals().pop('fast', None); gc.collect(); return 4\n",
            &names,
        );
        let expected = outcome(&python, "original(Dropper())", &names);
        make(&python, &specializer, &names, callable);
        assert_eq!(outcome(&python, "fast(Dropper())", &names), expected, "{callable}");
    }
}

#[test]
fn what_stands_in_for_an_object_leads_to_it() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    make(&python, &specializer, &names, "s.append");
    execute(&python, "cell = fast.__self__\ncell.extra = 5", &names);
    assert_eq!(evaluate(&python, "s.extra, cell.extra, 'extra' in vars(cell)", &names), "(5, 5, True)");
    execute(&python, "del cell.extra", &names);
    assert_eq!(outcome(&python, "s.extra", &names), outcome(&python, "cell.extra", &names));
    // It can be inspected as all objects can, but nobody can make another one.
    for look in ["dir(cell)", "vars(cell)", "sys.getsizeof(cell)", "gc.get_referents(cell)", "isinstance(cell, list)"] {
        python.eval(look, &names).unwrap_or_else(|exception| panic!("{look}: {exception}"));
    }
    assert!(outcome(&python, "type(cell)()", &names).starts_with("TypeError: cannot create"));
    let subclass = python.run("class Sub(type(cell)): pass", &names).expect_err("it is no base").to_string();
    assert!(subclass.starts_with("TypeError"), "{subclass}");
}

#[test]
fn a_copy_is_the_function_or_what_a_descriptor_stands_for() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    for callable in CALLABLES.iter().chain(&["T.plus"]) {
        make(&python, &specializer, &names, callable);
        let stands_for = if *callable == "T.plus" { "original" } else { "fast" };
        for copy in ["copy.copy(fast)", "copy.deepcopy(fast)"] {
            assert_eq!(evaluate(&python, &format!("{copy} is {stands_for}"), &names), "True", "{callable}: {copy}");
        }
        let fast = value(&python, "fast", &names);
        let found = specializer.original(&python, &fast).expect("it stands for something");
        bind(&python, &names, "found", &found);
        assert_eq!(evaluate(&python, "found == original", &names), "True", "{callable}");
        assert!(specializer.original(&python, &value(&python, "original", &names)).is_none(), "{callable}");
    }
}

#[test]
fn a_function_that_is_bound_to_nothing_has_no_self() {
    own_process!();
    let python = start();
    let (specializer, names) = names(&python);
    // SAFETY: the definition is that of a live function of a module that stays; the thread is attached.
    let free = unsafe {
        let (def, _) = definition_of(&python, &value(&python, "m.echo", &names));
        let null = std::ptr::null_mut();
        python.owned(pyo3_ffi::PyCMethod_New(def, null, null, null.cast())).expect("there is memory")
    };
    bind(&python, &names, "free", &free);
    make(&python, &specializer, &names, "free");
    for look in LOOKS.iter().chain(&["{}(4)", "{}(2**70)", "{}('a')"]) {
        let expected = outcome(&python, &look.replace("{}", "original"), &names);
        assert_eq!(outcome(&python, &look.replace("{}", "fast"), &names), expected, "{look}");
    }
}
