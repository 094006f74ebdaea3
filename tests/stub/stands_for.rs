//! A stub is taken for its original: by its type, its declaration, its self, its limits, and by everyone who looks at
//! the object that it is bound to.
//!
//! The extension keeps state for the whole process.

use crate::support::extension::{bind, bind_address, evaluate, execute, lifetimes, specializer, start, stub, value};
use typedcall::embed::{Object, Python};
use typedcall::{Entry, Error};

/// An expression's value, or the exception.
fn outcome(python: &Python, expression: &str, names: &Object) -> String {
    match python.eval(expression, names) {
        Ok(value) => value.repr(python).expect("every value here has one"),
        Err(exception) => exception.to_string(),
    }
}

#[test]
fn types_made_from_one_method_table_get_descriptors_of_their_own() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(&python, "A = m.make_type(); B = m.make_type()", &names);
    for (fast, original) in [("fast_a", "A.plus"), ("fast_b", "B.plus")] {
        let function = specializer.function(&python, &value(&python, original, &names)).expect("typed");
        bind(&python, &names, fast, &function);
    }
    assert_eq!(evaluate(&python, "(fast_a(A(), 1), fast_b(B(), 2))", &names), "(1, 2)");
    assert_eq!(evaluate(&python, "(fast_a.__objclass__ is A, fast_b.__objclass__ is B)", &names), "(True, True)");
    for call in ["{a}(B(), 1)", "{b}(A(), 1)"] {
        let (fast, original) = (
            call.replace("{a}", "fast_a").replace("{b}", "fast_b"),
            call.replace("{a}", "A.plus").replace("{b}", "B.plus"),
        );
        let fast = outcome(&python, &fast, &names);
        assert!(fast.starts_with("TypeError"), "{fast}");
        assert_eq!(fast, outcome(&python, &original, &names));
    }
}

/// All struct sequences share one `__reduce__`.
#[test]
fn struct_sequences_get_descriptors_of_their_own_too() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(
        &python,
        "import os, time\nT = time.struct_time; S = os.stat_result\nt = time.localtime(0); s = os.stat('/')",
        &names,
    );
    for (fast, original) in [("fast_t", "T.__reduce__"), ("fast_s", "S.__reduce__")] {
        let original = value(&python, original, &names);
        specializer.declare(&python, &original, "(self: object) -> object raises null").expect("it fits");
        bind(&python, &names, fast, &specializer.function(&python, &original).expect("declared"));
    }
    assert_eq!(evaluate(&python, "fast_t(t) == t.__reduce__(), fast_s(s) == s.__reduce__()", &names), "(True, True)");
    assert_eq!(evaluate(&python, "fast_t(t)[0] is T, fast_s(s)[0] is S", &names), "(True, True)");
}

#[test]
fn a_later_declaration_is_that_of_descriptors_made_from_then_on() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    let join = value(&python, "str.join", &names);
    let mut made = Vec::new();
    for (index, taken) in ["list", "tuple"].into_iter().enumerate() {
        let signature = format!("(self: str, {taken}) -> str raises null");
        specializer.declare(&python, &join, &signature).expect("it fits");
        assert_eq!(specializer.signature(&python, &join).expect("declared").to_string(), signature);
        let fast = specializer.function(&python, &join).expect("declared");
        let again = specializer.function(&python, &join).expect("declared");
        assert_eq!(fast.as_ptr(), again.as_ptr(), "nothing was declared in between");
        bind(&python, &names, &format!("fast{index}"), &fast);
        made.push(fast);
    }
    assert_ne!(made[0].as_ptr(), made[1].as_ptr());
    let results = "[f(',', x) for f in (fast0, fast1) for x in (['a', 'b'], ('a', 'b'))]";
    assert_eq!(evaluate(&python, results, &names), "['a,b', 'a,b', 'a,b', 'a,b']");
    // A descriptor made of another stub leads to the original too.
    let of_fast = specializer.function(&python, &made[0]).expect("declared");
    assert_eq!(of_fast.as_ptr(), made[1].as_ptr());
    let raw = stub(&python, &specializer, &made[0], Entry::Guarded);
    assert_eq!(raw.original(&python).expect("it has one").as_ptr(), join.as_ptr());
}

#[test]
fn endless_recursion_through_a_stub_raises_as_through_the_original() {
    own_process!();
    // From 3.12 on CPython allows more levels than fit on the stack of a test's thread.
    let thread = std::thread::Builder::new().stack_size(256 << 20);
    thread.spawn(endless_recursion).expect("a thread").join().expect("the claims hold");
}

