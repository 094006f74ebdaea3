//! Instructions that CPython itself executes, because their helpers are private or their messages differ between
//! versions.
//!
//! A small function loads its arguments, executes the one instruction and returns the result. It runs with the globals
//! of the function that it replaces, and its entry is removed from tracebacks.

use std::ffi::CStr;
use std::sync::OnceLock;

use pyo3_ffi as ffi;

use crate::cpython::functions as api;
use crate::embed::{Object, Python};
use crate::thread::{Owned, Result, errors, once, traceback};

/// Makes the code of such functions. Its parameters are the name of an instruction or intrinsic, and perhaps an
/// argument.
const SOURCE: &CStr = cr#"
import opcode

try:
    from _opcode import get_intrinsic1_descs, get_intrinsic2_descs
    intrinsics = get_intrinsic1_descs(), get_intrinsic2_descs()
except ImportError:
    intrinsics = getattr(opcode, '_intrinsic_1_descs', []), getattr(opcode, '_intrinsic_2_descs', [])

caches = opcode._inline_cache_entries

def one(name, argument=0):
    number = opcode.opmap[name]
    # 3.15 counts how often a function was entered, after its RESUME.
    count = caches[number] if isinstance(caches, list) else caches.get(name, 0)
    return bytes([number, argument]) + bytes(2 * count)

def instruction(name, argument):
    if name in opcode.opmap:
        return one(name, argument)
    for count, names in enumerate(intrinsics, 1):
        if 'INTRINSIC_' + name in names:
            return one(f'CALL_INTRINSIC_{count}', names.index('INTRINSIC_' + name))
    raise SystemError(f'this Python has no {name}')

codes = {}

def spliced(text, inputs):
    if (text, inputs) in codes:
        return codes[text, inputs]
    name, _, argument = text.partition(' ')
    names = ()
    if argument and not argument.isdigit():
        names, argument = (argument,), '0'
    template = ((lambda a: None) if inputs == 1 else (lambda a, b: None)).__code__
    body = one('RESUME') + b''.join(one('LOAD_FAST', i) for i in range(inputs)) + instruction(name, int(argument or 0))
    if name == 'CHECK_EG_MATCH':
        body += one('BUILD_TUPLE', 2)
    body += one('RETURN_VALUE')
    code = codes[text, inputs] = template.replace(co_code=body, co_names=names, co_stacksize=inputs + 4)
    return code
"#;

/// The result of an instruction with these objects on the stack: one object, or a tuple of two.
pub fn spliced<const N: usize>(
    python: &Python,
    globals: &Object,
    instruction: &str,
    inputs: [&Owned; N],
) -> Result<Owned> {
    let make = maker(python)?;
    let text = Owned::text(python, instruction)?;
    // SAFETY: the thread is attached; all references are owned through the calls.
    unsafe {
        let count = Owned::new(ffi::PyLong_FromSize_t(N))?;
        let arguments = [text.as_ptr(), count.as_ptr()];
        let none = std::ptr::null_mut();
        let code = Owned::new(api::PyObject_Vectorcall(make.as_ptr(), arguments.as_ptr(), arguments.len(), none))?;
        let function = Owned::new(api::PyFunction_New(code.as_ptr(), globals.as_ptr()))?;
        let arguments = inputs.map(Owned::as_ptr);
        let result = Owned::new(api::PyObject_Vectorcall(function.as_ptr(), arguments.as_ptr(), N, none));
        if result.is_err() {
            traceback::drop_head();
        }
        result
    }
}

/// The function that makes the code, which the source defines. Making it runs Python code. Waiting signal handlers and
/// the like may raise there; their exceptions are kept.
fn maker(python: &Python) -> Result<Owned> {
    static NAMES: OnceLock<Object> = OnceLock::new();
    const FILE_INPUT: std::ffi::c_int = 257;
    let names = once(&NAMES, || {
        let names = python.namespace().map_err(|_| errors::system_error(c"there is no namespace"))?;
        // SAFETY: the thread is attached; both texts are C strings, the code is a module's, and the names are a dict.
        let run = unsafe {
            let (text, file) = (SOURCE.as_ptr(), c"<typedcall>".as_ptr());
            let source = Owned::new(ffi::Py_CompileString(text, file, FILE_INPUT))?;
            Owned::new(api::PyEval_EvalCode(source.as_ptr(), names.as_ptr(), names.as_ptr()))
        };
        if run.is_err() {
            traceback::drop_head();
        }
        run.map(|_| names)
    })?;
    // SAFETY: the namespace is a dict that is alive; an object that is borrowed from it gets a reference at once.
    unsafe {
        let function = ffi::PyDict_GetItemString(names.as_ptr(), c"spliced".as_ptr());
        if function.is_null() {
            return Err(errors::system_error(c"the function that makes spliced code is gone"));
        }
        Ok(Owned::borrowed(function))
    }
}
