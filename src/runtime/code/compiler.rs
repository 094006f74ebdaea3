//! Compiling: from a plan, or a function, to code in a segment of its own, and to its stages as text.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Module, ModuleError, ModuleReloc, default_libcall_names};

use super::placed::Placed;
use super::segment::{Segment, SegmentProvider};
use crate::cpython::Layout;
use crate::ir::{Callees, Function};
use crate::lower::body::{ExitPoint, MethodCall, References, SymbolicReferences, build_body};
use crate::lower::{
    AddressTable, CodeListing, CompileError, Forwarder, Plan, Unsupported, body_isa, build_stub, disassemble,
    target_isa,
};

/// Compiles plans, one at a time, since the buffers are reused.
pub struct Compiler {
    /// For stubs.
    isa: OwnedTargetIsa,
    /// For whole functions.
    body_isa: OwnedTargetIsa,
    layout: Layout,
    addresses: AddressTable,
    /// The code generator's buffers while they are not in use. The lock is not held while it runs, since it logs, and a
    /// logger may run any code.
    buffers: Mutex<Option<Box<Buffers>>>,
}

struct Buffers {
    context: Context,
    builder: FunctionBuilderContext,
}

impl Default for Buffers {
    fn default() -> Self {
        Self { context: Context::new(), builder: FunctionBuilderContext::new() }
    }
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Compiler").field("isa", &self.isa.triple()).finish_non_exhaustive()
    }
}

impl Compiler {
    /// A compiler for this machine and the running interpreter.
    ///
    /// # Errors
    /// If Cranelift does not know this machine.
    pub fn new(layout: Layout, addresses: AddressTable, verify: bool) -> Result<Self, CompileError> {
        let (isa, body_isa) = (target_isa(None, verify)?, body_isa(None, verify)?);
        Ok(Self { isa, body_isa, layout, addresses, buffers: Mutex::default() })
    }

    /// The addresses that the code refers to.
    pub fn addresses(&self) -> &AddressTable {
        &self.addresses
    }

    /// The layout that the code relies on.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The code of a plan, ready to run.
    ///
    /// # Errors
    /// If the code generator fails, also by a panic, or the system refuses executable memory.
    pub fn compile(&self, plan: &Plan) -> Result<Placed, CompileError> {
        let placed = match forwarder(plan) {
            Some(forwarder) => {
                place_bytes(&forwarder.encode(&self.layout, &self.addresses)).map_err(CompileError::ExecutableMemory)?
            }
            None => self.guarded(|context, buffer| {
                self.build(context, buffer, plan);
                place(context, &self.isa)
            })??,
        };
        log::debug!(target: "typedcall::compile", "compiled\n{plan}");
        Ok(placed)
    }

    /// The CLIF of a plan, with the names of the addresses in its constants; `None` for a forwarder, which is encoded
    /// by hand.
    ///
    /// # Errors
    /// The errors of [`Compiler::compile`] that apply.
    pub fn clif(&self, plan: &Plan) -> Result<Option<String>, CompileError> {
        if forwarder(plan).is_some() {
            return Ok(None);
        }
        let clif = self.guarded(|context, buffer| {
            self.build(context, buffer, plan);
            self.addresses.annotate(&context.func.display().to_string())
        })?;
        Ok(Some(clif))
    }

    /// The machine code of a plan as text.
    ///
    /// # Errors
    /// The errors of [`Compiler::compile`] that apply.
    pub fn disassembly(&self, plan: &Plan) -> Result<String, CompileError> {
        if let Some(forwarder) = forwarder(plan) {
            return Ok(forwarder.disassembly(&self.layout, &self.addresses));
        }
        self.guarded(|context, buffer| {
            self.build(context, buffer, plan);
            disassemble(context, &*self.isa)
        })?
    }

    /// The code of a whole function, and the points at which it may be left.
    ///
    /// # Errors
    /// If the code generator fails, also by a panic, or the system refuses executable memory. The inner error is a part
    /// of the IR without code.
    pub fn compile_body(
        &self,
        function: &Function,
        callees: &Callees,
        references: &mut impl References,
    ) -> Result<Result<(Placed, Vec<ExitPoint>), Unsupported>, CompileError> {
        self.built(function, callees, &self.addresses, references, |context, exits, _| {
            Ok((place(context, &self.body_isa)?, exits))
        })
    }

    /// The code of a whole function as text, and the points at which it may be left. Its addresses are made up, so that
    /// the text is the same in each run.
    ///
    /// # Errors
    /// The errors of [`Compiler::compile_body`].
    pub fn list_body(
        &self,
        function: &Function,
        callees: &Callees,
        methods: BTreeMap<Arc<str>, MethodCall>,
    ) -> Result<Result<(CodeListing, Vec<ExitPoint>), Unsupported>, CompileError> {
        let mut references = SymbolicReferences::of(methods);
        let addresses = AddressTable::symbolic();
        self.built(function, callees, &addresses, &mut references, |context, exits, references| {
            let clif = addresses.annotate(&references.annotate(&context.func.display().to_string()));
            Ok((CodeListing { clif, machine_code: disassemble(context, &*self.body_isa)? }, exits))
        })
    }

