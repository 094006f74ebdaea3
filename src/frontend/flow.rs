//! Finds where blocks start, how many edges lead there, and which slots may be null: a walk over the bytecode before
//! any IR is made. It follows the paths without exceptions, since handlers are not compiled.

use crate::bytecode::{Code, Handler, Local, Op, Target};

use super::refusal::{self, Refusal};

/// The content of a local or a slot of the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotKind {
    /// An object.
    Object,
    /// An object, or null: a local that may be unbound, or the receiver of an attribute that may not be a method.
    Nullable,
}

/// The contents of locals and stack.
#[derive(Clone, Debug)]
pub(super) struct SlotKinds {
    pub(super) locals: Vec<SlotKind>,
    pub(super) stack: Vec<SlotKind>,
}

/// The control flow of the bytecode.
#[derive(Debug)]
pub(super) struct FlowGraph {
    /// By instruction: the contents of locals and stack, if it starts a reachable block.
    starts: Vec<Option<SlotKinds>>,
    /// By instruction: the number of jumps and fallthroughs to the block that it starts.
    ways: Vec<u32>,
    /// By instruction: the source of the last of those.
    source: Vec<Option<Target>>,
    /// By instruction: the index of the handler of its exceptions.
    handler: Vec<Option<u32>>,
    /// By instruction: whether it is compiled.
    reached: Vec<bool>,
}

impl FlowGraph {
    /// The flow of a code object.
    pub(super) fn of(code: &Code) -> Result<Self, Refusal> {
        code.depths().map_err(|error| refusal::stack(code, error))?;
        let count = code.instructions.len();
        let mut flow = Self {
            starts: vec![None; count],
            ways: vec![0; count],
            source: vec![None; count],
            handler: vec![None; count],
            reached: vec![false; count],
        };
        // The first handler that covers an instruction is used, so it is written last.
        for (index, handler) in code.handlers.iter().enumerate().rev() {
            let range = handler.start as usize..(handler.end as usize).min(count);
            flow.handler.get_mut(range).into_iter().flatten().for_each(|slot| *slot = Some(index as u32));
        }
        flow.spread(code);
        flow.count_ways(code);
        Ok(flow)
    }

    /// The instructions that start blocks, in order, with the contents of locals and stack.
    pub(super) fn starts(&self) -> impl Iterator<Item = (Target, &SlotKinds)> {
        (0..).zip(&self.starts).filter_map(|(at, kinds)| Some((at, kinds.as_ref()?)))
    }

    /// Whether an instruction starts a block.
    pub(super) fn is_start(&self, at: Target) -> bool {
        self.starts.get(at as usize).is_some_and(Option::is_some)
    }

    /// Whether an instruction can be reached without an exception.
    pub(super) fn is_reached(&self, at: Target) -> bool {
        self.reached[at as usize]
    }

    /// Whether the block that starts here has several predecessors, or its only one comes later. The environment at its
    /// start is then not known when it is built.
    pub(super) fn is_merge(&self, at: Target) -> bool {
        self.ways[at as usize] > 1 || self.source[at as usize].is_some_and(|source| source >= at)
    }

