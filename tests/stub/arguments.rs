//! Arguments that are given by name or left out: stubs agree with their originals, without calling them.
//!
//! The methods are in `arguments.c`, the ways to call them in `support/arguments.py`.

use crate::support::extension::{
    agree, bind, definition_of, evaluate, execute, import, member, specializer, start, stub,
};
use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::ir::Type;
use typedcall::lower::Call;
use typedcall::{Entry, Error, Options, Specializer};

fn arguments(python: &Python) -> Object {
    import(python, "arguments", include_str!("../c/arguments.c"), &["-O1", "-std=gnu11", "-Wall", "-Wextra"])
}

/// A namespace with the module as `module`, and the functions that compare.
fn names(python: &Python) -> Object {
    let names = agree(python);
    execute(python, include_str!("../support/arguments.py"), &names);
    names.set_item(python, "module", &arguments(python)).expect("there is memory");
    names
}

/// The flags with which raw calls call a stub.
fn stub_flags(flags: i32, is_method: bool) -> i32 {
    let fast = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
    match flags & (ffi::METH_VARARGS | ffi::METH_KEYWORDS | ffi::METH_FASTCALL | ffi::METH_METHOD) {
        ffi::METH_VARARGS if is_method => ffi::METH_FASTCALL,
        flags if flags & ffi::METH_VARARGS != 0 => fast,
        flags => flags,
    }
}

/// Compares all stubs of a method; returns the number of calls.
fn compare(method: &str) -> u32 {
    let python = start();
    let names = names(&python);
    let callable = member(&python, &arguments(&python), method);
    let specializer = specializer(&python);
    let function = specializer.function(&python, &callable).expect("it has a stub");
    let vectorcall = stub(&python, &specializer, &callable, Entry::Vectorcall);
    let guarded = stub(&python, &specializer, &callable, Entry::Guarded);
    let (def, _) = definition_of(&python, &callable);
    // SAFETY: the callable keeps its definition alive.
    let flags = stub_flags(unsafe { (*def).ml_flags }, vectorcall.is_method());
    for (name, object) in [("original", &callable), ("function", &function)] {
        bind(&python, &names, name, object);
    }
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    let overload = vectorcall.overload();
    let kinds = overload.arguments().map(|(_, parameter)| format!("'{}'", parameter.kind));
    let parameters = overload
        .arguments()
        .map(|(_, parameter)| parameter.name.as_ref().map_or("None".to_owned(), |name| format!("{name:?}")));
    let address = |stub: &typedcall::Stub| stub.address().as_ptr() as usize;
    let receivers = if vectorcall.is_method() {
        "[(module.Point(),), (type('Sub', (module.Point,), {})(),), (3,), ()]"
    } else {
        "[()]"
    };
    execute(
        &python,
        &format!(
            "raw = functools.partial(raw_calls.vectorcall, {}, original)\n\
             ways = [('function', original, function), ('vectorcall', functools.partial(raw_calls.vectorcall, 0, \
             original), raw)]\n\
             receivers, flags = {receivers}, {flags}\n\
             comparison = compare_arguments({method:?}, original, ways, {kinds}, {names}, receivers)\n\
             more = [module.Point, ] if flags & 0x200 else []\n\
             def guarded(*arguments, **keywords):\n\
             \x20   own = arguments[:1] or (None,) if receivers != [()] else (None,)\n\
             \x20   rest = arguments[1:] if receivers != [()] else arguments\n\
             \x20   return raw_calls.ml_meth({}, flags, *own, *more, *rest, **keywords)\n\
             own = compare_arguments({method:?} + ' raw', original, [('guarded', original, guarded)], {kinds}, {names}, \
             receivers[:2]) if flags & 2 else comparison",
            address(&vectorcall),
            address(&guarded),
            kinds = list(kinds.collect()),
            names = list(parameters.collect()),
        ),
        &names,
    );
    assert_eq!(evaluate(&python, "'\\n'.join((comparison.differences + own.differences)[:5])", &names), "");
    evaluate(&python, "comparison.count + own.count", &names).parse().expect("a number")
}

#[test]
fn stubs_agree_with_wrappers_that_take_names() {
    own_process!();
    for method in ["tuple_three", "fast_three", "tuple_named", "fast_both", "only_named", "texts"] {
        assert!(compare(method) > 100, "{method}");
    }
}

