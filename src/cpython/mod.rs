//! CPython by version: the layout of its objects, its behaviour, and the proof of both at start-up.
//!
//! | file | content |
//! | --- | --- |
//! | `layout` | the offsets and forms that differ between versions, each with its proof |
//! | `frame` | the interpreter's frames, and the fields of threads, code and functions that they need |
//! | `object` | the offsets that are the same in all versions, which readers of metadata need without an interpreter |
//! | `facts` | how facts are declared with their proofs |
//! | `proof`, `frame_proof` | checks of a layout against live objects; of frames |
//! | `memory` | reads of memory that may be unmapped |
//! | `python_function` | Python functions: the fields that their calls depend on, and their vectorcall |
//! | `monitoring` | `sys.monitoring`: how to tell that events are on |
//! | `python_type` | CPython's own types, by name |
//! | `functions`, `unowned` | the C functions that are called while references are owned or by compiled code, each with its signature; those that are called while none is owned |
//! | `c_function` | the description of a C function that compiled code calls |
//! | `current_exception`, `watchers`, `module_slot` | C functions and data that not every version has |
//! | `data_stack`, `frame_end`, `recursion` | the same of frames: their room, their end, and the error of too many |
//! | `behaviour` | behaviour that differs between versions, by name |
//! | `death_order` | in which order operands and locals die |
//! | `collector` | where garbage is collected |
//!
//! *Invariant:* no other room knows an offset, or asks for which version it is built.

pub mod behaviour;
pub mod c_function;
pub mod collector;
pub(crate) mod current_exception;
pub(crate) mod data_stack;
pub mod death_order;
mod facts;
pub mod frame;
pub(crate) mod frame_end;
mod frame_proof;
pub(crate) mod functions;
pub mod layout;
pub mod memory;
#[cfg(feature = "python")]
pub(crate) mod module_slot;
pub(crate) mod monitoring;
pub(crate) mod object;
pub(crate) mod proof;
pub(crate) mod python_function;
pub mod python_type;
pub(crate) mod recursion;
pub(crate) mod unowned;
pub(crate) mod watchers;

pub use behaviour::Behaviour;
pub use c_function::{AbiType, CSignature};
pub use collector::Collector;
pub use death_order::DeathOrder;
pub use frame::FrameLayout;
pub use layout::{
    DIGIT_BITS, EvalBreaker, IntForm, IntLayout, Layout, PY_BUFFER_BYTES, Refcount, TAG_NEGATIVE, TAG_SHIFT,
    TAG_SIGN_MASK, TEXT_COMPACT_ASCII, TextLayout,
};
pub use proof::{Incompatible, check};
pub use python_type::PythonType;
