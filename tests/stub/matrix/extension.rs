//! The extension of the matrix: compiled, loaded, and called from Rust.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::PathBuf;
use std::ptr::null_mut;

use pyo3_ffi as ffi;
use typedcall::Entry;
use typedcall::embed::{Object, Python};
use typedcall::metadata::abi::{AbiValue, kind};

use super::axes::{Axes, Case, Holder, Part, Position};
use super::source::{self, Source};
use crate::support::extension::{SUBCLASSES, run};
use crate::support::{Library, compile, compile_object};

const HEADER: &str = include_str!("matrix.h");
const PARTS: [&str; 3] = [include_str!("values.c"), include_str!("wrapper.c"), include_str!("driver.c")];
const SETUP: &str = include_str!("setup.py");
/// Two places of a form's table, as in `wrapper.c`.
const TARGET: u16 = 0xffff;
const RECEIVER: u16 = 0xfffe;

/// `matrix_comparison` of `driver.c`.
#[repr(C)]
struct Comparison {
    method: *mut c_void,
    callable: *mut ffi::PyObject,
    bound_to: *mut ffi::PyObject,
    class: *mut ffi::PyTypeObject,
    entry: c_int,
    address: *mut c_void,
    function: *mut ffi::PyObject,
    message: *mut c_char,
    size: usize,
    calls: u64,
    fast: u64,
}

type Make = unsafe extern "C" fn(
    *const AbiValue,
    c_int,
    *const u16,
    c_int,
    *const AbiValue,
    c_int,
    *const c_void,
    *const c_void,
    u32,
    c_int,
) -> *mut c_void;
type Callable = unsafe extern "C" fn(*mut c_void, *mut ffi::PyObject, *mut ffi::PyTypeObject) -> *mut ffi::PyObject;
type ClassFor = unsafe extern "C" fn(*const AbiValue) -> *mut ffi::PyTypeObject;
type Compare = unsafe extern "C" fn(*mut Comparison) -> c_int;

/// The loaded extension.
pub struct Extension {
    source: Source,
    make: Make,
    callable: Callable,
    class_for: ClassFor,
    compare: Compare,
    functions: *const *const c_void,
    callers: *const *const c_void,
    parameters: *const AbiValue,
    results: *const AbiValue,
    module: Object,
    point: Object,
}

/// One method, with its callable.
pub struct Method {
    pub callable: Object,
    /// Its underlying function.
    pub function: *const c_void,
    method: *mut c_void,
    bound_to: *mut ffi::PyObject,
    class: *mut ffi::PyTypeObject,
}

/// How a stub is called: by an entry's address, or as a callable made for Python.
#[derive(Clone, Copy)]
pub enum Way<'a> {
    Address(Entry, *mut c_void),
    Function(&'a Object),
}

/// The result of a comparison: calls, calls without the wrapper, and the first difference.
pub struct Compared {
    pub calls: u64,
    pub fast: u64,
    pub difference: Option<String>,
}

/// Compiles the parts and the generated units, a thread each.
fn build(source: &Source) -> PathBuf {
    let units = source.units.iter().map(|unit| ("-O0", with_header(unit)));
    let parts = PARTS.iter().map(|part| ("-O1", with_header(part)));
    let objects: Vec<PathBuf> = std::thread::scope(|scope| {
        let object = |(optimization, text): (&'static str, String)| {
            scope.spawn(move || compile_object("matrix_unit", &text, &["-std=gnu11", "-Wall", optimization]))
        };
        let threads: Vec<_> = units.chain(parts).map(object).collect();
        threads.into_iter().map(|thread| thread.join().expect("the compiler reported no failure")).collect()
    });
    let mut flags = vec!["-std=gnu11", "-Wall"];
    flags.extend(objects.iter().map(|path| path.to_str().expect("the path is UTF-8")));
    compile("matrix", &with_header(&source.tables), &flags)
}

/// A text that contains the header's, since compiled files are cached by their text alone.
fn with_header(text: &str) -> String {
    format!("{HEADER}\n{}", text.replace("#include \"matrix.h\"", ""))
}

