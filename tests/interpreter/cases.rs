//! The interpreter of decoded bytecode agrees with CPython: results, exceptions, reference counts, order of events.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_char;

use pyo3_ffi as ffi;
use typedcall::bytecode;
use typedcall::embed::{Object, Python};
use typedcall::interpreter::{self, FunctionFrame, InterpreterState, Prepared, Progress};

const CASES: &str = include_str!("cases.py");

const HARNESS: &str = include_str!("harness.py");

/// `interpret(function, locals, step)`: calls the function with these arguments as its first locals. With a step, it
/// stops there and continues from the state that it reached.
unsafe extern "C" fn interpret(
    _: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    assert_eq!(count, 3);
    // SAFETY: CPython calls this with the GIL held, and with live arguments.
    unsafe {
        let python = Python::assume_attached();
        let own = |pointer| python.owned(ffi::Py_NewRef(pointer)).expect("it is not null");
        let function = own(*arguments);
        let bound = *arguments.add(1);
        let locals = (0..ffi::PyTuple_Size(bound)).map(|index| Some(own(ffi::PyTuple_GetItem(bound, index))));
        let locals = locals.collect();
        let step = ffi::PyLong_AsLong(*arguments.add(2));
        let result = with_prepared(&python, &function, |code| match u64::try_from(step) {
            Err(_) => interpreter::call_function(&python, &function, code, locals),
            Ok(step) => resumed(&python, &function, code, locals, step),
        });
        match result {
            Ok(Ok(object)) => object.into_ptr(),
            Ok(Err(_)) => std::ptr::null_mut(),
            Err(refused) => {
                let text = std::ffi::CString::new(refused).expect("a text without NUL");
                ffi::PyErr_SetString(ffi::PyExc_NotImplementedError, text.as_ptr());
                std::ptr::null_mut()
            }
        }
    }
}

fn with_prepared<T>(python: &Python, function: &Object, work: impl FnOnce(&Prepared) -> T) -> Result<T, String> {
    thread_local! {
        static PREPARED: RefCell<HashMap<usize, &'static Prepared>> = RefCell::default();
    }
    let key = function.attr(python, "__code__").map_err(|error| error.to_string())?.as_ptr() as usize;
    let known = PREPARED.with_borrow(|prepared| prepared.get(&key).copied());
    let code = match known {
        Some(code) => code,
        None => {
            let code = bytecode::decode_function(python, function).map_err(|error| error.to_string())?;
            let code = Prepared::new(python, code).map_err(|refusal| refusal.to_string())?;
            // The code object lives as long, so its address is not used again.
            let code: &'static Prepared = Box::leak(Box::new(code));
            PREPARED.with_borrow_mut(|prepared| prepared.insert(key, code));
            code
        }
    };
    Ok(work(code))
}

/// Stops after some steps, and continues from a state that was converted to plain data.
fn resumed(
    python: &Python,
    function: &Object,
    code: &Prepared,
    locals: Vec<Option<Object>>,
    step: u64,
) -> Result<Object, interpreter::Raised> {
    let part = |name| function.attr(python, name).expect("every function has it");
    let (globals, builtins, closure) = (part("__globals__"), part("__builtins__"), part("__closure__"));
    // SAFETY: the address of None.
    let closure = Some(&closure).filter(|closure| closure.as_ptr() != unsafe { ffi::Py_None() });
    let frame = FunctionFrame { code, globals: &globals, builtins: &builtins, closure };
    let state = InterpreterState { locals, ..InterpreterState::default() };
    match interpreter::run_until(python, &frame, state, step)? {
        Progress::Returned(result) => Ok(result),
        Progress::Stopped(state) => interpreter::run(python, &frame, state),
    }
}

