//! The metadata of a whole module: to look at, or to adopt, which clears the flag that slows the interpreter down.

use std::collections::HashMap;
use std::ffi::c_void;
use std::mem::{Discriminant, discriminant};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3_ffi as ffi;

use crate::callable::Error;
use crate::callable::original::{Original, owner_of};
use crate::callable::readied;
use crate::callable::registry::{Fingerprint, KnownMethod, Registry};
use crate::embed::{Object, Python};
use crate::ir::CalleeTarget;
use crate::metadata::dialect::read_cleared_def_as;
use crate::metadata::{Dialect, Rejected, Signature, TypedMethod, clear_flag, definition, read_def_as};
use crate::runtime::stub::cell::original_of;
use crate::specializer::Specializer;

impl Specializer {
    /// Reads the metadata of every method of a module and of its types, remembers it, and clears the flag that makes
    /// the interpreter's own calls slow.
    ///
    /// # Errors
    /// Where the module's namespace cannot be read. Methods that are rejected are in the result.
    pub fn adopt(&self, python: &Python, module: &Object) -> Result<Adopted, Error> {
        self.adopt_as(python, module, &Dialect::Version1)
    }

    /// As [`Specializer::adopt`], for a module whose metadata is in another layout. None of them can be recognised, so
    /// that the caller has to know: what looks like good metadata in that dialect is believed.
    ///
    /// # Errors
    /// As [`Specializer::adopt`].
    pub fn adopt_as(&self, python: &Python, module: &Object, dialect: &Dialect) -> Result<Adopted, Error> {
        adopt(python, self.registry(), module, dialect)
    }
}

/// What a module declares.
#[derive(Debug, Default)]
pub struct Adopted {
    /// Its typed methods, in the order of its namespace.
    pub methods: Vec<AdoptedMethod>,
    /// Methods whose metadata was rejected. They keep their flag, and work as ordinary ones.
    pub rejected: Vec<RejectedMethod>,
}

/// A typed method of a module.
#[derive(Debug)]
pub struct AdoptedMethod {
    /// Its name in the module: `inc`, `Point.norm`.
    pub name: String,
    /// Its signature.
    pub signature: Signature,
    /// What became of its flag.
    pub flag: Flag,
}

/// A method whose metadata was rejected.
#[derive(Debug)]
pub struct RejectedMethod {
    /// Its name in the module.
    pub name: String,
    /// Which field, and why.
    pub rejected: Rejected,
}

/// What became of a method's METH_TYPED flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flag {
    /// It was not set.
    Unset,
    /// It was set, and is cleared.
    Cleared,
    /// It is set and stays so, for this reason.
    Kept(String),
}

/// A method of a module that has metadata, as [`inspect`] finds it.
#[derive(Debug)]
pub struct Inspected {
    /// Its name in the module: `inc`, `Point.norm`.
    pub name: String,
    /// What its metadata says.
    pub method: Result<TypedMethod, Rejected>,
    def: *const c_void,
    /// What the definition lives as long as.
    owner: Object,
    /// What has the definition.
    member: Object,
}

/// Definitions whose flag was cleared, and the dialect that they were read in. Version 1 is recognised without the flag;
/// in the others a second adoption, perhaps by another specializer, would find nothing.
static CLEARED: Mutex<Option<HashMap<usize, Cleared>>> = Mutex::new(None);

type Cleared = (Fingerprint, Discriminant<Dialect>);

/// Reads the metadata of a module's functions and of the methods of its types, in the order of its namespace, and
/// changes nothing.
///
/// # Errors
/// Where the module's namespace cannot be read. Methods that are rejected are in the result.
pub fn inspect(python: &Python, module: &Object) -> Result<Vec<Inspected>, Error> {
    inspect_as(python, module, &Dialect::Version1)
}

/// As [`inspect`], in this dialect.
///
/// # Errors
/// As [`inspect`].
pub fn inspect_as(python: &Python, module: &Object, dialect: &Dialect) -> Result<Vec<Inspected>, Error> {
    let mut found = Vec::new();
    for (name, member) in members(python, &module.attr(python, "__dict__")?)? {
        // SAFETY: the member is alive.
        let is_type = unsafe { ffi::PyType_Check(member.as_ptr()) } != 0;
        if !is_type {
            found.extend(Inspected::of(python, name, &member, dialect));
        } else {
            // A metaclass may have other ideas of a namespace; such a type declares no methods in C that could be found.
            let Ok(namespace) = member.attr(python, "__dict__") else { continue };
            for (method, member) in members(python, &namespace)? {
                found.extend(Inspected::of(python, format!("{name}.{method}"), &member, dialect));
            }
        }
    }
    Ok(found)
}

