//! Decoded bytecode to IR: SSA with frame states. Handlers of exceptions are left to the interpreter.
//!
//! [`build`] goes over the instructions once, from front to back, with the values of locals and stack at hand. Where
//! ways meet, every local and every value on the stack becomes a parameter of the block; a cleanup then drops those
//! that are the same on all ways. Before, a walk over the bytecode finds out where blocks start, and which locals may be unbound there.
//!
//! | file | holds |
//! | --- | --- |
//! | `flow.rs` | where blocks start; which slots may be null there |
//! | `builder.rs` | the function so far; states of its instructions |
//! | `translate.rs` | one instruction of bytecode to a few of IR |
//! | `variable.rs`, `attribute.rs`, `call.rs`, `exception.rs` | those of one kind each |
//! | `control.rs` | jumps, loops: how blocks are tied together |
//! | `constants.rs` | the types of constants |
//! | `own_frame.rs` | what looks at the frame of its caller |
//! | `cleanup.rs` | parameters that say nothing |

mod attribute;
mod builder;
mod call;
mod cleanup;
mod constants;
mod control;
mod exception;
mod flow;
mod own_frame;
mod refusal;
mod translate;
mod variable;

pub(crate) use constants::live_value;
pub use refusal::{Refusal, RefusalReason};

use crate::bytecode::Code;
use crate::ir::Function;

/// The IR of a function's bytecode, before any pass. The verifier accepts it.
///
/// # Errors
/// Where the function is one that is not compiled, for a reason that the error names.
pub fn build(code: &Code) -> Result<Function, Refusal> {
    refusal::check_kind(code)?;
    refusal::check_size(code)?;
    let flow = flow::Flow::of(code)?;
    let mut function = control::build(code, &flow)?;
    cleanup::run(&mut function);
    own_frame::check(code, &function)?;
    own_frame::check_handlers(code, &flow)?;
    Ok(function)
}