/// A namespace with `interpret` and the definitions of the Python sources.
pub fn harness(python: &Python) -> Object {
    let names = python.namespace().expect("a dict");
    // SAFETY: the definition is never freed; the thread is attached.
    let interpret = unsafe {
        let definition = Box::leak(Box::new(ffi::PyMethodDef {
            ml_name: c"interpret".as_ptr() as *const c_char,
            ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: interpret },
            ml_flags: ffi::METH_FASTCALL,
            ml_doc: std::ptr::null(),
        }));
        python.owned(ffi::PyCFunction_New(definition, std::ptr::null_mut())).expect("a function")
    };
    names.set_item(python, "interpret", &interpret).expect("a dict");
    names.set_item(python, "__name__", &python.text("interpreter_cases").expect("a str")).expect("a dict");
    names.set_item(python, "__package__", &python.text("").expect("a str")).expect("a dict");
    run(python, CASES, "interpreter_cases.py", &names);
    run(python, HARNESS, "interpreter_harness.py", &names);
    names
}

/// Runs statements under a file name.
pub fn run(python: &Python, source: &str, file: &str, names: &Object) {
    names.set_item(python, "_source", &python.text(source).expect("a str")).expect("a dict");
    let statement = format!("exec(compile(_source, {file:?}, 'exec'))");
    if let Err(error) = python.run(&statement, names) {
        panic!("{error}");
    }
}

