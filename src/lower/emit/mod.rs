//! The emitter: one of all value operations, for stubs and for whole functions. Where an operation may fail, or raise, it is
//! handed the block to go to.
//!
//! | file | what |
//! | --- | --- |
//! | `instruction`, `direct_call` | the instructions that stubs and functions have alike |
//! | `surroundings` | what these need of the code around them |
//! | `emitter` | what all emission shares, and reference counts |
//! | `convert`, `view` | objects to C values and back |
//! | `admitted` | what guards let through |
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
