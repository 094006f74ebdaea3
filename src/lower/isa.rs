//! The code generator: its target, its settings, and the text of its code.

use cranelift_codegen::Context;
use cranelift_codegen::isa::{self, OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use target_lexicon::Triple;

/// Why there is no machine code.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The system refuses executable memory.
    #[error(
        "the system refuses executable memory ({0}): a security policy forbids it; the original callables run instead, \
         and callables without an original can't be called"
    )]
    ExecutableMemory(std::io::Error),
    /// Cranelift reported an error.
    #[error("the code generator failed: {0}; please report it with the plan of the stub")]
    CodeGenerator(String),
    /// The platform has no code generator or no stubs yet.
    #[error("the platform is not supported: {0}")]
    Platform(String),
}

/// The settings for all code, except the level of optimization.
fn flags(opt_level: &str, verify: bool) -> settings::Flags {
    let mut builder = settings::builder();
    let all = [
        ("opt_level", opt_level),
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

/// The code generator for stubs. Without a `triple` the target is this machine; with one, it is the baseline of that
/// target.
///
/// It does not optimize. A stub has nothing to fold or to merge: the optimizer made no stub faster, and took a third of
/// the time.
///
/// # Errors
/// If Cranelift does not know the target, or was built without it.
pub fn target_isa(triple: Option<Triple>, verify: bool) -> Result<OwnedTargetIsa, CompileError> {
    isa_with(triple, "none", verify)
}

/// The code generator for whole functions, for the same targets. It optimizes for speed.
///
/// # Errors
/// The errors of [`target_isa`].
pub fn body_isa(triple: Option<Triple>, verify: bool) -> Result<OwnedTargetIsa, CompileError> {
    isa_with(triple, "speed", verify)
}

fn isa_with(triple: Option<Triple>, opt_level: &str, verify: bool) -> Result<OwnedTargetIsa, CompileError> {
    let platform = |error: &dyn std::fmt::Display| CompileError::Platform(error.to_string());
    let builder = match triple {
        None => cranelift_native::builder().map_err(|error| platform(&error))?,
        Some(triple) => isa::lookup(triple).map_err(|error| platform(&error))?,
    };
    builder.finish(flags(opt_level, verify)).map_err(|error| platform(&error))
}

/// The code of a function as text. Its addresses are made up, so that it is the same in each run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeListing {
    /// Cranelift's IR, with a name for each constant.
    pub clif: String,
    /// The machine code.
    pub machine_code: String,
}

/// The machine code of the function in `context`, as text.
///
/// # Errors
/// If the code generator fails.
pub fn disassemble(context: &mut Context, isa: &dyn TargetIsa) -> Result<String, CompileError> {
    context.set_disasm(true);
    let compiled = context.compile(isa, &mut Default::default());
    let text =
        compiled.map(|code| code.vcode.clone()).map_err(|error| CompileError::CodeGenerator(error.inner.to_string()));
    context.set_disasm(false);
    let text = text?;
    text.ok_or_else(|| CompileError::CodeGenerator("the code generator gave no text".into()))
}
