//! Stubs agree with their originals, and look like them.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod arguments;
mod bind;
mod bind_callable;
mod bind_converters;
mod bind_lifetimes;
mod bound;
mod counters;
mod differential;
mod function_options;
mod inline;
mod kinds;
mod lifetimes;
mod matrix;
mod modules;
mod overloads;
mod promises;
mod stands_for;
