//! Code in its final place.

use std::ptr::NonNull;

use super::segment::Segment;

/// Code in an executable segment of its own.
#[derive(Debug)]
pub struct Placed {
    /// Its start.
    pub code: NonNull<u8>,
    /// Its length.
    pub bytes: usize,
    /// The segment that contains it.
    pub segment: Segment,
}
