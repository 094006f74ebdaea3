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

/// What CPython needs to handle an exception that one of its instructions has raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawRaise<'a> {
    /// The position for CPython, in bytes: that of the instruction or of its first cache.
    pub position: u32,
    /// The part of the stack that the handler keeps, from the bottom; empty if there is no handler.
    pub stack: &'a [RawSlot],
}

/// The points of a code object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawStacks {
    slots: Vec<RawSlot>,
    /// By neutral instruction.
    points: Vec<Option<Point>>,
}

/// The same for one neutral instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// The start of CPython's instruction.
    start: u32,
    /// Whether the neutral instruction is the first of those that CPython's became.
    is_first: bool,
    /// The position for an exception, if there is one.
    raising: Option<u32>,
    /// How much of the stack the handler keeps.
    kept: u32,
    /// The place of the stack in `slots`.
    stack: (usize, usize),
}

impl Point {
    /// A point whose stack is not known yet.
    pub(super) fn new(start: u32, raising: Option<u32>, kept: u32) -> Self {
        Self { start, is_first: true, raising, kept, stack: (0, 0) }
    }

    /// The same for the next of the neutral instructions that CPython's instruction became.
    pub(super) fn later(self) -> Self {
        Self { is_first: false, ..self }
    }
}

impl RawStacks {
    /// Adds the stack before the next of CPython's instructions, for its point.
    pub(super) fn stack(&mut self, point: Point, stack: impl Iterator<Item = RawSlot>) -> Point {
        let first = self.slots.len();
        self.slots.extend(stack);
        Point { stack: (first, self.slots.len()), ..point }
    }

    /// Adds the next neutral instruction.
    pub(super) fn push(&mut self, point: Option<Point>) {
        self.points.push(point);
    }

    fn point(&self, instruction: Target) -> Option<(&Point, &[RawSlot])> {
        let point = self.points.get(instruction as usize)?.as_ref()?;
        Some((point, &self.slots[point.stack.0..point.stack.1]))
    }

    /// The point at a neutral instruction. `None` for snippets, and for an instruction in the middle of one of
    /// CPython's.
    pub fn at(&self, instruction: Target) -> Option<RawPoint<'_>> {
        let (point, stack) = self.point(instruction)?;
        point.is_first.then_some(RawPoint { start: point.start, stack })
    }

    /// What CPython needs for an exception that a neutral instruction has raised. `None` for snippets; and for an instruction
    /// that CPython can't find the handler of: one without caches that begins a range (from 3.13 on).
    pub fn raised(&self, instruction: Target) -> Option<RawRaise<'_>> {
        let (point, stack) = self.point(instruction)?;
        Some(RawRaise { position: point.raising?, stack: stack.get(..point.kept as usize)? })
    }
}
