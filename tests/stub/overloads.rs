//! A stub with several overloads takes the one that fits, and leaves calls to the wrapper that may be meant for
//! another.

use crate::support::extension::{agree, bind, evaluate, execute, import, member, specializer, start, stub};
use typedcall::embed::{Object, Python};
use typedcall::{Entry, Stub};

fn overloads(python: &Python) -> Object {
    import(python, "overloads", include_str!("../c/overloads.c"), &["-O1", "-Wall", "-Wextra"])
}

/// How often the wrapper ran for these arguments, given to a function made for Python and to a raw stub; both must do
/// what the original does.
fn wrapper_calls(method: &str, arguments: &[&str]) -> Vec<String> {
    let python = start();
    let module = overloads(&python);
    let specializer = specializer(&python);
    let callable = member(&python, &module, method);
    let names = agree(&python);
    let fast = specializer.function(&python, &callable).expect("it has overloads that stubs can do");
    let raw = stub(&python, &specializer, &callable, Entry::Vectorcall);
    for (name, object) in [("module", &module), ("original", &callable), ("fast", &fast)] {
        bind(&python, &names, name, object);
    }
    let address = raw.address().as_ptr() as usize;
    let raw = format!("functools.partial(raw_calls.vectorcall, {address}, original)");
    execute(
        &python,
        &format!("raw = {raw}\nreceiver = (module.Flipper(),) if {:?} in original.__qualname__ else ()", "."),
        &names,
    );
    let count = |arguments: &&str| {
        execute(
            &python,
            &format!(
                "arguments = (*receiver, {arguments})\ncomparison = Comparison('', [original, fast])\n\
                 for way in (fast, raw): comparison('', original, way, arguments)\n\
                 before = module.calls()\n\
                 for way in (fast, raw):\n  try: way(*arguments)\n  except Exception: pass\n\
                 ran = module.calls() - before"
            ),
            &names,
        );
        assert_eq!(evaluate(&python, "'\\n'.join(comparison.differences)", &names), "", "{method}({arguments})");
        evaluate(&python, "ran", &names)
    };
    arguments.iter().map(count).collect()
}

#[test]
fn each_overload_is_taken_by_what_fits_it() {
    own_process!();
    for method in ["flip", "Flipper.same"] {
        let fitting = ["3,", "-2**40,", "0.5,", "float('nan'),"];
        assert_eq!(wrapper_calls(method, &fitting), ["0"; 4], "{method}");
    }
    assert_eq!(wrapper_calls("flip", &["'text',", "'',"]), ["0"; 2]);
}

#[test]
fn what_fits_none_is_the_wrappers() {
    own_process!();
    let others = ["True,", "Int(3),", "Float(0.5),", "Str('text'),", "2**70,", "None,", "[],", "Index(7),", "", "1, 2"];
    // CPython itself checks the number of arguments of a METH_O function.
    let counts = ["2", "2", "2", "2", "2", "2", "2", "2", "0", "0"];
    let ran = wrapper_calls("flip", &others);
    assert_eq!(ran[..8], counts[..8]);
}

#[test]
fn an_overload_that_an_earlier_one_may_convert_for_is_the_wrappers() {
    own_process!();
    assert_eq!(wrapper_calls("float_first", &["0.5,", "3,", "'text',"]), ["0", "2", "0"]);
}

#[test]
fn overloads_differ_by_their_number_of_arguments() {
    own_process!();
    let arguments = ["1, 0.5", "3,", "0.5,", "1, 2", "0.5, 1.0", "", "1, 0.5, 2"];
    assert_eq!(wrapper_calls("by_count", &arguments), ["0", "0", "0", "2", "2", "2", "2"]);
}

/// Stubs of one kind share a shape: these two differ only in names.
#[test]
fn names_tell_overloads_apart_in_each_shape() {
    own_process!();
    let python = start();
    let module = overloads(&python);
    let specializer = specializer(&python);
    let names = python.namespace().expect("there is memory");
    for name in ["apart", "alike"] {
        let fast = specializer.function(&python, &member(&python, &module, name)).expect("it has overloads");
        bind(&python, &names, name, &fast);
    }
    assert_eq!(evaluate(&python, "apart(x=5.0), apart(y=5)", &names), "('float 5', 'int 5')");
    assert_eq!(evaluate(&python, "alike(x=5.0), alike(x=5)", &names), "('float 5', 'float 5')");
}

#[test]
fn a_stub_tells_which_overloads_it_leaves_to_the_wrapper() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let module = overloads(&python);
    let reasons = |stub: &Stub| stub.not_dispatched();
    let all = stub(&python, &specializer, &member(&python, &module, "flip"), Entry::Guarded);
    assert_eq!(reasons(&all), []);
    let two = stub(&python, &specializer, &member(&python, &module, "float_first"), Entry::Guarded);
    assert_eq!(
        reasons(&two),
        [(
            "(i64) -> i64 [no_python]".to_owned(),
            "the same arguments may be a call of (f64) -> f64 [no_python], which comes first".to_owned()
        )]
    );
    let plan = two.plan().expect("two overloads have an arm").to_string();
    assert!(plan.contains("arm 0, overload 0:") && plan.contains("arm 1, overload 2:"), "{plan}");
}
