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

/// A function of the demo, with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the variants are the functions of the same names")]
pub enum Case {
    Noop,
    Inc,
    Add,
    Obj,
}

/// A way to call a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// `PyObject_Vectorcall` of the original.
    Vectorcall,
    /// The guarded stub, in the original's METH_ convention, called as an interpreter calls the function made of it for
    /// Python.
    Guarded,
    /// The boxed stub.
    Boxed,
    /// The native stub.
    Native,
    /// The underlying function, through a pointer.
    Direct,
}

impl Case {
    /// All cases.
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

    /// The arguments of its calls, as Python source.
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
    /// All ways.
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
    /// The function.
    pub case: Case,
    /// The way.
    pub way: Way,
    body: Box<dyn Fn(i64) -> i64>,
    _keep: (Option<Stub>, Vec<Object>),
}

impl Run {
    /// Makes `calls` calls. The GIL must be held.
    ///
    /// # Panics
    /// If a call fails, which none of the demo's does.
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

/// Prepares every case in every way, case by case in the order of [`Case::ALL`].
///
/// # Errors
/// If the loops can't be compiled, or a stub can't be made.
pub fn runs(
    python: &Python,
    specializer: &Specializer,
    module: &Object,
    directory: &Path,
) -> Result<Vec<Run>, Box<dyn std::error::Error>> {
    let library = compile(python, directory, "typedcall_loops", LOOPS)?;
    // SAFETY: the library is ours: loading it runs only the loader's code.
    let library = unsafe { Library::load(&library)? };
    let names = python.namespace()?;
    let mut runs = Vec::new();
    for case in Case::ALL {
        let subject = DemoFunction {
            case,
            function: module.attr(python, case.name())?,
            arguments: python.eval(case.arguments(), &names)?,
            direct: underlying(python, module, case.name())?.as_ptr(),
        };
        let loops = Loops::of(&library, case)?;
        for way in Way::ALL {
            runs.push(run(python, specializer, loops, &subject, way)?);
        }
    }
    Ok(runs)
}

/// A function of the demo's module.
struct DemoFunction {
    case: Case,
    function: Object,
    arguments: Object,
    /// The underlying function, from the extension's own code.
    direct: *mut c_void,
}

fn run(
    python: &Python,
    specializer: &Specializer,
    loops: Loops,
    subject: &DemoFunction,
    way: Way,
) -> Result<Run, Error> {
    let (function, arguments) = (&subject.function, &subject.arguments);
    // SAFETY: the arguments are a tuple, whose items live as long as it; borrowed items are only read.
    let items: Vec<*mut PyObject> = unsafe {
        (0..pyo3_ffi::PyTuple_Size(arguments.as_ptr()))
            .map(|index| pyo3_ffi::PyTuple_GetItem(arguments.as_ptr(), index))
            .collect()
    };
    let callable = function.as_ptr();
    let mut keep = (None, vec![function.clone_ref(python), arguments.clone_ref(python)]);
    let mut stub = |entry| -> Result<*mut c_void, Error> {
        let stub = keep.0.insert(specializer.stub(python, function, entry)?);
        Ok(stub.address().as_ptr().cast())
    };
    // SAFETY (of all calls below): the loops have the signatures of `Loops`; stub, callable and arguments are kept by
    // the run; the caller of the run holds the GIL.
    let body: Box<dyn Fn(i64) -> i64> = match way {
        Way::Vectorcall => {
            // SAFETY: see above.
            Box::new(move |n| unsafe { (loops.vectorcall)(callable, items.as_ptr(), n) })
        }
        Way::Guarded => {
            // As an interpreter calls a built-in function: by its definition and its `m_self`.
            let guarded = specializer.function(python, function)?;
            // SAFETY: the specializer has made a built-in function, which the run keeps.
            let (method, receiver) = unsafe {
                let method = pyo3_ffi::PyCFunction_GetFunction(guarded.as_ptr());
                let method = method.map_or(null_mut(), |method| method as *mut c_void);
                (method, pyo3_ffi::PyCFunction_GetSelf(guarded.as_ptr()))
            };
            keep.1.push(guarded);
            // SAFETY: see above.
            Box::new(move |n| unsafe { (loops.guarded)(method, receiver, items.as_ptr(), n) })
        }
        Way::Boxed => {
            let address = stub(Entry::Boxed)?;
            // SAFETY: see above; the arguments are of the proven types.
            Box::new(move |n| unsafe { (loops.boxed)(address, items.as_ptr(), n) })
        }
        // The stub's address and the extension's own are the same; others check that.
        Way::Native => loops.underlying(stub(Entry::Native)?, items),
        Way::Direct => loops.underlying(subject.direct, items),
    };
    Ok(Run { case: subject.case, way, body, _keep: keep })
}

type ObjectArray = *const *mut PyObject;

/// The loops of one case. Those on objects return -1 if a call failed.
#[derive(Clone, Copy)]
struct Loops {
    underlying: UnderlyingLoop,
    boxed: unsafe extern "C" fn(*mut c_void, ObjectArray, i64) -> i64,
    guarded: unsafe extern "C" fn(*mut c_void, *mut PyObject, ObjectArray, i64) -> i64,
    vectorcall: unsafe extern "C" fn(*mut PyObject, ObjectArray, i64) -> i64,
}

/// The loop over the underlying function, by its signature.
#[derive(Clone, Copy)]
enum UnderlyingLoop {
    Noop(unsafe extern "C" fn(*mut c_void, *mut PyObject, i64) -> i64),
    Inc(unsafe extern "C" fn(*mut c_void, i64, i64) -> i64),
    Add(unsafe extern "C" fn(*mut c_void, f64, f64, i64) -> i64),
    Obj(unsafe extern "C" fn(*mut c_void, *mut PyObject, i64, i64) -> i64),
}

impl Loops {
    fn of(library: &Library, case: Case) -> Result<Self, ExtensionError> {
        let name = |way: &str| format!("loop_{way}{}", case.name());
        // SAFETY: each function is declared above as it is defined in loops.c.
        unsafe {
            let underlying = name("");
            Ok(Self {
                underlying: match case {
                    Case::Noop => UnderlyingLoop::Noop(library.function(&underlying)?),
                    Case::Inc => UnderlyingLoop::Inc(library.function(&underlying)?),
                    Case::Add => UnderlyingLoop::Add(library.function(&underlying)?),
                    Case::Obj => UnderlyingLoop::Obj(library.function(&underlying)?),
                },
                boxed: library.function(&name("boxed_"))?,
                guarded: library.function(&name("guarded_"))?,
                vectorcall: library.function(&name("vectorcall_"))?,
            })
        }
    }

    /// Calls of an underlying function at `address`, with the arguments of the case; the items live as long as the
    /// result.
    fn underlying(self, address: *mut c_void, items: Vec<*mut PyObject>) -> Box<dyn Fn(i64) -> i64> {
        match self.underlying {
            // SAFETY: the address is that of `noop_impl`, the argument alive.
            UnderlyingLoop::Noop(noop) => Box::new(move |n| unsafe { noop(address, items[0], n) }),
            // SAFETY: the address is that of `inc_impl`.
            UnderlyingLoop::Inc(inc) => Box::new(move |n| unsafe { inc(address, 123_456, n) }),
            // SAFETY: the address is that of `add_impl`.
            UnderlyingLoop::Add(add) => Box::new(move |n| unsafe { add(address, 1.5, 2.25, n) }),
            // SAFETY: the address is that of `obj_impl`, the argument alive.
            UnderlyingLoop::Obj(obj) => Box::new(move |n| unsafe { obj(address, items[0], 123_456, n) }),
        }
    }
}
