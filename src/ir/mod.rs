//! A small typed register IR: SSA over blocks with parameters. Knows no live interpreter, no code generator.
//!
//! [`Type`] says what a value can be, [`Instruction`] what is done, [`Function`] holds both. Constants are symbolic
//! unless they carry an address, so that IR and its text form make tests on any machine.

mod analyses;
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
mod operation;
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
pub use callee::{Below, Called, Callee, CalleeTarget, Callees};
pub use constant::{ConstClass, ConstObject, ConstValue};
pub use dominators::Dominators;
pub use effect_set::{Effects, Heap};
pub use entities::{Block, CalleeRef, Inst, State, Value};
pub use exit_reason::ExitReason;
pub use function::{BlockData, Function, InstData, ValueData, ValueDef};
pub use instruction::{BlockCall, Instruction, ResultRule};
pub use operation::{Operation, Shape};
pub use parse::ParseError;
pub use questions::Leaves;
pub use state::{FrameState, Slot};
pub use states::FrameStates;
pub use types::{Spec, Type};
pub use verify::VerifyError;
pub use world::{Found, Unknown, World};
