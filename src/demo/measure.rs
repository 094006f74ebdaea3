//! Times calls of the demo's functions in all five ways, interleaved, and what making stubs costs.

use std::ffi::{CString, c_void};
use std::path::Path;
use std::time::Instant;

use pyo3_ffi::PyObject;

use super::LOOPS;
use super::extension::{ExtensionError, compile};
use crate::embed::{Object, Python};
use crate::{Entry, Error, Options, Specializer, Stub};

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

/// Nanoseconds per call.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// What was called.
    pub case: Case,
    /// How.
    pub way: Way,
    /// The median of the rounds.
    pub median: f64,
    /// The fastest and the slowest tenth of the rounds begin here.
    pub spread: (f64, f64),
}

/// Nanoseconds of something that happens once per stub, shape or process.
#[derive(Clone, Debug, PartialEq)]
pub struct Once {
    /// `compile_shape`, `make_stub` or `startup`.
    pub case: &'static str,
    /// `warm` or `cold`.
    pub how: &'static str,
    /// The median of the rounds; of `startup` there is one.
    pub median: f64,
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
        let function = module.attr(python, case.name())?;
        let arguments = python.eval(case.arguments(), &names)?;
        for way in Way::ALL {
            runs.push(run(python, specializer, &loops, case, way, &function, &arguments)?);
        }
    }
    Ok(runs)
}

fn run(
    python: &Python,
    specializer: &Specializer,
    loops: &Loops,
    case: Case,
    way: Way,
    function: &Object,
    arguments: &Object,
) -> Result<Run, Error> {
    // SAFETY: the arguments are a tuple, whose items live as long as it; what it borrows is read only.
    let items: Vec<*mut PyObject> = unsafe {
        (0..pyo3_ffi::PyTuple_Size(arguments.as_ptr()))
            .map(|index| pyo3_ffi::PyTuple_GetItem(arguments.as_ptr(), index))
            .collect()
    };
    let count = items.len() as i64;
    let (callable, loops) = (function.as_ptr(), *loops);
    let entry = match way {
        Way::Vectorcall | Way::Guarded => None,
        Way::Boxed => Some(Entry::Boxed),
        Way::Native | Way::Direct => Some(Entry::Native),
    };
    let stub = entry.map(|entry| specializer.stub(python, function, entry)).transpose()?;
    let guarded = specializer.function(python, function)?;
    let address = stub.as_ref().map_or(std::ptr::null_mut(), |stub| stub.address().as_ptr().cast::<c_void>());
    // SAFETY (of all calls below): the loops have the signatures that `Loops` says; stub, callable and arguments are
    // kept by the run; whoever calls the run holds the GIL.
    let body: Box<dyn Fn(i64) -> i64> = match (way, case) {
        (Way::Vectorcall, _) => {
            // SAFETY: see above.
            Box::new(move |n| unsafe { (loops.vectorcall)(callable, items.as_ptr(), count, n) })
        }
        (Way::Guarded, _) => {
            // As an interpreter calls a built-in function: what its definition and its `m_self` say.
            // SAFETY: the specializer has made a built-in function, which the run keeps.
            let (method, receiver) = unsafe {
                let method = pyo3_ffi::PyCFunction_GetFunction(guarded.as_ptr());
                (
                    method.map_or(std::ptr::null_mut(), |f| f as *mut c_void),
                    pyo3_ffi::PyCFunction_GetSelf(guarded.as_ptr()),
                )
            };
            // SAFETY: see above.
            Box::new(move |n| unsafe { (loops.guarded)(method, receiver, items.as_ptr(), count, n) })
        }
        (Way::Boxed, _) => {
            // SAFETY: see above; the arguments are of the proven types.
            Box::new(move |n| unsafe { (loops.boxed)(address, items.as_ptr(), count, n) })
        }
        (Way::Native | Way::Direct, Case::Noop) => {
            // SAFETY: see above; the address is that of `noop_impl`.
            Box::new(move |n| unsafe { (loops.noop)(address, items[0], n) })
        }
        (Way::Native | Way::Direct, Case::Inc) => {
            // SAFETY: see above; the address is that of `inc_impl`.
            Box::new(move |n| unsafe { (loops.inc)(address, 123_456, n) })
        }
        (Way::Native | Way::Direct, Case::Add) => {
            // SAFETY: see above; the address is that of `add_impl`.
            Box::new(move |n| unsafe { (loops.add)(address, 1.5, 2.25, n) })
        }
        (Way::Native | Way::Direct, Case::Obj) => {
            // SAFETY: see above; the address is that of `obj_impl`.
            Box::new(move |n| unsafe { (loops.obj)(address, items[0], 123_456, n) })
        }
    };
    let keep = (stub, vec![function.clone_ref(python), arguments.clone_ref(python), guarded]);
    Ok(Run { case, way, body, _keep: keep })
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
        let library = compile(python, directory, "typedcall_loops", LOOPS)?;
        let missing = |what: &str| ExtensionError::Failed {
            source_file: library.display().to_string(),
            output: format!("{what} is missing"),
        };
        let path = CString::new(library.as_os_str().as_encoded_bytes()).map_err(|_| missing("a path without NUL"))?;
        // SAFETY: the library is ours: loading it runs no code but the loader's. It is never unloaded.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() {
            return Err(missing("the library itself"));
        }
        // SAFETY: each function is declared above as it is defined in loops.c.
        let loops = unsafe {
            Self {
                noop: symbol(handle, c"loop_noop").ok_or_else(|| missing("loop_noop"))?,
                inc: symbol(handle, c"loop_inc").ok_or_else(|| missing("loop_inc"))?,
                add: symbol(handle, c"loop_add").ok_or_else(|| missing("loop_add"))?,
                obj: symbol(handle, c"loop_obj").ok_or_else(|| missing("loop_obj"))?,
                boxed: symbol(handle, c"loop_boxed").ok_or_else(|| missing("loop_boxed"))?,
                guarded: symbol(handle, c"loop_guarded").ok_or_else(|| missing("loop_guarded"))?,
                vectorcall: symbol(handle, c"loop_vectorcall").ok_or_else(|| missing("loop_vectorcall"))?,
            }
        };
        Ok(loops)
    }
}

