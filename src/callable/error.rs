//! Errors: why there is no stub.

use crate::cpython::Incompatible;
use crate::embed::Exception;
use crate::lower::CompileError;
use crate::lower::Unsupported;
use crate::metadata::{ParseError, Rejected};
use crate::providers::NoFunction;

/// The reason why there is no stub. The callable works as before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The crate does not support the running interpreter.
    #[error(transparent)]
    Incompatible(#[from] Incompatible),
    /// The object has no `PyMethodDef`, and is no provider's.
    #[error("{0} has no C function: pass a built-in, a method descriptor or a ctypes function")]
    NotBuiltin(String),
    /// No signature of the callable is known.
    #[error(
        "{0} has no typed metadata: declare its signature with include/typedcall.h in the extension, or with \
         Specializer::declare"
    )]
    Untyped(String),
    /// A stub of the callable would be no faster than its wrapper.
    #[error("{0}: a stub would be no faster: nothing is converted")]
    NothingToGain(String),
    /// The callable has invalid metadata.
    #[error("the metadata was rejected: {0}; fix the extension that declares it")]
    Rejected(#[from] Rejected),
    /// The text of a signature is invalid.
    #[error("{0}")]
    Signature(#[from] ParseError),
    /// The signature and the callable do not go together.
    #[error("{name}: {reason}")]
    Mismatch {
        /// The callable.
        name: String,
        /// The part that does not fit, and what to do.
        reason: String,
    },
    /// The signature has something that stubs cannot do yet.
    #[error("{name}: {source}")]
    Unsupported {
        /// The callable.
        name: String,
        /// The unsupported part, and why.
        source: Unsupported,
    },
    /// There is no machine code, for this reason.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Python raised.
    #[error("Python raised {0}")]
    Python(#[from] Exception),
}

impl From<NoFunction> for Error {
    fn from(reason: NoFunction) -> Self {
        match reason {
            NoFunction::Mismatch { name, reason } => Self::Mismatch { name, reason },
            NoFunction::Python(exception) => exception.into(),
        }
    }
}
