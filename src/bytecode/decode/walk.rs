//! Phase two: follows the stack along every path through the code, and removes the nulls from it.
//!
//! CPython's stack has slots that the neutral stack doesn't have: nulls in the place of a receiver and, from 3.15 on,
//! the second slot of an iterator. The kinds of the slots are the same on every path to an instruction. They tell calls
//! of a plain callable from calls of a pair that a method lookup left, and they are needed to count the depths in
//! operands anew.

use std::rc::Rc;

use super::error::Problem;
use super::step::StackStep;
use crate::bytecode::instruction::{Arguments, Op, Suspend};
use crate::bytecode::raw_stack::RawSlot;
use crate::bytecode::{LocalKind, LocalVariable};

/// A deeper stack is damage: CPython's compiler stays far below this.
const STACK_LIMIT: usize = 1 << 16;

/// The content of a slot of CPython's stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StackSlot {
    /// An object.
    Value,
    /// The value of a cleared local, perhaps null.
    Cleared,
    /// The same, known to be a cell.
    Cell,
    /// The result of a method lookup.
    Method,
    /// The receiver of the method lookup, or null.
    Receiver,
    /// A null, which the neutral stack does not have.
    Null,
    /// The result of `iter()`.
    Iterator,
    /// From 3.15 on, the iterator's second slot, which the neutral stack does not have.
    IteratorIndex,
    /// The exception that was handled before.
    Saved,
    /// The offset of the instruction that raised.
    Offset,
}

impl StackSlot {
    fn is_kept(self) -> bool {
        !matches!(self, Self::Null | Self::IteratorIndex)
    }

    /// Whether both mean the same to the instructions that follow.
    fn agrees(self, other: Self) -> bool {
        let class = |slot| match slot {
            Self::Value | Self::Cleared | Self::Cell | Self::Iterator | Self::Saved | Self::Offset => Self::Value,
            Self::Null | Self::IteratorIndex => Self::Null,
            Self::Method | Self::Receiver => slot,
        };
        class(self) == class(other)
    }

    /// The content of a slot after two paths meet on which the slots agree.
    fn joined(self, other: Self) -> Self {
        match (self, other) {
            (Self::Value | Self::Iterator | Self::Saved | Self::Offset, Self::Cleared) => Self::Cleared,
            (Self::Iterator | Self::Saved | Self::Offset, _) if self != other => Self::Value,
            (Self::IteratorIndex, Self::Null) => Self::Null,
            _ => self,
        }
    }

    /// The slot as the decoder's users see it.
    pub(super) fn raw(self) -> RawSlot {
        match self {
            Self::Value | Self::Cell => RawSlot::Object,
            Self::Cleared => RawSlot::Cleared,
            Self::Method => RawSlot::Method,
            Self::Receiver => RawSlot::Receiver,
            Self::Null => RawSlot::Null,
            Self::Iterator => RawSlot::Iterator,
            Self::IteratorIndex => RawSlot::IteratorIndex,
            Self::Saved => RawSlot::Saved,
            Self::Offset => RawSlot::Offset,
        }
    }
}

/// The known facts before an instruction: the slots and the locals.
#[derive(Clone, Debug)]
struct WalkState {
    stack: Vec<StackSlot>,
    /// The locals that hold a cell. From 3.13 on the same instruction loads cells and values, and inlined
    /// comprehensions put values where cells were.
    cells: Rc<Vec<bool>>,
}

/// One of CPython's instructions, with its steps.
#[derive(Debug)]
pub(super) struct Item {
    /// The range of its steps in the list of steps.
    pub(super) steps: std::ops::Range<usize>,
    /// The handler of its exceptions.
    pub(super) handler: Option<usize>,
}

/// A handler; `target` is an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawHandler {
    pub(super) target: usize,
    pub(super) depth: u32,
    pub(super) lasti: bool,
}

