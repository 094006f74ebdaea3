//! The extension module `typedcall._native`: the part of the Python package that can't be written in Python.
//!
//! The functions take positional arguments only, as the package's Python files pass them. The functions for users, with
//! keywords, defaults and docstrings, are in `python/typedcall/`. Importing makes no specializer: the first call that
//! needs one does.

mod arguments;
mod convert;
mod dialect;
mod functions;
mod method_error;
mod methods;
mod state;
mod timing;
mod trampoline;

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3_ffi as ffi;

use crate::cpython::module_slot::ANY_INTERPRETER;
use trampoline::{caught, method};

/// Initializes the extension module `typedcall._native`. An embedder registers it by that name with
/// `PyImport_AppendInittab` before it starts the interpreter; `import typedcall` then finds it without a shared
/// library.
///
/// # Safety
/// As for every such function: only the interpreter's import machinery calls it.
#[unsafe(no_mangle)]
#[allow(non_snake_case, reason = "the import machinery looks for this name")]
pub unsafe extern "C" fn PyInit__native() -> *mut ffi::PyObject {
    // SAFETY: the definition lives for ever, and only the import machinery, which holds the GIL, writes to it.
    unsafe { ffi::PyModuleDef_Init(&raw mut DEFINITION) }
}

const DOC: &std::ffi::CStr =
    c"The part of the package typedcall that is not written in Python: import typedcall instead.";

static mut DEFINITION: ffi::PyModuleDef = ffi::PyModuleDef {
    m_base: ffi::PyModuleDef_HEAD_INIT,
    m_name: c"_native".as_ptr(),
    m_doc: DOC.as_ptr(),
    m_size: 0,
    m_methods: &raw mut METHODS as *mut ffi::PyMethodDef,
    m_slots: &raw mut SLOTS as *mut ffi::PyModuleDef_Slot,
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

static mut METHODS: [ffi::PyMethodDef; 21] = [
    method::<methods::FunctionMethod>(),
    method::<methods::AdoptMethod>(),
    method::<methods::ReadyCinderTableMethod>(),
    method::<methods::BindMethod>(),
    method::<methods::SignatureMethod>(),
    method::<methods::OriginalMethod>(),
    method::<methods::IsBoundMethod>(),
    method::<methods::IsStaleMethod>(),
    method::<methods::KeepsGilMethod>(),
    method::<methods::CellTypeMethod>(),
    method::<methods::DescribeMethod>(),
    method::<methods::CompiledMethod>(),
    method::<methods::InspectMethod>(),
    method::<methods::StatsMethod>(),
    method::<functions::PythonFunctionMethod>(),
    method::<functions::WrappedMethod>(),
    method::<functions::GiveBackMethod>(),
    method::<functions::FunctionStateMethod>(),
    method::<functions::DescribeFunctionMethod>(),
    method::<timing::TimeCallsMethod>(),
    ffi::PyMethodDef::zeroed(),
];

static mut SLOTS: [ffi::PyModuleDef_Slot; 3] = [
    ffi::PyModuleDef_Slot { slot: ffi::Py_mod_exec, value: execute as *mut c_void },
    // `execute` refuses them, with a better message than CPython's own.
    ANY_INTERPRETER,
    ffi::PyModuleDef_Slot { slot: 0, value: null_mut() },
];

/// Whether an interpreter that had the module was finalized: facts about its objects are not true in another one.
static FINALIZED: AtomicBool = AtomicBool::new(false);

extern "C" fn finalized() {
    FINALIZED.store(true, Ordering::Relaxed);
}

/// Fills a new module. It may be imported again in the interpreter that had it first, and in no other.
unsafe extern "C" fn execute(module: *mut ffi::PyObject) -> c_int {
    static WATCHING: AtomicBool = AtomicBool::new(false);
    // SAFETY: the import machinery calls this, attached, with a module of ours.
    unsafe {
        if FINALIZED.load(Ordering::Relaxed) || ffi::PyInterpreterState_Get() != ffi::PyInterpreterState_Main() {
            let text = c"typedcall works in one interpreter a process, the main one: import it there and not in a \
                         subinterpreter, nor in one that was started after another was finalized; or use processes \
                         (multiprocessing, ProcessPoolExecutor) where you use interpreters";
            ffi::PyErr_SetString(ffi::PyExc_ImportError, text.as_ptr());
            return -1;
        }
        if !WATCHING.swap(true, Ordering::Relaxed) && ffi::Py_AtExit(Some(finalized)) != 0 {
            log::warn!(target: "typedcall", "another interpreter in this process would not be noticed");
        }
    }
    match caught(|python| state::initialize(python, module)) {
        Some(()) => 0,
        None => -1,
    }
}
