//! Decoded bytecode, and its interpreter.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod cases;
mod decode;
mod frames;
mod raw_stacks;
