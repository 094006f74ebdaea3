//! The order in which an instruction or a function gives up its objects.

use super::layout::Layout;

/// The order in which CPython gives up the operands of an instruction on the stack, and the locals of a function. A
/// callable always dies before its arguments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeathOrder {
    /// The first first: up to 3.13.
    #[default]
    FirstFirst,
    /// The last first, except for the operands of arithmetic and of `a[b]`, which die as before: 3.14.
    LastFirstButOperators,
    /// The last first: from 3.15 on.
    LastFirst,
}

impl DeathOrder {
    /// The order in CPython 3.`minor`.
    pub const fn of(minor: u8) -> Self {
        match minor {
            ..=13 => Self::FirstFirst,
            14 => Self::LastFirstButOperators,
            _ => Self::LastFirst,
        }
    }

    /// The order in the version that this crate is built for.
    pub const CURRENT: Self = Self::of(Layout::CURRENT.minor);

    /// Whether the last dies first: among the operands of arithmetic and of `a[b]` if `of_operator`, else among others.
    pub const fn last_first(self, of_operator: bool) -> bool {
        match self {
            Self::FirstFirst => false,
            Self::LastFirstButOperators => !of_operator,
            Self::LastFirst => true,
        }
    }
}
