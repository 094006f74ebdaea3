//! The record of a specialized function: whether it is compiled, its code, its counts.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3_ffi as ffi;

use super::parameters::FunctionParameters;
use super::typed_versions::TypedVersions;
use crate::compile::{CompiledFunction, ExitSite};
use crate::cpython::python_function::{self, FunctionState, VectorcallFunction};
use crate::embed::{Exception, Object, Python};
use crate::ir::ExitReason;
use crate::runtime::body::BodyEntry;
use crate::runtime::code::thunk::Thunk;
use crate::specializer::Specializer;

/// How often a function is compiled anew, before it is left to CPython for good.
const MOST_COMPILATIONS: u32 = 8;

/// What calls of a specialized function run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The next call compiles the function first.
    Waiting,
    /// Another call, of the process with this number, is compiling it: the original runs. A forked child that inherits
    /// this compiles by itself.
    Compiling(u32),
    /// The compiled code runs.
    Compiled,
    /// The original runs for good, for this reason.
    Left(Arc<str>),
}

/// The code that calls run, and what the check before a call compares.
#[derive(Debug)]
pub struct ReadyCode {
    /// The machine code that takes arguments of any types.
    pub entry: BodyEntry,
    /// The code for arguments of certain types.
    pub typed: TypedVersions,
    /// The code object that was compiled; `compiled` keeps it alive.
    pub code: *mut ffi::PyObject,
    /// The parameters.
    pub parameters: FunctionParameters,
    /// The owner of the machine code.
    pub compiled: CompiledFunction,
    /// The version of the global events of `sys.monitoring` at which it was last found that there are none.
    pub unmonitored: Cell<u64>,
}

/// Exits of code that is gone.
static PAST_EXITS: AtomicU64 = AtomicU64::new(0);

/// Exits of code that is gone, since the process began.
pub fn past_exits() -> u64 {
    PAST_EXITS.load(Ordering::Relaxed)
}

/// How often the places were left other than by an exception that leaves the function.
fn taken(sites: &[ExitSite]) -> u64 {
    sites.iter().filter(|site| site.reason != ExitReason::Raised).map(|site| site.taken).sum()
}

impl ReadyCode {
    /// How often calls left the code, whichever version they ran.
    pub fn exits(&self) -> u64 {
        taken(&self.compiled.all_exit_sites())
    }
}

impl Drop for ReadyCode {
    fn drop(&mut self) {
        PAST_EXITS.fetch_add(self.exits(), Ordering::Relaxed);
    }
}

/// A specialized function. Its fields are only touched with the GIL held, and no borrow of a cell outlives a call that
/// may run Python code.
#[derive(Debug)]
pub struct FunctionRecord {
    /// Tells it from another one of a function at the same address.
    pub number: u64,
    /// Compiles it.
    pub specializer: &'static Specializer,
    /// The function. Its record dies with it, so no reference is needed.
    pub function: *mut ffi::PyObject,
    /// CPython's own vectorcall.
    pub own: VectorcallFunction,
    /// The code that runs, or null. The box is freed by `retire`.
    pub ready: Cell<*const ReadyCode>,
    /// What calls run.
    pub phase: RefCell<Phase>,
    /// How many calls are running code, or are about to.
    pub running: Cell<usize>,
    /// Whether the function is gone, so that the record goes with the last running call.
    pub orphaned: Cell<bool>,
    /// Code that runs in older calls only.
    #[expect(clippy::vec_box, reason = "older calls have the addresses of what is in the boxes")]
    pub retired: RefCell<Vec<Box<ReadyCode>>>,
    /// How often it was compiled.
    pub compilations: Cell<u32>,
    /// Calls that ran compiled code.
    pub calls: Cell<u64>,
    /// Calls that ran the original.
    pub original_calls: Cell<u64>,
    /// The address that is the function's vectorcall, if the interpreter heeds it.
    pub vectorcall: Option<Thunk>,
    /// The state of the function before its vectorcall was replaced.
    pub before: Cell<Option<FunctionState>>,
    /// The weak reference whose callback frees the record, or the dispatcher, borrowed.
    pub tie: Tie,
}

/// What binds a record to its function.
#[derive(Debug)]
pub enum Tie {
    /// The record dies by the callback of this weak reference.
    Weak(#[expect(dead_code, reason = "a weak reference that is gone has no callback")] Object),
    /// The record dies with this dispatcher, which owns the function.
    Dispatcher(*mut ffi::PyObject),
}

impl FunctionRecord {
    /// Whether the function's vectorcall is that of this record now.
    pub fn is_installed(&self) -> bool {
        self.before.get().is_some() || matches!(self.tie, Tie::Dispatcher(_)) && self.left().is_none()
    }

    /// Makes calls of the function come here, if the interpreter heeds a function's vectorcall.
    pub fn install(&self, _: &Python) {
        let Some(thunk) = self.vectorcall.as_ref().filter(|_| self.before.get().is_none()) else { return };
        // SAFETY: the thread is attached, and the function alive; the thunk is callable while the record lives, and
        // before that ends the vectorcall is given back.
        unsafe {
            self.before.set(Some(python_function::state(self.function)));
            python_function::replace_vectorcall(self.function, thunk.address().as_ptr());
        }
    }

