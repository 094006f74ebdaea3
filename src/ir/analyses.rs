//! Analyses that several passes need: computed once per function, and kept until a pass makes them stale.

use std::ops::{BitOr, BitOrAssign};
use std::rc::Rc;

use super::dominators::Dominators;
use super::function::Function;
use super::lifetimes::Lifetimes;

/// How much a pass changed, from nothing to everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Nothing at all.
    #[default]
    Nothing,
    /// Instructions, values, types or states. The blocks and the edges between them are unchanged.
    Instructions,
    /// Blocks or edges, and perhaps everything else.
    Blocks,
}

impl Change {
    /// `Instructions` if `changed`, otherwise `Nothing`.
    pub fn of_instructions(changed: bool) -> Self {
        if changed { Self::Instructions } else { Self::Nothing }
    }

    /// `Blocks` if `changed`, otherwise `Nothing`.
    pub fn of_blocks(changed: bool) -> Self {
        if changed { Self::Blocks } else { Self::Nothing }
    }

    /// Whether anything changed.
    pub fn is_any(self) -> bool {
        self != Self::Nothing
    }
}

impl BitOr for Change {
    type Output = Self;

    /// Both changes: the greater one.
    fn bitor(self, other: Self) -> Self {
        self.max(other)
    }
}

impl BitOrAssign for Change {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

/// The analyses of one function.
#[derive(Debug, Default)]
pub struct Analyses {
    dominators: Option<Rc<Dominators>>,
    lifetimes: Option<Rc<Lifetimes>>,
}

impl Analyses {
    /// The dominators; `None` for a function without blocks.
    ///
    /// # Panics
    /// In debug builds, if they are stale: a pass did not report a change.
    pub(super) fn dominators(&mut self, function: &Function) -> Option<Rc<Dominators>> {
        let entry = function.entry()?;
        let is_kept = self.dominators.is_some();
        let known = self.dominators.get_or_insert_with(|| Rc::new(Dominators::compute(function, entry)));
        debug_assert!(!is_kept || **known == Dominators::compute(function, entry), "stale dominators of\n{function}");
        Some(Rc::clone(known))
    }

    /// The lifetimes of the values that the function owns.
    ///
    /// # Panics
    /// In debug builds, if they are stale: a pass did not report a change.
    pub(super) fn lifetimes(&mut self, function: &Function) -> Rc<Lifetimes> {
        let is_kept = self.lifetimes.is_some();
        let known = self.lifetimes.get_or_insert_with(|| Rc::new(Lifetimes::compute(function)));
        debug_assert!(!is_kept || **known == Lifetimes::compute(function), "stale lifetimes of\n{function:#}");
        Rc::clone(known)
    }

    /// Forgets the analyses that a change makes stale.
    pub fn forget(&mut self, change: Change) {
        match change {
            Change::Nothing => {}
            Change::Instructions => self.lifetimes = None,
            Change::Blocks => *self = Self::default(),
        }
    }
}
