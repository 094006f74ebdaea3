//! Python functions that run compiled: [`Specializer::specialize_function`].
//!
//! From 3.12 on the function object stays itself: its vectorcall is replaced. On 3.11, whose interpreter ignores a
//! replaced one, a dispatcher stands for it. The first call compiles; what can't be compiled runs as before.
//!
//! | file | content |
//! | --- | --- |
//! | `record` | the record of a function: its phase, its code, its counts |
//! | `table` | the records by function, and their lifetime |
//! | `enter` | a call |
//! | `parameters` | the binding of arguments |
//! | `typed_versions` | the versions for arguments of certain types |
//! | `depth` | deep recursion |
//! | `dispatcher` | the object that stands for a function on 3.11 |

mod depth;
mod dispatcher;
mod enter;
mod parameters;
mod record;
mod table;
mod typed_versions;

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::sync::Arc;

use pyo3_ffi as ffi;

pub use dispatcher::wrapped;
pub use table::FunctionStats;

use self::record::{FunctionRecord, Phase, Tie};
use super::{ExitSite, NotCompiled};
use crate::cpython::python_function::{HEEDS_VECTORCALL, own_vectorcall};
use crate::cpython::{monitoring, proof};
use crate::embed::{Object, Python};
use crate::lower::CellRegister;
use crate::runtime::code::code_pointer::refused;
use crate::runtime::code::thunk::THUNKS;
use crate::specializer::Specializer;

/// The reason why the original of a dispatcher runs that was given back. It may be specialized again.
const GIVEN_BACK: &str = "it was given back to CPython (typedcall.uninstall): specialize it again";

/// The C arguments of a vectorcall, before the record.
const VECTORCALL_ARGUMENTS: usize = 4;

/// How a specialized function runs now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FunctionReport {
    /// Whether it is compiled.
    pub compiled: bool,
    /// Why it is left to CPython for good; `None` if it is not.
    pub left: Option<Arc<str>>,
    /// Calls that ran compiled code.
    pub calls: u64,
    /// Calls that ran the original.
    pub original_calls: u64,
    /// The number of its versions.
    pub versions: usize,
    /// Bytes of machine code of the version that runs.
    pub code_bytes: usize,
    /// Where that version may be left, and how often it was.
    pub exits: Vec<ExitSite>,
}

impl Specializer {
    /// Makes a Python function run compiled, from its next call on, which compiles it. The result is what to call: the
    /// function itself from 3.12 on, and a dispatcher on 3.11. A function that can't be compiled runs as before
    /// ([`function_report`] says why).
    ///
    /// # Errors
    /// If the object is not a Python function, or the system refuses executable memory.
    pub fn specialize_function(&'static self, python: &Python, function: &Object) -> Result<Object, NotCompiled> {
        proof::check_interpreter(python)?;
        let pointer = function.as_ptr();
        // SAFETY: the object is alive.
        if unsafe { ffi::PyFunction_Check(pointer) } == 0 {
            return Err(NotCompiled::NotAFunction(function.repr(python)?));
        }
        if let Some(record) = table::find(python, pointer) {
            // SAFETY: the function is held, and so is its record.
            return Ok(again(python, unsafe { record.as_ref() }, function));
        }
        if !monitoring::is_proven(python) {
            return Err(NotCompiled::Unobservable);
        }
        let own = own_vectorcall(python)?;
        if HEEDS_VECTORCALL {
            let record = self.record(function, own, Tie::Weak(table::tie(python, function)?));
            self.install(python, function, record)
        } else {
            let dispatcher = dispatcher::new(python, function)?;
            let record =
                table::insert(python, Box::new(self.record(function, own, Tie::Dispatcher(dispatcher.as_ptr()))));
            dispatcher::set_record(&dispatcher, record);
            Ok(dispatcher)
        }
    }

