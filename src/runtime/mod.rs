//! Everything that touches live CPython, and the memory that code runs in.
//!
//! | file | what |
//! | --- | --- |
//! | `code/` | executable memory, and how code gets there |
//! | `stub/` | what stubs need: shapes, cells, and the functions that their code calls |
//! | `body/` | what compiled functions need while they run |
//! | `addresses` | what compiled code refers to in the running interpreter |

mod addresses;
pub(crate) mod body;
pub(crate) mod code;
pub(crate) mod stub;

pub use stub::context::Context;
pub use stub::fallback_reason::FallbackReason;
pub use stub::{attachment, foreign};
