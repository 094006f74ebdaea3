//! The demo's functions, ready to be called in a loop in all five ways.

use std::ffi::c_void;
use std::path::Path;
use std::ptr::null_mut;

use pyo3_ffi::PyObject;

use super::extension::{ExtensionError, compile};
use super::library::Library;
use super::{LOOPS, underlying};
use crate::embed::{Object, Python};
use crate::{Entry, Error, Specializer, Stub};

/// A function of the demo, with the arguments that it is called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the variants are the functions of the same names")]
pub enum Case {
    Noop,
    Inc,
    Add,
    Obj,
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// `PyObject_Vectorcall` of the original.
    Vectorcall,
    /// The guarded stub, in the original's METH_ convention, as an interpreter calls the function that it is for Python.
    Guarded,
    /// The boxed stub.
    Boxed,
    /// The native stub.
    Native,
    /// The underlying function, through a pointer.
    Direct,
}

impl Case {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Noop, Self::Inc, Self::Add, Self::Obj];

    /// The function's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Inc => "inc",
            Self::Add => "add",
            Self::Obj => "obj",
        }
    }

    /// The arguments that it is called with, as Python source.
    fn arguments(self) -> &'static str {
        match self {
            Self::Noop => "(object(),)",
            Self::Inc => "(123456,)",
            Self::Add => "(1.5, 2.25)",
            Self::Obj => "(object(), 123456)",
        }
    }
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Vectorcall, Self::Guarded, Self::Boxed, Self::Native, Self::Direct];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vectorcall => "vectorcall",
            Self::Guarded => "guarded",
            Self::Boxed => "boxed",
            Self::Native => "native",
            Self::Direct => "direct",
        }
    }
}

/// A call in a loop, ready to be timed.
pub struct Run {
    /// What is called.
    pub case: Case,
    /// How.
    pub way: Way,
    body: Box<dyn Fn(i64) -> i64>,
    _keep: (Option<Stub>, Vec<Object>),
}

impl Run {
    /// Makes `calls` calls. The GIL must be held.
    ///
    /// # Panics
    /// Where a call fails, which none of the demo's does.
    pub fn calls(&self, calls: i64) {
        let outcome = (self.body)(calls);
        assert!(
            outcome != -1 || matches!(self.way, Way::Native | Way::Direct),
            "a call of {} failed in the way {}",
            self.case.name(),
            self.way.name()
        );
    }
}

/// Prepares every case in every way; cases stand together, in the order of [`Case::ALL`].
///
/// # Errors
/// Where the loops cannot be compiled, or a stub cannot be made.
pub fn runs(
    python: &Python,
    specializer: &Specializer,
    module: &Object,
    directory: &Path,
) -> Result<Vec<Run>, Box<dyn std::error::Error>> {
    let loops = Loops::load(python, directory)?;
    let names = python.namespace()?;
    let mut runs = Vec::new();
    for case in Case::ALL {
        let subject = Subject {
            case,
            function: module.attr(python, case.name())?,
            arguments: python.eval(case.arguments(), &names)?,
            direct: underlying(python, module, case.name())?.as_ptr(),
        };
        for way in Way::ALL {
            runs.push(run(python, specializer, loops, &subject, way)?);
        }
    }
    Ok(runs)
}

/// A function of the demo's module.
struct Subject {
    case: Case,
    function: Object,
    arguments: Object,
    /// The underlying function, as the extension tells it.
    direct: *mut c_void,
}

