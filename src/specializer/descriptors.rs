//! The cells of descriptors. `stub::descriptor` makes and finds them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::callable::registry::{Fingerprint, KnownMethod};
use crate::embed::Object;

/// The cells of the descriptors that a specializer made, by the original's definition and whether the GIL is kept.
pub type Descriptors = Mutex<HashMap<(usize, bool), DescriptorCell>>;

/// The cell of all descriptors with one definition, with the data that it was made from.
#[derive(Debug)]
pub struct DescriptorCell {
    /// Distinguishes the definition from a later one at the same address.
    pub fingerprint: Fingerprint,
    /// Address of the definition's docstring, which the cell uses too.
    pub doc: usize,
    /// The method that the code was made for.
    pub known: Arc<KnownMethod>,
    /// The cell's object.
    pub cell: Object,
}
