//! How a bound function looks to Python and to the rest of the library, and which functions are refused.

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use crate::support::bare::{Case, bare, bind_case, case};
use crate::support::extension::{agree, evaluate, execute, raw_calls, run, specializer, start, stub, value};
use typedcall::embed::{Object, Python};
use typedcall::metadata::{DefaultValue, Kind, Signature};
use typedcall::{BareFunction, Bind, Entry, Specializer};

unsafe extern "C" {
    fn fmod(x: f64, y: f64) -> f64;
    fn lgamma(x: f64) -> f64;
    fn pow(x: f64, y: f64) -> f64;
    fn sin(x: f64) -> f64;
    fn toupper(character: i32) -> i32;
}

fn bind(
    python: &Python,
    specializer: &Specializer,
    function: *const c_void,
    signature: &str,
    name: &str,
    options: &Bind<'_>,
) -> Result<Object, String> {
    let address = NonNull::new(function.cast_mut()).expect("a function has an address");
    // SAFETY: the tests give the C signature of the function.
    unsafe { specializer.bind(python, address, signature, name, options) }.map_err(|error| error.to_string())
}

/// The bound `sin` as `f` in a namespace.
fn bound_sin(python: &Python, specializer: &Specializer, options: &Bind<'_>) -> Object {
    let f =
        bind(python, specializer, sin as *const c_void, "(x: f64) -> f64", "sin", options).expect("it can be bound");
    let names = python.namespace().expect("there is memory");
    names.set_item(python, "f", &f).expect("there is memory");
    names
}

#[test]
fn the_c_librarys_functions_agree_with_ctypes() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let unary = "(f64) -> f64 [no_python]";
    let binary = "(x: f64, y: f64) -> f64 [no_python, nogil]";
    let functions: [(&str, *const c_void, &str); 5] = [
        ("sin", sin as *const c_void, unary),
        ("lgamma", lgamma as *const c_void, unary),
        ("pow", pow as *const c_void, binary),
        ("fmod", fmod as *const c_void, "(f64, f64) -> f64"),
        ("toupper", toupper as *const c_void, "(i32) -> i32"),
    ];
    let names = agree(&python);
    for (name, function, signature) in functions {
        let signature = signature.replace(", nogil", "");
        let bound = bind(&python, &specializer, function, &signature, name, &Bind::default()).expect("it can be bound");
        names.set_item(&python, "bound", &bound).expect("there is memory");
        execute(
            &python,
            &format!(
                "import ctypes\n\
                 other = getattr(ctypes.CDLL('libm.so.6'), {name:?}, None) or getattr(ctypes.CDLL(None), {name:?})\n\
                 kinds = [ctypes.c_int] if {name:?} == 'toupper' else [ctypes.c_double] * (2 if {name:?} in ('pow', 'fmod') \
                 else 1)\n\
                 other.argtypes, other.restype = kinds, kinds[0]\n\
                 values = range(-1, 256) if {name:?} == 'toupper' else FLOATS + [1, -3, 2**40, True]\n\
                 for arguments in itertools.product(values, repeat=len(kinds)):\n\
                 \x20   found, expected = bound(*arguments), other(*arguments)\n\
                 \x20   assert describe(found, ()) == describe(expected, ()), ({name:?}, arguments, found, expected)\n"
            ),
            &names,
        );
    }
}

#[test]
fn a_bound_function_looks_like_an_ordinary_built_in_one() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let options = Bind { module: Some("lib.math"), doc: Some("The sine.\n\nOf radians."), text_signature: None };
    let names = bound_sin(&python, &specializer, &options);
    let is =
        |expression: &str, expected: &str| assert_eq!(evaluate(&python, expression, &names), expected, "{expression}");
    is("type(f) is type(len)", "True");
    is("repr(f)", "<built-in function sin>");
    is("f.__name__, f.__qualname__, f.__module__", "('sin', 'sin', 'lib.math')");
    is("f.__doc__", "The sine.\n\nOf radians.");
    is("f.__text_signature__", "(x)");
    is("__import__('inspect').signature(f)", "(x)");
    is("__import__('copy').deepcopy(f) is f and __import__('copy').copy(f) is f", "True");
    is("f == f and {f: 1}[f]", "1");
    is("__import__('weakref').ref(f)() is f", "True");
    is("callable(f) and f(0)", "0.0");
    is("str(f.__self__)", "<typedcall cell>");
}

