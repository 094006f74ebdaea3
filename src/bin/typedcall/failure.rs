//! Failures of commands, and the exit codes for scripts.

use std::error::Error;
use std::process::ExitCode;

use typedcall::embed::Exception;
use typedcall::metadata::Rejected;

/// The reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandFailure {
    /// The output could not be written. No other I/O error may be converted to this one: each names its file or folder.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
    /// `inspect` found methods whose metadata was rejected: it did its work.
    #[error(
        "{rejected} of {all} methods with metadata rejected: each works as an ordinary one until its field is mended"
    )]
    SomeRejected {
        /// The number of rejected methods.
        rejected: usize,
        /// The number of all methods.
        all: usize,
    },
    /// `explain`'s callable is not a typed method.
    #[error("{0}")]
    NotTyped(String),
    /// Something else.
    #[error("{0}")]
    Other(Box<dyn Error>),
}

impl CommandFailure {
    /// A failure with this text.
    pub fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into().into())
    }

    /// The exit code of the process; `--help` lists them.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::SomeRejected { .. } | Self::NotTyped(_) => ExitCode::from(3),
            Self::Output(_) | Self::Other(_) => ExitCode::FAILURE,
        }
    }
}

impl From<typedcall::Error> for CommandFailure {
    fn from(error: typedcall::Error) -> Self {
        match error {
            typedcall::Error::Untyped(name) => Self::NotTyped(format!(
                "{name} has no typed metadata: declare its signature in the extension with typedcall.h, or here with \
                 --signature"
            )),
            typedcall::Error::NotBuiltin(_) => {
                Self::NotTyped(format!("{error}; for a function in Python use FILE.py:FUNCTION"))
            }
            typedcall::Error::Rejected(Rejected { .. }) => Self::NotTyped(error.to_string()),
            error => Self::Other(error.into()),
        }
    }
}

impl From<Exception> for CommandFailure {
    fn from(exception: Exception) -> Self {
        Self::from(typedcall::Error::from(exception))
    }
}

impl From<Box<dyn Error>> for CommandFailure {
    fn from(error: Box<dyn Error>) -> Self {
        Self::Other(error)
    }
}

impl From<typedcall::demo::ExtensionError> for CommandFailure {
    fn from(error: typedcall::demo::ExtensionError) -> Self {
        Self::Other(error.into())
    }
}

impl From<typedcall::NotCompiled> for CommandFailure {
    fn from(error: typedcall::NotCompiled) -> Self {
        Self::Other(error.into())
    }
}

impl From<serde_json::Error> for CommandFailure {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}
