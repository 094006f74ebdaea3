//! The functions that the Python files use: compiled and interpreted forms of a Python function.

use std::cell::{OnceCell, RefCell};
use std::ffi::{CStr, c_void};
use std::ptr::{NonNull, null_mut};

use pyo3_ffi as ffi;
use typedcall::bytecode::decode;
use typedcall::embed::{Exception, Object, Python};
use typedcall::interpreter::{FunctionFrame, InterpreterState, Prepared, run};
#[cfg(debug_assertions)]
use typedcall::ir::Mistake;
use typedcall::ir::{ExitReason, Type};
use typedcall::{CompileOptions, CompiledFunction, Options, Specializer};

use crate::failure::CommandFailure;

thread_local! {
    static SPECIALIZER: OnceCell<Specializer> = const { OnceCell::new() };
    /// The compiled functions, by number.
    static COMPILED: RefCell<Vec<CompiledFunction>> = const { RefCell::new(Vec::new()) };
}

/// The name of the capsules that own interpreted functions.
const CAPSULE: &CStr = c"typedcall.fuzz.interpreted";

/// A function for the interpreter of decoded bytecode.
struct Interpreted {
    code: Prepared,
    globals: Object,
    builtins: Object,
    closure: Option<Object>,
}

static mut METHODS: [ffi::PyMethodDef; 5] = [
    method(
        c"compiled",
        compiled,
        c"compiled(function, passes, leave_at, mistake, types): a callable and its number, or the reason why there is none.",
    ),
    method(
        c"interpreted",
        interpreted,
        c"interpreted(function): a callable and None, or the reason why there is none.",
    ),
    method(c"facts", facts, c"facts(number): exits taken, whether an assumption broke, the number of places to exit."),
    method(c"forget", forget, c"forget(): gives up all compiled functions."),
    ffi::PyMethodDef::zeroed(),
];

static mut INTERPRET: ffi::PyMethodDef = method(c"interpret", interpret, c"Runs the function.");

static mut DEFINITION: ffi::PyModuleDef = ffi::PyModuleDef {
    m_base: ffi::PyModuleDef_HEAD_INIT,
    m_name: c"typedcall_fuzz_tool".as_ptr(),
    m_doc: std::ptr::null(),
    m_size: -1,
    m_methods: (&raw mut METHODS).cast(),
    m_slots: null_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

type Function =
    unsafe extern "C" fn(*mut ffi::PyObject, *mut *mut ffi::PyObject, ffi::Py_ssize_t) -> *mut ffi::PyObject;

const fn method(name: &'static CStr, function: Function, doc: &'static CStr) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionFast: function },
        ml_flags: ffi::METH_FASTCALL,
        ml_doc: doc.as_ptr(),
    }
}

/// The module; functions that it compiles know the typed methods of this extension.
pub fn make(python: &Python, typed: &Object) -> Result<Object, CommandFailure> {
    let specializer = Specializer::new(python, Options::default())?;
    specializer.adopt(python, typed)?;
    if !SPECIALIZER.with(|cell| cell.set(specializer).is_ok()) {
        return Err(CommandFailure::other("fuzz runs once in a process"));
    }
    // SAFETY: the definition is used once and lives as long as the program.
    Ok(unsafe { python.owned(ffi::PyModule_Create(&raw mut DEFINITION)) }?)
}

/// The arguments of a call.
///
/// # Safety
/// CPython calls a function of the module with them.
unsafe fn attached(arguments: *mut *mut ffi::PyObject, count: ffi::Py_ssize_t) -> (Python, Vec<Object>) {
    // SAFETY: CPython calls attached, with live arguments.
    unsafe {
        let python = Python::assume_attached();
        let count = usize::try_from(count).unwrap_or(0);
        let arguments = (0..count).filter_map(|index| NonNull::new(arguments.add(index).read()));
        let arguments = arguments.map(|argument| Object::from_borrowed(&python, argument)).collect();
        (python, arguments)
    }
}

/// A new reference for CPython; null with the exception set.
fn given(python: &Python, result: Result<Object, Exception>) -> *mut ffi::PyObject {
    match result {
        Ok(object) => object.into_ptr(),
        Err(exception) => {
            if !exception.restore_urgent(python)
                && let Ok(text) = std::ffi::CString::new(exception.to_string())
            {
                // SAFETY: attached; the text ends with a NUL.
                unsafe { ffi::PyErr_SetString(ffi::PyExc_SystemError, text.as_ptr()) };
            }
            null_mut()
        }
    }
}

/// A tuple of two.
fn pair(python: &Python, first: &Object, second: &Object) -> Result<Object, Exception> {
    // SAFETY: attached, with live objects.
    unsafe { python.owned(ffi::PyTuple_Pack(2, first.as_ptr(), second.as_ptr())) }
}

fn none(python: &Python) -> Option<Object> {
    // SAFETY: None lives for ever.
    unsafe { NonNull::new(ffi::Py_None()).map(|none| Object::from_borrowed(python, none)) }
}

