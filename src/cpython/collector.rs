//! The points at which the garbage collector runs.

use super::layout::Layout;

/// The points at which CPython's garbage collector runs by itself, and with it finalizers and callbacks of weak
/// references.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collector {
    /// At the making of an object that it tracks: 3.11 (`_PyObject_GC_Link` in Modules/gcmodule.c).
    #[default]
    WhereObjectsAreMade,
    /// At the points where the interpreter serves what is pending, as for signals: from 3.12 on (`_Py_HandlePending` in
    /// Python/ceval_gil.c). Making an object only requests it.
    WhereInterruptsAreServed,
}

impl Collector {
    /// The points in CPython 3.`minor`.
    pub const fn of(minor: u8) -> Self {
        match minor {
            ..=11 => Self::WhereObjectsAreMade,
            _ => Self::WhereInterruptsAreServed,
        }
    }

    /// The points in the version that this crate is built for.
    pub const CURRENT: Self = Self::of(Layout::CURRENT.minor);

    /// Whether it may run, and with it Python code, when an object is made that it tracks.
    pub const fn runs_where_objects_are_made(self) -> bool {
        match self {
            Self::WhereObjectsAreMade => true,
            Self::WhereInterruptsAreServed => false,
        }
    }
}
