//! Calls C functions from Python at the speed of C.
//!
//! Every call from Python to C pays for arity checks, type checks, boxing and a calling protocol, though the C function
//! behind it often takes a `long` and returns a `long`. This crate reads C-level signatures ([`metadata`]), builds a
//! small typed register IR for a call site ([`ir`]), and emits native stubs with Cranelift ([`lower`], [`runtime`]) that
//! call the underlying C function directly. The front door is [`Specializer`].
//!
//! Start with [`Specializer`]'s example, then `examples/embed.rs`; extension authors with `include/typedcall.h`.

mod adopt;
mod bind;
pub mod bytecode;
pub mod cinder;
mod compile;
mod compiled;
pub mod cpython;
#[cfg(feature = "cli")]
pub mod demo;
mod descriptor;
pub mod embed;
mod error;
mod explanation;
pub mod frontend;
mod function;
pub mod ir;
pub mod lower;
pub mod metadata;
pub mod operators;
mod options;
mod original;
pub mod providers;
#[cfg(feature = "python")]
pub mod python;
mod registry;
pub mod runtime;
mod specializer;
pub mod standard;
mod stats;
mod stub;
mod text;
mod user_types;

pub use adopt::{Adopted, AdoptedMethod, Flag, Inspected, RejectedMethod, inspect, inspect_as};
pub use bind::{BareFunction, Bind};
pub use compile::{CompileOptions, NotCompiled};
pub use compiled::CompiledFunction;
pub use error::Error;
pub use explanation::{Calls, Explanation, Note, Stages};
pub use lower::CodeListing;
pub use options::{Entry, FunctionOptions, Options};
pub use runtime::FallbackReason;
pub use specializer::Specializer;
pub use stats::Stats;
pub use stub::Stub;

// The programs on the pages are doctests.
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../README.md")]
mod readme {}
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../docs/embedding.md")]
mod embedding_page {}
#[cfg(doctest)]
#[doc = include_str!("../docs/snippets.md")]
mod snippets_page {}
