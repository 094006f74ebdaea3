//! Everything that touches live CPython, and the memory that code runs in.
//!
//! | file | what |
//! | --- | --- |
//! | `utf8` | the text of strings that are not ASCII |
//! | `context` | per-thread state that compiled code hands to C functions |
//! | `matching` | arguments given by name, and those that are left out |
//! | `addresses` | what compiled code refers to in the running interpreter |
//! | `segment`, `thunk`, `shape` | executable memory, and what lies in it |
//! | `compiler` | from a plan to a shape |
//! | `audit` | whether underlying functions keep their promises |
//! | `cell` | what differs between the stubs of a shape |
//! | `counters` | how many shapes, stubs and calls there are, and why the fallback was taken |
//! | `stand_in` | cells that stand in for what is no module |
//! | `reduction` | how cells pickle |
//! | `packing` | arguments as a tuple and a dict |
//! | `foreign` | values that the provider of a foreign function converts |
//! | `parser` | arguments of functions without a wrapper |
//! | `body/` | what compiled functions need while they run |

mod addresses;
pub mod attachment;
mod audit;
pub(crate) mod body;
pub(crate) mod cell;
pub(crate) mod code_pointer;
pub(crate) mod compiler;
mod context;
pub(crate) mod counters;
mod fallback_reason;
pub mod foreign;
pub(crate) mod matching;
mod packing;
pub(crate) mod parser;
mod reduction;
mod segment;
pub(crate) mod shape;
pub(crate) mod stand_in;
pub(crate) mod thunk;
mod utf8;

pub use context::Context;
pub use counters::FallbackReason;
