//! Shapes: machine code that many stubs share, compiled from a plan into a segment of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use cranelift_codegen::Context;
use cranelift_codegen::isa::{self, OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Module, ModuleError, default_libcall_names};
use target_lexicon::Triple;

use super::layout::Layout;
use super::segment::{Segment, SegmentProvider};
use crate::lower::{AddressTable, Emitter, Forwarder, Plan, Symbols, stub_signature};

/// The compiled code of one plan. Its segment is unmapped with the last owner of the shape.
#[derive(Debug)]
pub struct Shape {
    code: NonNull<u8>,
    _segment: Segment,
}

// SAFETY: a shape is immutable, and its code is bound to no thread.
unsafe impl Send for Shape {}
// SAFETY: as above.
unsafe impl Sync for Shape {}

impl Shape {
    /// Where the code starts.
    pub fn code(&self) -> NonNull<u8> {
        self.code
    }
}

/// Why there is no machine code.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The system refuses executable memory.
    #[error(
        "the system refuses executable memory ({0}): a security policy forbids it; the original callables run instead"
    )]
    ExecutableMemory(std::io::Error),
    /// Cranelift reported an error.
    #[error("the code generator failed: {0}; please report it with the plan of the stub")]
    CodeGenerator(String),
    /// The platform has no code generator or no stubs yet.
    #[error("the platform is not supported: {0}")]
    Platform(String),
}

/// Compiles plans. One at a time: the buffers are reused.
pub struct Compiler {
    isa: OwnedTargetIsa,
    layout: Layout,
    addresses: AddressTable,
    buffers: Mutex<(Context, FunctionBuilderContext)>,
}

impl std::fmt::Debug for Compiler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Compiler").field("isa", &self.isa.triple()).finish_non_exhaustive()
    }
}

/// Settings that all code is compiled with; see the design's notes on Cranelift.
fn flags(verify: bool) -> settings::Flags {
    let mut builder = settings::builder();
    let all = [
        // A stub has nothing to fold or to merge: the optimizer made none faster, and took a third of the time.
        ("opt_level", "none"),
        ("regalloc_algorithm", "backtracking"),
        ("preserve_frame_pointers", "true"),
        ("is_pic", "false"),
        ("enable_verifier", if verify { "true" } else { "false" }),
    ];
    for (name, value) in all {
        builder.set(name, value).expect("these settings exist in this version of Cranelift");
    }
    settings::Flags::new(builder)
}

/// The code generator for a target, as all code of this crate is compiled: of this machine without a `triple`, else
/// the baseline of that target.
///
/// # Errors
/// Where Cranelift knows no such target, or was built without it.
pub fn target_isa(triple: Option<Triple>, verify: bool) -> Result<OwnedTargetIsa, CompileError> {
    let platform = |error: &dyn std::fmt::Display| CompileError::Platform(error.to_string());
    let builder = match triple {
        None => cranelift_native::builder().map_err(|error| platform(&error))?,
        Some(triple) => isa::lookup(triple).map_err(|error| platform(&error))?,
    };
    builder.finish(flags(verify)).map_err(|error| platform(&error))
}

/// Builds the CLIF of a stub in `context`, for any target, any layout and any symbols.
pub fn build_stub(
    context: &mut Context,
    buffer: &mut FunctionBuilderContext,
    isa: &dyn TargetIsa,
    layout: &Layout,
    symbols: &mut dyn Symbols,
    plan: &Plan,
) {
    let call_conv = isa.default_call_conv();
    context.clear();
    context.func.signature = stub_signature(&plan.frame, call_conv);
    let mut builder = FunctionBuilder::new(&mut context.func, buffer);
    Emitter { builder: &mut builder, layout, symbols, call_conv }.stub(plan);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
}

