//! The reason why there is no code.

/// The reason why IR was not lowered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not lowered: {reason}")]
pub struct Unsupported {
    /// The instruction, parameter or convention.
    pub what: String,
    /// The reason, and what to do instead.
    pub reason: String,
}

impl Unsupported {
    pub(crate) fn new(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { what: what.into(), reason: reason.into() }
    }
}