impl Extension {
    /// Compiles and loads what the cases need.
    pub fn load(python: &Python, axes: &Axes) -> Self {
        let units = 2 * std::thread::available_parallelism().map_or(1, usize::from);
        let source = source::write(axes, units);
        let library = Library::load(&python.detached(|| build(&source)));
        let names = python.namespace().expect("there is memory");
        let module = run(python, "import types\nmodule = types.ModuleType('matrix')").item(python, "module");
        let module = module.expect("just assigned");
        // SAFETY: the symbols have these types in driver.c and wrapper.c; the thread is attached.
        unsafe {
            type Setup = unsafe extern "C" fn(*mut ffi::PyObject) -> c_int;
            let converters = std::mem::transmute::<*mut c_void, Setup>(library.symbol("matrix_converters"));
            assert_eq!(converters(names.as_ptr()), 0, "{}", python.take_exception());
            names
                .set_item(python, "__name__", &module.attr(python, "__name__").expect("a module has one"))
                .expect("memory");
            python.run(SUBCLASSES, &names).unwrap_or_else(|error| panic!("{error}"));
            python.run(SETUP, &names).unwrap_or_else(|error| panic!("{error}"));
            let setup = std::mem::transmute::<*mut c_void, Setup>(library.symbol("matrix_setup"));
            assert_eq!(setup(names.as_ptr()), 0, "the setup lacks something");
            let point = python.eval("Point((9,))", &names).expect("points can be made");
            Self {
                make: std::mem::transmute::<*mut c_void, Make>(library.symbol("matrix_make")),
                callable: std::mem::transmute::<*mut c_void, Callable>(library.symbol("matrix_callable")),
                class_for: std::mem::transmute::<*mut c_void, ClassFor>(library.symbol("matrix_class_for")),
                compare: std::mem::transmute::<*mut c_void, Compare>(library.symbol("matrix_compare")),
                functions: library.symbol("matrix_functions").cast(),
                callers: library.symbol("matrix_callers").cast(),
                parameters: library.symbol("matrix_parameters").cast(),
                results: library.symbol("matrix_results").cast(),
                source,
                module,
                point,
            }
        }
    }

    /// Number of underlying functions.
    pub fn functions(&self) -> usize {
        self.source.functions.len()
    }

    /// Makes a case's method. Its memory is never freed, since its address may be remembered.
    pub fn method(&self, python: &Python, axes: &Axes, case: &Case) -> Method {
        let form: Vec<u16> = case
            .form
            .parts()
            .iter()
            .map(|part| match part {
                Part::Target => TARGET,
                Part::Receiver => RECEIVER,
                Part::Object => kind::OBJECT,
                Part::I64 => kind::I64,
                Part::F32 => kind::F32,
                Part::F64 => kind::F64,
            })
            .collect();
        let is_receiver = case.position == Position::Receiver;
        // SAFETY: the tables have an entry for every variant, outcome and key of the same axes.
        unsafe {
            let function = *self.functions.add(self.source.functions[&source::key(axes, case)]);
            let caller = *self.callers.add(self.source.callers[&source::caller_key(axes, case)]);
            let target = self.parameters.add(case.variant);
            let length = c_int::try_from(form.len()).expect("at most 16 parameters");
            let result = self.results.add(case.outcome);
            let (convention, passing) = (case.shape as c_int, case.passing as c_int);
            let effects = case.effect.bits(case.form.target());
            let receiver = is_receiver.into();
            let form = form.as_ptr();
            let method =
                (self.make)(target, receiver, form, length, result, convention, function, caller, effects, passing);
            assert!(!method.is_null(), "there is memory");
            let class = match case.holder {
                Holder::Function => null_mut(),
                Holder::Type => (self.class_for)(if is_receiver { target } else { std::ptr::null() }),
            };
            let bound_to = match (case.holder, case.shape) {
                (Holder::Type, _) => null_mut(),
                (Holder::Function, super::axes::Shape::Method) => self.point.as_ptr(),
                (Holder::Function, _) => self.module.as_ptr(),
            };
            let callable = python.owned((self.callable)(method, bound_to, class));
            let callable = callable.unwrap_or_else(|error| panic!("{case:?}: {error}"));
            Method { callable, function, method, bound_to, class }
        }
    }

    /// Compares a stub with the method's wrapper over all inputs.
    pub fn compare(&self, method: &Method, way: Way<'_>) -> Compared {
        let mut message = [0; 2048];
        let (entry, address, function) = match way {
            Way::Address(Entry::Guarded, address) => (0, address, null_mut()),
            Way::Address(Entry::Vectorcall, address) => (1, address, null_mut()),
            Way::Address(Entry::Boxed, address) => (2, address, null_mut()),
            Way::Function(function) => (3, null_mut(), function.as_ptr()),
            Way::Address(Entry::Native, address) => (4, address, null_mut()),
            Way::Address(Entry::Checked, _) => unreachable!("it has no wrapper to be compared with: see bind.rs"),
        };
        let mut comparison = Comparison {
            method: method.method,
            callable: method.callable.as_ptr(),
            bound_to: method.bound_to,
            class: method.class,
            entry,
            address,
            function,
            message: message.as_mut_ptr(),
            size: message.len(),
            calls: 0,
            fast: 0,
        };
        // SAFETY: the stub is alive and of this entry; the method is one of ours.
        let differs = unsafe { (self.compare)(&mut comparison) } != 0;
        // SAFETY: the message is terminated: it was all zero, and snprintf terminates its output.
        let text = || unsafe { CStr::from_ptr(message.as_ptr()) }.to_string_lossy().into_owned();
        Compared { calls: comparison.calls, fast: comparison.fast, difference: differs.then(text) }
    }
}
