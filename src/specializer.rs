//! The front door: a [`Specializer`] makes [`Stub`]s.

use std::collections::HashMap;
use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3_ffi as ffi;

use crate::adopt::{Adopted, adopt};
use crate::cinder;
use crate::cpython::{Layout, check};
use crate::descriptor::Descriptors;
use crate::embed::{Object, Python};
use crate::error::Error;
use crate::ir::CalleeTarget;
use crate::lower::CompileError;
use crate::lower::{
    AddressTable, Binding, Call, CallSite, CellSource, Convention, Frame, Given, MethodConvention, Plan, arity,
    keyword_only,
};
use crate::metadata::{DefaultValue, Dialect, Signature};
use crate::options::{Entry, FunctionOptions, Options};
use crate::original::Original;
use crate::registry::{KnownMethod, Registry};
use crate::runtime::cell::{Cell, CellContents, bound_with};
use crate::runtime::compiler::Compiler;
use crate::runtime::matching::name_tuple;
use crate::runtime::shape::Shape;
use crate::runtime::stand_in::StandIn;
use crate::runtime::thunk::Thunks;
use crate::stats::Stats;
use crate::stub::Stub;
use crate::user_types::resolve_types;

/// Makes stubs, and remembers what it knows and what it compiled.
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

/// All that a shape's code depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ShapeKey {
    frame: Frame,
    target: CalleeTarget,
    signature: Signature,
    overloads: Vec<u16>,
    given: Vec<Given>,
    call: Option<Arc<Call>>,
}

/// Thunks belong to the process: a cell may outlive the specializer that made it.
pub(crate) static THUNKS: Thunks = Thunks::new();

impl Specializer {
    /// A specializer for the running interpreter.
    ///
    /// # Errors
    /// An interpreter that is not laid out as the crate was built for, or a machine that Cranelift does not know.
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

    /// What stubs there are, and what became of their calls: numbers of the whole process, whichever specializer made
    /// them. Calls are counted where [`Options::count_calls`] was set when the stub was made.
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

    /// What is known about a callable.
    ///
    /// # Errors
    /// Objects that have no definition, no metadata, or rejected metadata.
    pub fn signature(&self, python: &Python, callable: &Object) -> Result<Signature, Error> {
        let original = Original::or_class_method(python, callable)?;
        Ok(Signature::clone(&self.known(python, &original)?.signature))
    }

