//! Expectations that the passes must not have, because an earlier version of the function was left too often when they
//! failed.

use std::collections::BTreeSet;

use crate::ir::{ExitReason, Function, Inst};

/// Places of a function, and the expectations to avoid there. A place is a bytecode instruction; the IR instructions
/// that stand for it share the place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Avoided {
    places: BTreeSet<(u32, ExitReason)>,
}

impl Avoided {
    /// Nothing is avoided.
    pub const NOTHING: &'static Self = &Self { places: BTreeSet::new() };

    /// Records that the check that fails for this reason must not be made for that instruction from now on. The result
    /// is whether that was not recorded before.
    pub fn add(&mut self, place: u32, reason: ExitReason) -> bool {
        self.places.insert((place, reason))
    }

    /// Whether a check that fails for this reason must not be made for an instruction.
    pub fn has(&self, place: u32, reason: ExitReason) -> bool {
        self.places.contains(&(place, reason))
    }

    /// The same, for code that replaces an instruction of the IR.
    pub(super) fn at(&self, function: &Function, inst: Inst, reason: ExitReason) -> bool {
        !self.places.is_empty() && function.place(inst).is_some_and(|place| self.has(place, reason))
    }
}

impl FromIterator<(u32, ExitReason)> for Avoided {
    fn from_iter<T: IntoIterator<Item = (u32, ExitReason)>>(places: T) -> Self {
        Self { places: places.into_iter().collect() }
    }
}
