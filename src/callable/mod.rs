//! Live callables: taking them apart, and what is known of them.
//!
//! | file | what it has |
//! | --- | --- |
//! | `original` | a callable taken apart: its definition, its convention, what it is bound to |
//! | `registry` | what was read or declared of methods, by definition |
//! | `readied` | definitions of Cinder's form that were made callable |
//! | `user_types` | the types of extensions that signatures name |
//! | `recognize` | from a live callable to its line in the standard library's table |
//! | `world` | what the passes may know of a function's globals, modules and types |
//! | `error` | why there is no stub |

mod error;
pub(crate) mod original;
pub(crate) mod readied;
mod recognize;
pub(crate) mod registry;
pub(crate) mod user_types;
pub(crate) mod world;

pub use error::Error;
pub use recognize::{method_call, recognize};
