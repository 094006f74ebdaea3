//! Reads the metadata of a whole module, to list it or to adopt it. Adoption clears the flag that slows the interpreter
//! down.

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
    /// Reads the metadata of every method of a module and of its types, remembers it, and clears the flag that slows
    /// the interpreter's own calls down.
    ///
    /// # Errors
    /// If the module's namespace can't be read. Rejected methods are in the result.
    pub fn adopt(&self, python: &Python, module: &Object) -> Result<Adopted, Error> {
        self.adopt_as(python, module, &Dialect::Version1)
    }

    /// Like [`Specializer::adopt`], for a module whose metadata has another layout. These layouts can't be recognised,
    /// so the caller has to know: metadata that looks valid in that dialect is believed.
    ///
    /// # Errors
    /// The errors of [`Specializer::adopt`].
    pub fn adopt_as(&self, python: &Python, module: &Object, dialect: &Dialect) -> Result<Adopted, Error> {
        adopt(python, self.registry(), module, dialect)
    }
}

/// The methods that a module declares.
#[derive(Debug, Default)]
pub struct Adopted {
    /// Its typed methods, in the order of its namespace.
    pub methods: Vec<AdoptedMethod>,
    /// Methods whose metadata was rejected. They keep their flag, and work as ordinary methods.
    pub rejected: Vec<RejectedMethod>,
}

/// A typed method of a module.
#[derive(Debug)]
pub struct AdoptedMethod {
    /// Its name in the module: `inc`, `Point.norm`.
    pub name: String,
    /// Its signature.
    pub signature: Signature,
    /// The state of its flag.
    pub flag: Flag,
}

/// A method whose metadata was rejected.
#[derive(Debug)]
pub struct RejectedMethod {
    /// Its name in the module.
    pub name: String,
    /// The field, and the reason.
    pub rejected: Rejected,
}

/// The state of a method's METH_TYPED flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flag {
    /// It was not set.
    Unset,
    /// It was set, and was cleared.
    Cleared,
    /// It is set and stays set, for this reason.
    Kept(String),
}

/// A method of a module with metadata, as [`inspect`] finds it.
#[derive(Debug)]
pub struct Inspected {
    /// Its name in the module: `inc`, `Point.norm`.
    pub name: String,
    /// Its metadata.
    pub method: Result<TypedMethod, Rejected>,
    def: *const c_void,
    /// The object whose lifetime the definition has.
    owner: Object,
    /// The object that has the definition.
    member: Object,
}

/// Definitions whose flag was cleared, with their dialect. Version 1 is recognised without the flag; in the other
/// dialects a second adoption, perhaps by another specializer, would find nothing.
static CLEARED: Mutex<Option<HashMap<usize, Cleared>>> = Mutex::new(None);

type Cleared = (Fingerprint, Discriminant<Dialect>);

/// Reads the metadata of a module's functions and of the methods of its types, in the order of its namespace, and
/// changes nothing.
///
/// # Errors
/// If the module's namespace can't be read. Rejected methods are in the result.
pub fn inspect(python: &Python, module: &Object) -> Result<Vec<Inspected>, Error> {
    inspect_as(python, module, &Dialect::Version1)
}

/// Like [`inspect`], in this dialect.
///
/// # Errors
/// The errors of [`inspect`].
pub fn inspect_as(python: &Python, module: &Object, dialect: &Dialect) -> Result<Vec<Inspected>, Error> {
    let mut found = Vec::new();
    for (name, member) in members(python, &module.attr(python, "__dict__")?)? {
        // SAFETY: the member is alive.
        let is_type = unsafe { ffi::PyType_Check(member.as_ptr()) } != 0;
        if !is_type {
            found.extend(Inspected::of(python, name, &member, dialect));
        } else {
            // With a metaclass, `__dict__` may be something else; such a type declares no C methods that could be
            // found.
            let Ok(namespace) = member.attr(python, "__dict__") else { continue };
            for (method, member) in members(python, &namespace)? {
                found.extend(Inspected::of(python, format!("{name}.{method}"), &member, dialect));
            }
        }
    }
    Ok(found)
}

impl Inspected {
    /// The metadata of one member; `None` if it has none.
    fn of(python: &Python, name: String, member: &Object, dialect: &Dialect) -> Option<Self> {
        // A stub is replaced by its original, since a registry entry must not keep the stub alive.
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

    /// The data that a stub needs.
    fn known(python: &Python, typed: TypedMethod, callable: &Object) -> Result<KnownMethod, Rejected> {
        let TypedMethod { name, signature, functions, underlying, .. } = typed;
        if underlying {
            return Ok(KnownMethod::new(signature, functions, CalleeTarget::Underlying));
        }
        // The signature comes from a table that does not know this callable.
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

/// Like [`inspect_as`]; also records the methods, and clears the flags.
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
        // SAFETY: as above; the GIL orders this with others who change flags.
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
    // SAFETY: the callers got it from a live callable.
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

/// Names and values of a namespace: a dict, or a type's read-only view of one.
fn members(python: &Python, namespace: &Object) -> Result<Vec<(String, Object)>, Error> {
    let mut members = Vec::new();
    // SAFETY: the thread is attached; no other code has the copy, so nothing changes it during the walk, and it keeps
    // the borrowed objects alive.
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