#[test]
fn stubs_agree_with_wrappers_that_take_positions_only() {
    own_process!();
    for method in ["fast_optional", "tuple_optional", "tuple_two"] {
        assert!(compare(method) > 100, "{method}");
    }
}

#[test]
fn stubs_agree_with_methods_of_types() {
    own_process!();
    for method in ["Point.scaled", "Point.scaled_tuple", "Point.scaled_of", "Point.added"] {
        assert!(compare(method) > 100, "{method}");
    }
}

#[test]
fn stubs_that_verify_match_arguments_as_others_do() {
    own_process!();
    let python = start();
    let names = names(&python);
    let mut options = Options::default();
    options.verify = true;
    let specializer = Specializer::new(&python, options).expect("the interpreter is as it must be");
    for (method, receiver) in
        [("tuple_three", ""), ("fast_both", ""), ("tuple_two", ""), ("Point.scaled_of", "module.Point(),")]
    {
        let callable = member(&python, &arguments(&python), method);
        let fast = specializer.function(&python, &callable).expect("it has a stub");
        bind(&python, &names, "original", &callable);
        bind(&python, &names, "fast", &fast);
        execute(
            &python,
            &format!(
                "receiver = ({receiver})\ncomparison = Comparison({method:?}, [original, fast])\n\
                 for arguments, keywords in calls([INTS[:4], [2.5, 3], INTS[:4]][:2 + ('three' in {method:?})], ['x', 'y', 'base'], \
                 'same'):\n\
                 \x20   comparison('verified', original, fast, (*receiver, *arguments), keywords)"
            ),
            &names,
        );
        assert_eq!(evaluate(&python, "'\\n'.join(comparison.differences[:5])", &names), "");
    }
}

/// How often the wrapper runs for these calls of a stub.
fn wrapper_calls(method: &str, calls: &[&str]) -> Vec<String> {
    let python = start();
    let names = names(&python);
    let callable = member(&python, &arguments(&python), method);
    let specializer = specializer(&python);
    let function = specializer.function(&python, &callable).expect("it has a stub");
    bind(&python, &names, "original", &callable);
    bind(&python, &names, "fast", &function);
    let count = |call: &&str| {
        let receiver = if method.contains('.') { "module.Point(), " } else { "" };
        execute(
            &python,
            &format!(
                "same = fast({receiver}{call})\nbefore = module.calls()\nfast({receiver}{call})\n\
                 ran = module.calls() - before"
            ),
            &names,
        );
        evaluate(&python, "ran", &names)
    };
    calls.iter().map(count).collect()
}

#[test]
fn names_and_defaults_need_no_wrapper() {
    own_process!();
    let calls = ["1", "1, 2.0", "x=1", "1, base=3", "base=3, y=1.0, x=1", "1, y=0.5", "**{'ba' + str('se'): 3}, x=1"];
    assert_eq!(wrapper_calls("tuple_three", &calls), ["0"; 7]);
    assert_eq!(wrapper_calls("fast_three", &calls), ["0"; 7]);
    assert_eq!(wrapper_calls("tuple_named", &["1", "1, 2.0", "y=1.0, x=2"]), ["0"; 3]);
    assert_eq!(wrapper_calls("fast_both", &["1, 2.0", "1, y=2.0"]), ["0"; 2]);
    assert_eq!(wrapper_calls("fast_optional", &["1", "1, 2.0", "1, 2.0, []"]), ["0"; 3]);
    assert_eq!(wrapper_calls("tuple_optional", &["1", "1, 2"]), ["0"; 2]);
    assert_eq!(wrapper_calls("tuple_two", &["1, 2"]), ["0"]);
    assert_eq!(wrapper_calls("only_named", &["key=1", "other=[], key=1"]), ["0"; 2]);
    // A number of three digits goes to the wrapper, also as a default.
    assert_eq!(
        wrapper_calls("every", &["", "c=1", "f=2, c=1", "1, 2, 3, f=4", "e=False, c=1, d=0.5, f=2"]),
        ["1", "1", "0", "0", "0"]
    );
    let texts = ["", "[]", "None, text='a'", "more='ä', text=''", "object=3, more=None"];
    assert_eq!(wrapper_calls("texts", &texts), ["0"; 5]);
    for method in ["Point.scaled", "Point.scaled_tuple", "Point.scaled_of"] {
        assert_eq!(wrapper_calls(method, &["1", "1, 3", "x=1", "by=3, x=1"]), ["0"; 4], "{method}");
    }
    assert_eq!(wrapper_calls("Point.added", &["1", "1, 3"]), ["0"; 2]);
}