/// A function of a loaded library.
///
/// # Safety
/// `handle` is that of a loaded library, and `F` a function pointer's type: that of the function of this name.
unsafe fn symbol<F: Copy>(handle: *mut c_void, name: &std::ffi::CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<*mut c_void>()) };
    // SAFETY: the caller promises a handle.
    let address = unsafe { libc::dlsym(handle, name.as_ptr()) };
    // SAFETY: the caller promises that this is the function's type; the address is not null.
    (!address.is_null()).then(|| unsafe { std::mem::transmute_copy(&address) })
}

/// Times every run: in each round every way of every case once, so that a slow moment of the machine hits all alike.
pub fn measure(runs: &[Run], rounds: usize, calls: i64) -> Vec<Measurement> {
    let mut samples = vec![Vec::with_capacity(rounds); runs.len()];
    for run in runs {
        run.calls(calls);
    }
    for _ in 0..rounds {
        for (run, samples) in runs.iter().zip(&mut samples) {
            let start = Instant::now();
            run.calls(calls);
            samples.push(start.elapsed().as_nanos() as f64 / calls as f64);
        }
    }
    let summarize = |(run, mut samples): (&Run, Vec<f64>)| {
        samples.sort_by(f64::total_cmp);
        let tenth = samples.len() / 10;
        Measurement {
            case: run.case,
            way: run.way,
            median: samples[samples.len() / 2],
            spread: (samples[tenth], samples[samples.len() - 1 - tenth]),
        }
    };
    runs.iter().zip(samples).map(summarize).collect()
}

/// Times what happens once: a new shape, one more stub of a known shape, and a specializer. Call it first in a
/// process: the last is cold only once.
///
/// # Errors
/// Where a stub cannot be made.
pub fn measure_once(python: &Python, module: &Object) -> Result<(Specializer, Vec<Once>), Error> {
    const ROUNDS: usize = 101;
    let start = Instant::now();
    let specializer = Specializer::new(python, Options::default())?;
    let startup = start.elapsed().as_nanos() as f64;
    specializer.adopt(python, module)?;
    let inc = module.attr(python, "inc")?;
    let median = |mut samples: Vec<f64>| {
        samples.sort_by(f64::total_cmp);
        samples[samples.len() / 2]
    };
    let timed = |stub: &mut dyn FnMut() -> Result<Stub, Error>| -> Result<(f64, Stub), Error> {
        let start = Instant::now();
        let stub = stub()?;
        Ok((start.elapsed().as_nanos() as f64, stub))
    };
    let (mut shapes, mut stubs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // A fresh specializer knows no shapes, but all else in the process is warm.
        let fresh = Specializer::new(python, Options::default())?;
        fresh.adopt(python, module)?;
        let (first, _keep) = timed(&mut || fresh.stub(python, &inc, Entry::Guarded))?;
        let (further, _keep) = timed(&mut || fresh.stub(python, &inc, Entry::Guarded))?;
        shapes.push(first);
        stubs.push(further);
    }
    let once = vec![
        Once { case: "compile_shape", how: "warm", median: median(shapes) },
        Once { case: "make_stub", how: "warm", median: median(stubs) },
        Once { case: "startup", how: "cold", median: startup },
    ];
    Ok((specializer, once))
}
