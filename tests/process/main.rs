//! Tests of a whole process: its interpreter, threads, memory, logger, children and sandbox.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod bind_soak;
mod embedding;
mod fork;
mod guards;
mod logging;
mod no_exec_memory;
mod sandbox;
mod soak;
mod subinterpreter;
mod threads;
