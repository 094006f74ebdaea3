//! Calls C functions from Python at the speed of C.
//!
//! Every call from Python to C pays for arity checks, type checks, boxing and a calling protocol. The C function that
//! does the work often just takes a `long` and returns a `long`. This crate reads C-level signatures ([`metadata`]),
//! builds a small typed register IR for a call site ([`ir`]), and emits native stubs with Cranelift ([`lower`],
//! [`runtime`]) that call the underlying C function directly. The front door is [`Specializer`].
//!
//! Start with [`Specializer`]'s example, then `examples/embed.rs`. Extension authors start with `include/typedcall.h`.

pub mod bytecode;
pub mod callable;
pub mod compile;
pub mod cpython;
#[cfg(feature = "cli")]
pub mod demo;
pub mod embed;
pub mod frontend;
pub mod interpreter;
pub mod ir;
pub mod lower;
pub mod metadata;
pub mod operators;
pub mod providers;
#[cfg(feature = "python")]
pub mod python;
pub mod runtime;
mod semantics;
pub mod specializer;
pub mod standard;
pub mod stub;
mod text;
mod thread;

pub use callable::Error;
pub use compile::{Calls, CompileOptions, CompiledFunction, ExitSite, Explanation, NotCompiled, Note, Stages};
pub use lower::CodeListing;
pub use runtime::FallbackReason;
pub use specializer::{Entry, FunctionOptions, Options, Specializer, Stats};
pub use stub::{
    Adopted, AdoptedMethod, BareFunction, Bind, Flag, Inspected, RejectedMethod, Stub, cinder, inspect, inspect_as,
};

// The programs on these pages are doctests.
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../README.md")]
mod readme {}
#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../docs/embedding.md")]
mod embedding_page {}
#[cfg(doctest)]
#[doc = include_str!("../docs/snippets.md")]
mod snippets_page {}
