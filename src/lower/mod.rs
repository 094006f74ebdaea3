//! IR to machine code. The only folder that names Cranelift's function builder.
//!
//! A call site's IR becomes a [`Plan`]: pure data that says what the code does, and prints. The [`Emitter`] walks the
//! plan and emits CLIF, through [`Symbols`] that say where CPython's functions are and a `Layout` that says how its
//! objects look; both are values, so code for any CPython and any target can be generated anywhere.
//!
//! | file | what |
//! | --- | --- |
//! | `machine` | C types and C signatures |
//! | `frame` | how a stub is called, and what stands behind it |
//! | `plan`, `plan_text`, `planner` | what a stub does, and how that follows from IR |
//! | `site` | from a signature to IR and a plan: the whole way for one stub |
//! | `cell` | what differs between the stubs of a shape |
//! | `symbol` | addresses, absolute or imported |
//! | `emitter`, `convert`, `view`, `call`, `values`, `steps`, `stub`, `checked` | from a plan to CLIF |
//! | `audit` | what the code of stubs that are verified does besides |
//! | `counting` | how calls are counted |
//! | `matching` | arms whose arguments may be given by name, or left out |
//! | `forwarder` | stubs that are nothing but a jump |
//! | `body/` | whole functions |

mod audit;
pub mod body;
mod call;
mod cell;
mod checked;
mod convert;
mod counting;
mod emitter;
mod foreign;
mod forwarder;
mod frame;
mod isa;
mod machine;
mod matching;
mod plan;
mod plan_text;
mod planner;
mod site;
mod steps;
mod stub;
mod symbol;
#[cfg(test)]
mod tests;
mod values;
mod view;

pub use audit::Promises;
pub(crate) use audit::RECORD_WORDS;
pub use cell::{CellField, CellRegister, CellSource};
pub use emitter::Emitter;
pub use forwarder::Forwarder;
pub use frame::{Binding, Convention, Frame, MethodConvention};
pub use isa::{CodeListing, CompileError, body_isa, disassemble, target_isa};
pub use machine::CType;
pub use plan::{Admitted, Arm, Class, Given, Plan, Step, Stolen, View};
pub use planner::{Unsupported, plan_arm};
pub use site::{Call, CallSite, arity, keyword_only};
pub use stub::{build_stub, stub_signature};
pub use symbol::{AddressTable, ModuleSymbols, Symbol, Symbols};
