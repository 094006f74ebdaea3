//! Cinder's form on stock CPython: makes a table of working callables out of a method table whose `ml_meth` are typed
//! definitions.
//!
//! CPython makes no function of such a definition ("bad call flags"), so this happens before CPython sees the table.
//! [`Specializer::ready_cinder_table`] gives each definition a stub as its `ml_meth`, and the stub's calling
//! convention. C extensions do that with `include/typedcall_cinder.h`, which finds this library through a capsule
//! ([`provide`]). [`typed_signature`] returns Cinder's `__typed_signature__`. See docs/dialects.md.
//!
//! Tables live as long as the process, and so do the stubs.

mod capsule;
mod typed_signature;

use std::ffi::{CString, c_void};

use std::sync::Arc;

use pyo3_ffi as ffi;

use crate::callable::Error;
use crate::callable::original::CONVENTION_BITS;
use crate::callable::readied::{Readied, remember};
use crate::callable::registry::{Fingerprint, KnownMethod};
use crate::embed::Python;
use crate::ir::CalleeTarget;
use crate::lower::{CellSource, MethodConvention};
use crate::metadata::abi::METH_TYPED;
use crate::metadata::dialect::cinder::{CinderType, TypedDef, read_typed_def};
use crate::metadata::{
    Dialect, Kind, Overload, Parameter, PythonType, Rejected, Signature, probe_writable, read_table_as,
};
use crate::runtime::code::code_pointer::{method_pointer, refused};
use crate::runtime::code::thunk::THUNKS;
use crate::runtime::stub::cell::{Bare, Cell, CellContents};
use crate::runtime::stub::parser::{ArgumentReader, CinderArguments};
use crate::specializer::Specializer;
use crate::stub::bind::{flags, site, thunk_register};

pub use capsule::{capsule, provide};
pub use typed_signature::typed_signature;

/// A method that [`Specializer::ready_cinder_table`] made callable.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadiedMethod {
    /// Its name in the table.
    pub name: String,
    /// Its signature, or the field that no signature can express.
    pub signature: Result<Signature, Rejected>,
}

/// The new contents of a definition, before anything is changed.
struct Ready {
    line: *mut ffi::PyMethodDef,
    meth: ffi::PyMethodDefPointer,
    flags: i32,
    cell: Cell,
    def: TypedDef,
}

impl Specializer {
    /// Makes working callables of the typed definitions in a `PyMethodDef[]`, in place: each gets a stub as its
    /// `ml_meth`, and METH_NOARGS, METH_O or METH_FASTCALL in place of METH_TYPED. Other lines are left unchanged. If a
    /// line fails, nothing is changed. CPython must not have seen the table yet.
    ///
    /// Arguments are checked and converted by Cinder's rules. The underlying function gets `self` (a module for its
    /// functions) and then one argument for each element of the definition.
    ///
    /// # Errors
    /// The first line that can't be made ready, by its method's name, with the field or the reason; a table that is
    /// constant; no machine code.
    ///
    /// # Safety
    /// `table` is a method table of Cinder's form that ends with a null name. It, the definitions and the functions in
    /// it stay for the rest of the process, and the definitions are true of the functions.
    pub unsafe fn ready_cinder_table(&self, python: &Python, table: *mut c_void) -> Result<Vec<ReadiedMethod>, Error> {
        let mut readied = Vec::new();
        for entry in read_table_as(table, &Dialect::Cinder) {
            let line = entry.def as *mut ffi::PyMethodDef;
            let typed = match (read_typed_def(line.cast()), entry.method) {
                // A table without an end.
                (Ok(None), Err(rejected)) => return Err(rejected.into()),
                (Ok(typed), _) => typed,
                // SAFETY: the line was read, so it exists.
                (Err(rejected), _) if rejected.field == "ml_flags" && has_convention(unsafe { (*line).ml_flags }) => {
                    None
                }
                (Err(rejected), _) => return Err(rejected.into()),
            };
            if let Some(def) = typed {
                readied.push(self.ready(python, line, def)?);
            }
        }
        Ok(readied.into_iter().map(|ready| ready.install(python)).collect())
    }

