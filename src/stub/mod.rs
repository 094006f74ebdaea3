//! Stubs: code for one call, with its stages as text.
//!
//! | file | content |
//! | --- | --- |
//! | `making` | makes stubs |
//! | `function`, `descriptor` | stubs as Python objects |
//! | `bind` | callables for C functions without a wrapper |
//! | `text_signature` | the `__text_signature__` of a stub |
//! | `adopt` | the metadata of whole modules |
//! | `cinder/` | makes tables of Cinder's form callable |

pub(crate) mod adopt;
pub(crate) mod bind;
pub mod cinder;
mod descriptor;
mod function;
mod making;
mod text_signature;

pub use adopt::{Adopted, AdoptedMethod, Flag, Inspected, RejectedMethod, inspect, inspect_as};
pub use bind::{BareFunction, Bind};

use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::Arc;

use cranelift_codegen::ir::Value;

use crate::callable::Error;
use crate::embed::{Object, Python};
use crate::ir::Function;
use crate::lower::{Binding, CallSite, Convention, Emitter, Frame, Plan, Unsupported, arity};
use crate::metadata::Overload;
use crate::runtime::code::compiler::Compiler;
use crate::runtime::stub::cell::Cell;
use crate::specializer::Entry;
use crate::specializer::{mismatch, plan_of};
use crate::stub::bind::flags;

/// Code for calls of one callable. The address is valid as long as the stub lives.
///
/// A stub may be dropped during a call of itself, and on any thread; dropping it takes the GIL if necessary.
#[derive(Debug)]
pub struct Stub {
    site: CallSite,
    entry: Entry,
    code: StubCode,
    compiler: Arc<Compiler>,
}

#[derive(Debug)]
enum StubCode {
    /// The underlying function itself, which the original keeps in memory.
    Native { function: NonZeroUsize, callable: Object },
    /// A thunk that leads to shared code, owned by a cell.
    Thunk { address: NonNull<u8>, cell: Cell },
}

// SAFETY: the references that a stub owns are given up with the GIL held (`Object::drop`), and everything else in it is
// immutable.
unsafe impl Send for Stub {}
// SAFETY: as above; a shared stub is only called and read.
unsafe impl Sync for Stub {}

impl Stub {
    pub(crate) fn native(site: CallSite, function: NonZeroUsize, callable: Object, compiler: Arc<Compiler>) -> Self {
        Self { site, entry: Entry::Native, code: StubCode::Native { function, callable }, compiler }
    }

    pub(crate) fn thunk(
        site: CallSite,
        entry: Entry,
        address: NonNull<u8>,
        cell: Cell,
        compiler: Arc<Compiler>,
    ) -> Self {
        Self { site, entry, code: StubCode::Thunk { address, cell }, compiler }
    }

    /// The address to call, with the C signature of the entry (see [`Entry`]).
    pub fn address(&self) -> NonNull<u8> {
        match self.code {
            // The address is not null, though the pointer may be good for nothing else.
            StubCode::Native { function, .. } => NonNull::new(function.get() as *mut u8).expect("it is not zero"),
            StubCode::Thunk { address, .. } => address,
        }
    }

    /// The entry that was asked for.
    pub fn entry(&self) -> Entry {
        self.entry
    }

    /// The callable's qualified name.
    pub fn name(&self) -> &str {
        &self.site.name
    }

    /// The overload that the stub calls; the first of those that it dispatches to.
    pub fn overload(&self) -> &Overload {
        self.site.overload()
    }

    /// The overloads whose calls take the fallback, as text, with the reasons.
    pub fn not_dispatched(&self) -> Vec<(String, String)> {
        let describe = |(overload, error): (u16, Unsupported)| {
            (self.site.signature.overloads[usize::from(overload)].to_string(), error.reason)
        };
        self.site.without_arm().into_iter().map(describe).collect()
    }

    /// The IR of the call before specialization, for each overload that the stub dispatches to.
    pub fn generic_ir(&self) -> String {
        join(&self.site.generic())
    }

    /// The IR of the call of the underlying function, for each overload that the stub dispatches to.
    pub fn ir(&self) -> String {
        join(&self.site.specialized())
    }

    /// The steps of the code; for a native stub, those of a boxed stub of the same callable.
    ///
    /// # Errors
    /// If the signature has a native stub only.
    pub fn plan(&self) -> Result<Plan, Error> {
        plan_of(&self.site)
    }

    /// The CLIF of the code. There is none for a native stub, which is the underlying function itself, and for a stub
    /// that is only a jump to it.
    ///
    /// # Errors
    /// If the code generator fails.
    pub fn clif(&self) -> Result<Option<String>, Error> {
        self.compiled(|plan| Ok(self.compiler.clif(plan)?)).map(Option::flatten)
    }

    /// The machine code as text. There is none for a native stub, which is the underlying function itself.
    ///
    /// # Errors
    /// If the code generator fails.
    pub fn machine_code(&self) -> Result<Option<String>, Error> {
        self.compiled(|plan| Ok(self.compiler.disassembly(plan)?))
    }

