//! The running thread: what all code that runs on it shares, interpreted or compiled.
//!
//! | file | what it has |
//! | --- | --- |
//! | `owned` | references that are owned while the thread is attached |
//! | `errors` | the current exception |
//! | `handled` | the handled exception |
//! | `recursion` | how deep calls may go |
//! | `interrupts` | what waits: signal handlers, other threads, asynchronous exceptions |
//! | `traceback` | entries in tracebacks, and the frames that they show |

pub mod errors;
pub mod handled;
pub mod interrupts;
pub mod owned;
pub mod recursion;
pub mod traceback;

use std::sync::OnceLock;

pub use owned::Owned;

use crate::embed::Python;

/// An exception is set in the thread state, as CPython's functions leave one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the current exception says what is wrong")]
pub struct Raised;

/// What may raise.
pub type Result<T = ()> = std::result::Result<T, Raised>;

/// What comes before a compiled function: it needs room on the stack, and what waits is served, as CPython does where a function
/// starts; nothing else in a straight line does.
///
/// # Errors
/// `RecursionError`; what a signal handler or another thread raises.
pub fn enter(python: &Python) -> Result {
    recursion::check_room(python)?;
    interrupts::serve(python)
}

/// What is made once; where two threads make it at the same time, one of them wins.
pub fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(value) => Ok(value),
        None => {
            let value = make()?;
            Ok(cell.get_or_init(|| value))
        }
    }
}
