//! Shapes: machine code that many stubs share, and its end.

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use super::segment::Segment;

/// The compiled code of one plan. Its segment is unmapped with the last owner of the shape.
#[derive(Debug)]
pub struct Shape {
    code: NonNull<u8>,
    first_overload: u16,
    _segment: Segment,
}

// SAFETY: a shape is immutable, and its code is bound to no thread.
unsafe impl Send for Shape {}
// SAFETY: as above.
unsafe impl Sync for Shape {}

impl Shape {
    /// The shape whose code lies at `code` in an executable segment.
    pub fn new(code: NonNull<u8>, segment: Segment, first_overload: u16) -> Self {
        Self { code, first_overload, _segment: segment }
    }

    /// The overload of the first arm.
    pub fn first_overload(&self) -> u16 {
        self.first_overload
    }

    /// Where the code starts.
    pub fn code(&self) -> NonNull<u8> {
        self.code
    }
}

/// Shapes whose last stub is gone, but whose last instructions may still be on some thread's way out; the newest last.
static LIMBO: Mutex<VecDeque<Arc<Shape>>> = Mutex::new(VecDeque::new());

/// So many shapes may be in limbo.
const LIMBO_LENGTH: usize = 8;

/// Gives up a stub's hold on its shape, with the GIL held.
///
/// A stub that drops its own cell has a few instructions left to run. None of them gives up the GIL. So a shape that
/// arrives here is unmapped when others push it out, by when whoever ran it has returned. One would do but for what
/// CPython may destroy between a cell's deallocation and the stub's return (from 3.14, what waits in the trashcan).
pub fn retire(shape: Arc<Shape>) {
    let mut limbo = LIMBO.lock().unwrap_or_else(PoisonError::into_inner);
    if Arc::strong_count(&shape) == 1 {
        limbo.push_back(shape);
    }
    let excess = limbo.len().saturating_sub(LIMBO_LENGTH);
    limbo.drain(..excess);
}
