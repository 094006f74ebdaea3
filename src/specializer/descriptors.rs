//! The cells of the descriptors that a specializer made: `stub::descriptor` makes and finds them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::callable::registry::{Fingerprint, KnownMethod};
use crate::embed::Object;

/// The cells of descriptors that a specializer made, by the original's definition and by whether the GIL is kept.
pub type Descriptors = Mutex<HashMap<(usize, bool), DescriptorCell>>;

/// The cell of all descriptors with one definition, and what it was made for.
#[derive(Debug)]
pub struct DescriptorCell {
    /// Tells the definition from another one at its address.
    pub fingerprint: Fingerprint,
    /// Address of the definition's text, which the cell has too.
    pub doc: usize,
    /// What the code was made for.
    pub known: Arc<KnownMethod>,
    /// The cell's object.
    pub cell: Object,
}
