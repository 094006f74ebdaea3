//! Effects as a set: which kinds of memory are read and written, and whether the instruction may raise, run Python code
//! or collect garbage.

use std::ops::BitOr;

use crate::cpython::Collector;

/// A set of kinds of memory that Python code can change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Heap(u8);

impl Heap {
    /// None.
    pub const NONE: Self = Self(0);
    /// The contents of cells.
    pub const CELLS: Self = Self(1);
    /// The contents of dicts and sets.
    pub const DICTS: Self = Self(1 << 1);
    /// The contents of lists.
    pub const LISTS: Self = Self(1 << 2);
    /// Attributes of objects.
    pub const ATTRIBUTES: Self = Self(1 << 3);
    /// Globals and builtins.
    pub const GLOBALS: Self = Self(1 << 4);
    /// All other memory: reference counts, the contents of other objects, the state of C functions.
    pub const OTHER: Self = Self(1 << 5);
    /// All memory.
    pub const ALL: Self = Self((1 << 6) - 1);

    /// The union of both.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether both have something in common.
    pub const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether it is empty.
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

/// The effects of an instruction, apart from leaving the function through an exit or a fallback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EffectSet {
    /// The memory that it reads.
    pub reads: Heap,
    /// The memory that it writes.
    pub writes: Heap,
    /// It may raise.
    pub raises: bool,
    /// Python code may run, which may change anything.
    pub runs_python: bool,
    /// It makes an object that the garbage collector tracks. On versions where the collector runs at such points, this
    /// may start it, and thus run finalizers.
    pub collects: bool,
    /// It may be dropped if its result is unused, even if it would have raised. No other promise follows from this.
    pub is_claimed_pure: bool,
}

impl EffectSet {
    /// None.
    pub const NONE: Self = Self {
        reads: Heap::NONE,
        writes: Heap::NONE,
        raises: false,
        runs_python: false,
        collects: false,
        is_claimed_pure: false,
    };
    /// All effects: Python code runs.
    pub const PYTHON: Self = Self {
        reads: Heap::ALL,
        writes: Heap::ALL,
        raises: true,
        runs_python: true,
        collects: true,
        is_claimed_pure: false,
    };
    /// It may raise, and nothing else.
    pub const RAISES: Self = Self { raises: true, ..Self::NONE };
    /// It makes an object that the garbage collector tracks, or raises for lack of memory.
    pub const MAKES_CONTAINER: Self = Self { raises: true, collects: true, ..Self::NONE };

    /// These effects, and reading this memory.
    pub const fn reading(self, heap: Heap) -> Self {
        Self { reads: self.reads.union(heap), ..self }
    }

    /// These effects, and writing this memory.
    pub const fn writing(self, heap: Heap) -> Self {
        Self { writes: self.writes.union(heap), ..self }
    }

    /// Whether the instruction may be dropped if its result is unused: it changes nothing and can't fail, or a
    /// signature promises that it may be dropped.
    pub const fn is_pure(self) -> bool {
        self.is_claimed_pure || self.writes.is_empty() && !self.raises && !self.runs_python && !self.collects
    }

    /// Whether it has an effect other than reading.
    pub const fn is_noticed(self) -> bool {
        !self.writes.is_empty() || self.raises || self.runs_python || self.collects
    }

    /// Whether Python code may have run by its end, on a CPython with this garbage collector, also because the
    /// collector started.
    pub const fn may_run_python(self, collector: Collector) -> bool {
        self.runs_python || self.collects && collector.runs_where_objects_are_made()
    }

    /// The effects that are in both.
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
