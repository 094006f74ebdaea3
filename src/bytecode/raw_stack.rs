//! What lies on CPython's own stack, slot by slot, before each instruction: also what the neutral stack leaves out.

use super::instruction::Target;

/// What a slot of CPython's stack holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RawSlot {
    /// An object.
    Object,
    /// What a local held that was cleared: an object, or null.
    Cleared,
    /// Null in the place of a receiver, or of a callable's second slot.
    Null,
    /// What a method lookup found.
    Method,
    /// The receiver that it found it for, or null.
    Receiver,
    /// What `iter()` gave; from 3.15 on also a list or a tuple.
    Iterator,
    /// From 3.15 on, above that: null, or a tagged index into the list or tuple.
    IteratorIndex,
    /// The exception that was handled before this one, or `None`.
    Saved,
    /// The offset of the instruction that raised: an int, from 3.14 on a tagged one.
    Offset,
}

/// A point where CPython can go on: the start of one of its instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawPoint<'a> {
    /// Where the instruction starts in `co_code`, in bytes: at its first `EXTENDED_ARG`; where it takes names from a
    /// `KW_NAMES`, at that.
    pub start: u32,
    /// The stack before it, the bottom first.
    pub stack: &'a [RawSlot],
}

/// The points of a code object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawStacks {
    slots: Vec<RawSlot>,
    /// By neutral instruction: start, and where its slots are. `None` for what is not the first of CPython's instruction.
    points: Vec<Option<(u32, std::ops::Range<usize>)>>,
}

impl RawStacks {
    /// Adds the next neutral instruction.
    pub(super) fn push(&mut self, point: Option<(u32, impl Iterator<Item = RawSlot>)>) {
        let point = point.map(|(start, stack)| {
            let first = self.slots.len();
            self.slots.extend(stack);
            (start, first..self.slots.len())
        });
        self.points.push(point);
    }

    /// The point at a neutral instruction; `None` where CPython's own instruction has begun before it, and for snippets.
    pub fn at(&self, instruction: Target) -> Option<RawPoint<'_>> {
        let (start, slots) = self.points.get(instruction as usize)?.as_ref()?;
        Some(RawPoint { start: *start, stack: &self.slots[slots.clone()] })
    }
}