    /// The handler of an instruction's exceptions.
    pub(super) fn handler<'a>(&self, code: &'a Code, at: Target) -> Option<&'a Handler> {
        self.handler[at as usize].map(|index| &code.handlers[index as usize])
    }

    /// Finds the contents at the start of each block, to a fixed point.
    fn spread(&mut self, code: &Code) {
        let is_target = targets(code);
        let bound = code.arguments.total() as usize;
        let locals =
            (0..code.locals.len()).map(|local| if local < bound { SlotKind::Object } else { SlotKind::Nullable });
        let mut pending = Vec::new();
        self.reach(0, SlotKinds { locals: locals.collect(), stack: Vec::new() }, &mut pending);
        while let Some(start) = pending.pop() {
            let Some(mut kinds) = self.starts[start as usize].clone() else { continue };
            let mut at = start;
            loop {
                // `Code::depths` has checked that the code does not run off its end.
                let op = &code.instructions[at as usize].op;
                self.reached[at as usize] = true;
                if let Op::ForIter(target) = op {
                    let mut exhausted = kinds.clone();
                    exhausted.stack.pop();
                    self.reach(*target, exhausted, &mut pending);
                }
                kinds.step(op);
                if let Op::Jump(target) | Op::JumpIf { target, .. } = op {
                    self.reach(*target, kinds.clone(), &mut pending);
                }
                if !op.falls_through() {
                    break;
                }
                at += 1;
                if is_target[at as usize] {
                    self.reach(at, kinds, &mut pending);
                    break;
                }
            }
        }
    }

    /// Notes an edge to a block with these contents.
    fn reach(&mut self, at: Target, found: SlotKinds, pending: &mut Vec<Target>) {
        match &mut self.starts[at as usize] {
            Some(known) => {
                if known.join(&found) {
                    pending.push(at);
                }
            }
            unknown => {
                *unknown = Some(found);
                pending.push(at);
            }
        }
    }

    fn count_ways(&mut self, code: &Code) {
        self.ways[0] = 1;
        let starts: Vec<_> = self.starts().map(|(at, _)| at).collect();
        for start in starts {
            let mut at = start;
            loop {
                let op = &code.instructions[at as usize].op;
                if let Some(target) = op.target() {
                    self.count_way(at, target);
                }
                if !op.falls_through() {
                    break;
                }
                at += 1;
                if self.is_start(at) {
                    self.count_way(at - 1, at);
                    break;
                }
            }
        }
    }

    fn count_way(&mut self, from: Target, to: Target) {
        self.ways[to as usize] += 1;
        self.source[to as usize] = Some(from);
    }
}

/// By instruction: whether it is the target of a jump, or comes after a conditional jump.
fn targets(code: &Code) -> Vec<bool> {
    let mut is_target = vec![false; code.instructions.len()];
    let mut mark = |at: Target| {
        if let Some(slot) = is_target.get_mut(at as usize) {
            *slot = true;
        }
    };
    mark(0);
    for (at, instruction) in (0..).zip(&code.instructions) {
        if let Some(target) = instruction.op.target() {
            mark(target);
            mark(at + 1);
        }
    }
    is_target
}

impl SlotKinds {
    /// Joins the contents of two edges; returns whether that is wider than before.
    fn join(&mut self, other: &Self) -> bool {
        let mut joined = false;
        let others = other.locals.iter().chain(&other.stack);
        for (mine, theirs) in self.locals.iter_mut().chain(&mut self.stack).zip(others) {
            if (*mine, *theirs) == (SlotKind::Object, SlotKind::Nullable) {
                *mine = SlotKind::Nullable;
                joined = true;
            }
        }
        joined
    }

    /// Applies an instruction to the contents.
    fn step(&mut self, op: &Op) {
        let depth = self.stack.len();
        match *op {
            Op::Copy(below) => self.stack.push(self.stack[depth - below as usize]),
            Op::Swap(below) => self.stack.swap(depth - 1, depth - below as usize),
            Op::LoadFast(local) => {
                self.stack.push(SlotKind::Object);
                self.set(local, SlotKind::Object);
            }
            Op::LoadFastAndClear(local) => {
                self.stack.push(self.locals[local as usize]);
                self.set(local, SlotKind::Nullable);
            }
            Op::StoreFast(local) => {
                // `Code::depths` has checked that there is a value.
                let kind = self.stack.pop().unwrap_or(SlotKind::Nullable);
                self.set(local, kind);
            }
            Op::DeleteFast(local) => self.set(local, SlotKind::Nullable),
            Op::MakeCell(local) => self.set(local, SlotKind::Object),
            Op::CopyFreeVars(count) => {
                let first = self.locals.len().saturating_sub(count as usize);
                self.locals[first..].fill(SlotKind::Object);
            }
            Op::LoadMethod(_) | Op::LoadSpecial(_) | Op::LoadSuperMethod { .. } => {
                let (pops, _) = op.effect();
                self.stack.truncate(depth - pops as usize);
                self.stack.extend([SlotKind::Object, SlotKind::Nullable]);
            }
            _ => {
                let (pops, pushes) = op.effect();
                self.stack.truncate(depth - pops as usize);
                self.stack.extend(std::iter::repeat_n(SlotKind::Object, pushes as usize));
            }
        }
    }

    fn set(&mut self, local: Local, kind: SlotKind) {
        self.locals[local as usize] = kind;
    }
}
