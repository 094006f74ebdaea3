//! Typed metadata in C's memory layout, and signatures as text. No test here needs an interpreter, or depends on the
//! Python version that the crate is built for.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod dialects;
mod header;
mod hostile;
mod read_header;
mod reader;
mod signature_text;