/// The result of the walk.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The operations; jumps name items.
    pub(super) ops: Vec<Op>,
    /// The range of an item's operations; `None` for items that can't be reached.
    pub(super) items: Vec<Option<std::ops::Range<usize>>>,
    /// Whether an item is in the range of its handler.
    pub(super) covered: Vec<bool>,
    /// The depths of the handlers on the neutral stack; `None` for handlers that no exception reaches.
    pub(super) depths: Vec<Option<u32>>,
    /// CPython's stack before each item; `None` for items that can't be reached.
    pub(super) stacks: Vec<Option<Vec<StackSlot>>>,
}

/// Follows the code from its first item. Jumps in `steps` name items.
///
/// # Errors
/// The item at which the stack is invalid.
pub(super) fn walk(
    items: &[Item],
    steps: &[StackStep],
    handlers: &[RawHandler],
    locals: &[LocalVariable],
    version: u32,
) -> Result<Walked, (usize, Problem)> {
    let cells = locals.iter().map(|local| local.kind == LocalKind::Free).collect();
    let mut walk = StackWalk {
        states: vec![None; items.len()],
        pending: Vec::new(),
        handlers,
        version,
        walked: Walked {
            ops: Vec::new(),
            items: vec![None; items.len()],
            covered: vec![false; items.len()],
            depths: vec![None; handlers.len()],
            stacks: Vec::new(),
        },
    };
    walk.reach(0, WalkState { stack: Vec::new(), cells: Rc::new(cells) }).map_err(|problem| (0, problem))?;
    while let Some(mut at) = walk.pending.pop() {
        // The states are needed only where paths meet. Keeping them all makes every instruction a check.
        while let Some(state) = walk.item(at, items, steps).map_err(|problem| (at, problem))? {
            if walk.states.get(at + 1).is_some_and(Option::is_some) {
                walk.reach(at + 1, state).map_err(|problem| (at, problem))?;
                break;
            }
            if at + 1 == items.len() {
                return Err((at, Problem::OffTheEnd));
            }
            walk.states[at + 1] = Some(state);
            at += 1;
        }
    }
    let stacks = walk.states.into_iter().map(|state| state.map(|state| state.stack)).collect();
    Ok(Walked { stacks, ..walk.walked })
}

struct StackWalk<'a> {
    states: Vec<Option<WalkState>>,
    pending: Vec<usize>,
    handlers: &'a [RawHandler],
    version: u32,
    walked: Walked,
}

