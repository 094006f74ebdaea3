//! What can happen, as a set: what is read and written, by kind of memory; whether it may raise, run Python code, collect
//! garbage.

use std::ops::BitOr;

use crate::cpython::Collector;

/// Kinds of memory that Python code can change, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Heap(u8);

impl Heap {
    /// None.
    pub const NONE: Self = Self(0);
    /// What is in cells.
    pub const CELLS: Self = Self(1);
    /// What is in dicts and sets.
    pub const DICTS: Self = Self(1 << 1);
    /// What is in lists.
    pub const LISTS: Self = Self(1 << 2);
    /// Attributes of objects.
    pub const ATTRIBUTES: Self = Self(1 << 3);
    /// Globals and builtins.
    pub const GLOBALS: Self = Self(1 << 4);
    /// All other memory: reference counts, what is in other objects, what C functions keep.
    pub const OTHER: Self = Self(1 << 5);
    /// All of it.
    pub const ALL: Self = Self((1 << 6) - 1);

    /// Either's.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether both have something in common.
    pub const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether it is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Heap {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

/// What can happen at an instruction, apart from leaving the function through an exit or a fallback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Effects {
    /// What it looks at.
    pub reads: Heap,
    /// What it changes.
    pub writes: Heap,
    /// It may raise.
    pub raises: bool,
    /// Python code may run, which may change whatever can be changed.
    pub runs_python: bool,
    /// An object is made that the garbage collector knows of. That may start it, and so finalizers, where it runs there.
    pub collects: bool,
    /// Nobody misses it when its result is not used, even where it would have raised: nothing else may be said of it.
    pub is_claimed_pure: bool,
}

impl Effects {
    /// None.
    pub const NONE: Self = Self {
        reads: Heap::NONE,
        writes: Heap::NONE,
        raises: false,
        runs_python: false,
        collects: false,
        is_claimed_pure: false,
    };
    /// Anything: Python code runs.
    pub const PYTHON: Self = Self {
        reads: Heap::ALL,
        writes: Heap::ALL,
        raises: true,
        runs_python: true,
        collects: true,
        is_claimed_pure: false,
    };
    /// An exception, and nothing else.
    pub const RAISES: Self = Self { raises: true, ..Self::NONE };
    /// An object is made that the garbage collector knows of, or there is no memory for it.
    pub const MAKES_CONTAINER: Self = Self { raises: true, collects: true, ..Self::NONE };

    /// These, and looking at that.
    pub const fn reading(self, heap: Heap) -> Self {
        Self { reads: self.reads.union(heap), ..self }
    }

    /// These, and changing that.
    pub const fn writing(self, heap: Heap) -> Self {
        Self { writes: self.writes.union(heap), ..self }
    }

    /// Whether nobody misses it when its result is not used: nothing is changed, and it can't fail; or that is promised.
    pub const fn is_pure(self) -> bool {
        self.is_claimed_pure || self.writes.is_empty() && !self.raises && !self.runs_python && !self.collects
    }

    /// Whether anything but looking happens.
    pub const fn is_noticed(self) -> bool {
        !self.writes.is_empty() || self.raises || self.runs_python || self.collects
    }

    /// Whether Python code may have run by its end, on a CPython with this garbage collector: also because that was started.
    pub const fn may_run_python(self, collector: Collector) -> bool {
        self.runs_python || self.collects && collector.runs_where_objects_are_made()
    }

    /// What can happen of both at most.
    pub fn intersection(self, other: Self) -> Self {
        Self {
            reads: Heap(self.reads.0 & other.reads.0),
            writes: Heap(self.writes.0 & other.writes.0),
            raises: self.raises && other.raises,
            runs_python: self.runs_python && other.runs_python,
            collects: self.collects && other.collects,
            is_claimed_pure: self.is_claimed_pure || other.is_claimed_pure,
        }
    }
}
