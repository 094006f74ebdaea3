//! The objects whose addresses the code of a version contains; it keeps them alive.

use super::assumption::{KnownDict, Recorded};
use crate::embed::Object;

/// The results of linking the code of a version, to be kept with it.
#[derive(Debug)]
#[expect(clippy::vec_box, reason = "the code has the addresses of what is in the boxes")]
pub struct Linked {
    /// Objects.
    #[expect(dead_code, reason = "the code refers to them")]
    pub kept: Vec<Object>,
    /// The assumptions of the code.
    pub assumptions: Vec<Recorded>,
    /// The dicts of these assumptions. The code contains the addresses of their versions.
    pub dicts: Vec<Box<KnownDict>>,
}