impl StackWalk<'_> {
    /// Notes that a path leads to an item with this state.
    fn reach(&mut self, to: usize, state: WalkState) -> Result<(), Problem> {
        let known = self.states.get_mut(to).ok_or(Problem::OffTheEnd)?;
        match known {
            None => {
                *known = Some(state);
                self.pending.push(to);
                Ok(())
            }
            Some(known) => {
                let (one, other) = (&mut known.stack, &state.stack);
                let agree = one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.agrees(*other));
                if !agree {
                    return Err(Problem::Merge);
                }
                let mut is_less = false;
                for (one, other) in one.iter_mut().zip(other) {
                    let joined = one.joined(*other);
                    is_less |= std::mem::replace(one, joined) != joined;
                }
                // The following items were given more than is true, so walk them again.
                if is_less {
                    self.pending.push(to);
                }
                Ok(())
            }
        }
    }

    /// Runs an item, and returns the state after it if it falls through.
    fn item(&mut self, at: usize, items: &[Item], steps: &[StackStep]) -> Result<Option<WalkState>, Problem> {
        let Some(mut state) = self.states[at].clone() else { return Ok(None) };
        let item = &items[at];
        if let Some(index) = item.handler {
            let handler = self.handlers[index];
            match state.stack.get(..handler.depth as usize) {
                Some(below) => {
                    self.walked.depths[index] = Some(kept(below));
                    self.walked.covered[at] = true;
                    let mut stack = below.to_vec();
                    stack.extend(handler.lasti.then_some(StackSlot::Offset));
                    stack.push(StackSlot::Value);
                    self.reach(handler.target, WalkState { stack, cells: state.cells.clone() })?;
                }
                // 3.15's generator expressions leave the range of their iterator's handler without popping the
                // iterator.
                None if steps[item.steps.clone()].iter().all(cannot_raise) => {}
                None => return Err(Problem::Underflow),
            }
        }
        let start = self.walked.ops.len();
        let mut falls_through = true;
        for step in &steps[item.steps.clone()] {
            falls_through = self.step(step, &mut state)?;
            if state.stack.len() > STACK_LIMIT {
                return Err(Problem::Overflow { limit: STACK_LIMIT as u32 });
            }
        }
        self.walked.items[at] = Some(start..self.walked.ops.len());
        Ok(falls_through.then_some(state))
    }

    /// Runs a step, and returns whether the next one follows.
    fn step(&mut self, step: &StackStep, state: &mut WalkState) -> Result<bool, Problem> {
        let stack = &mut state.stack;
        match step {
            StackStep::PushNull if self.version >= 15 && stack.last() == Some(&StackSlot::Iterator) => {
                stack.push(StackSlot::IteratorIndex);
            }
            StackStep::PushNull => stack.push(StackSlot::Null),
            StackStep::Call(arguments) => self.call(arguments, stack)?,
            StackStep::CallEx(keywords) => self.call_ex(*keywords, stack)?,
            StackStep::ForIter(target) => {
                let iterator = self.iterator(stack)?;
                let exhausted = WalkState { stack: stack[..iterator].to_vec(), cells: state.cells.clone() };
                self.reach(*target as usize, exhausted)?;
                state.stack.push(StackSlot::Value);
                self.walked.ops.push(Op::ForIter(*target));
            }
            StackStep::Op(op) => return self.op(op, state),
        }
        Ok(true)
    }

    fn op(&mut self, op: &Op, state: &mut WalkState) -> Result<bool, Problem> {
        let stack = &mut state.stack;
        let wide = self.version >= 15;
        let op = match *op {
            Op::Pop => match stack.pop().ok_or(Problem::Underflow)? {
                slot if !slot.is_kept() => return Ok(true),
                _ => Op::Pop,
            },
            Op::Copy(depth) => {
                let slot = stack[index(stack, depth)?];
                let neutral = depth_of(stack, depth)?;
                stack.push(slot);
                if !slot.is_kept() {
                    return Ok(true);
                }
                Op::Copy(neutral)
            }
            Op::Swap(depth) => {
                self.swap(stack, depth)?;
                return Ok(true);
            }
            Op::LoadFast(local) => {
                let is_cell = state.cells.get(local as usize) == Some(&true);
                stack.push(if is_cell { StackSlot::Cell } else { StackSlot::Value });
                if is_cell { Op::LoadClosure(local) } else { Op::LoadFast(local) }
            }
            Op::LoadFastAndClear(local) => {
                let was_cell = set_cell(&mut state.cells, local, false);
                stack.push(if was_cell { StackSlot::Cell } else { StackSlot::Cleared });
                op.clone()
            }
            Op::StoreFast(local) => {
                let slot = pop_kept(stack)?;
                set_cell(&mut state.cells, local, slot == StackSlot::Cell);
                op.clone()
            }
            Op::MakeCell(local) => {
                set_cell(&mut state.cells, local, true);
                op.clone()
            }
            // It only looks at the pair deep in the stack, which stays a pair.
            Op::WithExceptStart { .. } => {
                let (looks, _) = op.effect();
                let below = stack.len().checked_sub(looks as usize).ok_or(Problem::Underflow)?;
                if stack[below..].iter().any(|slot| !slot.is_kept()) {
                    return Err(Problem::Null);
                }
                stack.push(StackSlot::Value);
                op.clone()
            }
            // The stack of 3.15 has a null or an index above the receiver.
            Op::Suspend(Suspend::Send(target)) => {
                pop_kept(stack)?;
                self.iterator(stack)?;
                stack.push(StackSlot::Value);
                self.reach(target as usize, state.clone())?;
                op.clone()
            }
            Op::Suspend(Suspend::EndSend) => {
                pop_kept(stack)?;
                self.pop_iterator(stack)?;
                stack.push(StackSlot::Value);
                op.clone()
            }
            Op::Suspend(Suspend::CleanupThrow) => {
                pop_kept(stack)?;
                pop_kept(stack)?;
                self.pop_iterator(stack)?;
                stack.push(StackSlot::Value);
                if wide {
                    stack.push(StackSlot::Null);
                }
                stack.push(StackSlot::Value);
                op.clone()
            }
            _ => self.renumbered(op, state)?,
        };
        let falls_through = op.falls_through();
        self.walked.ops.push(op);
        Ok(falls_through)
    }

    /// An operation that only pops and pushes, with its depths counted anew.
    fn renumbered(&mut self, op: &Op, state: &mut WalkState) -> Result<Op, Problem> {
        let stack = &mut state.stack;
        let (pops, pushes) = op.effect();
        if stack.len() < pops as usize {
            return Err(Problem::Underflow);
        }
        for slot in stack.drain(stack.len() - pops as usize..) {
            if !slot.is_kept() {
                return Err(Problem::Null);
            }
        }
        let mut op = op.clone();
        match &mut op {
            Op::ListAppend(depth)
            | Op::ListExtend(depth)
            | Op::SetAdd(depth)
            | Op::SetUpdate(depth)
            | Op::MapAdd(depth)
            | Op::DictUpdate(depth) => *depth = kept_depth_of(stack, *depth)?,
            Op::Reraise(depth) if *depth != 0 => *depth = kept_depth_of(stack, *depth)?,
            Op::DictMerge { depth, callable } => {
                *depth = kept_depth_of(stack, *depth)?;
                *callable = kept_depth_of(stack, *callable)?;
            }
            Op::JumpIf { target, .. } | Op::Jump(target) => {
                // The state after the pop.
                self.reach(*target as usize, state.clone())?;
            }
            _ => {}
        }
        if pushes as usize > STACK_LIMIT {
            return Err(Problem::Overflow { limit: STACK_LIMIT as u32 });
        }
        let stack = &mut state.stack;
        stack.extend(std::iter::repeat_n(StackSlot::Value, pushes as usize));
        if let (true, [.., method, receiver]) = (pushes_pair(&op), stack.as_mut_slice()) {
            (*method, *receiver) = (StackSlot::Method, StackSlot::Receiver);
        }
        match (&op, stack.as_mut_slice()) {
            (Op::GetIter, [.., iterator]) => *iterator = StackSlot::Iterator,
            (Op::PushExcInfo, [.., previous, _]) => *previous = StackSlot::Saved,
            _ => {}
        }
        Ok(op)
    }

    /// The index at which the iterator on top of the stack begins. From 3.15 on it has a second slot.
    fn iterator(&self, stack: &[StackSlot]) -> Result<usize, Problem> {
        let second = usize::from(self.version >= 15);
        let iterator = stack.len().checked_sub(1 + second).ok_or(Problem::Underflow)?;
        match &stack[iterator..] {
            [first] if first.is_kept() => Ok(iterator),
            [first, second] if first.is_kept() && !second.is_kept() => Ok(iterator),
            _ => Err(Problem::Null),
        }
    }

    fn pop_iterator(&self, stack: &mut Vec<StackSlot>) -> Result<(), Problem> {
        stack.truncate(self.iterator(stack)?);
        Ok(())
    }

    /// Up to 3.12, a null or the method is first, then the callable or `self`. From 3.13 on the callable is first, then
    /// a null or `self`. Any other pair is a callable and its first argument.
    fn call(&mut self, arguments: &Arguments, stack: &mut Vec<StackSlot>) -> Result<(), Problem> {
        for _ in 0..arguments.count {
            pop_kept(stack)?;
        }
        let upper = stack.pop().ok_or(Problem::Underflow)?;
        let lower = stack.pop().ok_or(Problem::Underflow)?;
        let mut arguments = arguments.clone();
        let op = match (lower, upper) {
            (StackSlot::Method, StackSlot::Receiver) => Op::CallMethod(arguments),
            (StackSlot::Null, callable) if self.version <= 12 && callable.is_kept() => Op::Call(arguments),
            (callable, StackSlot::Null) if self.version >= 13 && callable.is_kept() => Op::Call(arguments),
            (callable, first) if callable.is_kept() && first.is_kept() => {
                arguments.count += 1;
                Op::Call(arguments)
            }
            _ => return Err(Problem::Null),
        };
        self.walked.ops.push(op);
        stack.push(StackSlot::Value);
        Ok(())
    }

    fn call_ex(&mut self, keywords: Option<bool>, stack: &mut Vec<StackSlot>) -> Result<(), Problem> {
        let keywords = match keywords {
            None => stack.pop().ok_or(Problem::Underflow)?.is_kept(),
            Some(false) => false,
            Some(true) => {
                pop_kept(stack)?;
                true
            }
        };
        pop_kept(stack)?;
        let upper = stack.pop().ok_or(Problem::Underflow)?;
        let lower = stack.pop().ok_or(Problem::Underflow)?;
        let (callable, null) = if self.version <= 12 { (upper, lower) } else { (lower, upper) };
        if !callable.is_kept() || null.is_kept() {
            return Err(Problem::Null);
        }
        self.walked.ops.push(Op::CallEx { keywords });
        stack.push(StackSlot::Value);
        Ok(())
    }

    /// Exchanges two of CPython's slots. If one of them is a null, the other moves past the slots between them.
    fn swap(&mut self, stack: &mut [StackSlot], depth: u32) -> Result<(), Problem> {
        let deep = index(stack, depth)?;
        let top = stack.len() - 1;
        let neutral = depth_of(stack, depth)?;
        let between = kept(&stack[deep + 1..top.max(deep + 1)]);
        let ops = &mut self.walked.ops;
        match (stack[deep].is_kept(), stack[top].is_kept()) {
            (true, true) if neutral > 1 => ops.push(Op::Swap(neutral)),
            (true, false) => ops.extend((2..=between + 1).map(Op::Swap)),
            (false, true) => ops.extend((2..=between + 1).rev().map(Op::Swap)),
            _ => {}
        }
        stack.swap(deep, top);
        Ok(())
    }
}