#[test]
fn without_options_there_is_a_text_signature_and_no_module() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let names = bound_sin(&python, &specializer, &Bind::default());
    assert_eq!(evaluate(&python, "f.__module__, f.__doc__, f.__text_signature__", &names), "(None, None, '(x)')");
    let own = Bind { text_signature: Some("(radians, /)"), ..Bind::default() };
    let names = bound_sin(&python, &specializer, &own);
    assert_eq!(evaluate(&python, "__import__('inspect').signature(f)", &names), "(radians, /)");
}

#[test]
fn a_qualified_name_has_its_text_signature_too() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let case = Case { name: "lib.f".into(), ..case(&python, "named_object") };
    let f = bind_case(&python, &specializer, &case).expect("it can be bound");
    let text = f.attr(&python, "__text_signature__").expect("an attribute").text(&python);
    assert_eq!(text.as_deref(), Ok("(x, y=-7, z=...)"));
}

#[test]
fn a_bound_function_pickles_by_its_name_as_others_do() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let names = bound_sin(&python, &specializer, &Bind { module: Some("bound_pickled"), ..Bind::default() });
    execute(
        &python,
        "import pickle, sys, types\n\
         module = sys.modules['bound_pickled'] = types.ModuleType('bound_pickled')\n\
         module.sin = f\n\
         assert pickle.loads(pickle.dumps(f)) is f\n",
        &names,
    );
}

#[test]
fn the_rest_of_the_library_knows_what_it_was_bound_with() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let names = bound_sin(&python, &specializer, &Bind::default());
    let f = value(&python, "f", &names);
    let signature = specializer.signature(&python, &f).expect("it is known");
    assert_eq!(signature.to_string(), "(x: f64) -> f64");
    // It is already as fast as it can be.
    assert_eq!(specializer.function(&python, &f).expect("it is one").as_ptr(), f.as_ptr());
    let native = stub(&python, &specializer, &f, Entry::Native);
    assert_eq!(native.address().as_ptr().cast_const().cast(), sin as *const c_void);
    let boxed = stub(&python, &specializer, &f, Entry::Boxed);
    // SAFETY: a boxed stub of one argument; the float is alive.
    unsafe {
        type Boxed = unsafe extern "C" fn(*mut pyo3_ffi::PyObject) -> *mut pyo3_ffi::PyObject;
        let call = std::mem::transmute::<*mut u8, Boxed>(boxed.address().as_ptr());
        let zero = value(&python, "0.0", &names);
        assert_eq!(python.owned(call(zero.as_ptr())).expect("no error").text(&python).expect("a text"), "0.0");
    }
    for other in [&native, &boxed] {
        assert_eq!(other.original(&python).expect("the bound function").as_ptr(), f.as_ptr());
    }
    let error = specializer.declare(&python, &f, "(object) -> object raises null").expect_err("it has a signature");
    assert!(error.to_string().ends_with("its signature is the one that it was bound with"), "{error}");
    let error = specializer.stub(&python, &f, Entry::Checked).expect_err("that is what it is");
    assert!(error.to_string().contains("use Specializer::bind_stub"), "{error}");
}

#[test]
fn vectorcall_stubs_of_a_bound_function_fall_back_to_it() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let case = case(&python, "scale");
    let f = bind_case(&python, &specializer, &case).expect("it can be bound");
    let fast = stub(&python, &specializer, &f, Entry::Vectorcall);
    let names = python.namespace().expect("there is memory");
    names.set_item(&python, "raw", &raw_calls(&python)).expect("there is memory");
    names.set_item(&python, "f", &f).expect("there is memory");
    let call = |arguments: &str| {
        let address = fast.address().as_ptr() as usize;
        python.eval(&format!("raw.vectorcall({address}, f, {arguments})"), &names).and_then(|sum| sum.text(&python))
    };
    assert_eq!(call("1.5, 2.0").expect("no error"), "3.5");
    assert_eq!(call("1").expect("no error"), "1.5");
    assert_eq!(call("'1'").expect_err("no number").to_string(), "TypeError: must be real number, not str");
}

