//! Whole functions: from IR after all passes to CLIF.
//!
//! The machine code has one C signature, [`body_signature`]: it takes an array of the bound arguments, and returns a
//! new reference, or null with an exception set. It gets the addresses of constants, names and the runtime's functions
//! from [`References`], as values, so code for any CPython and any target can be generated anywhere.
//!
//! | file | content |
//! | --- | --- |
//! | `reference` | the addresses that a function's code uses |
//! | `recipe` | the function that an operation calls, and its arguments |
//! | `exit` | the table of exits, and the cold paths to them |
//! | `block` | blocks, and the branches between them |
//! | `instruction`, `operation`, `call`, `number` | instructions to CLIF |
//! | `check` | whether a function can be compiled at all |

mod block;
mod call;
mod check;
mod exit;
mod instruction;
mod number;
mod operation;
mod recipe;
mod reference;

use cranelift_codegen::Context;
use cranelift_codegen::ir::{AbiParam, Signature, types};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

pub use check::check;
pub use exit::{ExitPoint, ExitSlot, ExitValue};
pub use reference::{AssumptionTest, MethodCall, Reference, References, SymbolicReferences};

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

/// Builds the CLIF of a function in `context`, for any target, any layout and any symbols. The function must be one
/// that the verifier accepts, after all passes. The result is the list of exits, in the order of their numbers.
///
/// # Errors
/// The first instruction that has no code, with the reason. The content of `context` is then useless.
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
