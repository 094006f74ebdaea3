//! Functions of ctypes.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;

mod provider;