#[test]
fn a_bound_stub_is_a_methods_ml_meth() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    for (name, flags) in [("f64", 0x8), ("add", 0x80), ("two_named", 0x82), ("nothing", 0x4)] {
        let case = case(&python, name);
        // SAFETY: bare.c says what the signature of each function is.
        let bound = unsafe { specializer.bind_stub(&python, case.function()) }.expect("it can be bound");
        assert_eq!((bound.entry(), bound.method_flags()), (Entry::Checked, Some(flags)), "{name}");
        assert!(bound.original(&python).is_none(), "there is only a C function");
        assert_eq!(bound.name(), name);
    }
    let case = case(&python, "f64");
    // SAFETY: as above.
    let bound = unsafe { specializer.bind_stub(&python, case.function()) }.expect("it can be bound");
    let names = python.namespace().expect("there is memory");
    names.set_item(&python, "raw", &raw_calls(&python)).expect("there is memory");
    let call = format!("raw.ml_meth({}, 8, None, 3)", bound.address().as_ptr() as usize);
    assert_eq!(evaluate(&python, &call, &names), "3.0");
    let plan = bound.plan().expect("it has one").to_string();
    assert!(plan.contains("UnboxReal<CDouble>") && plan.contains("fallback: CPython's parser"), "{plan}");
}

#[test]
fn the_default_object_is_read_at_each_call() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let names = run(&python, "");
    names.set_item(&python, "bare", &bare(&python)).expect("there is memory");
    for name in ["mixed", "named_object"] {
        let f = bind_case(&python, &specializer, &case(&python, name)).expect("it can be bound");
        names.set_item(&python, "f", &f).expect("there is memory");
        execute(
            &python,
            "import sys\n\
             for default in ['one', ['two']]:\n\
             \x20   bare.set_default(default)\n\
             \x20   before = sys.getrefcount(default)\n\
             \x20   for _ in range(100): assert f(1)[2] is default\n\
             \x20   assert sys.getrefcount(default) == before\n\
             bare.set_default(...)\n\
             assert f(1, 2, 'given')[2] == 'given'\n",
            &names,
        );
        let error = python.eval("f(1)", &names).expect_err("there is no object");
        let expected = format!("SystemError: {name}(): the variable with the default of argument 3 holds no object");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_default_object_lives_through_the_call() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let names = run(&python, "");
    names.set_item(&python, "bare", &bare(&python)).expect("there is memory");
    let f = bind_case(&python, &specializer, &case(&python, "mixed")).expect("it can be bound");
    names.set_item(&python, "f", &f).expect("there is memory");
    execute(
        &python,
        "import sys\n\
         class Replaces:\n  def __float__(self): bare.set_default(['new']); return 0.5\n\
         for _ in range(1000):\n  bare.set_default(['old'])\n  assert f(Replaces()) == (0.5, -7, ['new'])\n\
         value = ['held']\n\
         bare.set_default(value)\n\
         before = sys.getrefcount(value)\n\
         for _ in range(100): f(1), f(1.5), f(1, 2, 3)\n\
         assert sys.getrefcount(value) == before\n\
         try: f('no number')\nexcept TypeError: pass\n\
         assert sys.getrefcount(value) == before\n",
        &names,
    );
}