/// Marks a local, and returns whether it held a cell.
fn set_cell(cells: &mut Rc<Vec<bool>>, local: u32, is_cell: bool) -> bool {
    match cells.get(local as usize) {
        Some(&was) if was != is_cell => std::mem::replace(&mut Rc::make_mut(cells)[local as usize], is_cell),
        Some(&was) => was,
        None => false,
    }
}

fn cannot_raise(step: &StackStep) -> bool {
    matches!(step, StackStep::PushNull | StackStep::Op(Op::LoadConst(_) | Op::Return | Op::Nop))
}

fn pushes_pair(op: &Op) -> bool {
    matches!(op, Op::LoadMethod(_) | Op::LoadSuperMethod { .. } | Op::LoadSpecial(_))
}

fn pop_kept(stack: &mut Vec<StackSlot>) -> Result<StackSlot, Problem> {
    match stack.pop().ok_or(Problem::Underflow)? {
        slot if !slot.is_kept() => Err(Problem::Null),
        slot => Ok(slot),
    }
}

/// The index of the slot at a depth; 1 is the top.
fn index(stack: &[StackSlot], depth: u32) -> Result<usize, Problem> {
    match stack.len().checked_sub(depth as usize) {
        Some(index) if depth > 0 => Ok(index),
        _ => Err(Problem::Underflow),
    }
}

/// The number of neutral values from the top down to this depth.
fn depth_of(stack: &[StackSlot], depth: u32) -> Result<u32, Problem> {
    Ok(kept(&stack[index(stack, depth)?..]))
}

/// The same, for a slot that must not be null.
fn kept_depth_of(stack: &[StackSlot], depth: u32) -> Result<u32, Problem> {
    if stack[index(stack, depth)?].is_kept() { depth_of(stack, depth) } else { Err(Problem::Null) }
}

fn kept(slots: &[StackSlot]) -> u32 {
    // This is at most `STACK_LIMIT`.
    slots.iter().filter(|slot| slot.is_kept()).count() as u32
}