impl Inspected {
    /// What is known about one member; nothing where it has no metadata.
    fn of(python: &Python, name: String, member: &Object, dialect: &Dialect) -> Option<Self> {
        // Of a stub it is the original's: what is known about a definition keeps what has it alive.
        let member = original_of(python, member).unwrap_or_else(|| member.clone_ref(python));
        // SAFETY: the member is alive, and the thread attached.
        let found = unsafe { definition(member.as_ptr()) }?;
        let (def, owner) = (found.def, owner_of(python, &found));
        // SAFETY: the definition is that of the live member.
        let readied = unsafe { readied::typed_method(def) };
        if let Some(method) = readied.filter(|_| *dialect == Dialect::Cinder) {
            return Some(Self { name, method, def, owner, member });
        }
        let read = if was_cleared(python, def, dialect) { read_cleared_def_as } else { read_def_as };
        let method = read(def, dialect).transpose()?;
        Some(Self { name, method, def, owner, member })
    }

    /// What a stub needs to know.
    fn known(python: &Python, typed: TypedMethod, callable: &Object) -> Result<KnownMethod, Rejected> {
        let TypedMethod { name, signature, functions, underlying, .. } = typed;
        if underlying {
            return Ok(KnownMethod::new(signature, functions, CalleeTarget::Underlying));
        }
        // The signature comes from a table that knows nothing of this callable.
        let original = Original::of(python, callable);
        let fits = |original: Original| {
            signature.overloads.iter().try_for_each(|overload| original.check_objects(python, overload))
        };
        match original.and_then(fits) {
            Ok(()) => Ok(KnownMethod::new(signature, functions, CalleeTarget::Method)),
            Err(error) => {
                Err(Rejected { name: Some(name), field: "type".to_owned(), rule: None, reason: error.to_string() })
            }
        }
    }
}

/// As [`inspect_as`]; then records what was found, and clears the flags.
pub fn adopt(python: &Python, registry: &Registry, module: &Object, dialect: &Dialect) -> Result<Adopted, Error> {
    let mut adopted = Adopted::default();
    for Inspected { name, method, def, owner, member } in inspect_as(python, module, dialect)? {
        let flagged = method.as_ref().is_ok_and(|typed| typed.flagged);
        let method = match method.and_then(|typed| Inspected::known(python, typed, &member)) {
            Ok(method) => method,
            Err(rejected) => {
                adopted.rejected.push(RejectedMethod { name, rejected });
                continue;
            }
        };
        let signature = Signature::clone(&method.signature);
        // SAFETY: the definition is that of the member, and lives as long as its owner.
        unsafe { registry.insert(python, def, &owner, method) };
        // SAFETY: as above; the GIL orders this against everybody else who changes flags.
        let flag = match flagged.then(|| unsafe { clear_flag(def) }) {
            None => Flag::Unset,
            Some(Ok(())) => {
                remember_cleared(python, def, dialect);
                Flag::Cleared
            }
            Some(Err(error)) => Flag::Kept(error.to_string()),
        };
        adopted.methods.push(AdoptedMethod { name, signature, flag });
    }
    Ok(adopted)
}

/// Whether the flag of this definition was cleared when it was adopted in this dialect.
fn was_cleared(_: &Python, def: *const c_void, dialect: &Dialect) -> bool {
    // SAFETY: the callers have it from a live callable.
    let fingerprint = unsafe { Fingerprint::of(def) };
    let cleared = cleared();
    let known = cleared.as_ref().and_then(|cleared| cleared.get(&(def as usize)));
    known.is_some_and(|known| *known == (fingerprint, discriminant(dialect)))
}

fn remember_cleared(_: &Python, def: *const c_void, dialect: &Dialect) {
    if *dialect != Dialect::Version1 {
        // SAFETY: as above.
        let fingerprint = unsafe { Fingerprint::of(def) };
        cleared().get_or_insert_default().insert(def as usize, (fingerprint, discriminant(dialect)));
    }
}

fn cleared() -> MutexGuard<'static, Option<HashMap<usize, Cleared>>> {
    CLEARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names and values of a namespace, a dict or a type's read-only view of one.
fn members(python: &Python, namespace: &Object) -> Result<Vec<(String, Object)>, Error> {
    let mut members = Vec::new();
    // SAFETY: the thread is attached; the copy is ours alone, so that nothing changes it while it is walked, and it
    // keeps alive what is borrowed from it.
    unsafe {
        let copy = python.owned(ffi::PyDict_New())?;
        if ffi::PyDict_Update(copy.as_ptr(), namespace.as_ptr()) != 0 {
            return Err(python.take_exception().into());
        }
        let (mut position, mut name, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
        while ffi::PyDict_Next(copy.as_ptr(), &mut position, &mut name, &mut value) != 0 {
            if let (Some(name), Some(value)) = (NonNull::new(name), NonNull::new(value))
                && let Some(name) = Object::from_borrowed(python, name).as_str(python)
            {
                members.push((name, Object::from_borrowed(python, value)));
            }
        }
    }
    Ok(members)
}
