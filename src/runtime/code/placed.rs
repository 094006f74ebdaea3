//! Code where it lies.

use std::ptr::NonNull;

use super::segment::Segment;

/// Code in an executable segment of its own.
#[derive(Debug)]
pub struct Placed {
    /// Where it starts.
    pub code: NonNull<u8>,
    /// How long it is.
    pub bytes: usize,
    /// What it lies in.
    pub segment: Segment,
}