#[test]
fn other_types_take_the_wrapper_once() {
    own_process!();
    assert_eq!(
        wrapper_calls("tuple_three", &["True", "1, 2", "x=2, base=Index(3)", "1, **{Str('base'): 2}"]),
        ["1"; 4]
    );
    assert_eq!(wrapper_calls("Point.scaled_tuple", &["True", "x=1, by=True"]), ["1"; 2]);
}

#[test]
fn every_constant_is_what_the_wrapper_takes() {
    own_process!();
    let python = start();
    let names = names(&python);
    let callable = member(&python, &arguments(&python), "every");
    let fast = specializer(&python).function(&python, &callable).expect("it has a stub");
    bind(&python, &names, "fast", &fast);
    for call in ["", "1", "1, 2, 3, 0.5, False, 6, 7, 8.0", "h=0.25", "b=3, d=1.5", "e=False", "f=1, g=2"] {
        let same =
            evaluate(&python, &format!("describe(module.every({call}), ()) == describe(fast({call}), ())"), &names);
        assert_eq!(same, "True", "{call}");
    }
}

#[test]
fn a_default_that_is_a_variable_is_read_at_each_call() {
    own_process!();
    let python = start();
    let names = names(&python);
    let module = arguments(&python);
    let specializer = specializer(&python);
    for (method, call) in [("only_named", "key=1"), ("fast_optional", "1")] {
        let callable = member(&python, &module, method);
        let fast = specializer.function(&python, &callable).expect("it has a stub");
        bind(&python, &names, "fast", &fast);
        bind(&python, &names, "original", &callable);
        for value in ["['a list']", "12.5", "object()"] {
            execute(&python, &format!("value = {value}\nmodule.set_default(value)\nleft = fast({call})"), &names);
            assert_eq!(evaluate(&python, &format!("left[-1] is value and left == original({call})"), &names), "True");
        }
    }
}

#[test]
fn a_default_lives_through_the_call_that_it_stands_in() {
    own_process!();
    let python = start();
    let names = names(&python);
    let module = arguments(&python);
    let specializer = specializer(&python);
    let callable = member(&python, &module, "call_first");
    let fast = specializer.function(&python, &callable).expect("it has a stub");
    let raw = stub(&python, &specializer, &callable, Entry::Vectorcall);
    bind(&python, &names, "fast", &fast);
    bind(&python, &names, "original", &callable);
    let raw = raw.address().as_ptr() as usize;
    execute(
        &python,
        &format!(
            "class Default:\n  def __init__(self): self.name = 'the default'\n  \
             def __repr__(self): return self.name\n  def __del__(self): gone.append(self.name)\n\
             for call in original, fast, functools.partial(raw_calls.vectorcall, {raw}, original):\n  gone = []\n  \
             module.set_default(Default())\n  assert call(lambda: module.set_default(3)) == 'the default'\n  \
             assert gone == ['the default'], gone\n  \
             module.set_default(Default())\n  gone = []\n  \
             try: call(lambda: (module.set_default(3), 1 / 0))\n  except ZeroDivisionError: pass\n  \
             assert gone == ['the default'], gone\n  \
             value = ['held']\n  module.set_default(value)\n  before = sys.getrefcount(value)\n  \
             for _ in range(100): call(int), call(int, 3)\n  assert sys.getrefcount(value) == before"
        ),
        &names,
    );
}

#[test]
fn conventions_that_cannot_pass_a_signature_say_what_to_do() {
    own_process!();
    let python = start();
    let module = arguments(&python);
    let specializer = specializer(&python);
    for (method, told) in [
        (
            "wrong_default",
            "x may be left out, and METH_O always passes an argument: define the method as METH_FASTCALL",
        ),
        (
            "wrong_name",
            "x is given by name only, and METH_FASTCALL passes no names: define the method as METH_FASTCALL |",
        ),
        ("wrong_name_o", "x is given by name only, and METH_O passes no names: define the method as METH_FASTCALL |"),
    ] {
        let callable = member(&python, &module, method);
        for entry in [Entry::Boxed, Entry::Guarded, Entry::Vectorcall] {
            let error = specializer.stub(&python, &callable, entry).expect_err("no such call");
            assert!(matches!(error, Error::Mismatch { .. }) && error.to_string().contains(told), "{error}");
        }
        assert!(specializer.function(&python, &callable).is_err());
        let five = python.int(5).expect("there is memory");
        assert_eq!(callable.call(&python, &[&five]).expect("it works").text(&python).expect("a text"), "5");
    }
}

