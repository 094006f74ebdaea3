//! What is known about methods: by their `PyMethodDef`, read once.

use std::collections::HashMap;
use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::embed::{Exception, Object, Python};
use crate::ir::CalleeTarget;
use crate::metadata::{Rejected, Signature, TypedMethod, read_def};
use crate::runtime::matching::Parameters;

/// A method and its signature.
#[derive(Debug)]
pub struct KnownMethod {
    /// Its overloads.
    pub signature: Arc<Signature>,
    /// The C function behind each overload.
    pub functions: Arc<[NonZeroUsize]>,
    /// Whether these are underlying functions, or `ml_meth` itself.
    pub target: CalleeTarget,
    /// What its arguments are called, made when a stub first needs it.
    parameters: OnceLock<Arc<[Parameters]>>,
}

impl KnownMethod {
    /// What was read or declared.
    pub fn new(
        signature: impl Into<Arc<Signature>>,
        functions: impl Into<Arc<[NonZeroUsize]>>,
        target: CalleeTarget,
    ) -> Self {
        Self { signature: signature.into(), functions: functions.into(), target, parameters: OnceLock::new() }
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
    /// What keeps the definition's memory alive.
    _holder: Object,
}

impl Known {
    fn is(&self, fingerprint: Fingerprint, method: &KnownMethod) -> bool {
        let KnownMethod { signature, functions, target, .. } = &*self.method;
        self.fingerprint == fingerprint
            && (signature, functions, target) == (&method.signature, &method.functions, &method.target)
    }

    fn method(&self) -> Arc<KnownMethod> {
        self.method.clone()
    }
}

/// All methods that were looked at.
#[derive(Debug, Default)]
pub struct Registry {
    methods: Mutex<HashMap<usize, Known>>,
}

impl Registry {
    /// What is known about the method behind `def`, read from its metadata the first time; `None` where it has none.
    ///
    /// # Errors
    /// Metadata that is there, but not as it must be.
    ///
    /// # Safety
    /// `def` is the definition of a live callable, which `holder` keeps alive. Without a holder it is read each time.
    pub unsafe fn method(
        &self,
        python: &Python,
        def: *const c_void,
        holder: Option<&Object>,
    ) -> Result<Option<Arc<KnownMethod>>, Rejected> {
        // SAFETY: the caller promises a definition.
        let fingerprint = unsafe { Fingerprint::of(def) };
        if let Some(known) = self.lock().get(&(def as usize)).filter(|known| known.fingerprint == fingerprint) {
            return Ok(Some(known.method.clone()));
        }
        let Some(TypedMethod { signature, functions, .. }) = read_def(def)? else { return Ok(None) };
        let method = KnownMethod::new(signature, functions, CalleeTarget::Underlying);
        let Some(holder) = holder else { return Ok(Some(Arc::new(method))) };
        // SAFETY: as above.
        Ok(Some(unsafe { self.insert(python, def, holder, method) }))
    }

    /// Records a method.
    ///
    /// # Safety
    /// `def` is the definition of a live callable, which `holder` keeps alive.
    pub unsafe fn insert(
        &self,
        python: &Python,
        def: *const c_void,
        holder: &Object,
        method: KnownMethod,
    ) -> Arc<KnownMethod> {
        // SAFETY: the caller promises a definition.
        let fingerprint = unsafe { Fingerprint::of(def) };
        // What is known stays the same: descriptors made for it are found by it.
        let same = self.lock().get(&(def as usize)).filter(|known| known.is(fingerprint, &method)).map(Known::method);
        if let Some(same) = same {
            return same;
        }
        let method = Arc::new(method);
        let known = Known { fingerprint, method: method.clone(), _holder: holder.clone_ref(python) };
        // What the new entry replaces is dropped behind the lock: giving up its holder may run Python code.
        let replaced = self.lock().insert(def as usize, known);
        drop(replaced);
        method
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Known>> {
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
