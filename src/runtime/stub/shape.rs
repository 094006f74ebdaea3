//! Shapes: machine code that many stubs share.

use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use super::counters;
use super::guards::Guards;
use crate::lower::Plan;
use crate::runtime::code::placed::Placed;
use crate::runtime::code::segment::Segment;

/// The compiled code of one plan. Its segment is unmapped with the last owner of the shape.
#[derive(Debug)]
pub struct Shape {
    code: NonNull<u8>,
    first_overload: u16,
    bytes: usize,
    guards: Option<Guards>,
    _segment: Segment,
}

// SAFETY: a shape is immutable, and its code belongs to no thread.
unsafe impl Send for Shape {}
// SAFETY: as above.
unsafe impl Sync for Shape {}

impl Shape {
    /// The shape of a plan with this code.
    pub fn new(plan: &Plan, placed: Placed) -> Self {
        let Placed { code, bytes, segment } = placed;
        let first_overload = plan.arms.first().map_or(0, |arm| arm.overload);
        counters::shape_made(bytes);
        let guards = plan.counts_calls().then(|| Guards::of(plan));
        Self { code, first_overload, bytes, guards, _segment: segment }
    }

    /// The checks that its code makes before a call, if calls are counted.
    pub fn guards(&self) -> Option<&Guards> {
        self.guards.as_ref()
    }

    /// The overload of the first arm.
    pub fn first_overload(&self) -> u16 {
        self.first_overload
    }

    /// The start of the code.
    pub fn code(&self) -> NonNull<u8> {
        self.code
    }
}

impl Drop for Shape {
    fn drop(&mut self) {
        counters::shape_gone(self.bytes);
    }
}

/// Shapes whose last stub is gone, but whose last instructions may still run on some thread; the newest last.
static LIMBO: Mutex<VecDeque<Arc<Shape>>> = Mutex::new(VecDeque::new());

/// The number of shapes that may be in limbo.
const LIMBO_LENGTH: usize = 8;

/// Gives up a stub's hold on its shape, with the GIL held.
///
/// A stub that drops its own cell has a few instructions left to run. None of them releases the GIL. So a shape is
/// unmapped only when others have pushed it out of this list, by which time the thread that ran it has returned. A
/// length of one would be enough, except for objects that CPython may destroy between a cell's deallocation and the
/// stub's return (from 3.14 on, those in the trashcan).
pub fn retire(shape: Arc<Shape>) {
    let mut limbo = LIMBO.lock().unwrap_or_else(PoisonError::into_inner);
    if Arc::strong_count(&shape) == 1 {
        limbo.push_back(shape);
    }
    let excess = limbo.len().saturating_sub(LIMBO_LENGTH);
    limbo.drain(..excess);
}
