//! From IR to machine code. This is the only folder that uses Cranelift's function builder.
//!
//! The emitter emits CLIF. It gets the places of CPython's functions from [`Symbols`] and the layout of CPython's
//! objects from a `Layout`. Both are values, so code for any CPython and any target can be generated anywhere.
//!
//! | file | content |
//! | --- | --- |
//! | `machine`, `convention` | C types and C signatures; the conventions of `ml_meth`s |
//! | `symbol_table`, `symbol` | what code refers to by its address; addresses, absolute or imported |
//! | `isa` | the code generator |
//! | `unsupported` | the reason why IR has no code |
//! | `emit/` | the operations on values |
//! | `stub/` | stubs |
//! | `body/` | whole functions |

pub mod body;
mod convention;
mod emit;
mod isa;
mod machine;
mod stub;
mod symbol;
mod symbol_table;
mod unsupported;

pub use convention::MethodConvention;
pub use emit::admitted::{Admitted, Class};
pub use emit::emitter::Emitter;
pub use isa::{CodeListing, CompileError, body_isa, disassemble, target_isa};
pub use machine::CType;
pub use stub::arm::plan_arm;
pub use stub::audit::Promises;
pub(crate) use stub::audit::RECORD_WORDS;
pub use stub::cell::{CellField, CellRegister, CellSource};
pub use stub::entry::{build_stub, stub_signature};
pub use stub::forwarder::Forwarder;
pub use stub::frame::{Binding, Convention, Frame};
pub use stub::plan::{Arm, Given, Plan};
pub use stub::site::{Call, CallSite, arity, keyword_only};
pub use symbol::{AddressTable, ModuleSymbols, Symbol, Symbols};
pub(crate) use symbol_table::symbols;
pub use unsupported::Unsupported;
