//! The running thread: the base of all code that runs on it, interpreted or compiled.
//!
//! | file | content |
//! | --- | --- |
//! | `owned` | references that are owned while the thread is attached |
//! | `errors` | the current exception |
//! | `handled` | the handled exception |
//! | `frame` | CPython's own frames, for compiled functions |
//! | `recursion` | the depth of calls |
//! | `interrupts` | waiting interrupts: signal handlers, other threads, asynchronous exceptions |
//! | `observed` | trace and profile functions, and an evaluator of frames |
//! | `traceback` | entries in tracebacks, and the frames that they show |

pub mod errors;
pub mod frame;
pub mod handled;
pub mod interrupts;
pub mod observed;
pub mod owned;
pub mod recursion;
pub mod traceback;

use std::sync::OnceLock;

pub use owned::Owned;

use crate::embed::Python;

/// An exception is set in the thread state, as CPython's functions set one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the current exception says what is wrong")]
pub struct Raised;

/// The result of code that may raise.
pub type Result<T = ()> = std::result::Result<T, Raised>;

/// Must be called before a compiled function: checks that there is enough stack, and serves waiting interrupts, as
/// CPython does where a function starts. In straight-line code there is no other such place.
///
/// # Errors
/// `RecursionError`, or an exception of a signal handler or another thread.
pub fn enter(python: &Python) -> Result {
    recursion::check_room(python)?;
    interrupts::serve(python)
}

/// A value that is made once; if two threads make it at the same time, one of the values is kept.
pub fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(value) => Ok(value),
        None => {
            let value = make()?;
            Ok(cell.get_or_init(|| value))
        }
    }
}
