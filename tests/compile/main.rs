//! Python functions as machine code: the front end, the standard library that it knows, and running code.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod arithmetic;
mod below;
mod calls;
mod differences;
mod exits;
mod frontend;
mod functions;
mod handlers;
mod loops;
mod names;
mod standard;
mod typed_calls;
mod versions;
