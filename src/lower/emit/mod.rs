//! The emitter of all operations on values, for stubs and for whole functions. An operation that may fail or raise gets
//! the block to go to.
//!
//! | file | content |
//! | --- | --- |
//! | `instruction`, `direct_call` | the instructions that stubs and functions have in common |
//! | `surroundings` | what these instructions need from the code around them |
//! | `emitter` | the base of all emission, and reference counts |
//! | `convert`, `view` | from objects to C values and back |
//! | `admitted` | the objects that guards accept |
//! | `prototype` | the C side of signatures |
//! | `call` | calls of C functions: the GIL, recursion, errors |
//! | `values` | the registers of IR's values |

pub(super) mod admitted;
mod call;
mod convert;
mod direct_call;
pub(super) mod emitter;
pub(super) mod instruction;
pub(super) mod prototype;
pub(super) mod surroundings;
pub(super) mod values;
mod view;