fn run(python: &Python, specializer: &Specializer, loops: Loops, subject: &Subject, way: Way) -> Result<Run, Error> {
    let (function, arguments) = (&subject.function, &subject.arguments);
    // SAFETY: the arguments are a tuple, whose items live as long as it; what it borrows is read only.
    let items: Vec<*mut PyObject> = unsafe {
        (0..pyo3_ffi::PyTuple_Size(arguments.as_ptr()))
            .map(|index| pyo3_ffi::PyTuple_GetItem(arguments.as_ptr(), index))
            .collect()
    };
    let count = items.len() as i64;
    let callable = function.as_ptr();
    let mut keep = (None, vec![function.clone_ref(python), arguments.clone_ref(python)]);
    let mut stub = |entry| -> Result<*mut c_void, Error> {
        let stub = keep.0.insert(specializer.stub(python, function, entry)?);
        Ok(stub.address().as_ptr().cast())
    };
    // SAFETY (of all calls below): the loops have the signatures that `Loops` says; stub, callable and arguments are
    // kept by the run; whoever calls the run holds the GIL.
    let body: Box<dyn Fn(i64) -> i64> = match way {
        Way::Vectorcall => {
            // SAFETY: see above.
            Box::new(move |n| unsafe { (loops.vectorcall)(callable, items.as_ptr(), count, n) })
        }
        Way::Guarded => {
            // As an interpreter calls a built-in function: what its definition and its `m_self` say.
            let guarded = specializer.function(python, function)?;
            // SAFETY: the specializer has made a built-in function, which the run keeps.
            let (method, receiver) = unsafe {
                let method = pyo3_ffi::PyCFunction_GetFunction(guarded.as_ptr());
                let method = method.map_or(null_mut(), |method| method as *mut c_void);
                (method, pyo3_ffi::PyCFunction_GetSelf(guarded.as_ptr()))
            };
            keep.1.push(guarded);
            // SAFETY: see above.
            Box::new(move |n| unsafe { (loops.guarded)(method, receiver, items.as_ptr(), count, n) })
        }
        Way::Boxed => {
            let address = stub(Entry::Boxed)?;
            // SAFETY: see above; the arguments are of the proven types.
            Box::new(move |n| unsafe { (loops.boxed)(address, items.as_ptr(), count, n) })
        }
        // The stub's address and the extension's own are the same; that they are is for others to check.
        Way::Native => loops.underlying(subject.case, stub(Entry::Native)?, items),
        Way::Direct => loops.underlying(subject.case, subject.direct, items),
    };
    Ok(Run { case: subject.case, way, body, _keep: keep })
}

type Objects = *const *mut PyObject;

/// The functions of `loops.c`. Each returns -1 where a call failed.
#[derive(Clone, Copy)]
struct Loops {
    noop: unsafe extern "C" fn(*mut c_void, *mut PyObject, i64) -> i64,
    inc: unsafe extern "C" fn(*mut c_void, i64, i64) -> i64,
    add: unsafe extern "C" fn(*mut c_void, f64, f64, i64) -> i64,
    obj: unsafe extern "C" fn(*mut c_void, *mut PyObject, i64, i64) -> i64,
    boxed: unsafe extern "C" fn(*mut c_void, Objects, i64, i64) -> i64,
    guarded: unsafe extern "C" fn(*mut c_void, *mut PyObject, Objects, i64, i64) -> i64,
    vectorcall: unsafe extern "C" fn(*mut PyObject, Objects, i64, i64) -> i64,
}

impl Loops {
    fn load(python: &Python, directory: &Path) -> Result<Self, ExtensionError> {
        let path = compile(python, directory, "typedcall_loops", LOOPS)?;
        // SAFETY: the library is ours: loading it runs no code but the loader's; each function is declared above as it
        // is defined in loops.c.
        unsafe {
            let library = Library::load(&path)?;
            Ok(Self {
                noop: library.function(c"loop_noop")?,
                inc: library.function(c"loop_inc")?,
                add: library.function(c"loop_add")?,
                obj: library.function(c"loop_obj")?,
                boxed: library.function(c"loop_boxed")?,
                guarded: library.function(c"loop_guarded")?,
                vectorcall: library.function(c"loop_vectorcall")?,
            })
        }
    }

    /// Calls of an underlying function at `address`, with the arguments of the case; what they are borrowed from lives
    /// as long as the result.
    fn underlying(self, case: Case, address: *mut c_void, items: Vec<*mut PyObject>) -> Box<dyn Fn(i64) -> i64> {
        match case {
            // SAFETY: the address is that of `noop_impl`, the argument alive.
            Case::Noop => Box::new(move |n| unsafe { (self.noop)(address, items[0], n) }),
            // SAFETY: the address is that of `inc_impl`.
            Case::Inc => Box::new(move |n| unsafe { (self.inc)(address, 123_456, n) }),
            // SAFETY: the address is that of `add_impl`.
            Case::Add => Box::new(move |n| unsafe { (self.add)(address, 1.5, 2.25, n) }),
            // SAFETY: the address is that of `obj_impl`, the argument alive.
            Case::Obj => Box::new(move |n| unsafe { (self.obj)(address, items[0], 123_456, n) }),
        }
    }
}
