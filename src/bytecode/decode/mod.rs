//! Decodes CPython's code objects to neutral instructions.
//!
//! [`raw`] takes the bytes apart. [`step`] says what each instruction does to CPython's stack. [`walk`] follows that
//! stack and removes the slots that the neutral stack doesn't have. All of this is a function of a table of opcodes and
//! plain data, so it can decode what other versions compiled. [`live`] is the part that asks an interpreter.

mod error;
#[cfg(test)]
mod hostile;
mod live;
mod raw;
mod step;
mod walk;

use std::sync::Arc;

use super::exceptions::ExceptionEntry;
use super::instruction::{BytecodeInstruction, Op, Suspend, Target};
use super::opcodes::{Opcode, Opcodes};
use super::raw_stack::{Point, RawStacks};
use super::{Handler, LocalVariable};

pub use error::{DecodeError, Problem};
pub use live::{decode, decode_function};
use raw::RawError;
pub(super) use raw::RawInstruction;
pub(super) use step::Extra;
use step::{DecodeContext, StackStep};
use walk::{Item, RawHandler};

/// The size of a unit of code.
const UNIT_BYTES: u32 = 2;

/// The input of the decoder: the parts of a code object that don't need an interpreter.
pub(super) struct CodeSource<'a> {
    pub(super) opcodes: &'a Opcodes,
    pub(super) instructions: Vec<RawInstruction>,
    pub(super) exceptions: &'a [ExceptionEntry],
    pub(super) locals: &'a [LocalVariable],
    pub(super) consts: usize,
    pub(super) names: usize,
    /// The strings in a constant that is a tuple of strings.
    pub(super) strings: &'a dyn Fn(u32) -> Option<Vec<Arc<str>>>,
}

/// The result of the decoder.
pub(super) struct Decoded {
    pub(super) instructions: Vec<BytecodeInstruction>,
    pub(super) handlers: Vec<Handler>,
    pub(super) raw_stacks: RawStacks,
    /// Constants after those of the code object.
    pub(super) extras: Vec<Extra>,
}