    fn record(
        &'static self,
        function: &Object,
        own: crate::cpython::python_function::VectorcallFunction,
        tie: Tie,
    ) -> FunctionRecord {
        FunctionRecord {
            number: table::next_number(),
            specializer: self,
            function: function.as_ptr(),
            own,
            ready: Cell::new(std::ptr::null()),
            phase: RefCell::new(Phase::Waiting),
            running: Cell::new(0),
            orphaned: Cell::new(false),
            retired: RefCell::default(),
            compilations: Cell::new(0),
            calls: Cell::new(0),
            original_calls: Cell::new(0),
            vectorcall: None,
            before: Cell::new(None),
            tie,
        }
    }

    /// Puts the record into the table, and makes calls of the function come to it.
    fn install(&self, python: &Python, function: &Object, record: FunctionRecord) -> Result<Object, NotCompiled> {
        let mut record = Box::new(record);
        let code = NonNull::new(enter::enter_vectorcall as *mut u8).expect("functions have addresses");
        let register = CellRegister::after(VECTORCALL_ARGUMENTS);
        let thunk = THUNKS.bind(register, NonNull::from(&mut *record).cast(), code).map_err(refused)?;
        record.vectorcall = Some(thunk);
        // The table leaves the record where the thunk expects it.
        let record = table::insert(python, record);
        // SAFETY: the function is held, and so is its record.
        unsafe { record.as_ref() }.install(python);
        Ok(function.clone_ref(python))
    }
}

/// What to call for a function that has a record already.
fn again(python: &Python, record: &FunctionRecord, function: &Object) -> Object {
    if record.left().as_deref() == Some(GIVEN_BACK) {
        record.phase.replace(Phase::Waiting);
    }
    if record.left().is_none() {
        record.install(python);
    }
    match record.tie {
        // SAFETY: the dispatcher is alive as long as the record is in the table.
        Tie::Dispatcher(dispatcher) => unsafe {
            Object::from_borrowed(python, NonNull::new(dispatcher).expect("an object has an address"))
        },
        Tie::Weak(_) => function.clone_ref(python),
    }
}

/// Compiles a function that [`Specializer::specialize_function`] has taken, unless it is compiled already.
///
/// # Errors
/// The reason why it can't be compiled, with the line.
pub fn compile_now(python: &Python, function: &Object) -> Result<(), NotCompiled> {
    let Some(record) = table::find(python, function.as_ptr()) else { return Ok(()) };
    // SAFETY: the function is held, and its record lives while a call is counted.
    let result = unsafe {
        let held = record.as_ref();
        held.running.set(held.running.get() + 1);
        let result = held.compile(python).map(|()| held.left());
        held.running.set(held.running.get() - 1);
        table::tidy(python, record);
        result
    };
    match result? {
        Some(reason) => Err(NotCompiled::Left(reason)),
        None => Ok(()),
    }
}

/// Gives a function back to CPython: its calls run the original from now on. Returns whether it was specialized.
pub fn give_back(python: &Python, function: &Object) -> bool {
    let found = table::find(python, function.as_ptr());
    if let Some(record) = found {
        // SAFETY: the function is held, and so is its record. On 3.11 the dispatcher keeps it.
        unsafe {
            match record.as_ref().tie {
                Tie::Weak(_) => table::remove(python, function.as_ptr() as usize),
                Tie::Dispatcher(_) => {
                    record.as_ref().leave(python, GIVEN_BACK);
                    table::tidy(python, record);
                }
            }
        }
    }
    found.is_some()
}

/// How a function runs now; `None` if it is not specialized.
pub fn function_report(python: &Python, function: &Object) -> Option<FunctionReport> {
    // SAFETY: the function is held, and so is its record.
    let record = unsafe { table::find(python, function.as_ptr())?.as_ref() };
    let ready = record.ready();
    Some(FunctionReport {
        compiled: ready.is_some(),
        left: record.left(),
        calls: record.calls.get(),
        original_calls: record.original_calls.get(),
        versions: ready.map_or(0, |ready| ready.compiled.versions()),
        code_bytes: ready.map_or(0, |ready| ready.compiled.all_code_bytes()),
        exits: ready.map(|ready| ready.compiled.all_exit_sites()).unwrap_or_default(),
    })
}

/// Numbers of all specialized functions.
pub fn function_stats(python: &Python) -> FunctionStats {
    table::stats(python)
}
