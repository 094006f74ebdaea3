//! The registry of methods: what is known about them, by their `PyMethodDef`, read once.
//!
//! A definition is known by its address. At each look-up the address is proven fresh: by a weak reference to the owner
//! of the definition (a module or a type), and by the definition's name and C function. The registry keeps no module,
//! type or function alive.

use std::collections::HashMap;
use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::embed::{Exception, Object, Python, WeakObject};
use crate::ir::CalleeTarget;
use crate::metadata::{DefaultValue, Rejected, Signature, TypedMethod, read_def};
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
    /// The types whose addresses the signature has.
    types: Box<[WeakObject]>,
    /// The names and defaults of its arguments, made when a stub first needs them.
    parameters: OnceLock<Arc<[Parameters]>>,
    /// The part of the signature that code depends on, made when a stub first needs it.
    code_signature: OnceLock<Arc<Signature>>,
}

impl KnownMethod {
    /// A method that was read or declared, with a signature without addresses of types.
    pub fn new(
        signature: impl Into<Arc<Signature>>,
        functions: impl Into<Arc<[NonZeroUsize]>>,
        target: CalleeTarget,
    ) -> Self {
        let (signature, functions) = (signature.into(), functions.into());
        let types = Box::default();
        Self { signature, functions, target, types, parameters: OnceLock::new(), code_signature: OnceLock::new() }
    }

    /// The same for a signature with the addresses of these types.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn with_types(self, python: &Python, types: &[Object]) -> Result<Self, Exception> {
        let types = types.iter().map(|class| WeakObject::of(python, class)).collect::<Result<_, _>>()?;
        Ok(Self { types, ..self })
    }

    /// The types whose addresses the signature has, for those who use these; `None` if one of them is gone.
    pub fn types(&self, python: &Python) -> Option<Vec<Object>> {
        self.types.iter().map(|class| class.upgrade(python)).collect()
    }

    /// The names and defaults of each overload's arguments. `by_name` says whether calls may give names; it is always
    /// the same for one definition, which has one convention.
    ///
    /// # Errors
    /// If memory runs out.
    pub fn parameters(&self, python: &Python, by_name: bool) -> Result<Arc<[Parameters]>, Exception> {
        if let Some(made) = self.parameters.get() {
            return Ok(made.clone());
        }
        let each = self.signature.overloads.iter().map(|overload| Parameters::of(python, overload, by_name));
        let made: Arc<[Parameters]> = each.collect::<Result<_, _>>()?;
        Ok(self.parameters.get_or_init(|| made).clone())
    }

    /// The part of the signature that the code of its stubs depends on.
    pub fn code_signature(&self) -> &Arc<Signature> {
        self.code_signature.get_or_init(|| Arc::new(code_signature(&self.signature)))
    }

    /// Whether stubs of both have the same code and call the same functions.
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.signature, &self.functions, &self.target) == (&other.signature, &other.functions, &other.target)
    }
}

/// The part of a signature that the code of a stub depends on, where the stub is made for all calls. Names and defaults
/// are in the cell, not in the code; but those of several overloads tell which of them is meant.
pub fn code_signature(signature: &Signature) -> Signature {
    let mut signature = signature.clone();
    if let [overload] = &mut signature.overloads[..] {
        for parameter in &mut overload.parameters {
            parameter.name = None;
            parameter.default = parameter.default.take().map(|default| match default {
                DefaultValue::Object { .. } => DefaultValue::Object { address: None },
                _ => DefaultValue::None,
            });
        }
    }
    signature
}

/// Distinguishes a definition from a later one at the same address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    name: usize,
    meth: usize,
}

#[derive(Debug)]
struct Known {
    fingerprint: Fingerprint,
    method: Arc<KnownMethod>,
    /// The object whose lifetime the definition's memory has.
    owner: WeakObject,
}

impl Known {
    /// Whether the definition with this fingerprint is the one in the entry, and all types in its signature live. No
    /// Python code runs.
    fn is_fresh(&self, python: &Python, fingerprint: Fingerprint) -> bool {
        self.fingerprint == fingerprint
            && self.owner.is_alive(python)
            && self.method.types.iter().all(|class| class.is_alive(python))
    }
}

/// All methods that were looked up.
#[derive(Debug, Default)]
pub struct Registry {
    methods: Mutex<Methods>,
}

#[derive(Debug, Default)]
struct Methods {
    /// By the address of the definition.
    by_def: HashMap<usize, Known>,
    /// The number of entries left when those without an owner were last removed.
    lasting: usize,
}

impl Methods {
    /// Now and then removes outdated entries and returns them. The caller drops them after releasing the lock.
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
    /// The method of the definition `def`, read from its metadata the first time; `None` if it has none.
    ///
    /// # Errors
    /// If the metadata is invalid.
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
        // An unchanged entry stays, since things that were made for it are found by it.
        if let Some(same) = self.fresh(python, def, fingerprint).filter(|known| known.is_like(&method)) {
            return same;
        }
        let method = Arc::new(method);
        // Without memory for a weak reference, the metadata is read again each time.
        let Ok(owner) = WeakObject::of(python, owner) else { return method };
        let known = Known { fingerprint, method: method.clone(), owner };
        let mut methods = self.lock();
        let outdated = methods.outdated(python);
        let replaced = methods.by_def.insert(def as usize, known);
        drop(methods);
        drop((outdated, replaced));
        method
    }

    /// The entry of the definition with this fingerprint, if it is fresh.
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
    /// The fingerprint of a definition.
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
