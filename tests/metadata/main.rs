//! Typed metadata as C has it in memory, and signatures as text: nothing here needs an interpreter, or depends on the version
//! of the one that the crate is built for.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod dialects;
mod header;
mod hostile;
mod read_header;
mod reader;
mod signature_text;
