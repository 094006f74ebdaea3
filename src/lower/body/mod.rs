//! Whole functions: IR after the passes to CLIF.
//!
//! The machine code has one C signature, [`body_signature`]: an array of the bound arguments in, a new reference or null
//! with an exception set out. What it refers to (constants, names, the runtime's functions) it gets from [`References`], as
//! values, so that code for any CPython and any target can be generated anywhere.
//!
//! | file | what |
//! | --- | --- |
//! | `reference` | what the code of a function refers to |
//! | `runtime_function` | the functions that operations call |
//! | `recipe` | which of them an operation calls, with what |
//! | `exit` | what the interpreter gets where the function is left, and the cold paths |
//! | `block` | blocks, and the ways between them |
//! | `instruction`, `operation`, `call`, `number` | instructions to CLIF |
//! | `check` | whether a function has code at all |

mod block;
mod call;
mod check;
mod exit;
mod instruction;
mod number;
mod operation;
mod recipe;
mod reference;
mod runtime_function;

use cranelift_codegen::Context;
use cranelift_codegen::ir::{AbiParam, Signature, types};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

pub use check::check;
pub use exit::{ExitPoint, ExitSlot, ExitValue};
pub use reference::{AssumptionTest, MethodCall, Reference, References, SymbolicReferences};
pub use runtime_function::RuntimeFunction;

use super::emit::emitter::Emitter;
use super::symbol::Symbols;
use super::unsupported::Unsupported;
use crate::cpython::Layout;
use crate::ir::{Callees, Function};
use block::Lowering;

/// The machine signature of a compiled function: `(PyObject *const *arguments) -> PyObject *`.
pub fn body_signature(call_conv: CallConv) -> Signature {
    let mut signature = Signature::new(call_conv);
    signature.params.push(AbiParam::new(types::I64));
    signature.returns.push(AbiParam::new(types::I64));
    signature
}

/// Builds the CLIF of a function in `context`, for any target, any layout and any symbols: the points at which it may be
/// left, in the order of their numbers. The function is one that the verifier accepts, after all passes.
///
/// # Errors
/// The first instruction that has no code, with the reason. What is in `context` then is of no use.
#[expect(clippy::too_many_arguments, reason = "each is one thing that the code depends on, as a value")]
pub fn build_body(
    context: &mut Context,
    buffer: &mut FunctionBuilderContext,
    isa: &dyn TargetIsa,
    layout: &Layout,
    symbols: &mut dyn Symbols,
    references: &mut dyn References,
    function: &Function,
    callees: &Callees,
) -> Result<Vec<ExitPoint>, Unsupported> {
    let call_conv = isa.default_call_conv();
    context.clear();
    context.func.signature = body_signature(call_conv);
    let mut builder = FunctionBuilder::new(&mut context.func, buffer);
    let emitter = Emitter { builder: &mut builder, layout, symbols, call_conv };
    let exits = Lowering::new(emitter, references, function, callees)?.function()?;
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    Ok(exits)
}
