//! Translates decoded bytecode to IR: SSA with frame states. Exception handlers are left to CPython.
//!
//! [`build`] goes over the instructions once, from front to back, with the current values of locals and stack. At a
//! block with several predecessors, every local and every value on the stack becomes a parameter of the block; a
//! cleanup then drops the parameters that are the same on all paths. Before that, a walk over the bytecode finds out
//! where blocks start, and which locals may be unbound there.
//!
//! | file | holds |
//! | --- | --- |
//! | `flow.rs` | where blocks start; which slots may be null there |
//! | `builder.rs` | the function as built so far; states of its instructions |
//! | `translate.rs` | one instruction of bytecode to a few instructions of IR |
//! | `variable.rs`, `attribute.rs`, `call.rs`, `exception.rs` | the instructions of one kind each |
//! | `control.rs` | jumps and loops: connects blocks |
//! | `constants.rs` | the types of constants |
//! | `own_frame.rs` | names of functions that look at the frame of their caller |
//! | `refusal.rs` | why a function is not compiled |
//! | `cleanup.rs` | removal of redundant parameters |

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
/// If the function is of a kind that is not compiled; the error names the reason.
pub fn build(code: &Code) -> Result<Function, Refusal> {
    refusal::check_kind(code)?;
    refusal::check_size(code)?;
    let flow = flow::FlowGraph::of(code)?;
    let mut function = control::build(code, &flow)?;
    cleanup::run(&mut function);
    own_frame::check(code, &function)?;
    own_frame::check_handlers(code, &flow)?;
    Ok(function)
}
