//! Definitions of Cinder's form that were made callable (`stub::cinder`), with their contents before that.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3_ffi as ffi;

use super::registry::{Fingerprint, KnownMethod};
use crate::metadata::dialect::cinder::TypedDef;
use crate::metadata::{Rejected, Signature, TypedMethod};

/// A definition that was made callable.
#[derive(Debug)]
pub struct Readied {
    /// The definition as it is now.
    pub fingerprint: Fingerprint,
    /// Its contents before.
    pub def: TypedDef,
    /// Its signature, if a signature can express it.
    pub known: Result<Arc<KnownMethod>, Rejected>,
}

/// By the address of the `PyMethodDef`.
static READIED: Mutex<BTreeMap<usize, Arc<Readied>>> = Mutex::new(BTreeMap::new());

/// Remembers the definition that was made callable at this address.
pub fn remember(line: usize, readied: Readied) {
    let replaced = READIED.lock().unwrap_or_else(PoisonError::into_inner).insert(line, Arc::new(readied));
    drop(replaced);
}

/// The definition that was made callable at this address.
///
/// # Safety
/// `def` is the definition of a live callable.
pub unsafe fn readied(def: *const c_void) -> Option<Arc<Readied>> {
    let found = READIED.lock().unwrap_or_else(PoisonError::into_inner).get(&(def as usize)).cloned()?;
    // SAFETY: the caller promises a definition.
    (found.fingerprint == unsafe { Fingerprint::of(def) }).then_some(found)
}

/// The data that a stub needs of a method that was made callable; `None` for others.
///
/// # Safety
/// `def` is the definition of a live callable.
pub(crate) unsafe fn known(def: *const c_void) -> Option<Result<Arc<KnownMethod>, Rejected>> {
    // SAFETY: as the caller promises.
    unsafe { readied(def) }.map(|readied| readied.known.clone())
}

/// The same as the reader of tables returns.
///
/// # Safety
/// `def` is the definition of a live callable.
pub(crate) unsafe fn typed_method(def: *const c_void) -> Option<Result<TypedMethod, Rejected>> {
    // SAFETY: as the caller promises.
    let (readied, line) = unsafe { (readied(def)?, &*def.cast::<ffi::PyMethodDef>()) };
    Some(readied.known.clone().map(|known| TypedMethod {
        name: readied.def.name.clone(),
        signature: Signature::clone(&known.signature),
        functions: vec![readied.def.function],
        underlying: true,
        def: def as usize,
        flagged: false,
        flags: line.ml_flags,
        meth: line.ml_meth.as_ptr() as usize,
    }))
}
