//! The shared part of stubs and compiled functions: the [`Specializer`], its options, its statistics.
//!
//! It remembers the known facts about callables, and the code that was compiled. `stub` and `compile` use it to make
//! stubs and compiled functions.

pub(crate) mod descriptors;
mod options;
mod stats;

pub use options::{Entry, FunctionOptions, Options};
pub use stats::Stats;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use self::descriptors::Descriptors;
use crate::callable::original::Original;
use crate::callable::registry::{KnownMethod, Registry, code_signature};
use crate::callable::user_types::resolve_types;
use crate::callable::{Error, readied};
use crate::cpython::{Layout, check};
use crate::embed::{Object, Python};
use crate::ir::CalleeTarget;
use crate::lower::{
    AddressTable, Binding, Call, CallSite, CellSource, Convention, Frame, Given, MethodConvention, Plan, arity,
    keyword_only,
};
use crate::metadata::Signature;
use crate::runtime::code::code_pointer::{refused, warn_once};
use crate::runtime::code::compiler::Compiler;
use crate::runtime::code::thunk::THUNKS;
use crate::runtime::stub::cell::{Cell, CellContents, bound_with};
use crate::runtime::stub::matching::name_tuple;
use crate::runtime::stub::shape::Shape;
use crate::runtime::stub::stand_in::StandIn;

/// Makes stubs, and remembers callables and code.
///
/// ```
/// use typedcall::{Entry, Options, Specializer, embed::Python};
///
/// let python = Python::attach();
/// let specializer = Specializer::new(&python, Options::default())?;
/// let upper = python.import("builtins")?.attr(&python, "str")?.attr(&python, "upper")?;
/// specializer.declare(&python, &upper, "(self: str) -> str raises null")?;
/// let fast = specializer.function(&python, &upper)?;
/// let names = python.namespace()?;
/// names.set_item(&python, "fast", &fast)?;
/// assert_eq!(python.eval("fast('hello')", &names)?.text(&python)?, "HELLO");
/// # Ok::<(), typedcall::Error>(())
/// ```
#[derive(Debug)]
pub struct Specializer {
    compiler: Arc<Compiler>,
    pub(crate) verify: bool,
    pub(crate) counts_calls: bool,
    registry: Registry,
    shapes: Mutex<HashMap<ShapeKey, Weak<Shape>>>,
    pub(crate) descriptors: Descriptors,
}

/// The lookup key of a shape: everything that its code depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ShapeKey {
    frame: Frame,
    target: CalleeTarget,
    signature: Arc<Signature>,
    overloads: Vec<u16>,
    given: Vec<Given>,
    call: Option<Arc<Call>>,
}

impl Specializer {
    /// A specializer for the running interpreter.
    ///
    /// # Errors
    /// If the interpreter has another layout than the crate was built for, or Cranelift does not support the machine.
    pub fn new(python: &Python, options: Options) -> Result<Self, Error> {
        let layout = Layout::CURRENT;
        check(python, &layout)?;
        let addresses = AddressTable::of_running(python, &layout);
        let compiler = Arc::new(Compiler::new(layout, addresses, options.verify_code)?);
        Ok(Self {
            compiler,
            verify: options.verify,
            counts_calls: options.count_calls,
            registry: Registry::default(),
            shapes: Mutex::default(),
            descriptors: Descriptors::default(),
        })
    }

    /// The number of stubs, and the outcome of their calls. These are numbers of the whole process, for all
    /// specializers. Calls are counted by stubs that were made with [`Options::count_calls`].
    pub fn stats(&self) -> Stats {
        Stats::now()
    }

    /// The layout of the running interpreter's objects, for an embedder's own [`Emitter`](crate::lower::Emitter).
    pub fn layout(&self) -> &Layout {
        self.compiler.layout()
    }

    /// The running interpreter's addresses, for an embedder's own [`Emitter`](crate::lower::Emitter).
    pub fn addresses(&self) -> &AddressTable {
        self.compiler.addresses()
    }

    /// The signature of a callable.
    ///
    /// # Errors
    /// If the object has no definition, no metadata, or rejected metadata.
    pub fn signature(&self, python: &Python, callable: &Object) -> Result<Signature, Error> {
        let original = Original::or_class_method(python, callable)?;
        Ok(Signature::clone(&self.known(python, &original)?.signature))
    }

