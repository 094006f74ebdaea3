//! Where the garbage collector runs.

use super::layout::Layout;

/// Where CPython's garbage collector runs by itself, and finalizers and callbacks of weak references with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collector {
    /// Where an object is made that it knows of: 3.11 (`_PyObject_GC_Link` in Modules/gcmodule.c).
    #[default]
    WhereObjectsAreMade,
    /// Where the interpreter looks for what is pending, as it does for signals: from 3.12 on (`_Py_HandlePending` in
    /// Python/ceval_gil.c). Making an object only asks for it.
    WhereInterruptsAreServed,
}

impl Collector {
    /// That of CPython 3.`minor`.
    pub const fn of(minor: u8) -> Self {
        match minor {
            ..=11 => Self::WhereObjectsAreMade,
            _ => Self::WhereInterruptsAreServed,
        }
    }

    /// The order in the version that this crate is built for.
    pub const CURRENT: Self = Self::of(Layout::CURRENT.minor);

    /// Whether it may run, and with it Python code, where an object is made that it knows of.
    pub const fn runs_where_objects_are_made(self) -> bool {
        match self {
            Self::WhereObjectsAreMade => true,
            Self::WhereInterruptsAreServed => false,
        }
    }
}
