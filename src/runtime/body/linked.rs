//! What the code of a version has the addresses of, and keeps alive.

use super::assumption::{KnownDict, Recorded};
use crate::embed::Object;

/// What was found for the code of a version, to be kept with it.
#[derive(Debug)]
#[expect(clippy::vec_box, reason = "the code has the addresses of what is in the boxes")]
pub struct Linked {
    /// Objects.
    #[expect(dead_code, reason = "the code refers to them")]
    pub kept: Vec<Object>,
    /// What the code relies on.
    pub assumptions: Vec<Recorded>,
    /// The dicts that this is in. The code has the addresses of their versions.
    pub dicts: Vec<Box<KnownDict>>,
}
