//! How many shapes, stubs and calls there are.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::fallback_reason::FallbackReason;

/// Calls of underlying functions. Compiled code adds to it with the GIL held.
pub static HITS: AtomicU64 = AtomicU64::new(0);
/// Calls that took the fallback, by reason.
pub static FALLBACKS: [AtomicU64; FallbackReason::ALL.len()] = [const { AtomicU64::new(0) }; FallbackReason::ALL.len()];
/// Shapes whose code is mapped.
pub static SHAPES: AtomicUsize = AtomicUsize::new(0);
/// The bytes of their code.
pub static CODE_BYTES: AtomicUsize = AtomicUsize::new(0);
/// Cells that are alive: one for each stub.
pub static CELLS: AtomicUsize = AtomicUsize::new(0);

/// Those that live as long as the process.
pub static KEPT_CELLS: AtomicUsize = AtomicUsize::new(0);

/// A shape is there.
pub fn shape_made(bytes: usize) {
    SHAPES.fetch_add(1, Ordering::Relaxed);
    CODE_BYTES.fetch_add(bytes, Ordering::Relaxed);
}

/// A shape is gone.
pub fn shape_gone(bytes: usize) {
    SHAPES.fetch_sub(1, Ordering::Relaxed);
    CODE_BYTES.fetch_sub(bytes, Ordering::Relaxed);
}

/// A cell is there.
pub fn cell_made() {
    CELLS.fetch_add(1, Ordering::Relaxed);
}

/// A cell is kept for the rest of the process.
pub fn cell_kept() {
    KEPT_CELLS.fetch_add(1, Ordering::Relaxed);
}

/// A cell is gone.
pub fn cell_gone() {
    CELLS.fetch_sub(1, Ordering::Relaxed);
}
