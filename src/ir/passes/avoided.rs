//! What the passes are not to speculate on: an earlier version of the function was left there too often.

use std::collections::BTreeSet;

use crate::ir::{ExitReason, Function, Inst};

/// Places of a function, and what must not be expected there. A place is an instruction of the bytecode; several instructions of
/// the IR that stand for one have the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Avoided {
    places: BTreeSet<(u32, ExitReason)>,
}

impl Avoided {
    /// Nothing is.
    pub const NOTHING: &'static Self = &Self { places: BTreeSet::new() };

    /// From now on a check that fails for this reason is not made for that instruction; whether this is news.
    pub fn add(&mut self, place: u32, reason: ExitReason) -> bool {
        self.places.insert((place, reason))
    }

    /// Whether a check that fails for this reason must not be made for an instruction.
    pub fn has(&self, place: u32, reason: ExitReason) -> bool {
        self.places.contains(&(place, reason))
    }

    /// The same, for what stands in the place of an instruction of the IR.
    pub(super) fn at(&self, function: &Function, inst: Inst, reason: ExitReason) -> bool {
        !self.places.is_empty() && function.place(inst).is_some_and(|place| self.has(place, reason))
    }
}

impl FromIterator<(u32, ExitReason)> for Avoided {
    fn from_iter<T: IntoIterator<Item = (u32, ExitReason)>>(places: T) -> Self {
        Self { places: places.into_iter().collect() }
    }
}
