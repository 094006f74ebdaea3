//! Where, and with which stack, CPython goes on at a neutral instruction.

use crate::bytecode::{Code, RawSlot};
use crate::cpython::frame::{ResumePoint, UNIT_BYTES};
use crate::cpython::{Behaviour, Layout};
use crate::thread::Owned;

/// A point of CPython's code, and its stack there.
pub(super) struct FramePoint<'a> {
    /// The code unit of the instruction.
    pub(super) unit: u32,
    /// The stack, with the nulls that the neutral stack lacks.
    slots: &'a [RawSlot],
    /// Whether the instruction has raised.
    raised: bool,
}

impl<'a> FramePoint<'a> {
    /// The point at a neutral instruction; `None` if CPython has none there. If the instruction has raised, the stack is
    /// that of the state in which it did, without some of its operands.
    pub(super) fn at(code: &'a Code, at: u32, raised: bool) -> Option<Self> {
        if !raised {
            let point = code.raw_stacks.at(at)?;
            return Some(Self { unit: unit(point.start), slots: point.stack, raised });
        }
        // The first neutral instruction of the same one of CPython's knows the stack.
        let (first, point) = (0..=at).rev().find_map(|at| code.raw_stacks.at(at).map(|point| (at, point)))?;
        let mut unit_of_error = unit(code.instructions.get(at as usize)?.offset);
        let before = |at: u32| at.checked_sub(1).and_then(|at| code.handler(at));
        let is_looked_up_before = Layout::CURRENT.frame.resumes == ResumePoint::AtUnit;
        if is_looked_up_before && unit(point.start) == unit_of_error && code.handler(first) != before(first) {
            // The handler is looked up one unit before, which would be in another range.
            unit_of_error += 1;
        }
        Some(Self { unit: unit_of_error, slots: point.stack, raised })
    }

    /// Whether the neutral stack fits.
    pub(super) fn takes(&self, stack: &[Option<Owned>]) -> bool {
        let kept = self.slots.iter().filter(|slot| is_kept(**slot)).count();
        if self.raised { stack.len() <= kept } else { stack.len() == kept }
    }

    /// The stack as CPython has it.
    pub(super) fn words(&self, stack: Vec<Option<Owned>>) -> Vec<Option<Owned>> {
        let mut left = stack.into_iter();
        let mut words: Vec<Option<Owned>> = Vec::with_capacity(self.slots.len());
        for slot in self.slots {
            if !is_kept(*slot) {
                words.push(None);
                continue;
            }
            let Some(word) = left.next() else { break };
            let is_swapped =
                *slot == RawSlot::Receiver && word.is_none() && Behaviour::CURRENT.puts_null_below_attributes;
            words.push(word);
            if is_swapped {
                let top = words.len() - 1;
                words.swap(top, top - 1);
            }
        }
        words
    }
}

fn unit(offset: u32) -> u32 {
    offset / UNIT_BYTES as u32
}

/// Whether the neutral stack has the slot.
fn is_kept(slot: RawSlot) -> bool {
    match slot {
        RawSlot::Null | RawSlot::IteratorIndex => false,
        RawSlot::Object
        | RawSlot::Cleared
        | RawSlot::Method
        | RawSlot::Receiver
        | RawSlot::Iterator
        | RawSlot::Saved
        | RawSlot::Offset => true,
    }
}
