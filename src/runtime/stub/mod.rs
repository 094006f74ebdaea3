//! Everything that stubs need: shapes and cells, and the functions that their code calls.
//!
//! | file | content |
//! | --- | --- |
//! | `shape` | machine code that many stubs share |
//! | `cell` | the data that differs between the stubs of a shape |
//! | `stand_in` | types of cells for functions that are not bound to a module |
//! | `reduction` | how cells pickle |
//! | `attachment` | what lives as long as a class |
//! | `context` | per-thread state that compiled code passes to C functions |
//! | `utf8` | the UTF-8 of strings that are not ASCII |
//! | `matching` | arguments that are given by name or left out |
//! | `parser` | arguments of functions without a wrapper |
//! | `foreign` | values that the provider of a foreign function converts |
//! | `audit` | checks of the promises of underlying functions |
//! | `counters`, `fallback`, `guards`, `fallback_reason` | how many shapes, stubs and calls there are, and why the fallback was taken |

pub mod attachment;
pub(crate) mod audit;
pub(crate) mod cell;
pub(crate) mod context;
pub(crate) mod counters;
pub(crate) mod fallback;
pub(crate) mod fallback_reason;
pub mod foreign;
pub(crate) mod guards;
pub(crate) mod matching;
pub(crate) mod parser;
mod reduction;
pub(crate) mod shape;
pub(crate) mod stand_in;
pub(crate) mod utf8;
