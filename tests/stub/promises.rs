//! A specializer that verifies catches methods that break their promises, and leaves the others unchanged.

use crate::support::extension::{agree, bind, evaluate, execute, import, member, start};
use typedcall::embed::{Object, Python};
use typedcall::{Options, Specializer};

fn promises(python: &Python) -> Object {
    import(python, "promises", include_str!("../c/promises.c"), &["-O1", "-Wall", "-Wextra"])
}

fn specializer(python: &Python, verify: bool) -> Specializer {
    let mut options = Options::default();
    options.verify = verify;
    Specializer::new(python, options).expect("the crate is built for the running interpreter")
}

/// The result or the exception of an expression of `f`, a verifying stub of this method. Its name stands for the
/// method.
fn outcome(method: &str, expression: &str) -> String {
    let python = start();
    let module = promises(&python);
    let callable = member(&python, &module, method);
    let names = agree(&python);
    let stub = specializer(&python, true).function(&python, &callable).expect("a stub can do it");
    bind(&python, &names, "f", &stub);
    bind(&python, &names, "module", &module);
    execute(
        &python,
        &format!(
            "def outcome():\n  try: return repr({expression})\n  except Exception as error:\n    \
             return f'{{type(error).__name__}}: {{error}}'\nfound = outcome()"
        ),
        &names,
    );
    evaluate(&python, "found", &names).replace(&format!("<built-in function {method}>"), method)
}

#[test]
fn a_pure_method_is_compared_with_its_wrapper() {
    own_process!();
    assert_eq!(outcome("pure_kept", "f(21)"), "42");
    assert_eq!(
        outcome("pure_differs", "f(21)"),
        "SystemError: pure_differs promises pure, but its underlying function returned 43 and its wrapper returned 42"
    );
    assert_eq!(
        outcome("pure_counts", "f(7)"),
        "SystemError: pure_counts promises pure, but its underlying function returned 8 and its wrapper returned 7"
    );
    assert_eq!(outcome("pure_float", "(f(float('nan')), f(-0.0))"), "(nan, -0.0)");
    assert_eq!(outcome("pure_pair", "f(float('nan'))"), "(nan, nan)");
    assert_eq!(
        outcome("ones", "f(0)"),
        "SystemError: ones promises pure, but its underlying function returned ([-0.0],) and its wrapper returned ([0.0],)"
    );
    // Only the wrapper makes a call that takes the fallback.
    assert_eq!(outcome("pure_differs", "f(True)"), "2");
}

#[test]
fn a_pure_method_raises_as_its_wrapper_does() {
    own_process!();
    assert_eq!(outcome("raises_alike", "f(2)"), "2");
    assert_eq!(outcome("raises_alike", "f(3)"), "ValueError: odd");
    let promise = "promises pure, but its underlying function";
    for (method, difference) in [
        ("only_wrapper_raises", "returned 3 and its wrapper raised ValueError('odd')"),
        ("only_function_raises", "raised ValueError('odd') and its wrapper returned 3"),
        ("raises_other", "raised KeyError('odd') and its wrapper raised ValueError('odd')"),
    ] {
        assert_eq!(outcome(method, "f(2)"), "2");
        assert_eq!(outcome(method, "f(3)"), format!("SystemError: {method} {promise} {difference}"));
    }
}

#[test]
fn the_words_of_an_exception_are_compared_too() {
    own_process!();
    assert_eq!(
        outcome("words", "f(0)"),
        "SystemError: words promises pure, but its underlying function raised KeyError('mine') and its wrapper raised \
         KeyError('its')"
    );
}

#[test]
fn what_nobody_has_cannot_be_borrowed() {
    own_process!();
    assert_eq!(
        outcome("borrowed_fresh", "f()"),
        "SystemError: borrowed_fresh promises borrowed_result, but its underlying function returned [], of which there is \
         1 reference, and its wrapper [], of which there was 1: nobody else has them"
    );
}

#[test]
fn a_method_that_never_raises_does_not() {
    own_process!();
    assert_eq!(outcome("never_raises", "f(2)"), "2");
    assert_eq!(
        outcome("never_raises", "f(3)"),
        "SystemError: never_raises promises never to raise, but its underlying function raised ValueError('odd')"
    );
}

#[test]
fn a_method_that_runs_no_python_enters_no_frames() {
    own_process!();
    assert_eq!(outcome("runs_python", "f(dict)"), "{}");
    assert_eq!(
        outcome("runs_python", "f(lambda: 3)"),
        "SystemError: runs_python promises no_python, which is 0 Python frames, but its underlying function entered 1"
    );
    // Functions that call each other without leaving the interpreter are one frame that was entered from C.
    assert_eq!(outcome("says_nothing", "f(lambda: 3)"), "3");
    // The interpreter's own evaluator is back.
    assert_eq!(outcome("runs_python", "[f(dict), (lambda: 3)()]"), "[{}, 3]");
}