#[test]
fn a_signature_that_is_told_has_no_names_only_a_wrapper_knows() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let sorted = member(&python, &python.import("builtins").expect("always there"), "sorted");
    let error = specializer.declare(&python, &sorted, "(object, *, key: object) -> list raises null");
    assert!(error.expect_err("a name").to_string().contains("key is given by name only"));
}

#[test]
fn a_boxed_stub_takes_every_argument_and_names_them_when_it_falls_back() {
    own_process!();
    let python = start();
    let names = names(&python);
    let module = arguments(&python);
    let specializer = specializer(&python);
    for method in ["tuple_three", "fast_three"] {
        let boxed = stub(&python, &specializer, &member(&python, &module, method), Entry::Boxed);
        let address = boxed.address().as_ptr() as usize;
        // The wrapper refuses values that do not fit 32 bits.
        for (base, expected) in [("3", "(5, 0.5, 3)"), ("2**40", "signed integer is greater than maximum")] {
            execute(
                &python,
                &format!(
                    "try: found = str(raw_calls.boxed({address}, 5, 0.5, {base}))\nexcept OverflowError as error: found = str(error)"
                ),
                &names,
            );
            assert_eq!(evaluate(&python, "found", &names), expected, "{method}");
        }
    }
}

#[test]
fn overloads_match_names_and_defaults_each_by_itself() {
    own_process!();
    let python = start();
    let names = names(&python);
    let callable = member(&python, &arguments(&python), "pick");
    let specializer = specializer(&python);
    let fast = specializer.function(&python, &callable).expect("it has a stub");
    let raw = stub(&python, &specializer, &callable, Entry::Vectorcall);
    assert_eq!(raw.not_dispatched(), []);
    bind(&python, &names, "original", &callable);
    bind(&python, &names, "fast", &fast);
    let address = raw.address().as_ptr() as usize;
    execute(
        &python,
        &format!(
            "comparison = Comparison('pick', [original, fast])\n\
             raw = functools.partial(raw_calls.vectorcall, {address}, original)\n\
             def given(*arguments, **keywords): return arguments, keywords"
        ),
        &names,
    );
    for (call, wrapper) in [
        ("1", 0),
        ("0.5", 0),
        ("x=0.5", 0),
        ("0.5, scale=0.25", 0),
        ("scale=0.25, x=0.5", 0),
        ("'a'", 0),
        ("text='a'", 0),
        ("'a', 2", 0),
        ("times=2, text='a'", 0),
        ("x=1", 1),
        ("1, scale=0.5", 1),
        ("'a', times='b'", 1),
        ("text=0.5", 1),
        ("'a', scale=0.5", 1),
        ("2**70", 1),
        ("0.5, 0.5", 1),
        ("", 1),
    ] {
        execute(
            &python,
            &format!(
                "arguments, keywords = given({call})\n\
                 for way in (fast, raw): comparison({call:?}, original, way, arguments, keywords)\n\
                 before = module.calls()\n\
                 for way in (fast, raw):\n  try: way(*arguments, **keywords)\n  except Exception: pass"
            ),
            &names,
        );
        assert_eq!(evaluate(&python, "(module.calls() - before) / 2", &names), format!("{wrapper}.0"), "{call}");
        assert_eq!(evaluate(&python, "'\\n'.join(comparison.differences)", &names), "", "{call}");
    }
}

/// The results of a stub for one call, through raw calls.
fn for_call(method: &str, types: &[&Type], keywords: &[&str], calls: &[(&str, &str)]) -> String {
    let python = start();
    let names = names(&python);
    let callable = member(&python, &arguments(&python), method);
    let call = Call {
        arguments: types.iter().copied().cloned().collect(),
        keywords: keywords.iter().map(|name| (*name).into()).collect(),
    };
    let stub = specializer(&python).stub_for_call(&python, &callable, &call).unwrap_or_else(|error| panic!("{error}"));
    let address = stub.address().as_ptr() as usize;
    for (values, expected) in calls {
        execute(
            &python,
            &format!(
                "before = module.calls()\ntry: found = repr(raw_calls.boxed({address}, {values}))\nexcept Exception as error: found = str(error)"
            ),
            &names,
        );
        assert_eq!(
            evaluate(&python, "found + ' by wrapper' * (module.calls() - before)", &names),
            *expected,
            "{values}"
        );
    }
    stub.ir()
}