fn endless_recursion() {
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    let recurse = value(&python, "m.recurse", &names);
    execute(&python, "m.set_again(m.recurse, 0)", &names);
    let original = outcome(&python, "m.recurse(1)", &names);
    assert!(original.starts_with("RecursionError: "), "{original}");

    let fast = specializer.function(&python, &recurse).expect("typed");
    bind(&python, &names, "fast", &fast);
    execute(&python, "m.set_again(fast, 0)", &names);
    assert_eq!(outcome(&python, "fast(1)", &names), original);

    let vectorcall = stub(&python, &specializer, &recurse, Entry::Vectorcall);
    bind_address(&python, &names, "address", &vectorcall);
    execute(&python, "m.set_again(m.recurse, 0); before = m.set_vectorcall(m.recurse, address)", &names);
    let through_slot = outcome(&python, "m.recurse(1)", &names);
    execute(&python, "m.set_vectorcall(m.recurse, before)", &names);
    assert_eq!(through_slot, original);

    let boxed = stub(&python, &specializer, &recurse, Entry::Boxed);
    bind_address(&python, &names, "address", &boxed);
    execute(&python, "m.set_again(None, address)", &names);
    assert_eq!(outcome(&python, "raw.boxed(address, 1)", &names), original);
    // What was counted down was counted up again.
    assert_eq!(outcome(&python, "raw.boxed(address, 1)", &names), original);
    execute(&python, "m.set_again(m.echo, 0)", &names);
    assert_eq!(outcome(&python, "raw.boxed(address, 1)", &names), "2");
}

#[test]
fn a_static_method_with_a_typed_self_is_refused() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    let method = value(&python, "m.Static.typed_self", &names);
    assert_eq!(evaluate(&python, "m.Static.typed_self(1)", &names), "2");
    for entry in [Entry::Native, Entry::Boxed, Entry::Guarded, Entry::Vectorcall] {
        let refused = specializer.stub(&python, &method, entry).expect_err("a null pointer is no str");
        assert!(matches!(refused, Error::Mismatch { .. }), "{refused:?}");
        let text = refused.to_string();
        assert!(text.contains("typed_self") && text.contains("a static method gets a null pointer as self"), "{text}");
    }
}

#[test]
fn what_a_stub_is_bound_to_withstands_the_methods_of_modules() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    let fast = specializer.function(&python, &value(&python, "m.echo", &names)).expect("typed");
    bind(&python, &names, "fast", &fast);
    execute(&python, "from types import ModuleType as M\ncell = fast.__self__", &names);
    for method in [
        "M.__getattribute__({}, 'nope')",
        "M.__getattribute__({}, 'echo')",
        "M.__dict__['__dict__'].__get__({}) is vars(m)",
        "M.__dict__['__annotations__'].__get__({})",
        "sorted(M.__dir__({}))",
        "{}.__name__",
    ] {
        let of_module = outcome(&python, &method.replace("{}", "m"), &names);
        assert_eq!(outcome(&python, &method.replace("{}", "cell"), &names), of_module, "{method}");
    }
    let missing = outcome(&python, "M.__getattribute__(cell, 'nope')", &names);
    assert!(missing.starts_with("AttributeError"), "{missing}");
    execute(
        &python,
        "saved = dict(vars(m))\nM.__init__(cell, 'x', 'text')\nname = m.__name__\nM.__repr__(cell)\nvars(m).update(saved)",
        &names,
    );
    assert_eq!(evaluate(&python, "name, m.__name__, fast(5)", &names), "('x', 'lifetimes', 5)");
}