/// Calls a function of the harness that returns a list of failures, and shows them.
fn no_failures(python: &Python, call: &str) {
    let names = harness(python);
    let failures = python.eval(&format!("'\\n'.join({call})"), &names).unwrap_or_else(|error| panic!("{error}"));
    let failures = failures.text(python).expect("a str");
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn every_case_agrees_with_cpython() {
    own_process!();
    let python = Python::attach();
    no_failures(&python, "every_case_agrees()");
}

#[test]
fn a_run_goes_on_from_any_instruction() {
    own_process!();
    let python = Python::attach();
    no_failures(&python, "every_resumption_agrees()");
}

#[test]
fn references_are_all_given_back() {
    own_process!();
    let python = Python::attach();
    no_failures(&python, "references_are_given_back()");
}

#[test]
fn what_suspends_or_has_a_namespace_is_refused() {
    own_process!();
    let python = Python::attach();
    let names = python.namespace().expect("a dict");
    let source =
        "def generator():\n    yield 1\nasync def coroutine(): pass\ndef looks():\n    x = 1\n    return locals()\n";
    python.run(source, &names).expect("it defines functions");
    let refusal = |name: &str| {
        let function = names.item(&python, name).expect("it was just defined");
        let code = bytecode::decode_function(&python, &function).expect("it decodes");
        Prepared::new(&python, code).expect_err("it is refused").to_string()
    };
    assert_eq!(
        refusal("generator"),
        "generator, line 1: it is a generator or a coroutine, which CPython itself must run"
    );
    assert_eq!(
        refusal("coroutine"),
        "coroutine, line 3: it is a generator or a coroutine, which CPython itself must run"
    );
    assert_eq!(refusal("looks"), "looks, line 6: it may call `locals`, which looks at the frame of its caller");
    let body = python.eval("compile('x = 1', 'body', 'exec')", &names).expect("it compiles");
    let code = bytecode::decode(&python, &body).expect("it decodes");
    let text = Prepared::new(&python, code).expect_err("it is refused").to_string();
    assert!(text.contains("it is a class body or a module"), "{text}");
}

#[test]
fn a_snippet_runs() {
    own_process!();
    let python = Python::attach();
    let names = python.namespace().expect("a dict");
    let code: bytecode::Code =
        "LOAD_CONST 'hello,world'; STORE_FAST x; LOAD_FAST x; LOAD_METHOD upper; CALL_METHOD 0; RETURN_VALUE"
            .parse()
            .expect("a snippet");
    let code = Prepared::new(&python, code).expect("it runs");
    let frame = FunctionFrame { code: &code, globals: &names, builtins: &names, closure: None };
    let result = interpreter::run(&python, &frame, InterpreterState::default()).expect("it returns");
    assert_eq!(result.text(&python).expect("a str"), "HELLO,WORLD");
}

#[test]
fn a_state_that_does_not_fit_is_a_system_error() {
    own_process!();
    let python = Python::attach();
    let names = python.namespace().expect("a dict");
    let code: bytecode::Code = "LOAD_CONST 1; LOAD_CONST 2; BINARY_OP +; RETURN_VALUE".parse().expect("a snippet");
    let code = Prepared::new(&python, code).expect("it runs");
    let frame = FunctionFrame { code: &code, globals: &names, builtins: &names, closure: None };
    for (at, text) in [(2, "no object on top of the stack"), (9, "the code has no end")] {
        let state = InterpreterState { at, ..InterpreterState::default() };
        interpreter::run(&python, &frame, state).expect_err("it does not fit");
        let exception = python.take_exception();
        assert_eq!((&*exception.class, &*exception.message), ("SystemError", text));
    }
}

#[test]
fn an_operand_that_cpython_does_not_look_at_is_a_system_error() {
    own_process!();
    let python = Python::attach();
    let globals = python.namespace().expect("a dict");
    let builtins = globals.item(&python, "__builtins__").expect("every namespace has them");
    for text in [
        "LOAD_CONST 1; PUSH_EXC_INFO; RERAISE 1",
        "LOAD_CONST 1; POP_EXCEPT; LOAD_GLOBAL missing; RETURN_VALUE",
        "LOAD_CONST 1; BUILD_LIST 0; PREP_RERAISE_STAR; RETURN_VALUE",
        "LOAD_GLOBAL KeyError; CALL 0; LOAD_CONST 1; BUILD_LIST 1; PREP_RERAISE_STAR; RETURN_VALUE",
        "LOAD_GLOBAL KeyError; CALL 0; LOAD_CONST 1; PREP_RERAISE_STAR; RETURN_VALUE",
        "LOAD_CONST 1; CALL_INTRINSIC_1 INTRINSIC_TYPEALIAS; RETURN_VALUE",
        "LOAD_CONST (1, 2, 3); CALL_INTRINSIC_1 INTRINSIC_TYPEALIAS; RETURN_VALUE",
        "LOAD_CONST 1; CALL_INTRINSIC_1 INTRINSIC_TYPEVAR; RETURN_VALUE",
        "LOAD_CONST 1; CALL_INTRINSIC_1 INTRINSIC_SUBSCRIPT_GENERIC; RETURN_VALUE",
        "LOAD_CONST 1; LOAD_CONST (); CALL_INTRINSIC_2 INTRINSIC_SET_FUNCTION_TYPE_PARAMS; RETURN_VALUE",
        "LOAD_CONST 1; LOAD_CONST 2; BUILD_TEMPLATE; RETURN_VALUE",
    ] {
        let code = Prepared::new(&python, text.parse().expect("it is a snippet")).expect("it is not refused");
        let frame = FunctionFrame { code: &code, globals: &globals, builtins: &builtins, closure: None };
        assert!(interpreter::run(&python, &frame, InterpreterState::default()).is_err(), "{text}");
        let error = python.take_exception();
        assert!(error.to_string().starts_with("SystemError: "), "{text}: {error}");
    }
}

#[test]
fn a_given_exception_is_handled_until_its_handler_ends() {
    own_process!();
    let python = Python::attach();
    no_failures(&python, "handled_exception_is_restored()");
}

#[test]
fn signals_async_exceptions_and_other_threads_are_served() {
    own_process!();
    let python = Python::attach();
    no_failures(&python, "interrupts_are_served()");
}

#[test]
fn endless_recursion_is_an_error_and_no_crash() {
    own_process!();
    let python = Python::attach();
    no_failures(&python, "recursion_ends()");
}

#[test]
fn frames_in_tracebacks_show_the_function() {
    own_process!();
    let python = Python::attach();
    no_failures(&python, "frames_of_tracebacks()");
}
