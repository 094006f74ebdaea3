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
/// Live cells: one for each stub.
pub static CELLS: AtomicUsize = AtomicUsize::new(0);

/// Cells that live as long as the process.
pub static KEPT_CELLS: AtomicUsize = AtomicUsize::new(0);

/// Counts a new shape.
pub fn shape_made(bytes: usize) {
    SHAPES.fetch_add(1, Ordering::Relaxed);
    CODE_BYTES.fetch_add(bytes, Ordering::Relaxed);
}

/// Counts the end of a shape.
pub fn shape_gone(bytes: usize) {
    SHAPES.fetch_sub(1, Ordering::Relaxed);
    CODE_BYTES.fetch_sub(bytes, Ordering::Relaxed);
}

/// Counts a new cell.
pub fn cell_made() {
    CELLS.fetch_add(1, Ordering::Relaxed);
}

/// Counts a cell that is kept for the rest of the process.
pub fn cell_kept() {
    KEPT_CELLS.fetch_add(1, Ordering::Relaxed);
}

/// Counts the end of a cell.
pub fn cell_gone() {
    CELLS.fetch_sub(1, Ordering::Relaxed);
}
