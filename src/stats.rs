//! What stubs there are, and what became of their calls.

use std::sync::atomic::Ordering;

use crate::runtime::counters::{CELLS, CODE_BYTES, FALLBACKS, HITS, KEPT_CELLS, SHAPES};

/// The numbers of the whole process at one moment ([`Specializer::stats`](crate::Specializer::stats)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Pieces of machine code; a few of those whose stubs are gone are among them.
    pub shapes: usize,
    /// Stubs that are alive, functions for Python among them. Native stubs are not: they are the underlying functions.
    pub stubs: usize,
    /// Those of them that live as long as the process: one for each definition of a method whose descriptor was specialized,
    /// however many types have it, and one for each method of a table of Cinder's.
    pub permanent: usize,
    /// Bytes of machine code in the shapes.
    pub code_bytes: usize,
    /// Calls that no guard kept from the underlying function, since the process began.
    pub hits: u64,
    /// Calls that took the fallback, for each reason in the order of [`FallbackReason::ALL`].
    pub fallbacks: [u64; FallbackReason::ALL.len()],
}

impl Stats {
    pub(crate) fn now() -> Self {
        Self {
            shapes: SHAPES.load(Ordering::Relaxed),
            stubs: CELLS.load(Ordering::Relaxed),
            permanent: KEPT_CELLS.load(Ordering::Relaxed),
            code_bytes: CODE_BYTES.load(Ordering::Relaxed),
            hits: HITS.load(Ordering::Relaxed),
            fallbacks: FallbackReason::ALL.map(|reason| FALLBACKS[reason as usize].load(Ordering::Relaxed)),
        }
    }

    /// Calls that took the fallback for this reason.
    pub fn fallback(&self, reason: FallbackReason) -> u64 {
        self.fallbacks[reason as usize]
    }
}

/// Why a call took the fallback. With several overloads it is what kept the call from the one that it came closest to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum FallbackReason {
    /// Arguments are given by name that have no such name, are given twice, or are not all there.
    Keywords,
    /// There are too many arguments, or too few.
    Arity,
    /// The receiver or an argument is of a type that the guards do not admit: another one, or a subclass.
    Type,
    /// The types are right, and a value is not: an int that does not fit or is long, text with a NUL or without UTF-8.
    Value,
    /// What the stub was made for has changed since.
    Changed,
    /// None of these.
    Other,
}

impl FallbackReason {
    /// Every reason, in the order of [`Stats::fallbacks`].
    pub const ALL: [Self; 6] = [Self::Keywords, Self::Arity, Self::Type, Self::Value, Self::Changed, Self::Other];

    /// Its name: `keywords`, `arity`, `type`, `value`, `changed`, `other`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keywords => "keywords",
            Self::Arity => "arity",
            Self::Type => "type",
            Self::Value => "value",
            Self::Changed => "changed",
            Self::Other => "other",
        }
    }
}