    /// Tells the signature of a callable whose underlying function cannot be reached: stubs call its `ml_meth`, and
    /// skip the rest of the calling protocol. All its arguments and its result are objects. What is declared is known as long as
    /// the callable's module or type lives. Types of extensions are imported (`type:module.Name`): where one of them is
    /// gone, the declaration is, too.
    ///
    /// # Errors
    /// A text that is no signature, one that does not fit the callable, or a type that can't be imported.
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
        unsafe { self.registry.insert(python, original.def, &original.owner(python), method) };
        Ok(())
    }

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
        adopt(python, &self.registry, module, dialect)
    }

    pub(crate) fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// A stub for a callable.
    ///
    /// # Errors
    /// Callables without a signature, signatures that stubs cannot do yet, or no machine code.
    pub fn stub(&self, python: &Python, callable: &Object, entry: Entry) -> Result<Stub, Error> {
        self.stub_with(python, callable, entry, &FunctionOptions::default())
    }

    /// As [`Specializer::stub`], with options: a native stub, which is the underlying function itself, has no use for them.
    ///
    /// # Errors
    /// As [`Specializer::stub`].
    pub fn stub_with(
        &self,
        python: &Python,
        callable: &Object,
        entry: Entry,
        options: &FunctionOptions,
    ) -> Result<Stub, Error> {
        // The other entries check that the receiver is an instance of the descriptor's type.
        let original = match entry {
            Entry::Guarded => Original::or_class_method(python, callable)?,
            _ => Original::of(python, callable)?,
        };
        let known = self.known(python, &original)?;
        let site = self.site(python, &original, &known, entry)?.with(options);
        if entry == Entry::Native {
            return match known.target {
                CalleeTarget::Underlying => {
                    let function = known.functions[usize::from(site.overloads[0])];
                    Ok(Stub::native(site, function, callable.clone_ref(python), self.compiler.clone()))
                }
                CalleeTarget::Method | CalleeTarget::Class => {
                    Err(mismatch(&site, "only ml_meth is known, which takes objects: use another entry"))
                }
            };
        }
        self.stub_for_site(python, &original, &known, site, entry)
    }

    /// A boxed stub for one call of a callable: its arguments, those given by name too, are the C arguments, and what is
    /// left out is in the code. With several overloads, the types in `call` decide which one is meant.
    ///
    /// ```
    /// use typedcall::ir::Type;
    /// use typedcall::lower::Call;
    /// # use typedcall::{Options, Specializer, embed::Python};
    /// # let python = Python::attach();
    /// # let specializer = Specializer::new(&python, Options::default())?;
    /// let split = python.import("builtins")?.attr(&python, "str")?.attr(&python, "split")?;
    /// specializer.declare(&python, &split, "(self: str, sep: str, maxsplit: int) -> list raises null")?;
    /// let call = Call {
    ///     arguments: vec![Type::UNICODE_EXACT, Type::LONG_EXACT, Type::UNICODE_EXACT],
    ///     keywords: vec!["maxsplit".into(), "sep".into()],
    /// };
    /// let stub = specializer.stub_for_call(&python, &split, &call)?; // text.split(maxsplit=a, sep=b)
    /// assert!(stub.ir().ends_with("v4:ListExact = CallCFunction<\"str.split\"> v1 v3 v2\nReturn v4\n"), "{}", stub.ir());
    /// # Ok::<(), typedcall::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Specializer::stub`]; also calls that no overload takes, and those that leave out an argument whose default
    /// is no C number: give it, or use another entry.
    pub fn stub_for_call(&self, python: &Python, callable: &Object, call: &Call) -> Result<Stub, Error> {
        let original = Original::of(python, callable)?;
        let known = self.known(python, &original)?;
        let mut site = self.site(python, &original, &known, Entry::Boxed)?;
        if !call.keywords.is_empty() && !original.convention.takes_keywords() {
            let reason = format!("{} passes no names: give all arguments by position", original.convention.name());
            return Err(mismatch(&site, reason));
        }
        let least = usize::from(site.frame.objects(0)) + call.keywords.len();
        let count = match u16::try_from(call.arguments.len()) {
            Ok(count) if call.arguments.len() >= least => count,
            _ => {
                let reason =
                    format!("{} arguments, but at least {least} are named or the receiver", call.arguments.len());
                return Err(mismatch(&site, reason));
            }
        };
        if let Some(ty) = call.arguments.iter().find(|ty| !ty.is_object()) {
            return Err(mismatch(&site, format!("an argument of type {ty} is no object")));
        }
        if let Some((_, name)) = call.keywords.iter().enumerate().find(|(at, name)| call.keywords[..*at].contains(name))
        {
            return Err(mismatch(&site, format!("{name} is given twice")));
        }
        site.frame.convention = Convention::Objects { count };
        site.frame.cell = CellSource::Thunk(site.frame.thunk_register());
        site.call = Some(Arc::new(call.clone()));
        let overload = plan_of(&site)?.arms[0].overload;
        if !original.callable_overloads(python, &known)?.contains(&overload) {
            let convention = original.convention.name();
            return Err(mismatch(&site, format!("{convention} passes no such call")));
        }
        site.overloads = vec![overload];
        self.stub_for_site(python, &original, &known, site, Entry::Boxed)
    }

    /// Gives a call site its code, a cell and an address.
    fn stub_for_site(
        &self,
        python: &Python,
        original: &Original,
        known: &KnownMethod,
        site: CallSite,
        entry: Entry,
    ) -> Result<Stub, Error> {
        let shape = self.shape(&site)?;
        let cell = self.cell(python, original, known, &site, &shape, None)?;
        let address = bind_thunk(&cell, &site, &shape)?;
        Ok(Stub::thunk(site, entry, address, cell, self.compiler.clone()))
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
        // What was declared of a method of Cinder's form comes before what its definition said.
        // SAFETY: as above.
        let known = known.map(Ok).or_else(|| unsafe { cinder::known(original.def) }).transpose()?;
        known.ok_or_else(|| Error::Untyped(original.name(python)))
    }

    /// The call site of a stub with this entry, for the first overload that fits the callable.
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
                // What its caller has proven are the types of one overload.
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

    /// A stub of a function without a wrapper.
    pub(crate) fn checked_stub(&self, site: CallSite, address: NonNull<u8>, cell: Cell) -> Stub {
        Stub::thunk(site, Entry::Checked, address, cell, self.compiler.clone())
    }

    /// The code for a call site, compiled if this is the first of its shape.
    pub(crate) fn shape(&self, site: &CallSite) -> Result<Arc<Shape>, Error> {
        let mut key = ShapeKey {
            frame: site.frame,
            target: site.target,
            signature: Signature::clone(&site.signature),
            overloads: site.overloads.clone(),
            given: site.overloads.iter().map(|overload| site.given(*overload)).collect(),
            call: site.call.clone(),
        };
        // Names and defaults are in the cell, not in the code; but those of one call have been looked at, and those of
        // several overloads tell which of them is meant.
        let shared = site.call.is_none() && site.signature.overloads.len() == 1;
        for parameter in
            key.signature.overloads.iter_mut().filter(|_| shared).flat_map(|overload| &mut overload.parameters)
        {
            parameter.name = None;
            parameter.default = parameter.default.take().map(|default| match default {
                DefaultValue::Object { .. } => DefaultValue::Object { address: None },
                _ => DefaultValue::None,
            });
        }
        let known = self.shapes.lock().unwrap_or_else(PoisonError::into_inner).get(&key).and_then(Weak::upgrade);
        if let Some(shape) = known {
            return Ok(shape);
        }
        let shape = Arc::new(self.compiler.compile(&plan_of(site)?).inspect_err(warn_once)?);
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        // Shapes whose stubs are all gone leave their entries behind, until here.
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

    /// What the cell of a stub holds.
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

/// Gives a cell a thunk, and the code an address that needs nothing else.
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

/// The one place that turns code into a function pointer.
pub(crate) fn method_pointer(code: NonNull<u8>) -> ffi::PyMethodDefPointer {
    // SAFETY: the code is that of a METH_ function, and a function pointer is an address; CPython casts it back by the
    // definition's flags before it calls it.
    let function = unsafe { std::mem::transmute::<NonNull<u8>, ffi::PyCFunction>(code) };
    ffi::PyMethodDefPointer { PyCFunction: function }
}

pub(crate) fn refused(error: io::Error) -> Error {
    let error = CompileError::ExecutableMemory(error);
    warn_once(&error);
    Error::Compile(error)
}

/// Where executable memory is refused there is one warning, however many callables stay as they are.
fn warn_once(error: &CompileError) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if matches!(error, CompileError::ExecutableMemory(_)) && !WARNED.swap(true, Ordering::Relaxed) {
        log::warn!(target: "typedcall", "{error}");
    }
}
