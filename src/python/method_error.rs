//! The exceptions that functions of the module raise.

use crate::callable::Error;
use crate::compile::NotCompiled;
use crate::embed::Exception;

/// The exception that a function of the module raises.
#[derive(Debug)]
pub enum MethodError {
    /// `typedcall.Error`, with this error's text.
    Error(Error),
    /// `typedcall.Error`, since a Python function is not compiled.
    NotCompiled(NotCompiled),
    /// `TypeError`: an argument is of a type that the function does not take.
    Type(String),
    /// The exception that is set already.
    Current,
}

impl From<Error> for MethodError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Exception> for MethodError {
    fn from(exception: Exception) -> Self {
        Self::Error(exception.into())
    }
}
