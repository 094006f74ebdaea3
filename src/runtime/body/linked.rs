//! The objects whose addresses the code of a version contains; it keeps them alive.

use super::assumption::{KnownDict, Recorded};
use crate::embed::Object;

/// The results of linking the code of a version, to be kept with it.
#[derive(Debug)]
#[expect(clippy::vec_box, reason = "the code has the addresses of what is in the boxes")]
pub struct Linked {
    /// Objects.
    pub kept: Vec<Object>,
    /// The assumptions of the code.
    pub assumptions: Vec<Recorded>,
    /// The dicts of these assumptions. The code contains the addresses of their versions.
    pub dicts: Vec<Box<KnownDict>>,
}

impl Linked {
    /// Every object that this owns a reference to, once for each reference.
    pub fn owned(&self) -> impl Iterator<Item = &Object> {
        let names = self.assumptions.iter().map(|recorded| &recorded.name);
        let values = self.assumptions.iter().flat_map(|recorded| &recorded.dicts);
        let values = values.filter_map(|(_, value)| value.as_ref()?.if_owned());
        let dicts = self.dicts.iter().filter_map(|known| known.dict.if_owned());
        self.kept.iter().chain(names).chain(values).chain(dicts)
    }
}
