//! What is known about methods: by their `PyMethodDef`, read once.
//!
//! A definition is known by its address, which is proven fresh at each look: by a weak reference to what owns the
//! definition (a module or a type), and by the definition's own name and C function. Nothing here keeps a module, a type or
//! a function alive.

use std::collections::HashMap;
use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::embed::{Exception, Object, Python, WeakObject};
use crate::ir::CalleeTarget;
use crate::metadata::{Rejected, Signature, TypedMethod, read_def};
use crate::runtime::stub::matching::Parameters;

/// A method and its signature.
#[derive(Debug)]
pub struct KnownMethod {
    /// Its overloads.
    pub signature: Arc<Signature>,
    /// The C function of each overload.
    pub functions: Arc<[NonZeroUsize]>,
    /// Whether these are underlying functions, or `ml_meth` itself.
    pub target: CalleeTarget,
    /// The types that the signature has the addresses of.
    types: Box<[WeakObject]>,
    /// What its arguments are called, made when a stub first needs it.
    parameters: OnceLock<Arc<[Parameters]>>,
}

impl KnownMethod {
    /// What was read or declared, with a signature that has no type's address.
    pub fn new(
        signature: impl Into<Arc<Signature>>,
        functions: impl Into<Arc<[NonZeroUsize]>>,
        target: CalleeTarget,
    ) -> Self {
        let (signature, functions) = (signature.into(), functions.into());
        Self { signature, functions, target, types: Box::default(), parameters: OnceLock::new() }
    }

    /// The same, where the signature has the addresses of these types.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn with_types(self, python: &Python, types: &[Object]) -> Result<Self, Exception> {
        let types = types.iter().map(|class| WeakObject::of(python, class)).collect::<Result<_, _>>()?;
        Ok(Self { types, ..self })
    }

    /// The types that the signature has the addresses of, for whoever uses these; `None` where one of them is gone.
    pub fn types(&self, python: &Python) -> Option<Vec<Object>> {
        self.types.iter().map(|class| class.upgrade(python)).collect()
    }

    /// The names and defaults of each overload's arguments. A definition has one convention, and so always the same
    /// `by_name`: whether calls may give names.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn parameters(&self, python: &Python, by_name: bool) -> Result<Arc<[Parameters]>, Exception> {
        if let Some(made) = self.parameters.get() {
            return Ok(made.clone());
        }
        let each = self.signature.overloads.iter().map(|overload| Parameters::of(python, overload, by_name));
        let made: Arc<[Parameters]> = each.collect::<Result<_, _>>()?;
        Ok(self.parameters.get_or_init(|| made).clone())
    }

    /// Whether stubs of both have the same code and call the same functions.
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.signature, &self.functions, &self.target) == (&other.signature, &other.functions, &other.target)
    }
}

/// Identifies a definition beyond its address, which may be used again for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    name: usize,
    meth: usize,
}

#[derive(Debug)]
struct Known {
    fingerprint: Fingerprint,
    method: Arc<KnownMethod>,
    /// What the definition's memory lives as long as.
    owner: WeakObject,
}

impl Known {
    /// Whether the definition with this fingerprint is the one that was looked at, and all types in its signature live. No
    /// Python code runs.
    fn is_fresh(&self, python: &Python, fingerprint: Fingerprint) -> bool {
        self.fingerprint == fingerprint
            && self.owner.is_alive(python)
            && self.method.types.iter().all(|class| class.is_alive(python))
    }
}

/// All methods that were looked at.
#[derive(Debug, Default)]
pub struct Registry {
    methods: Mutex<Methods>,
}

#[derive(Debug, Default)]
struct Methods {
    /// By the address of the definition.
    by_def: HashMap<usize, Known>,
    /// How many were left when those whose owners are gone were last taken out.
    lasting: usize,
}

impl Methods {
    /// Takes out what is of no use any more, now and then; whoever gets it drops it outside of the lock.
    fn outdated(&mut self, python: &Python) -> Vec<Known> {
        const FEW: usize = 64;
        if self.by_def.len() < FEW.max(2 * self.lasting) {
            return Vec::new();
        }
        let gone = self.by_def.extract_if(|_, known| !known.owner.is_alive(python)).map(|(_, known)| known).collect();
        self.lasting = self.by_def.len();
        gone
    }
}

impl Registry {
    /// What is known about the method behind `def`, read from its metadata the first time; `None` where it has none.
    ///
    /// # Errors
    /// Metadata that is there, but not as it must be.
    ///
    /// # Safety
    /// `def` is the definition of a live callable, and lives as long as `owner`.
    pub unsafe fn method(
        &self,
        python: &Python,
        def: *const c_void,
        owner: &Object,
    ) -> Result<Option<Arc<KnownMethod>>, Rejected> {
        // SAFETY: the caller promises a definition.
        let fingerprint = unsafe { Fingerprint::of(def) };
        if let Some(known) = self.fresh(python, def, fingerprint) {
            return Ok(Some(known));
        }
        let Some(TypedMethod { signature, functions, .. }) = read_def(def)? else { return Ok(None) };
        let method = KnownMethod::new(signature, functions, CalleeTarget::Underlying);
        // SAFETY: as above.
        Ok(Some(unsafe { self.insert(python, def, owner, method) }))
    }

    /// Records a method, for as long as `owner` lives.
    ///
    /// # Safety
    /// `def` is the definition of a live callable, and lives as long as `owner`.
    pub unsafe fn insert(
        &self,
        python: &Python,
        def: *const c_void,
        owner: &Object,
        method: KnownMethod,
    ) -> Arc<KnownMethod> {
        // SAFETY: the caller promises a definition.
        let fingerprint = unsafe { Fingerprint::of(def) };
        // What is known stays the same: what was made for it is found by it.
        if let Some(same) = self.fresh(python, def, fingerprint).filter(|known| known.is_like(&method)) {
            return same;
        }
        let method = Arc::new(method);
        // Without memory for a weak reference it is read again each time.
        let Ok(owner) = WeakObject::of(python, owner) else { return method };
        let known = Known { fingerprint, method: method.clone(), owner };
        let mut methods = self.lock();
        let outdated = methods.outdated(python);
        let replaced = methods.by_def.insert(def as usize, known);
        drop(methods);
        drop((outdated, replaced));
        method
    }

    /// What is known of the definition with this fingerprint, if it is the one that was looked at.
    fn fresh(&self, python: &Python, def: *const c_void, fingerprint: Fingerprint) -> Option<Arc<KnownMethod>> {
        let methods = self.lock();
        let known = methods.by_def.get(&(def as usize)).filter(|known| known.is_fresh(python, fingerprint))?;
        Some(known.method.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Methods> {
        self.methods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fingerprint {
    /// That of a definition.
    ///
    /// # Safety
    /// `def` is a live `PyMethodDef`.
    pub unsafe fn of(def: *const c_void) -> Self {
        // SAFETY: the caller promises one.
        let def = unsafe { def.cast::<pyo3_ffi::PyMethodDef>().as_ref() };
        def.map_or(Self { name: 0, meth: 0 }, |def| Self {
            name: def.ml_name as usize,
            meth: def.ml_meth.as_ptr() as usize,
        })
    }
}
