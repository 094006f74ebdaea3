//! The runtime of compiled functions: a [`Unit`] for each, the functions that do their operations, exits to the
//! interpreter, and assumptions.
//!
//! | file | content |
//! | --- | --- |
//! | `unit` | the data of one compiled function |
//! | `kept` | references that are owned, or borrowed from the function |
//! | `version` | its code, of which it may have several |
//! | `link`, `linked` | what its code refers to |
//! | `exit` | from compiled code to CPython |
//! | `frame_point` | where, and with which stack, CPython goes on |
//! | `boxes` | the objects of an exit |
//! | `assumption` | assumptions, and how a change is noticed |
//! | `recheck` | assumptions, checked again by running code |
//! | `watch` | dict watchers, from 3.12 on |
//! | `operation` | the functions that operations call: `semantics`, as C functions |
//! | `operand` | how operands and results are passed |

pub(super) mod assumption;
mod boxes;
pub(super) mod exit;
mod frame_point;
mod kept;
mod link;
mod linked;
mod operand;
pub(super) mod operation;
pub(super) mod recheck;
mod unit;
mod version;
mod watch;

pub use assumption::look_up;
pub use link::{CalleeCode, CalleeCodes, Linker};
pub use unit::Unit;
pub use version::{BodyEntry, Version};