#[test]
fn names_and_defaults_of_one_call_are_resolved_when_it_compiles() {
    own_process!();
    let (long, float, any) = (&Type::LONG_EXACT, &Type::FLOAT_EXACT, &Type::OBJECT);
    for method in ["tuple_three", "fast_three"] {
        let ir = for_call(
            method,
            &[long, any],
            &["base", "x"],
            &[("3, 5", "(5, 2.5, 3)"), ("3, True", "(1, 2.5, 3) by wrapper"), ("3, 7", "seven")],
        );
        assert!(ir.contains("CDouble[2.5] = LoadConst") && ir.matches("Guard").count() == 1, "{ir}");
        for_call(
            method,
            &[long, float],
            &[],
            &[("3, 0.5", "(3, 0.5, 10)"), ("2**70, 0.5", "int too big to convert by wrapper")],
        );
    }
    for_call(
        "every",
        &[float],
        &["h"],
        &[("0.5", "(-128, 255, 18446744073709551615, 0.10000000149011612, True, -9223372036854775808, 65535, 0.5)")],
    );
}

/// A subclass takes the fallback after arguments were matched, when the default is already held.
#[test]
fn a_default_is_held_no_longer_than_the_call() {
    own_process!();
    let python = start();
    let names = names(&python);
    let callable = member(&python, &arguments(&python), "Point.tagged");
    let raw = stub(&python, &specializer(&python), &callable, Entry::Vectorcall);
    bind(&python, &names, "original", &callable);
    let raw = raw.address().as_ptr() as usize;
    execute(
        &python,
        &format!(
            "value = ['a tag']\nmodule.set_default(value)\nclass Sub(module.Point): pass\n\
             point, sub = module.Point(), Sub()\n\
             call = functools.partial(raw_calls.vectorcall, {raw}, original)\n\
             for receiver in point, sub:\n  before = sys.getrefcount(value)\n  \
             for _ in range(100): assert call(receiver) == (receiver, value) == call(receiver, value)\n  \
             assert sys.getrefcount(value) == before, receiver\n\
             before = sys.getrefcount(value)\n\
             for wrong in ((3,), (), (point, 1, 2)):\n  try: call(*wrong)\n  except TypeError: pass\n\
             assert sys.getrefcount(value) == before"
        ),
        &names,
    );
}

#[test]
fn a_receiver_of_any_type_is_checked() {
    own_process!();
    let (any, long) = (&Type::OBJECT, &Type::LONG_EXACT);
    let foreign =
        |class| format!("descriptor 'scaled' for 'arguments.Point' objects doesn't apply to a '{class}' object");
    let (int, ellipsis) = (foreign("int"), foreign("ellipsis"));
    for_call("Point.scaled", &[any, long], &[], &[("3, 5", &int), ("Ellipsis, 5", &ellipsis)]);
    for_call("Point.scaled", &[any, long], &["x"], &[("3, 5", &int)]);
    // The proof of the caller is not enough either.
    for_call("Point.scaled", &[&any.without(&Type::NONE_TYPE), long], &[], &[("3, 5", &int)]);
    for_call("Point.scaled", &[long, long], &[], &[("3, 5", &int)]);
}

#[test]
fn calls_that_no_overload_takes_have_no_stub() {
    own_process!();
    let python = start();
    let module = arguments(&python);
    let specializer = specializer(&python);
    let refused = |method: &str, count: usize, keywords: &[&str]| {
        let call = Call {
            arguments: vec![Type::OBJECT; count],
            keywords: keywords.iter().map(|name| (*name).into()).collect(),
        };
        let callable = member(&python, &module, method);
        specializer.stub_for_call(&python, &callable, &call).expect_err("no such call").to_string()
    };
    for (method, count, keywords, told) in [
        ("fast_three", 2, &["bogus"][..], "it has no parameter bogus"),
        ("fast_three", 2, &["x"], "the call gives x twice"),
        ("fast_three", 1, &["base"], "the call does not give x"),
        ("fast_three", 0, &[], "it takes 3 arguments, the call has 0"),
        ("fast_three", 1, &["x", "base"], "1 arguments, but at least 2"),
        ("fast_three", 2, &["x", "x"], "x is given twice"),
        ("tuple_two", 2, &["y"], "METH_VARARGS passes no names"),
        ("only_named", 1, &["key"], "it is left out, and its default is no C number"),
        ("Point.scaled", 0, &[], "0 arguments, but at least 1"),
    ] {
        let error = refused(method, count, keywords);
        assert!(error.contains(told), "{method}: {error}");
    }
}

