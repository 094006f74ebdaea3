//! From the callables of a live interpreter to their metadata.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod adopt;
mod changed_metadata;
mod cinder_missing;
mod cinder_ready;
mod definition;
mod dialects;