    /// Makes calls of the function go to CPython.
    pub fn uninstall(&self, _: &Python) {
        let Some(before) = self.before.take() else { return };
        // SAFETY: the thread is attached. The memory of the function is there as long as the record is known: it is
        // freed after the callbacks of its weak references, and never before.
        unsafe {
            // Somebody else may have replaced it since.
            let thunk = self.vectorcall.as_ref().map(|thunk| thunk.address().as_ptr() as usize);
            let now = python_function::vectorcall(self.function).map(|now| now as *const () as usize);
            if thunk == now {
                python_function::give_back(self.function, self.own, &before);
            }
        }
    }

    /// The reason why calls run the original for good.
    pub fn left(&self) -> Option<Arc<str>> {
        match &*self.phase.borrow() {
            Phase::Left(reason) => Some(reason.clone()),
            Phase::Waiting | Phase::Compiling(_) | Phase::Compiled => None,
        }
    }

    /// Lets the original run for good.
    pub fn leave(&self, python: &Python, reason: &str) {
        self.phase.replace(Phase::Left(reason.into()));
        self.uninstall(python);
        self.drop_code();
    }

    /// Lets the next call compile the function anew.
    pub fn forget_code(&self, python: &Python, reason: &str) {
        if self.compilations.get() >= MOST_COMPILATIONS {
            return self.leave(python, reason);
        }
        self.phase.replace(Phase::Waiting);
        self.drop_code();
    }

    /// Gives up the code, as soon as no call runs it.
    fn drop_code(&self) {
        let ready = self.ready.replace(std::ptr::null());
        if !ready.is_null() {
            // SAFETY: it was made of a box in `compile`, and is taken once.
            self.retired.borrow_mut().push(unsafe { Box::from_raw(ready.cast_mut()) });
        }
    }

    /// The code that runs.
    pub fn ready(&self) -> Option<&ReadyCode> {
        // SAFETY: null, or a box that lives until no call runs.
        unsafe { self.ready.get().as_ref() }
    }

    /// Compiles the function, unless that is being done already or makes no sense.
    ///
    /// # Errors
    /// An exception that must not be lost, such as an interrupt; then the next call tries again.
    pub fn compile(&self, python: &Python) -> Result<(), Exception> {
        let process = std::process::id();
        match &*self.phase.borrow() {
            Phase::Waiting => {}
            Phase::Compiling(other) if *other != process => {}
            Phase::Compiling(_) | Phase::Compiled | Phase::Left(_) => return Ok(()),
        }
        self.phase.replace(Phase::Compiling(process));
        self.compilations.set(self.compilations.get() + 1);
        let made = self.make(python);
        if *self.phase.borrow() != Phase::Compiling(process) {
            // It was given back meanwhile.
            return Ok(());
        }
        match made {
            Ok(ready) => {
                self.ready.set(Box::into_raw(Box::new(ready)));
                self.phase.replace(Phase::Compiled);
                Ok(())
            }
            Err(NotMade::Python(exception)) if self.compilations.get() < MOST_COMPILATIONS => {
                self.phase.replace(Phase::Waiting);
                Err(exception)
            }
            Err(NotMade::Python(exception)) => {
                self.leave(python, &exception.to_string());
                Err(exception)
            }
            Err(NotMade::Refused(reason)) => {
                log::debug!(target: "typedcall::compile", "{reason}");
                self.leave(python, &reason);
                Ok(())
            }
        }
    }

    fn make(&self, python: &Python) -> Result<ReadyCode, NotMade> {
        // SAFETY: the function is alive while it is called, or held by the caller.
        let function = unsafe {
            let function = std::ptr::NonNull::new(self.function).expect("a function has an address");
            Object::from_borrowed(python, function)
        };
        let compiled = match self.specializer.compile_borrowing(python, &function) {
            Ok(compiled) => compiled,
            Err(crate::compile::NotCompiled::Python(exception)) => return Err(NotMade::Python(exception)),
            Err(refused) => return Err(NotMade::Refused(refused.to_string())),
        };
        let Some(code) = compiled.code_object() else {
            return Err(NotMade::Refused("the compiled function has no code object".to_owned()));
        };
        let parameters = FunctionParameters::of(python, code, compiled.argument_counts()).map_err(NotMade::Python)?;
        let code = code.as_ptr();
        let (entry, typed) = (compiled.entry(), TypedVersions::default());
        Ok(ReadyCode { entry, typed, code, parameters, compiled, unmonitored: Cell::new(u64::MAX) })
    }
}

/// Why there is no code.
enum NotMade {
    Python(Exception),
    Refused(String),
}

impl Drop for FunctionRecord {
    fn drop(&mut self) {
        self.drop_code();
    }
}