/// Declares a signature for a callable of the standard library, and compares its stubs with it.
fn declared(module: &str, path: &str, signature: &str, calls: &[&str]) {
    let python = start();
    let names = names(&python);
    let callable = member(&python, &python.import(module).expect("it is there"), path);
    let specializer = specializer(&python);
    specializer.declare(&python, &callable, signature).unwrap_or_else(|error| panic!("{path}: {error}"));
    let function = specializer.function(&python, &callable).expect("it has a stub");
    let vectorcall = stub(&python, &specializer, &callable, Entry::Vectorcall);
    let boxed = stub(&python, &specializer, &callable, Entry::Boxed);
    bind(&python, &names, "original", &callable);
    bind(&python, &names, "fast", &function);
    execute(
        &python,
        &format!(
            "import re\ncomparison = Comparison({path:?}, [original, fast])\n\
             def given(*arguments, **keywords): return arguments, keywords\n\
             raw = functools.partial(raw_calls.vectorcall, {}, original)\n\
             boxed = functools.partial(raw_calls.boxed, {})",
            vectorcall.address().as_ptr() as usize,
            boxed.address().as_ptr() as usize,
        ),
        &names,
    );
    for (position, call) in calls.iter().enumerate() {
        // The first call is one that the signature proves.
        let ways = if position == 0 { "(fast, raw, boxed)" } else { "(fast, raw)" };
        execute(
            &python,
            &format!(
                "arguments, keywords = given({call})\n\
                 for way in {ways}: comparison({call:?}, original, way, arguments, keywords)"
            ),
            &names,
        );
    }
    assert_eq!(evaluate(&python, "'\\n'.join(comparison.differences[:5])", &names), "", "{path}");
}

#[test]
fn wrappers_of_every_convention_are_called_directly() {
    own_process!();
    let split = "(self: str, sep: str, maxsplit: int) -> list raises null";
    declared(
        "builtins",
        "str.split",
        split,
        &["'a b c', ' ', 1", "'a b', maxsplit=1, sep='b'", "'a'", "'a', sep=3", "1"],
    );
    let format = "(self: str, object, object) -> str raises null";
    declared("builtins", "str.format", format, &["'{}{}', 1, []", "'{}{x}', 1, x=2", "'{}', 1", "'{}'", "3, 4, 5", ""]);
    let search = "(self: object, string: str) -> object raises null";
    declared(
        "re",
        "Pattern.fullmatch",
        search,
        &[
            "re.compile('b'), 'a'",
            "re.compile('b'), string='a'",
            "re.compile('b'), 'ab', 1, 1",
            "3, 'a'",
            "re.compile('a'), b'a'",
        ],
    );
    let sorted = "(list) -> list raises null";
    declared("builtins", "sorted", sorted, &["[]", "[], key=len", "iterable=[]", "3", ""]);
    let import = "(name: str, names: dict, more: dict, list: tuple, level: int) -> object raises null";
    declared("builtins", "__import__", import, &["'re', {}, {}, (), 0", "'re'", "name='re'", "'no such module'", "3"]);
}

#[test]
fn a_bound_method_keeps_its_defining_class() {
    own_process!();
    let python = start();
    let names = names(&python);
    let point = member(&python, &arguments(&python), "Point").call(&python, &[]).expect("a point");
    let callable = member(&python, &point, "scaled_of");
    let specializer = specializer(&python);
    bind(&python, &names, "original", &callable);
    let ways = [Entry::Vectorcall, Entry::Guarded].map(|entry| stub(&python, &specializer, &callable, entry));
    let [vectorcall, guarded] = ways.each_ref().map(|stub| stub.address().as_ptr() as usize);
    execute(
        &python,
        &format!(
            "comparison = Comparison('bound', [original])\n\
             flags = 0x282\n\
             ways = [functools.partial(raw_calls.vectorcall, {vectorcall}, original), \
             functools.partial(raw_calls.ml_meth, {guarded}, flags, None, module.Point)]\n\
             for way in ways:\n\
             \x20   for arguments, keywords in calls([INTS, INTS], ['x', 'by'], 'same'):\n\
             \x20       comparison('bound', original, way, tuple(arguments), keywords)"
        ),
        &names,
    );
    assert_eq!(evaluate(&python, "'\\n'.join(comparison.differences[:5])", &names), "");
}