    /// Declares the signature of a callable whose underlying function can't be reached: stubs call its `ml_meth`, and
    /// skip the rest of the calling protocol. All its arguments and its result are objects. The declaration lives as
    /// long as the callable's module or type. Types of extensions are imported (`type:module.Name`); if one of them is
    /// gone, the declaration is gone too.
    ///
    /// # Errors
    /// If the text is not a signature, does not fit the callable, or names a type that can't be imported.
    pub fn declare(&self, python: &Python, callable: &Object, signature: &str) -> Result<(), Error> {
        let mut signature: Signature = signature.parse()?;
        let types = resolve_types(python, &mut signature)?;
        let original = Original::or_class_method(python, callable)?;
        if original.foreign.is_some() {
            let reason = "its provider knows its signature".into();
            return Err(Error::Mismatch { name: original.name(python), reason });
        }
        if bound_with(python, &original.callable).is_some() {
            let reason = "its signature is the one that it was bound with".into();
            return Err(Error::Mismatch { name: original.name(python), reason });
        }
        for overload in &signature.overloads {
            original.check_objects(python, overload)?;
        }
        let meth = NonZeroUsize::new(original.method).ok_or_else(|| Error::Untyped(original.name(python)))?;
        let functions = vec![meth; signature.overloads.len()];
        let method = KnownMethod::new(signature, functions, CalleeTarget::Method).with_types(python, &types)?;
        // SAFETY: the definition is that of the live callable.
        unsafe { self.registry.insert(python, original.def, &original.owner_of_claim(python), method) };
        Ok(())
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn compiler(&self) -> &Arc<Compiler> {
        &self.compiler
    }

    pub(crate) fn known(&self, python: &Python, original: &Original) -> Result<Arc<KnownMethod>, Error> {
        if let Some((signature, functions)) = bound_with(python, &original.callable) {
            return Ok(Arc::new(KnownMethod::new(signature, functions, CalleeTarget::Underlying)));
        }
        if let Some((overload, foreign)) = &original.foreign {
            let signature = Signature { overloads: vec![overload.clone()] };
            return Ok(Arc::new(KnownMethod::new(signature, [foreign.address], CalleeTarget::Underlying)));
        }
        // SAFETY: the definition is that of the live callable.
        let known = unsafe { self.registry.method(python, original.def, &original.owner(python)) }?;
        // A declaration for a method of Cinder's form takes precedence over its definition. SAFETY: as above.
        let known = known.map(Ok).or_else(|| unsafe { readied::known(original.def) }).transpose()?;
        known.ok_or_else(|| Error::Untyped(original.name(python)))
    }

    /// The call site of a stub with this entry, with the overloads that fit the callable.
    pub(crate) fn site(
        &self,
        python: &Python,
        original: &Original,
        known: &Arc<KnownMethod>,
        entry: Entry,
    ) -> Result<CallSite, Error> {
        let mut overloads = original.callable_overloads(python, known)?;
        let convention = match entry {
            Entry::Native | Entry::Boxed => {
                // The caller has proven the types of one overload.
                overloads.truncate(1);
                let receiver = u16::from(original.binding == Binding::Method);
                Convention::Objects { count: receiver + arity(&known.signature.overloads[usize::from(overloads[0])]) }
            }
            Entry::Guarded => Convention::Method(original.convention.of_stub(original.binding)),
            Entry::Vectorcall => Convention::Vectorcall,
            Entry::Checked => {
                return Err(Error::Mismatch {
                    name: original.name(python),
                    reason: "Entry::Checked is for functions without a wrapper: use Specializer::bind_stub".into(),
                });
            }
        };
        let mut frame =
            Frame { convention, original: original.convention, binding: original.binding, cell: CellSource::Receiver };
        frame.cell = CellSource::Thunk(frame.thunk_register());
        let (signature, target) = (known.signature.clone(), known.target);
        let site = CallSite {
            name: original.name(python),
            frame,
            signature,
            target,
            overloads,
            audited: self.verify,
            counted: self.counts_calls,
            call: None,
        };
        if convention == Convention::Method(MethodConvention::Other) {
            return Err(mismatch(&site, "its METH_ convention is none of CPython's own: use Entry::Vectorcall"));
        }
        Ok(site)
    }

    /// The code for a call site of a method, compiled if this is the first of its shape.
    pub(crate) fn shape_of(&self, site: &CallSite, known: &KnownMethod) -> Result<Arc<Shape>, Error> {
        match Arc::ptr_eq(&site.signature, &known.signature) && site.call.is_none() {
            true => self.shape_for(site, known.code_signature().clone()),
            false => self.shape(site),
        }
    }

    /// The code for a call site, compiled if this is the first of its shape.
    pub(crate) fn shape(&self, site: &CallSite) -> Result<Arc<Shape>, Error> {
        // The names and defaults of one call have been looked at.
        match &site.call {
            Some(_) => self.shape_for(site, site.signature.clone()),
            None => self.shape_for(site, Arc::new(code_signature(&site.signature))),
        }
    }

    fn shape_for(&self, site: &CallSite, signature: Arc<Signature>) -> Result<Arc<Shape>, Error> {
        let key = ShapeKey {
            frame: site.frame,
            target: site.target,
            signature,
            overloads: site.overloads.clone(),
            given: site.overloads.iter().map(|overload| site.given(*overload)).collect(),
            call: site.call.clone(),
        };
        let known = self.shapes.lock().unwrap_or_else(PoisonError::into_inner).get(&key).and_then(Weak::upgrade);
        if let Some(shape) = known {
            return Ok(shape);
        }
        let plan = plan_of(site)?;
        let shape = Arc::new(Shape::new(&plan, self.compiler.compile(&plan).inspect_err(warn_once)?));
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        // Shapes whose stubs are all gone leave their entries here until now.
        shapes.retain(|_, shape| shape.strong_count() > 0);
        shapes.insert(key, Arc::downgrade(&shape));
        Ok(shape)
    }

    pub(crate) fn cell(
        &self,
        python: &Python,
        original: &Original,
        known: &KnownMethod,
        site: &CallSite,
        shape: &Arc<Shape>,
        stand_in: Option<Arc<StandIn>>,
    ) -> Result<Cell, Error> {
        let contents = self.cell_contents(python, original, known, site, shape)?;
        Ok(Cell::new(python, CellContents { stand_in, ..contents })?)
    }

    /// The contents of a stub's cell.
    pub(crate) fn cell_contents(
        &self,
        python: &Python,
        original: &Original,
        known: &KnownMethod,
        site: &CallSite,
        shape: &Arc<Shape>,
    ) -> Result<CellContents, Error> {
        let matches = site.overloads.iter().any(|overload| site.given(*overload) != Given::ByPosition);
        let by_name = original.convention.takes_keywords();
        let keywords = site.call.as_ref().map_or_else(|| keyword_only(site.overload()), |call| call.keywords.clone());
        let names = keywords.iter().map(|name| &**name);
        let types = known.types(python).ok_or_else(|| Error::Untyped(original.name(python)))?;
        Ok(CellContents {
            target: match &original.foreign {
                Some((_, foreign)) => foreign.target(),
                None => known.functions[usize::from(shape.first_overload())],
            },
            functions: known.functions.clone(),
            parameters: matches.then(|| known.parameters(python, by_name)).transpose()?,
            keywords: (!keywords.is_empty()).then(|| name_tuple(python, names)).transpose()?,
            callable: Some(original.callable.clone_ref(python)),
            method: original.method,
            receiver: original.receiver,
            class: original.class,
            shape: shape.clone(),
            signature: Some(site.signature.clone()),
            def: original.plain_def(),
            bare: None,
            foreign: original.foreign.as_ref().map(|(_, foreign)| foreign.clone()),
            stand_in: None,
            types,
        })
    }
}

/// Gives a cell a thunk, so that the code has an address that needs nothing else.
pub(crate) fn bind_thunk(cell: &Cell, site: &CallSite, shape: &Shape) -> Result<NonNull<u8>, Error> {
    let thunk = THUNKS.bind(site.frame.thunk_register(), cell.address(), shape.code()).map_err(refused)?;
    let address = thunk.address();
    cell.set_thunk(thunk);
    Ok(address)
}

/// The plan of a call site.
pub(crate) fn plan_of(site: &CallSite) -> Result<Plan, Error> {
    site.plan().map_err(|source| Error::Unsupported { name: site.name.clone(), source })
}

/// An error that names the callee.
pub(crate) fn mismatch(site: &CallSite, reason: impl Into<String>) -> Error {
    Error::Mismatch { name: site.name.clone(), reason: reason.into() }
}