    fn ready(&self, python: &Python, line: *mut ffi::PyMethodDef, def: TypedDef) -> Result<Ready, Error> {
        let mismatch = |reason: String| Error::Mismatch { name: def.name.clone(), reason };
        // SAFETY: the caller of `ready_cinder_table` promises a definition that may be written.
        unsafe { probe_writable(line.cast()) }.map_err(|fault| {
            mismatch(format!("its definition can't be changed ({fault}): the table must not be const"))
        })?;
        let (Some(reader), Some(overload)) = (CinderArguments::new(&def), call_overload(&def)) else {
            let reason =
                "only a generic type of Cinder's knows the type of a type parameter, and CPython has none".into();
            return Err(mismatch(reason));
        };
        let convention = match def.elements.len() {
            0 => MethodConvention::NoArgs,
            1 if reader.takes_all() => MethodConvention::O,
            _ => MethodConvention::FastCall,
        };
        let register = thunk_register(convention);
        let signature = Arc::new(Signature { overloads: vec![overload] });
        let mut site = site(&def.name, convention, CellSource::Thunk(register), signature.clone());
        site.counted = self.counts_calls;
        let shape = self.shape(&site)?;
        // A call that leaves out an argument goes to the reader: there are no names, and no defaults to find.
        let bare = Bare { reader: Box::new(ArgumentReader::Cinder(reader)), signature, doc: CString::default() };
        let cell = Cell::new(python, CellContents::bare(def.function, shape.clone(), bare))?;
        let thunk = THUNKS.bind(register, cell.address(), shape.code()).map_err(refused)?;
        let meth = method_pointer(thunk.address());
        cell.set_thunk(thunk);
        Ok(Ready { line, meth, flags: flags(convention) | def.flags, cell, def })
    }
}

impl Ready {
    /// Changes the definition, and remembers its old contents.
    fn install(self, python: &Python) -> ReadiedMethod {
        let Self { line, meth, flags, cell, def } = self;
        // SAFETY: the definition exists and can be written, as was checked; the GIL orders this with others who look at
        // it, and CPython has not seen it.
        let fingerprint = unsafe {
            (*line).ml_meth = meth;
            (*line).ml_flags = flags;
            Fingerprint::of(line.cast())
        };
        // The stub is called for as long as the table exists.
        cell.keep(python);
        let name = def.name.clone();
        let known = def.overload().map(|overload| {
            let signature = Signature { overloads: vec![overload] };
            Arc::new(KnownMethod::new(signature, vec![def.function], CalleeTarget::Underlying))
        });
        let signature = known.clone().map(|known| Signature::clone(&known.signature));
        remember(line as usize, Readied { fingerprint, def, known });
        ReadiedMethod { name, signature }
    }
}

/// Whether a flagged line is of another dialect, which CPython can call unchanged.
fn has_convention(ml_flags: i32) -> bool {
    ml_flags & METH_TYPED != 0 && ml_flags & CONVENTION_BITS != 0
}

/// The overload for a call with all arguments: it has no names and no defaults, since a call that needs these goes to
/// the reader. `None` if a parameter is of a type that only a generic `self` knows.
fn call_overload(def: &TypedDef) -> Option<Overload> {
    let mut parameters = vec![Parameter { receiver: true, ..Parameter::positional(Kind::Object) }];
    for element in &def.elements {
        let kind = match element.class {
            CinderType::Int(scalar) => Kind::Scalar(scalar),
            CinderType::Object => Kind::Object,
            // None, if it is accepted, goes to the reader too.
            CinderType::Str => Kind::Python { class: PythonType::Str, subclasses: true },
            CinderType::Void | CinderType::Error | CinderType::Parameter(_) => return None,
        };
        parameters.push(Parameter::positional(kind));
    }
    let (result, raises) = def.result_and_raises();
    // The exact type of a result object makes no difference to a caller from Python.
    let result = if result.is_object() { Kind::Object } else { result };
    Some(Overload { parameters, result, raises, effects: Default::default() })
}
