//! CPython by version: the layout of its objects, its behaviour, and the proof of both at start-up.
//!
//! | file | content |
//! | --- | --- |
//! | `layout` | the offsets and forms that differ between versions, each with its proof |
//! | `object` | the offsets that are the same in all versions, which readers of metadata need without an interpreter |
//! | `proof` | checks of a layout against live objects |
//! | `memory` | reads of memory that may be unmapped |
//! | `python_type` | CPython's own types, by name |
//! | `functions` | the functions of CPython that are called while references are owned |
//! | `death_order` | in which order operands and locals die |
//!
//! *Invariant:* no other room knows an offset, or asks for which version it is built.

pub mod death_order;
pub(crate) mod functions;
pub mod layout;
pub mod memory;
pub(crate) mod object;
pub(crate) mod proof;
pub mod python_type;

pub use death_order::DeathOrder;
pub use layout::{
    DIGIT_BITS, EvalBreaker, IntForm, IntLayout, Layout, PY_BUFFER_BYTES, Refcount, TAG_NEGATIVE, TAG_SHIFT,
    TAG_SIGN_MASK, TEXT_COMPACT_ASCII, TextLayout,
};
pub use proof::{Incompatible, check};
pub use python_type::PythonType;