impl Compiler {
    /// A compiler for this machine and the running interpreter.
    ///
    /// # Errors
    /// Where Cranelift does not know this machine.
    pub fn new(layout: Layout, addresses: AddressTable, verify: bool) -> Result<Self, CompileError> {
        let isa = target_isa(None, verify)?;
        Ok(Self { isa, layout, addresses, buffers: Mutex::new((Context::new(), FunctionBuilderContext::new())) })
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
    /// Where the code generator fails, by a panic too, or the system refuses executable memory.
    pub fn compile(&self, plan: &Plan) -> Result<Shape, CompileError> {
        let shape = match forwarder(plan) {
            Some(forwarder) => place_bytes(&forwarder.encode(&self.layout)).map_err(CompileError::ExecutableMemory)?,
            None => self.guarded(|context, buffer| {
                self.build(context, buffer, plan);
                self.place(context)
            })??,
        };
        log::debug!(target: "typedcall::compile", "compiled\n{plan}");
        Ok(shape)
    }

    /// The CLIF of a plan, with the names of what its constants point at; none for a forwarder, which is encoded by
    /// hand.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
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
    /// As [`Compiler::compile`].
    pub fn disassembly(&self, plan: &Plan) -> Result<String, CompileError> {
        if let Some(forwarder) = forwarder(plan) {
            return Ok(forwarder.disassembly(&self.layout));
        }
        self.guarded(|context, buffer| {
            self.build(context, buffer, plan);
            disassemble(context, &*self.isa)
        })?
    }

    fn build(&self, context: &mut Context, buffer: &mut FunctionBuilderContext, plan: &Plan) {
        build_stub(context, buffer, &*self.isa, &self.layout, &mut &self.addresses, plan);
    }

    fn place(&self, context: &mut Context) -> Result<Shape, CompileError> {
        let provider = SegmentProvider::default();
        let mut builder = JITBuilder::with_isa(self.isa.clone(), default_libcall_names());
        builder.memory_provider(Box::new(provider.clone()));
        let mut module = JITModule::new(builder);
        let id = define(&mut module, context).map_err(|error| match *error {
            ModuleError::Allocation { err } => CompileError::ExecutableMemory(err),
            other => CompileError::CodeGenerator(other.to_string()),
        })?;
        let code = NonNull::new(module.get_finalized_function(id).cast_mut());
        match (code, <[Segment; 1]>::try_from(provider.take())) {
            (Some(code), Ok([segment])) => Ok(Shape { code, _segment: segment }),
            _ => Err(CompileError::CodeGenerator("a stub took other than one segment".into())),
        }
    }

    /// Runs the code generator; a panic in it means "not compiled".
    fn guarded<T>(&self, work: impl FnOnce(&mut Context, &mut FunctionBuilderContext) -> T) -> Result<T, CompileError> {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        let (context, buffer) = &mut *buffers;
        catch_unwind(AssertUnwindSafe(|| work(context, buffer))).map_err(|panic| {
            *buffers = (Context::new(), FunctionBuilderContext::new());
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("a panic without a message");
            CompileError::CodeGenerator(text.to_owned())
        })
    }
}

/// The forwarder that does what the plan says, on machines that forwarders are encoded for.
fn forwarder(plan: &Plan) -> Option<Forwarder> {
    if cfg!(target_arch = "x86_64") { Forwarder::of(plan) } else { None }
}

/// Puts machine code into a segment of its own.
fn place_bytes(code: &[u8]) -> std::io::Result<Shape> {
    let (segment, start) = Segment::for_code(code.len())?;
    let start = NonNull::new(start).ok_or_else(|| std::io::Error::other("a segment at null"))?;
    // SAFETY: the segment is fresh and writable, and has room for the code there.
    unsafe { start.as_ptr().copy_from_nonoverlapping(code.as_ptr(), code.len()) };
    segment.make_executable(segment.length())?;
    Ok(Shape { code: start, _segment: segment })
}

/// Compiles what `context` holds into the module, and makes it executable.
fn define(module: &mut JITModule, context: &mut Context) -> Result<FuncId, Box<ModuleError>> {
    let id = module.declare_anonymous_function(&context.func.signature)?;
    module.define_function(id, context)?;
    module.finalize_definitions()?;
    Ok(id)
}

/// The machine code of what `context` holds, as text.
///
/// # Errors
/// Where the code generator fails.
pub fn disassemble(context: &mut Context, isa: &dyn TargetIsa) -> Result<String, CompileError> {
    context.set_disasm(true);
    let compiled = context.compile(isa, &mut Default::default());
    let text =
        compiled.map(|code| code.vcode.clone()).map_err(|error| CompileError::CodeGenerator(error.inner.to_string()));
    context.set_disasm(false);
    let text = text?;
    text.ok_or_else(|| CompileError::CodeGenerator("the code generator gave no text".into()))
}

/// Shapes whose last stub is gone, but whose last instructions may still be on some thread's way out.
static LIMBO: Mutex<Vec<Arc<Shape>>> = Mutex::new(Vec::new());

/// Gives up a stub's hold on its shape, with the GIL held.
///
/// A stub that drops its own cell has a few instructions left to run. None of them gives up the GIL. So a shape that
/// arrives here is unmapped when the next one does, by when whoever ran it has returned.
pub fn retire(shape: Arc<Shape>) {
    let mut limbo = LIMBO.lock().unwrap_or_else(PoisonError::into_inner);
    limbo.clear();
    if Arc::strong_count(&shape) == 1 {
        limbo.push(shape);
    }
}
