//! Calls C functions from Python at the speed of C.

pub mod ir;
pub mod metadata;
