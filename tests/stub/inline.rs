//! Functions of an embedder's own, with calls of typed methods emitted into them, on objects and on C values, in a JIT
//! of the test's own, run on live objects.

use cranelift_codegen::ir::{AbiParam, InstBuilder, Type, Value, types};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Module, default_libcall_names};
use pyo3_ffi as ffi;
use typedcall::embed::{Exception, Object, Python};
use typedcall::lower::Emitter;
use typedcall::lower::target_isa;
use typedcall::{BareFunction, Entry, Error, Options, Specializer, Stub};

const EXTENSION: &str = r#"
#include <Python.h>
#include "typedcall.h"

static int two_floats(PyObject *const *args, Py_ssize_t nargs, double *a, double *b) {
    if (nargs != 2) { PyErr_SetString(PyExc_TypeError, "two numbers are wanted"); return -1; }
    *a = PyFloat_AsDouble(args[0]);
    if (*a == -1.0 && PyErr_Occurred()) return -1;
    *b = PyFloat_AsDouble(args[1]);
    return *b == -1.0 && PyErr_Occurred() ? -1 : 0;
}

static double add_impl(double a, double b) { return a + b; }
static PyObject *add(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    double a, b;
    (void)self;
    return two_floats(args, nargs, &a, &b) < 0 ? NULL : PyFloat_FromDouble(add_impl(a, b));
}
TYPEDCALL_METHOD(add, add_impl, TYPEDCALL_RESULT(F64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(F64, a),
                 TYPEDCALL_ARG(F64, b));

static double mul_impl(double a, double b) { return a * b; }
static PyObject *mul(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    double a, b;
    (void)self;
    return two_floats(args, nargs, &a, &b) < 0 ? NULL : PyFloat_FromDouble(mul_impl(a, b));
}
TYPEDCALL_METHOD(mul, mul_impl, TYPEDCALL_RESULT(F64, NEVER, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(F64, a),
                 TYPEDCALL_ARG(F64, b));

static int64_t half_impl(int64_t x) {
    if (x % 2 != 0) { PyErr_SetString(PyExc_ValueError, "half of an odd number"); return -1; }
    return x / 2;
}
static PyObject *half(PyObject *self, PyObject *arg) {
    (void)self;
    long long x = PyLong_AsLongLong(arg);
    if (x == -1 && PyErr_Occurred()) return NULL;
    int64_t result = half_impl(x);
    return result == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(result);
}
TYPEDCALL_METHOD(half, half_impl, TYPEDCALL_RESULT(I64, MINUS_ONE, TYPEDCALL_NO_PYTHON), TYPEDCALL_ARG(I64, x));

/* The first of two objects; runs the second one's `__bool__`. */
static PyObject *first_impl(PyObject *a, PyObject *b) {
    if (PyObject_IsTrue(b) < 0) return NULL;
    Py_INCREF(a);
    return a;
}
static PyObject *first(PyObject *self, PyObject *const *args, Py_ssize_t nargs) {
    (void)self;
    if (nargs != 2) return PyErr_Format(PyExc_TypeError, "two objects are wanted");
    return first_impl(args[0], args[1]);
}
TYPEDCALL_METHOD(first, first_impl, TYPEDCALL_RESULT(OBJECT, NULL, 0), TYPEDCALL_ARG(OBJECT, a),
                 TYPEDCALL_ARG(OBJECT, b));

static PyMethodDef methods[] = {
    TYPEDCALL_DEF(add, add, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(mul, mul, METH_FASTCALL, NULL),
    TYPEDCALL_DEF(half, half, METH_O, NULL),
    TYPEDCALL_DEF(first, first, METH_FASTCALL, NULL),
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "inlined", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_inlined(void) { return PyModule_Create(&module); }
"#;

/// The interpreter, the extension and the specializer.
struct Fixture {
    python: Python,
    names: Object,
    specializer: Specializer,
}

impl Fixture {
    fn new() -> Self {
        let library = crate::support::compile("inlined", EXTENSION, &["-O1"]);
        let python = Python::attach();
        let names = python.namespace().expect("there is memory");
        let import = format!(
            "import importlib.util as util\n\
             spec = util.spec_from_file_location('inlined', {:?})\n\
             inlined = util.module_from_spec(spec)\n\
             spec.loader.exec_module(inlined)\n",
            library.to_str().expect("the path is UTF-8")
        );
        python.run(&import, &names).expect("the extension can be imported");
        let specializer = Specializer::new(&python, Options::default()).expect("the interpreter is as it must be");
        Self { python, names, specializer }
    }

    fn eval(&self, text: &str) -> Object {
        self.python.eval(text, &self.names).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn stub(&self, name: &str, entry: Entry) -> Stub {
        let callable = self.eval(&format!("inlined.{name}"));
        self.specializer.stub(&self.python, &callable, entry).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Compiles a function of the embedder's. The code is never freed.
    fn compile(
        &self,
        parameters: &[Type],
        result: Type,
        body: impl FnOnce(&mut Emitter<'_, '_>, &[Value]) -> Value,
    ) -> *const u8 {
        let isa = target_isa(None, true).expect("Cranelift knows this machine");
        let mut module = JITModule::new(JITBuilder::with_isa(isa.clone(), default_libcall_names()));
        let mut context = module.make_context();
        context.func.signature.params.extend(parameters.iter().map(|ty| AbiParam::new(*ty)));
        context.func.signature.returns.push(AbiParam::new(result));
        let mut buffer = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut context.func, &mut buffer);
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        let arguments = builder.block_params(entry).to_vec();
        let (layout, mut symbols) = (self.specializer.layout(), self.specializer.addresses());
        let call_conv = isa.default_call_conv();
        let mut emitter = Emitter { builder: &mut builder, layout, symbols: &mut symbols, call_conv };
        let value = body(&mut emitter, &arguments);
        builder.ins().return_(&[value]);
        builder.seal_all_blocks();
        builder.finalize(isa.frontend_config());
        let id = module.declare_anonymous_function(&context.func.signature).expect("a signature of this machine");
        module.define_function(id, &mut context).unwrap_or_else(|error| panic!("{error:?}\n{}", context.func));
        module.finalize_definitions().expect("there is executable memory");
        std::mem::ManuallyDrop::new(module).get_finalized_function(id)
    }
}

/// Continues if `object` is not null, otherwise returns null.
fn return_if_null(emitter: &mut Emitter<'_, '_>, object: Value) {
    let (null, next) = (emitter.builder.create_block(), emitter.builder.create_block());
    emitter.builder.ins().brif(object, next, &[], null, &[]);
    emitter.builder.switch_to_block(null);
    emitter.builder.ins().return_(&[object]);
    emitter.builder.switch_to_block(next);
}

/// `outer(inner(a, b), c)`, the inner result dropped.
fn chain(emitter: &mut Emitter<'_, '_>, outer: &Stub, inner: &Stub, arguments: &[Value]) -> Value {
    let between = inner.inline(emitter, &arguments[..2]).expect("a boxed stub of two objects");
    return_if_null(emitter, between);
    let result = outer.inline(emitter, &[between, arguments[2]]).expect("a boxed stub of two objects");
    emitter.decref(between);
    result
}

type Ternary = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;

fn call(fixture: &Fixture, function: Ternary, arguments: [&Object; 3]) -> Result<Object, Exception> {
    let [a, b, c] = arguments.map(Object::as_ptr);
    // SAFETY: live objects of the types that the function was compiled for.
    unsafe { fixture.python.owned(function(a, b, c)) }
}

#[test]
fn two_calls_in_one_function_pass_an_object_on() {
    own_process!();
    let fixture = Fixture::new();
    let (add, mul) = (fixture.stub("add", Entry::Boxed), fixture.stub("mul", Entry::Boxed));
    let code =
        fixture.compile(&[types::I64; 3], types::I64, |emitter, arguments| chain(emitter, &add, &mul, arguments));
    // SAFETY: compiled with this signature.
    let fused = unsafe { std::mem::transmute::<*const u8, Ternary>(code) };
    let numbers = ["2.5", "-4.0", "0.25"].map(|text| fixture.eval(&format!("float('{text}')")));
    let before = numbers.each_ref().map(|number| number.refcount(&fixture.python));
    for _ in 0..1000 {
        let result = call(&fixture, fused, numbers.each_ref()).expect("floats do not raise");
        assert_eq!(result.text(&fixture.python), Ok((2.5 * -4.0 + 0.25).to_string()));
        assert_eq!(result.refcount(&fixture.python), 1);
    }
    assert_eq!(numbers.each_ref().map(|number| number.refcount(&fixture.python)), before);
}

#[test]
fn an_object_that_two_calls_pass_on_is_counted_once() {
    own_process!();
    let fixture = Fixture::new();
    let first = fixture.stub("first", Entry::Boxed);
    let code =
        fixture.compile(&[types::I64; 3], types::I64, |emitter, arguments| chain(emitter, &first, &first, arguments));
    // SAFETY: compiled with this signature.
    let fused = unsafe { std::mem::transmute::<*const u8, Ternary>(code) };
    let (a, b) = (fixture.eval("object()"), fixture.eval("object()"));
    let before = (a.refcount(&fixture.python), b.refcount(&fixture.python));
    let result = call(&fixture, fused, [&a, &b, &b]).expect("objects are true");
    assert_eq!(result.as_ptr(), a.as_ptr());
    assert_eq!(a.refcount(&fixture.python), before.0 + 1);
    drop(result);

    // The first call raises, then the second.
    fixture.python.run("class Raises:\n def __bool__(self): raise KeyError('no')", &fixture.names).expect("a class");
    let raises = fixture.eval("Raises()");
    for arguments in [[&a, &raises, &b], [&a, &b, &raises]] {
        let error = call(&fixture, fused, arguments).expect_err("it raises");
        assert_eq!(error, Exception::new("KeyError", "'no'"));
    }
    assert_eq!((a.refcount(&fixture.python), b.refcount(&fixture.python)), before);
    assert_eq!(raises.refcount(&fixture.python), 1);
}

#[test]
fn an_inlined_call_that_does_not_fit_calls_the_original() {
    own_process!();
    let fixture = Fixture::new();
    let half = fixture.stub("half", Entry::Boxed);
    let code = fixture.compile(&[types::I64], types::I64, |emitter, arguments| {
        let once = half.inline(emitter, arguments).expect("a boxed stub of one object");
        return_if_null(emitter, once);
        let twice = half.inline(emitter, &[once]).expect("a boxed stub of one object");
        emitter.decref(once);
        twice
    });
    // SAFETY: compiled with this signature.
    let quarter = unsafe {
        std::mem::transmute::<*const u8, unsafe extern "C" fn(*mut ffi::PyObject) -> *mut ffi::PyObject>(code)
    };
    let run = |text: &str| {
        let argument = fixture.eval(text);
        // SAFETY: a live exact int.
        unsafe { fixture.python.owned(quarter(argument.as_ptr())) }?.text(&fixture.python)
    };
    let odd = Err(Exception::new("ValueError", "half of an odd number"));
    assert_eq!(run("12"), Ok("3".into()));
    assert_eq!(run("-4"), Ok("-1".into()));
    assert_eq!(run("2 ** 62"), Ok((1i64 << 60).to_string()));
    assert_eq!(run("6"), odd);
    assert_eq!(run("7"), odd);
    assert_eq!(run("2 ** 63").expect_err("more than 64 bits").class, "OverflowError");
}

#[test]
fn typed_calls_pass_c_values_and_leave_by_the_error_block() {
    own_process!();
    let fixture = Fixture::new();
    let half = fixture.stub("half", Entry::Native);
    let code = fixture.compile(&[types::I64, types::I64], types::I32, |emitter, arguments| {
        let error = emitter.builder.create_block();
        let target = emitter.builder.ins().iconst(types::I64, half.address().as_ptr() as i64);
        let mut value = arguments[0];
        for _ in 0..2 {
            let result = emitter.typed_call(half.overload(), target, &[value], error);
            value = result.expect("all of it is lowered").expect("an i64");
        }
        let flags = cranelift_codegen::ir::MemFlagsData::trusted();
        emitter.builder.ins().store(flags, value, arguments[1], 0);
        let ok = emitter.builder.ins().iconst(types::I32, 0);
        emitter.builder.ins().return_(&[ok]);
        emitter.builder.switch_to_block(error);
        emitter.builder.ins().iconst(types::I32, -1)
    });
    // SAFETY: compiled with this signature.
    let quarter = unsafe { std::mem::transmute::<*const u8, unsafe extern "C" fn(i64, *mut i64) -> i32>(code) };
    let run = |number: i64| {
        let mut result = 0;
        // SAFETY: the thread is attached, and the result has a place.
        match unsafe { quarter(number, &mut result) } {
            0 => Ok(result),
            _ => Err(fixture.python.take_exception().class),
        }
    };
    assert_eq!(run(12), Ok(3));
    // -1 without an exception is an ordinary result, in the middle and at the end.
    assert_eq!(run(-4), Ok(-1));
    assert_eq!(run(i64::MIN), Ok(i64::MIN / 4));
    assert_eq!(run(6), Err("ValueError".into()));
    assert_eq!(run(-1), Err("ValueError".into()));
    // SAFETY: the thread is attached.
    assert!(unsafe { ffi::PyErr_Occurred() }.is_null());
}

#[test]
fn what_cannot_be_emitted_is_an_error_that_says_why() {
    own_process!();
    let fixture = Fixture::new();
    let (native, boxed) = (fixture.stub("half", Entry::Native), fixture.stub("half", Entry::Boxed));
    fixture.compile(&[types::I64], types::I64, |emitter, arguments| {
        let error = native.inline(emitter, arguments).expect_err("it has no cell");
        assert!(matches!(error, Error::Mismatch { .. }), "{error}");
        let error = boxed.inline(emitter, &[]).expect_err("one object is wanted").to_string();
        assert_eq!(error, "inlined.half: it takes 1 objects, not 0");
        let block = emitter.builder.create_block();
        let error = emitter.typed_call(native.overload(), arguments[0], &[], block).expect_err("one value is wanted");
        assert!(error.to_string().ends_with("the call has 0 C arguments"), "{error}");
        let cstr = "(cstr) -> i64".parse::<typedcall::metadata::Signature>().expect("a signature");
        let error = emitter.typed_call(&cstr.overloads[0], arguments[0], arguments, block).expect_err("two C values");
        assert!(error.to_string().ends_with("the call has 1 C arguments"), "{error}");
        let buffer = "(i64) -> buffer".parse::<typedcall::metadata::Signature>().expect("a signature");
        let error = emitter.typed_call(&buffer.overloads[0], arguments[0], arguments, block).expect_err("two results");
        assert!(error.to_string().ends_with("the result is two values"), "{error}");
        arguments[0]
    });
}

#[test]
fn a_function_without_a_wrapper_is_parsed_where_the_proof_is_not_enough() {
    own_process!();
    extern "C" fn less(x: i64, y: i64, z: i64) -> i64 {
        x - y - z
    }
    let fixture = Fixture::new();
    let signature = "(i64, *, y: i64, z: i64 = 7) -> i64".parse::<typedcall::metadata::Signature>();
    let signature = signature.expect("a signature");
    let address = std::num::NonZeroUsize::new(less as *const () as usize).expect("a function has an address");
    let function = BareFunction { address, overload: &signature.overloads[0], name: "less" };
    // SAFETY: this is its signature.
    let stub = unsafe { fixture.specializer.bind_stub(&fixture.python, function) }.expect("it can be bound");
    let code = fixture.compile(&[types::I64; 3], types::I64, |emitter, arguments| {
        stub.inline(emitter, arguments).expect("a stub of three objects")
    });
    // SAFETY: compiled with this signature.
    let inlined = unsafe { std::mem::transmute::<*const u8, Ternary>(code) };
    let number = |text: &str| fixture.eval(text);
    let outcome = |x: &str| {
        let result = call(&fixture, inlined, [&number(x), &number("5"), &number("2")]);
        result.and_then(|result| result.text(&fixture.python))
    };
    assert_eq!(outcome("10"), Ok("3".to_owned()));
    // Three digits go to the parser, which gets the last two arguments by name.
    assert_eq!(outcome("2**62"), Ok(((1_i64 << 62) - 7).to_string()));
    let error = outcome("2**63").expect_err("it does not fit");
    assert_eq!(error.to_string(), "OverflowError: Python int too large to convert to C long");
}
