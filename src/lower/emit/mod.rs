//! The emitter: one of all value operations, for stubs and for whole functions. Where an operation may fail, or raise, it is
//! handed the block to go to.
//!
//! | file | what |
//! | --- | --- |
//! | `emitter` | what all emission shares, and reference counts |
//! | `convert`, `view` | objects to C values and back |
//! | `admitted` | what guards let through |
//! | `prototype` | the C side of signatures |
//! | `call` | calls of C functions: the GIL, recursion, errors |
//! | `values` | the registers of IR's values |

pub(super) mod admitted;
mod call;
mod convert;
pub(super) mod emitter;
pub(super) mod prototype;
pub(super) mod values;
mod view;
