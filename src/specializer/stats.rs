//! Statistics: the number of stubs, and the outcome of their calls.

use std::sync::atomic::Ordering;

use crate::runtime::FallbackReason;
use crate::runtime::stub::counters::{CELLS, CODE_BYTES, FALLBACKS, HITS, KEPT_CELLS, SHAPES};

/// The numbers of the whole process at one moment ([`Specializer::stats`](crate::Specializer::stats)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Pieces of machine code, with a few whose stubs are gone.
    pub shapes: usize,
    /// Live stubs, with functions for Python. Native stubs are not counted: they are the underlying functions.
    pub stubs: usize,
    /// Stubs that live as long as the process: one for each definition of a method whose descriptor was specialized,
    /// however many types have it, and one for each method of a table of Cinder's.
    pub permanent: usize,
    /// Bytes of machine code in the shapes.
    pub code_bytes: usize,
    /// Calls that passed all guards and went to the underlying function, since the process began.
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
