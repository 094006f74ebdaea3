//! Decoded bytecode, and the interpreter of it.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod cases;
mod decode;
mod raw_stacks;
