//! A small typed register IR: SSA over blocks with parameters. It needs neither a live interpreter nor a code
//! generator.
//!
//! [`Type`] is a set of possible values, [`Instruction`] an instruction, and [`Function`] holds both. Constants are
//! symbolic unless they have an address, so IR and its text form can be tested on any machine.

mod analyses;
mod argument_types;
mod assumption;
mod builder;
mod callee;
mod constant;
pub mod dispatch;
pub(crate) mod dominators;
mod effect_set;
mod effects;
mod entities;
mod exit_reason;
mod function;
mod instruction;
mod lifetimes;
#[cfg(debug_assertions)]
mod mistake;
mod operation;
mod operation_role;
mod operation_text;
mod ownership;
mod parse;
pub mod passes;
mod print;
mod questions;
mod state;
mod states;
mod type_text;
mod types;
mod typing;
mod verify;
mod verify_references;
mod world;

pub use analyses::{Analyses, Change};
pub use assumption::Assumption;
pub use builder::{Builder, assume_arguments, assume_types, call_site};
pub use callee::{Called, Callee, CalleeBelow, CalleeTarget, Callees};
pub use constant::{ConstClass, ConstObject, ConstValue};
pub use dominators::Dominators;
pub use effect_set::{EffectSet, Heap};
pub use entities::{Block, CalleeRef, Inst, State, Value};
pub use exit_reason::ExitReason;
pub use function::{BlockData, Function, InstData, ValueData, ValueDef};
pub use instruction::{BlockCall, Failure, Instruction, ResultRule};
#[cfg(debug_assertions)]
pub use mistake::Mistake;
pub use operation::{Operation, OperationShape};
pub use parse::IrParseError;
pub use questions::Leaves;
pub use state::{FrameState, Slot};
pub use states::FrameStates;
pub use types::{Spec, Type};
pub use verify::VerifyError;
pub use world::{Found, Unknown, World};
