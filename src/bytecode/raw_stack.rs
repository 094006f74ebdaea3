//! The contents of CPython's own stack, slot by slot, before each instruction, with the slots that the neutral stack
//! lacks.

use super::instruction::Target;

/// The content of a slot of CPython's stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RawSlot {
    /// An object.
    Object,
    /// The value of a local that was cleared: an object, or null.
    Cleared,
    /// A null in the place of a receiver, or of a callable's second slot.
    Null,
    /// The result of a method lookup.
    Method,
    /// The receiver of the method lookup, or null.
    Receiver,
    /// The result of `iter()`; from 3.15 on it may be a list or a tuple.
    Iterator,
    /// From 3.15 on, above the iterator: null, or a tagged index into the list or tuple.
    IteratorIndex,
    /// The exception that was handled before this one, or `None`.
    Saved,
    /// The offset of the instruction that raised: an int, from 3.14 on a tagged one.
    Offset,
}

/// A point where CPython can continue: the start of one of its instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawPoint<'a> {
    /// The start of the instruction in `co_code`, in bytes: its first `EXTENDED_ARG`, or the `KW_NAMES` or `LOAD_CONST`
    /// from which it takes names.
    pub start: u32,
    /// The stack before it, from the bottom.
    pub stack: &'a [RawSlot],
}

/// The points of a code object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawStacks {
    slots: Vec<RawSlot>,
    /// By neutral instruction: the start, and the range of its slots. `None` for all but the first of the neutral
    /// instructions that CPython's instruction became.
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

    /// The point at a neutral instruction. `None` for snippets, and for an instruction in the middle of one of
    /// CPython's.
    pub fn at(&self, instruction: Target) -> Option<RawPoint<'_>> {
        let (start, slots) = self.points.get(instruction as usize)?.as_ref()?;
        Some(RawPoint { start: *start, stack: &self.slots[slots.clone()] })
    }
}