#[test]
fn a_default_that_was_held_is_given_up_once_where_another_is_missing() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let names = run(&python, "import sys\nvalue = ['held']");
    names.set_item(&python, "bare", &bare(&python)).expect("there is memory");
    let mut two = case(&python, "named_object");
    // Two variables: that of the module, and one that never contains an object.
    static EMPTY: usize = 0;
    let parameters = &mut two.signature.overloads[0].parameters;
    let held = parameters[2].default.clone();
    parameters[0].kind = Kind::Object;
    parameters[0].default = held;
    parameters[2].default = Some(DefaultValue::Object { address: NonZeroUsize::new(&raw const EMPTY as usize) });
    // It is never called: the second variable is empty.
    let f = bind_case(&python, &specializer, &two).expect("it can be bound");
    names.set_item(&python, "f", &f).expect("there is memory");
    execute(
        &python,
        "bare.set_default(value)\n\
         before = sys.getrefcount(value)\n\
         for _ in range(100):\n  try: f()\n  except SystemError: pass\n  else: assert False\n\
         assert sys.getrefcount(value) == before",
        &names,
    );
}

#[test]
fn a_default_object_is_treated_as_if_it_were_passed() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let names = run(&python, "");
    names.set_item(&python, "bare", &bare(&python)).expect("there is memory");
    let (mut nullable, with_default) = (case(&python, "object_or_none"), case(&python, "mixed"));
    nullable.signature.overloads[0].parameters[0].default =
        with_default.signature.overloads[0].parameters[2].default.clone();
    let f = bind_case(&python, &specializer, &nullable).expect("it can be bound");
    names.set_item(&python, "f", &f).expect("there is memory");
    // The function returns Ellipsis for a null pointer.
    execute(&python, "bare.set_default(None)\nassert f() is f(None) is ...\nassert f(3) == 3", &names);
    execute(&python, "bare.set_default('default')\nassert f() == 'default' and f(None) is ...", &names);
}

#[test]
fn the_context_is_not_one_of_the_arguments() {
    own_process!();
    unsafe extern "C" fn version(context: *const typedcall::runtime::Context, more: i64) -> i64 {
        // SAFETY: a stub passes the thread's context.
        i64::from(unsafe { (*context).version }) + more
    }
    let python = start();
    let specializer = specializer(&python);
    let f = bind(&python, &specializer, version as *const c_void, "(context, i64) -> i64", "version", &Bind::default())
        .expect("it can be bound");
    let names = run(&python, "class Seven:\n    def __index__(self): return 7");
    names.set_item(&python, "f", &f).expect("there is memory");
    assert_eq!(evaluate(&python, "f(1), f(True), f(Seven())", &names), "(2, 2, 8)");
    let error = python.eval("f()", &names).expect_err("one is missing");
    assert_eq!(error.to_string(), "TypeError: version() takes exactly one argument (0 given)");
}

#[test]
fn what_cannot_be_bound_is_refused_with_the_reason() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let refused = |signature: &str, name: &str, options: &Bind<'_>| {
        bind(&python, &specializer, sin as *const c_void, signature, name, options).expect_err(signature)
    };
    let plain = Bind::default();
    assert!(refused("(f64) -> f64 | (i64) -> i64", "f", &plain).contains("one overload only: bind each by itself"));
    assert!(
        refused("(self, f64) -> f64", "f", &plain).contains("a function without a wrapper is not bound to an object")
    );
    assert!(refused("(x: f64, f64) -> f64", "f", &plain).contains("parameter 1 has no name, but one before it has"));
    assert!(refused("(object = <object>) -> f64", "f", &plain).contains("an object whose address is not known"));
    assert!(refused("(f64) -> ", "f", &plain).contains("column"));
    assert!(refused("(f64) -> f64", "", &plain).contains("is not a name for a function"));
    assert!(refused("(f64) -> f64", "a\0b", &plain).contains("is not a name for a function"));
    let nul = Bind { doc: Some("a\0b"), ..plain };
    assert!(refused("(f64) -> f64", "f", &nul).contains("its text contains a NUL"));
    let mut overload = "(f64) -> f64".parse::<Signature>().expect("it makes sense").overloads.remove(0);
    overload.parameters[0].nullable = true;
    let function = BareFunction { address: NonZeroUsize::MIN, overload: &overload, name: "f" };
    // SAFETY: it is refused, so never called.
    let error = unsafe { specializer.bind_function(&python, function, &plain) }.expect_err("it makes no sense");
    assert!(error.to_string().contains("f64 can't be None"), "{error}");
}