unsafe extern "C" fn compiled(
    _: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this.
    let (python, arguments) = unsafe { attached(arguments, count) };
    let [function, passes, leave_at, mistake, types] = &arguments[..] else { return wrong(&python) };
    let mut options = CompileOptions::default();
    options.passes = passes.text(&python).is_ok_and(|text| text == "True");
    let types = types.text(&python).unwrap_or_default();
    options.argument_types = types.split_whitespace().map(expected).collect();
    options.leave_at = leave_at.text(&python).ok().and_then(|text| text.parse().ok());
    #[cfg(debug_assertions)]
    if let Ok(name) = mistake.text(&python) {
        options.mistake = Mistake::ALL.iter().find(|(known, _)| *known == name).map(|(_, mistake)| *mistake);
    }
    #[cfg(not(debug_assertions))]
    let _ = mistake;
    let result = SPECIALIZER.with(|cell| cell.get().map(|found| found.compile_with(&python, function, &options)));
    let Some(result) = result else { return wrong(&python) };
    let compiled = match result {
        Ok(compiled) => compiled,
        Err(reason) => return given(&python, python.text(&reason.to_string())),
    };
    let made = compiled.as_object(&python);
    let number = COMPILED.with_borrow_mut(|all| {
        all.push(compiled);
        all.len() - 1
    });
    given(&python, made.and_then(|callable| pair(&python, &callable, &python.int(number as i64)?)))
}

/// The type of an argument, by the name of its class.
fn expected(name: &str) -> Option<Type> {
    match name {
        "int" => Some(Type::LONG_EXACT),
        "float" => Some(Type::FLOAT_EXACT),
        "bool" => Some(Type::BOOL),
        "str" => Some(Type::UNICODE_EXACT),
        "list" => Some(Type::LIST_EXACT),
        "tuple" => Some(Type::TUPLE_EXACT),
        "dict" => Some(Type::DICT_EXACT),
        _ => None,
    }
}

unsafe extern "C" fn facts(
    _: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this.
    let (python, arguments) = unsafe { attached(arguments, count) };
    let number = arguments.first().and_then(|number| number.text(&python).ok()).and_then(|text| text.parse().ok());
    let found = COMPILED.with_borrow(|all| {
        let compiled: &CompiledFunction = all.get(number.unwrap_or(usize::MAX))?;
        let sites = compiled.exit_sites();
        // Without watchers, code looks itself whether its assumptions hold.
        let broken = sites.iter().any(|site| site.reason == ExitReason::Assumption && site.taken > 0);
        Some((compiled.exits(), broken || !compiled.is_valid(), sites.len()))
    });
    let Some((exits, broken, sites)) = found else { return wrong(&python) };
    let made = (|| {
        let [exits, broken, sites] =
            [python.int(exits as i64)?, python.int(i64::from(broken))?, python.int(sites as i64)?];
        // SAFETY: attached, with live objects.
        unsafe { python.owned(ffi::PyTuple_Pack(3, exits.as_ptr(), broken.as_ptr(), sites.as_ptr())) }
    })();
    given(&python, made)
}

unsafe extern "C" fn forget(
    _: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this.
    let (python, _) = unsafe { attached(arguments, count) };
    // Destructors may run Python code, which may come back here.
    let all = COMPILED.take();
    drop(all);
    none(&python).map_or(null_mut(), Object::into_ptr)
}

unsafe extern "C" fn interpreted(
    _: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this.
    let (python, arguments) = unsafe { attached(arguments, count) };
    let [function] = &arguments[..] else { return wrong(&python) };
    let made = (|| {
        let code = match decode(&python, &function.attr(&python, "__code__")?) {
            Ok(code) => code,
            Err(reason) => return python.text(&reason.to_string()),
        };
        let code = match Prepared::new(&python, code) {
            Ok(code) => code,
            Err(reason) => return python.text(&reason.to_string()),
        };
        let closure = function.attr(&python, "__closure__")?;
        // SAFETY: None lives for ever.
        let closure = (closure.as_ptr() != unsafe { ffi::Py_None() }).then_some(closure);
        let globals = function.attr(&python, "__globals__")?;
        let builtins = function.attr(&python, "__builtins__")?;
        let owned = Box::into_raw(Box::new(Interpreted { code, globals, builtins, closure })).cast::<c_void>();
        // SAFETY: attached; the capsule owns the data, and the function the capsule.
        let callable = unsafe {
            let capsule = python.owned(ffi::PyCapsule_New(owned, CAPSULE.as_ptr(), Some(free)))?;
            python.owned(ffi::PyCFunction_NewEx(&raw mut INTERPRET, capsule.as_ptr(), null_mut()))?
        };
        let none = none(&python).ok_or_else(|| python.take_exception())?;
        pair(&python, &callable, &none)
    })();
    given(&python, made)
}

unsafe extern "C" fn interpret(
    capsule: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this, with the capsule of `interpreted`.
    let ((python, arguments), function) = unsafe {
        let data = ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<Interpreted>();
        let Some(function) = data.as_ref() else { return null_mut() };
        (attached(arguments, count), function)
    };
    let Interpreted { code, globals, builtins, closure } = function;
    let frame = FunctionFrame { code, globals, builtins, closure: closure.as_ref() };
    let locals = arguments.into_iter().map(Some).collect();
    run(&python, &frame, InterpreterState { locals, ..InterpreterState::default() })
        .map_or(null_mut(), Object::into_ptr)
}

unsafe extern "C" fn free(capsule: *mut ffi::PyObject) {
    // SAFETY: `interpreted` put it there, and the capsule dies once.
    unsafe {
        let data = ffi::PyCapsule_GetPointer(capsule, CAPSULE.as_ptr()).cast::<Interpreted>();
        if !data.is_null() {
            drop(Box::from_raw(data));
        }
    }
}

fn wrong(python: &Python) -> *mut ffi::PyObject {
    given(python, Err(Exception::new("TypeError", "a function of the fuzzer was called with other arguments")))
}
