//! Everything that touches live CPython, and the memory that code runs in.
//!
//! | file | content |
//! | --- | --- |
//! | `code/` | executable memory, and how code gets there |
//! | `stub/` | what stubs need: shapes, cells, and the functions that their code calls |
//! | `body/` | data and functions for compiled functions while they run |
//! | `addresses` | addresses in the running interpreter for compiled code |
//! | [`frame`] | CPython's own frames, for compiled functions; it is in `thread` |

mod addresses;
pub(crate) mod body;
pub(crate) mod code;
pub(crate) mod stub;

pub use crate::thread::frame;
pub use stub::context::Context;
pub use stub::fallback_reason::FallbackReason;
pub use stub::{attachment, foreign};
