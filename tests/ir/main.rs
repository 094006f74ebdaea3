//! The IR and bytecode as text, what the passes and the lowering make of them, and all golden tests: nothing here needs an
//! interpreter, or depends on the version of the one that the crate is built for.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod golden;
mod random_passes;
mod rooms;
mod snippets;
mod states;
mod text;