#[test]
fn counts_tell_borrowed_references_from_new_ones() {
    own_process!();
    assert_eq!(outcome("borrowed_kept", "f() is module.shared"), "True");
    let leaks = outcome("borrowed_leaks", "f()");
    let (before, after) =
        counts(&leaks, "borrowed_leaks promises borrowed_result, so that the count of its result stays ");
    assert_eq!(after, before + 1);
    assert_eq!(outcome("argument_kept", "f(names := ['a']) is names"), "True");
    let leaks = outcome("argument_leaks", "f(['a'])");
    let (before, after) =
        counts(&leaks, "argument_leaks promises borrowed_result, so that the count of its result stays ");
    assert_eq!(after, before + 1);
    assert_eq!(outcome("new_kept", "f(names := ['a']) is names"), "True");
    let borrowed = outcome("new_is_borrowed", "f(['a'])");
    let promise = "new_is_borrowed promises a new reference, so that the count of its result rises from ";
    let (before, after) = counts(&borrowed, promise);
    assert_eq!(after, before);
}

#[test]
fn what_only_looks_like_a_lie_is_none() {
    own_process!();
    assert_eq!(outcome("keep", "f(x := ['kept']) is x"), "True");
    assert_eq!(outcome("pass_on", "f(x := ['passed on']) is x"), "True");
    assert_eq!(outcome("take_last", "(module.keep(x := ['last']), f(x) is x)[1]"), "True");
    assert_eq!(outcome("fresh", "type(f(object)[0][0]) is object"), "True");
    assert_eq!(outcome("make", "f(type('Odd', (), {'__eq__': lambda *_: 1 / 0})) is not None"), "True");
    let garbage = "[type('T', (), {'__del__': lambda self: None})() for _ in range(50)]";
    let cycles = format!("[setattr(x, 'me', x) for x in {garbage}] and len(f(5000))");
    assert_eq!(outcome("lists", &cycles), "5000");
    // A method that is neither pure nor borrowed is called once.
    let twice = "(module.keep(x := ['last']), module.keep(x), f(x), module.take_last(x) is x)[3]";
    assert_eq!(outcome("take_last", twice), "True");
    assert_eq!(outcome("tangle", "len(f(1))"), "3");
    // Another test's call may be watched now.
    let enabled = "any(__import__('gc').isenabled() or __import__('time').sleep(0.01) for _ in range(1000))";
    assert_eq!(outcome("lists", enabled), "True");
}

#[test]
fn comparing_may_change_what_is_compared() {
    own_process!();
    let clears = "type('E', (), {'__eq__': lambda self, other: [x.clear() for x in both] and False})()";
    let expression = format!("(both := [], f(both.append(first := [{clears}, 1, 2]) or first) == [])[1]");
    assert!(["True", "False"].contains(&outcome("give", &expression).as_str()));
}

#[test]
fn an_error_without_an_exception_is_one() {
    own_process!();
    assert_eq!(
        outcome("silent", "f(1)"),
        "SystemError: silent returned an error without an exception from its underlying function"
    );
}

#[test]
fn an_interrupted_wrapper_is_the_outcome() {
    own_process!();
    let interrupt = "type('T', (), {'__init__': lambda self: (_ for _ in ()).throw(MemoryError('none left'))})";
    assert_eq!(outcome("make", &format!("f({interrupt})")), "MemoryError: none left");
}

/// Both counts in the message.
fn counts(message: &str, promise: &str) -> (u64, u64) {
    let rest = message.strip_prefix("SystemError: ").and_then(|message| message.strip_prefix(promise));
    let values = rest.and_then(|rest| rest.split_once(", but after its underlying function it was "));
    let (before, after) = values.unwrap_or_else(|| panic!("{message}"));
    (before.parse().expect("a number"), after.parse().expect("a number"))
}

#[test]
fn verified_stubs_leave_no_references_behind() {
    own_process!();
    let python = start();
    let module = promises(&python);
    let names = agree(&python);
    let specializer = specializer(&python, true);
    bind(&python, &names, "module", &module);
    for (method, argument) in [
        ("pure_pair", "object()"),
        ("pure_kept", "2**40"),
        ("raises_alike", "2**40 + 1"),
        ("only_wrapper_raises", "2**40 + 1"),
        ("raises_other", "2**40 + 1"),
        ("pure_differs", "2**40"),
        ("never_raises", "2**40 + 1"),
        ("runs_python", "lambda: 2**40"),
        ("argument_kept", "object()"),
    ] {
        let stub = specializer.function(&python, &member(&python, &module, method)).expect("a stub can do it");
        bind(&python, &names, "f", &stub);
        // Other tests' threads allocate too, now and then.
        let calls = format!(
            "x = {argument}\n\
             def count(): return sys.getrefcount(x), sys.getrefcount(f), sys.getallocatedblocks()\n\
             def calls():\n  for _ in range(1000):\n    try: f(x)\n    except Exception: pass\n\
             for _ in range(10):\n  before = count()\n  calls()\n  after = count()\n  \
             if before[:2] == after[:2] and after[2] - before[2] < 100: break"
        );
        execute(&python, &calls, &names);
        let kept = evaluate(&python, "before[:2] == after[:2] and after[2] - before[2] < 100", &names);
        assert_eq!(kept, "True", "{method}: {}", evaluate(&python, "before, after", &names));
    }
}

#[test]
fn without_verification_a_lie_is_believed() {
    own_process!();
    let python = start();
    let module = promises(&python);
    let stub = specializer(&python, false)
        .function(&python, &member(&python, &module, "pure_differs"))
        .expect("a stub can do it");
    let number = python.int(21).expect("there is memory");
    assert_eq!(stub.call(&python, &[&number]).expect("it returns").text(&python).as_deref(), Ok("43"));
}
