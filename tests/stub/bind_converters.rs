//! Kinds without a format unit in CPython are checked with CPython's own words, and the position of the argument.

use std::ffi::c_void;
use std::ptr::NonNull;

use crate::support::extension::{evaluate, run, specializer, start};
use pyo3_ffi::PyObject;
use typedcall::Bind;
use typedcall::embed::Python;

/// Returns a new reference to its last argument, or to the first if that is null.
unsafe extern "C" fn second(first: *mut PyObject, second: *mut PyObject) -> *mut PyObject {
    let given = if second.is_null() { first } else { second };
    // SAFETY: the stub passes objects that live through the call.
    unsafe { pyo3_ffi::Py_NewRef(given) }
}

/// A namespace with `f`, of this signature.
fn with(python: &Python, signature: &str) -> typedcall::embed::Object {
    let specializer = specializer(python);
    let address = NonNull::new(second as *mut c_void).expect("a function has an address");
    // SAFETY: every signature in this file is of two objects.
    let f = unsafe { specializer.bind(python, address, signature, "f", &Bind::default()) };
    let names = run(
        python,
        "import decimal, fractions\n\
         class Int(int): pass\n\
         class Decimal(decimal.Decimal): pass\n",
    );
    names.set_item(python, "f", &f.expect(signature)).expect("there is memory");
    names
}

/// The result or the exception of `f(*arguments)`.
fn outcome(python: &Python, signature: &str, call: &str) -> String {
    let names = with(python, signature);
    python.eval(call, &names).and_then(|value| value.repr(python)).unwrap_or_else(|error| error.to_string())
}

#[test]
fn an_object_of_another_type_is_refused_in_the_words_of_the_unit_for_types() {
    own_process!();
    let python = start();
    let of = |signature: &str, call: &str| outcome(&python, signature, call);
    assert_eq!(of("(object, int) -> object", "f(1, 2**70)"), (1_i128 << 70).to_string());
    assert_eq!(of("(object, int) -> object", "f(1, 'text')"), "TypeError: f() argument 2 must be int, not str");
    assert_eq!(of("(object, int) -> object", "f(1, None)"), "TypeError: f() argument 2 must be int, not None");
    assert_eq!(of("(object, int+) -> object", "f(1, 'text')"), "TypeError: f() argument 2 must be int, not str");
    assert_eq!(of("(object, y: int) -> object", "f(1, y='text')"), "TypeError: f() argument 2 must be int, not str");
    assert_eq!(of("(object, None) -> object", "f(1, 2)"), "TypeError: f() argument 2 must be None, not int");
    // The author of a wrapper would have to write this one by hand.
    assert_eq!(of("(object, int) -> object", "f(1, Int(3))"), "TypeError: f() argument 2 must be exactly int, not Int");
    assert_eq!(of("(object, int) -> object", "f(1, True)"), "TypeError: f() argument 2 must be exactly int, not bool");
    assert_eq!(of("(object, int+) -> object", "f(1, Int(3))"), "3");
}

#[test]
fn none_is_null_where_it_is_admitted_and_named_where_it_is_not_the_only_one() {
    own_process!();
    let python = start();
    let of = |signature: &str, call: &str| outcome(&python, signature, call);
    for nullable in ["object?", "int?", "int+?", "str?", "type:decimal.Decimal+?"] {
        assert_eq!(of(&format!("(object, {nullable}) -> object"), "f('first', None)"), "'first'", "{nullable}");
        assert_eq!(of(&format!("(object, {nullable} = None) -> object"), "f('first')"), "'first'", "{nullable}");
        let named = format!("(x: object, y: {nullable} = None) -> object");
        assert_eq!(of(&named, "f(y=None, x='first')"), "'first'", "{nullable}");
    }
    assert_eq!(of("(object, int?) -> object", "f(1, 'x')"), "TypeError: f() argument 2 must be int or None, not str");
    let exactly = "TypeError: f() argument 2 must be exactly int or None, not Int";
    assert_eq!(of("(object, int?) -> object", "f(1, Int(3))"), exactly);
}

#[test]
fn types_of_extensions_are_checked_by_their_names() {
    own_process!();
    let python = start();
    let of = |signature: &str, call: &str| outcome(&python, signature, call);
    let exact = "(object, type:decimal.Decimal) -> object";
    let open = "(object, type:decimal.Decimal+) -> object";
    assert_eq!(of(exact, "f(1, decimal.Decimal(3))"), "Decimal('3')");
    assert_eq!(of(open, "f(1, Decimal(3))"), "Decimal('3')");
    let refused = "TypeError: f() argument 2 must be decimal.Decimal, not int";
    assert_eq!((of(exact, "f(1, 3)"), of(open, "f(1, 3)")), (refused.to_owned(), refused.to_owned()));
    let subclass = "TypeError: f() argument 2 must be exactly decimal.Decimal, not Decimal";
    assert_eq!(of(exact, "f(1, Decimal(3))"), subclass);
}

#[test]
fn the_only_argument_has_no_number() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    unsafe extern "C" fn same(object: *mut PyObject) -> *mut PyObject {
        // SAFETY: as above.
        unsafe { pyo3_ffi::Py_NewRef(object) }
    }
    let address = NonNull::new(same as *mut c_void).expect("a function has an address");
    // SAFETY: this is its signature.
    let f = unsafe { specializer.bind(&python, address, "(list) -> object", "f", &Bind::default()) };
    let names = run(&python, "");
    names.set_item(&python, "f", &f.expect("it can be bound")).expect("there is memory");
    assert_eq!(evaluate(&python, "f([1])", &names), "[1]");
    let error = python.eval("f(1)", &names).expect_err("no list");
    assert_eq!(error.to_string(), "TypeError: f() argument must be list, not int");
}