impl CodeSource<'_> {
    /// Decodes. An error does not have the code object's name yet.
    pub(super) fn decode(mut self) -> Result<Decoded, RawError> {
        self.end_sends();
        let raw = &self.instructions;
        let error = |index: usize, problem| {
            let (offset, name) =
                raw.get(index).map_or((0, "an empty code object"), |raw| (raw.offset, raw.opcode.name()));
            RawError { offset, opcode: name.to_owned(), problem }
        };
        let mut context = DecodeContext {
            opcodes: self.opcodes,
            locals: self.locals,
            consts: self.consts,
            names: self.names,
            strings: self.strings,
            extras: Vec::new(),
            keywords: None,
        };
        let mut steps = Vec::with_capacity(raw.len() * 2);
        let mut items = Vec::with_capacity(raw.len());
        for (index, instruction) in raw.iter().enumerate() {
            let start = steps.len();
            let next = raw.get(index + 1).map(|next| next.opcode);
            context.translate(instruction, next, &mut steps).map_err(|problem| error(index, problem))?;
            for step in &mut steps[start..] {
                self.resolve(step).map_err(|problem| error(index, problem))?;
            }
            items.push(Item { steps: start..steps.len(), handler: self.handler_at(instruction.offset) });
        }
        let mut handlers = Vec::with_capacity(self.exceptions.len());
        for entry in self.exceptions {
            let target = self.item_at(entry.target).ok_or_else(|| {
                error(self.item_after(entry.start).min(raw.len() - 1), Problem::Target { target: entry.target.into() })
            })?;
            handlers.push(RawHandler { target, depth: entry.depth, lasti: entry.lasti });
        }
        let walked = walk::walk(&items, &steps, &handlers, self.locals, self.opcodes.version)
            .map_err(|(index, problem)| error(index, problem))?;

        // In the order of the code object, without instructions that can't be reached.
        let mut instructions = Vec::with_capacity(walked.ops.len());
        let mut starts = Vec::with_capacity(items.len() + 1);
        let mut raw_stacks = RawStacks::default();
        for (index, (ops, at)) in walked.items.iter().zip(raw).enumerate() {
            starts.push(position(&instructions));
            // An instruction that only prepares a call belongs to the call: one that loads the names of its keywords, too.
            let prepares = |raw: &&RawInstruction| matches!(raw.opcode, Opcode::KW_NAMES | Opcode::PRECALL);
            let named = usize::from(at.opcode == Opcode::CALL_KW);
            let first = index - named - raw[..index - named].iter().rev().take_while(prepares).count();
            let mut point = walked.stacks[first].as_ref().map(|stack| {
                let kept = items[index].handler.map_or(0, |handler| self.exceptions[handler].depth);
                let point = Point::new(raw[first].start, self.raising(at, items[index].handler), kept);
                raw_stacks.stack(point, stack.iter().map(|slot| slot.raw()))
            });
            for op in ops.iter().flat_map(|range| &walked.ops[range.clone()]) {
                instructions.push(BytecodeInstruction { op: op.clone(), offset: at.offset, line: at.line });
                raw_stacks.push(point);
                point = point.map(Point::later);
            }
        }
        starts.push(position(&instructions));
        for instruction in &mut instructions {
            if let Some(target) = instruction.op.target_mut() {
                // Jumps name items here.
                *target = starts[*target as usize];
            }
        }
        let mut neutral = Vec::with_capacity(handlers.len());
        for (index, (handler, depth)) in handlers.iter().zip(&walked.depths).enumerate() {
            let Some(depth) = *depth else { continue };
            // Instructions that can't be reached are empty by now, and need not split a range.
            let is_covered = |at: usize| walked.covered[at] || walked.items[at].is_none();
            let in_range = |at: usize| items[at].handler == Some(index) && is_covered(at);
            let first = self.item_after(self.exceptions[index].start);
            let last = self.item_after(self.exceptions[index].end);
            for run in (first..last).collect::<Vec<_>>().chunk_by(|&one, &next| in_range(one) == in_range(next)) {
                let (start, end) = (starts[run[0]], starts[run[run.len() - 1] + 1]);
                if in_range(run[0]) && start < end {
                    neutral.push(Handler { start, end, target: starts[handler.target], depth, lasti: handler.lasti });
                }
            }
        }
        Ok(Decoded { instructions, handlers: neutral, raw_stacks, extras: context.extras })
    }

    /// The entry for exceptions at an offset.
    fn handler_at(&self, offset: u32) -> Option<usize> {
        self.exceptions.iter().position(|entry| (entry.start..entry.end).contains(&offset))
    }

    /// The position from which CPython finds the handler of an exception that an instruction has raised, and shows its line: up to
    /// 3.12 the instruction itself. From 3.13 on CPython looks at the unit before (`exception_unwind` in Python/bytecodes.c): if that one
    /// has another handler, the position is the first cache of the instruction.
    fn raising(&self, instruction: &RawInstruction, handler: Option<usize>) -> Option<u32> {
        let before = instruction.offset.checked_sub(UNIT_BYTES);
        if self.opcodes.version < 13 || before.map(|before| self.handler_at(before)) == Some(handler) {
            return Some(instruction.offset);
        }
        let cache = instruction.offset + UNIT_BYTES;
        (cache < instruction.end).then_some(cache)
    }

    /// In 3.11 the receiver is popped before `SEND` jumps; in later versions, and here, `END_SEND` pops it at the
    /// target. So this inserts an `END_SEND` before the target, with a start of its own. Nothing else leads to the
    /// target.
    fn end_sends(&mut self) {
        if self.opcodes.version != 11 {
            return;
        }
        let sends = self.instructions.iter().filter(|raw| raw.opcode == Opcode::SEND);
        let mut targets: Vec<u32> = sends.map(|send| send.end.saturating_add(send.operand.saturating_mul(2))).collect();
        targets.sort_unstable();
        targets.dedup();
        for target in targets.into_iter().rev() {
            if let Some(item) = self.item_at(target) {
                let start = target - 1;
                let end = RawInstruction { opcode: Opcode::END_SEND, operand: 0, start, ..self.instructions[item] };
                self.instructions.insert(item, end);
            }
        }
    }

    /// Makes a jump name an item instead of an offset. `FOR_ITER` then jumps past the instructions that only clean up
    /// after it.
    fn resolve(&self, step: &mut StackStep) -> Result<(), Problem> {
        let target = match step {
            StackStep::ForIter(target) => target,
            StackStep::Op(op) => match op.target_mut() {
                Some(target) => target,
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        let offset = *target;
        let is_send = matches!(step, StackStep::Op(Op::Suspend(Suspend::Send(_))));
        let start = if is_send && self.opcodes.version == 11 { offset.wrapping_sub(1) } else { offset };
        let mut item = self.item_at(start).ok_or(Problem::Target { target: offset.into() })?;
        if let StackStep::ForIter(_) = step {
            let opcode = |item: usize| self.instructions.get(item).map(|raw| raw.opcode);
            if opcode(item) == Some(Opcode::END_FOR) {
                item += 1;
                // 3.12's END_FOR pops the iterator too.
                let pops = self.opcodes.version >= 13;
                if pops && matches!(opcode(item), Some(Opcode::POP_TOP | Opcode::POP_ITER)) {
                    item += 1;
                }
            }
            *step = StackStep::ForIter(index(item));
        } else if let StackStep::Op(op) = step
            && let Some(target) = op.target_mut()
        {
            *target = index(item);
        }
        Ok(())
    }

    /// The instruction that starts at an offset.
    fn item_at(&self, offset: u32) -> Option<usize> {
        self.instructions.binary_search_by_key(&offset, |raw| raw.start).ok()
    }

    /// The first instruction at or after an offset.
    fn item_after(&self, offset: u32) -> usize {
        self.instructions.partition_point(|raw| raw.offset < offset)
    }
}

fn position(instructions: &[BytecodeInstruction]) -> Target {
    index(instructions.len())
}

/// An index as u32. There are at most as many instructions as code units, and at most a few neutral ones for each, so
/// it fits.
fn index(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