/// Without the Python package, which has reducers for functions that are not found by their names.
#[test]
fn what_a_stub_is_bound_to_pickles_as_what_it_stands_for() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(&python, "import copy, pickle, sys\nsys.modules.setdefault('lifetimes', m)\nL = ['a', 'b']", &names);
    let append = value(&python, "L.append", &names);
    specializer.declare(&python, &append, "(object) -> object raises null").expect("it fits");
    for (name, callable) in [("echo", "m.echo"), ("append", "L.append")] {
        bind(&python, &names, name, &specializer.function(&python, &value(&python, callable, &names)).expect("known"));
    }
    for protocol in 0..=5 {
        for (cell, stands_for) in
            [("echo.__self__", "loaded is m"), ("append.__self__", "loaded == L and loaded is not L")]
        {
            execute(&python, &format!("loaded = pickle.loads(pickle.dumps({cell}, {protocol}))"), &names);
            assert_eq!(evaluate(&python, stands_for, &names), "True", "{cell} by protocol {protocol}");
        }
        // An object and a method bound to it stay together.
        execute(&python, &format!("l, method = pickle.loads(pickle.dumps((L, append), {protocol}))"), &names);
        assert_eq!(
            evaluate(&python, "l is method.__self__, l == L, method.__name__", &names),
            "(True, True, 'append')"
        );
        // A function of a module is found only by its name.
        let by_name = outcome(&python, &format!("pickle.dumps(echo, {protocol})"), &names);
        assert!(by_name.starts_with("PicklingError: "), "{by_name}");
    }
    assert_eq!(
        evaluate(&python, "copy.copy(echo.__self__) is m, copy.copy(append.__self__) == L", &names),
        "(True, True)"
    );
    // Cells compare as their objects do, also with each other.
    bind(&python, &names, "again", &specializer.function(&python, &value(&python, "L.append", &names)).expect("known"));
    assert_eq!(
        evaluate(&python, "append.__self__ == again.__self__ == L, append.__self__ != L", &names),
        "(True, False)"
    );
    assert_eq!(evaluate(&python, "echo.__self__ == m, hash(echo.__self__) == hash(m)", &names), "(True, True)");
}

#[test]
fn whoever_walks_all_objects_may_look_at_what_stubs_are_bound_to() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(&python, "T = m.make_type(); receiver = T()", &names);
    let _stubs: Vec<_> = ["m.echo", "receiver.plus", "T.plus", "m.call_hook"]
        .iter()
        .flat_map(|callable| [Entry::Boxed, Entry::Guarded, Entry::Vectorcall].map(|entry| (callable, entry)))
        .map(|(callable, entry)| stub(&python, &specializer, &value(&python, callable, &names), entry))
        .collect();
    execute(
        &python,
        "
import gc, sys, types
cells = 0
for thing in gc.get_objects():
    if isinstance(thing, (list, tuple, dict, set, frozenset)):
        continue  # the text of what holds everything is endless
    looks = [repr, str, dir, vars, hash, sys.getsizeof, gc.get_referents, lambda x: getattr(x, 'nope', None)]
    if type(thing).__name__ == 'cell' and type(thing).__module__ == 'typedcall':
        cells += 1
        methods = [types.ModuleType.__dict__[name] for name in ('__dict__', '__annotations__')]
        looks += [method.__get__ for method in methods]
        looks += [types.ModuleType.__repr__, types.ModuleType.__dir__]
        looks += [lambda x: types.ModuleType.__getattribute__(x, 'nope')]
        looks += [lambda x: setattr(x, 'extra', 1), lambda x: delattr(x, 'extra')]
    for look in looks:
        try:
            look(thing)
        except Exception:
            pass
del thing",
        &names,
    );
    let cells: i64 = evaluate(&python, "cells", &names).parse().expect("a number");
    assert!(cells >= 12, "{cells} cells were seen");
}

#[test]
fn a_module_with_a_name_that_is_no_utf8_is_adopted() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(
        &python,
        "import types\nodd = types.ModuleType('odd')\nodd.f = m.echo\nvars(odd)['\\udc80'] = m.negate\n\
         vars(odd)['\\ud800'] = 1",
        &names,
    );
    let adopted = specializer.adopt(&python, &value(&python, "odd", &names)).expect("a module");
    let mut found: Vec<_> = adopted.methods.iter().map(|method| method.name.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ["'\\udc80'", "f"]);
}

#[test]
fn the_upper_bits_of_a_narrow_results_register_do_not_matter() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(
        &python,
        "numbers = [0, 1, 5, 100, 127, 128, 200, 255, 256, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1, -1, -6]",
        &names,
    );
    for kind in ["i8", "u8", "i16", "u16", "i32", "u32", "bool"] {
        let original = value(&python, &format!("m.garbage_{kind}"), &names);
        bind(&python, &names, "original", &original);
        bind(&python, &names, "fast", &specializer.function(&python, &original).expect("typed"));
        let boxed = stub(&python, &specializer, &original, Entry::Boxed);
        bind_address(&python, &names, "address", &boxed);
        let expected = evaluate(&python, "[original(x) for x in numbers]", &names);
        assert_eq!(evaluate(&python, "[fast(x) for x in numbers]", &names), expected, "{kind}");
        assert_eq!(evaluate(&python, "[raw.boxed(address, x) for x in numbers]", &names), expected, "{kind}");
    }
}
