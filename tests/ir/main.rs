//! IR and bytecode as text, the results of the passes and of the lowering, and all golden tests. No test here needs an
//! interpreter, or depends on the Python version that the crate is built for.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod golden;
mod random_passes;
mod rooms;
mod snippets;
mod states;
mod text;
