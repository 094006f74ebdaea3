//! Live callables: takes them apart, and remembers the known facts about them.
//!
//! | file | content |
//! | --- | --- |
//! | `original` | a callable taken apart: its definition, its convention, the object that it is bound to |
//! | `registry` | methods whose metadata was read or whose signature was declared, by definition |
//! | `readied` | definitions of Cinder's form that were made callable |
//! | `user_types` | the types of extensions that signatures name |
//! | `recognize` | from a live callable to its line in the standard library's table |
//! | `world` | the passes' knowledge of a function's globals, modules and types |
//! | `error` | errors: why there is no stub |

mod error;
pub(crate) mod original;
pub(crate) mod readied;
mod recognize;
pub(crate) mod registry;
pub(crate) mod user_types;
pub(crate) mod world;

pub use error::Error;
pub use recognize::{method_call, recognize};