    /// Builds the code of a whole function, and passes it to `work`.
    fn built<R: References, T>(
        &self,
        function: &Function,
        callees: &Callees,
        mut addresses: &AddressTable,
        references: &mut R,
        work: impl FnOnce(&mut Context, Vec<ExitPoint>, &R) -> Result<T, CompileError>,
    ) -> Result<Result<T, Unsupported>, CompileError> {
        self.guarded(|context, buffer| {
            let built = build_body(
                context,
                buffer,
                &*self.body_isa,
                &self.layout,
                &mut addresses,
                references,
                function,
                callees,
            );
            match built {
                Ok(exits) => work(context, exits, references).map(Ok),
                // The buffers of an unfinished function can't be used again.
                Err(unsupported) => {
                    *buffer = FunctionBuilderContext::new();
                    Ok(Err(unsupported))
                }
            }
        })?
    }

    fn build(&self, context: &mut Context, buffer: &mut FunctionBuilderContext, plan: &Plan) {
        build_stub(context, buffer, &*self.isa, &self.layout, &mut &self.addresses, plan);
    }

    /// Runs the code generator; a panic in it means "not compiled".
    fn guarded<T>(&self, work: impl FnOnce(&mut Context, &mut FunctionBuilderContext) -> T) -> Result<T, CompileError> {
        let mut buffers = self.lock().take().unwrap_or_default();
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut buffers.context, &mut buffers.builder)));
        if outcome.is_ok() {
            *self.lock() = Some(buffers);
        }
        outcome.map_err(|panic| {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("a panic without a message");
            CompileError::CodeGenerator(text.to_owned())
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Buffers>>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The forwarder for a plan, on machines for which forwarders are encoded.
fn forwarder(plan: &Plan) -> Option<Forwarder> {
    if cfg!(target_arch = "x86_64") { Forwarder::of(plan) } else { None }
}

/// Puts machine code into a segment of its own.
fn place_bytes(code: &[u8]) -> std::io::Result<Placed> {
    let (segment, start) = Segment::for_code(code.len())?;
    let start = NonNull::new(start).ok_or_else(|| std::io::Error::other("a segment at null"))?;
    // SAFETY: the segment is fresh and writable, and has room for the code there.
    unsafe { start.as_ptr().copy_from_nonoverlapping(code.as_ptr(), code.len()) };
    segment.make_executable(segment.length())?;
    Ok(Placed { code: start, bytes: code.len(), segment })
}

/// Compiles the content of `context`, and places the code in a segment of its own.
fn place(context: &mut Context, isa: &OwnedTargetIsa) -> Result<Placed, CompileError> {
    let compiled = context
        .compile(&**isa, &mut ControlPlane::default())
        .map_err(|error| CompileError::CodeGenerator(error.inner.to_string()))?;
    // Most code has addresses as constants, and is complete.
    if compiled.buffer.relocs().is_empty() {
        return place_bytes(compiled.code_buffer()).map_err(CompileError::ExecutableMemory);
    }
    link(context, isa)
}

/// Places compiled code that calls functions of the code generator's own, such as those that round floats.
fn link(context: &Context, isa: &OwnedTargetIsa) -> Result<Placed, CompileError> {
    let compiled = context.compiled_code().expect("it was just compiled");
    let bytes = compiled.code_buffer().len();
    let provider = SegmentProvider::default();
    let mut builder = JITBuilder::with_isa(isa.clone(), default_libcall_names());
    builder.memory_provider(Box::new(provider.clone()));
    let mut module = JITModule::new(builder);
    let id = define(&mut module, context).map_err(|error| match *error {
        ModuleError::Allocation { err } => CompileError::ExecutableMemory(err),
        other => CompileError::CodeGenerator(other.to_string()),
    })?;
    let code = NonNull::new(module.get_finalized_function(id).cast_mut());
    match (code, <[Segment; 1]>::try_from(provider.take())) {
        (Some(code), Ok([segment])) => Ok(Placed { code, bytes, segment }),
        _ => Err(CompileError::CodeGenerator("the code took other than one segment".into())),
    }
}

/// Defines the compiled function in `context` in the module, and makes it executable.
fn define(module: &mut JITModule, context: &Context) -> Result<FuncId, Box<ModuleError>> {
    let compiled = context.compiled_code().expect("it was just compiled");
    let id = module.declare_anonymous_function(&context.func.signature)?;
    let relocation = |relocation| ModuleReloc::from_mach_reloc(relocation, &context.func, id);
    let relocations: Vec<_> = compiled.buffer.relocs().iter().map(relocation).collect();
    let least = module.isa().function_alignment().minimum.into();
    let alignment = u64::from(compiled.buffer.alignment).max(least);
    module.define_function_bytes(id, alignment, compiled.code_buffer(), &relocations)?;
    module.finalize_definitions()?;
    Ok(id)
}
