//! A small typed register IR: SSA over blocks with parameters. Knows no live interpreter, no code generator.
//!
//! [`Type`] says what a value can be, [`Instruction`] what is done, [`Function`] holds both. Constants are symbolic
//! unless they carry an address, so that IR and its text form make tests on any machine.

mod builder;
mod callee;
pub mod dispatch;
mod dominators;
mod entities;
mod function;
mod instruction;
mod parse;
pub mod passes;
mod print;
mod type_text;
mod types;
mod verify;

pub use builder::{Builder, assume_arguments, assume_types, call_site};
pub use callee::{Callee, CalleeTarget, Callees};
pub use entities::{Block, Inst, Value};
pub use function::{BlockData, Function, InstData, ValueData, ValueDef};
pub use instruction::{BlockCall, Instruction, ResultRule};
pub use parse::ParseError;
pub use types::{ConstObject, Spec, Type};
pub use verify::VerifyError;