    /// Emits the call into a function of the embedder's own, as in a boxed stub: the result is a new reference, or null
    /// with an exception set. `objects` are the receiver, for a method descriptor, and the arguments, of proven types.
    /// The code contains the cell's address: keep the stub as long as the code.
    ///
    /// ```
    /// use cranelift_codegen::ir::{AbiParam, InstBuilder, types::I64};
    /// use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
    /// # use cranelift_jit::{JITBuilder, JITModule};
    /// # use cranelift_module::{Module, default_libcall_names};
    /// # use typedcall::{Entry, Options, Specializer, embed::Python, lower::{Emitter, target_isa}};
    /// # let python = Python::attach();
    /// # let specializer = Specializer::new(&python, Options::default())?;
    /// # let upper = python.import("builtins")?.attr(&python, "str")?.attr(&python, "upper")?;
    /// # specializer.declare(&python, &upper, "(self: str) -> str raises null")?;
    /// # let isa = target_isa(None, true)?;
    /// # let mut module = JITModule::new(JITBuilder::with_isa(isa.clone(), default_libcall_names()));
    /// let stub = specializer.stub(&python, &upper, Entry::Boxed)?;
    /// let mut context = module.make_context();
    /// context.func.signature.params.push(AbiParam::new(I64));
    /// context.func.signature.returns.push(AbiParam::new(I64));
    /// let mut buffer = FunctionBuilderContext::new();
    /// let mut builder = FunctionBuilder::new(&mut context.func, &mut buffer);
    /// let entry = builder.create_block();
    /// builder.append_block_params_for_function_params(entry);
    /// builder.switch_to_block(entry);
    /// let text = builder.block_params(entry)[0];
    /// let (layout, mut symbols) = (specializer.layout(), specializer.addresses());
    /// let call_conv = isa.default_call_conv();
    /// let mut emitter = Emitter { builder: &mut builder, layout, symbols: &mut symbols, call_conv };
    /// let result = stub.inline(&mut emitter, &[text])?;
    /// builder.ins().return_(&[result]);
    /// builder.seal_all_blocks();
    /// builder.finalize(isa.frontend_config());
    /// # let id = module.declare_anonymous_function(&context.func.signature).unwrap();
    /// # module.define_function(id, &mut context).unwrap();
    /// # module.finalize_definitions().unwrap();
    /// # type Shout = unsafe extern "C" fn(*mut pyo3_ffi::PyObject) -> *mut pyo3_ffi::PyObject;
    /// # let shout = unsafe { std::mem::transmute::<_, Shout>(module.get_finalized_function(id)) };
    /// # let hello = python.eval("'hello'", &python.namespace()?)?;
    /// # assert_eq!(unsafe { python.owned(shout(hello.as_ptr()))? }.text(&python)?, "HELLO");
    /// # Ok::<(), typedcall::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the stub is native, stubs do not support the signature yet, or the number of objects is wrong.
    pub fn inline(&self, emitter: &mut Emitter<'_, '_>, objects: &[Value]) -> Result<Value, Error> {
        let StubCode::Thunk { cell, .. } = &self.code else {
            return Err(mismatch(&self.site, "a native stub has no cell: inline another, or use Emitter::typed_call"));
        };
        let count = match self.site.frame.convention {
            Convention::Objects { count } => count,
            Convention::Method(_) | Convention::Vectorcall => self.site.frame.objects(arity(self.overload())),
        };
        if objects.len() != usize::from(count) {
            return Err(mismatch(&self.site, format!("it takes {count} objects, not {}", objects.len())));
        }
        let mut site = self.site.clone();
        site.frame = Frame { convention: Convention::Objects { count }, ..site.frame };
        site.overloads.truncate(1);
        let plan = plan_of(&site)?;
        Ok(emitter.inline_with(&plan, cell.address(), objects))
    }

    /// The original; `None` if there is only a C function ([`Entry::Checked`]).
    pub fn original(&self, python: &Python) -> Option<Object> {
        match &self.code {
            StubCode::Native { callable, .. } => Some(callable.clone_ref(python)),
            StubCode::Thunk { cell, .. } => cell.callable(python),
        }
    }

    /// The `ml_flags` of a `PyMethodDef` whose `ml_meth` is the stub's address; `None` if the stub has another
    /// convention.
    pub fn method_flags(&self) -> Option<i32> {
        match self.site.frame.convention {
            Convention::Method(convention) => Some(flags(convention)),
            Convention::Objects { .. } | Convention::Vectorcall => None,
        }
    }

    /// Whether the callable is a method descriptor, whose receiver is its first argument.
    pub fn is_method(&self) -> bool {
        self.site.frame.binding == Binding::Method
    }

    fn compiled<T>(&self, text: impl FnOnce(&Plan) -> Result<T, Error>) -> Result<Option<T>, Error> {
        match self.code {
            StubCode::Native { .. } => Ok(None),
            StubCode::Thunk { .. } => text(&self.plan()?).map(Some),
        }
    }
}

fn join(functions: &[Function]) -> String {
    functions.iter().map(Function::to_string).collect::<Vec<_>>().join("\n")
}
