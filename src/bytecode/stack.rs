//! The effect of instructions on the stack, and the depth of the stack before each of them.

use super::code::Code;
use super::instruction::{Local, Op, Suspend, Target};

/// An error in the stack of a code object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("instruction {instruction}: {problem}")]
pub struct StackError {
    /// Index of the instruction.
    pub instruction: Target,
    /// The error.
    pub problem: StackProblem,
}

/// An error in the stack at an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StackProblem {
    /// The stack holds fewer values than the instruction takes.
    #[error("the stack holds {depth} values where {needed} are needed: push what the instruction takes before it")]
    Underflow {
        /// The number of values there.
        depth: u32,
        /// The number of values that it takes.
        needed: u32,
    },
    /// Two paths lead here, with different stacks.
    #[error("the stack holds {one} values on one path here and {other} on another: make both paths push the same")]
    Merge {
        /// The depth on one path.
        one: u32,
        /// The depth on the other.
        other: u32,
    },
    /// A jump or a handler leads past the last instruction, or the last instruction falls through.
    #[error("the code runs off its end: it must end with a return, a raise or a jump backwards")]
    OffTheEnd,
}

impl Op {
    /// The number of values that it pops, and the number that it then pushes, if it does not jump.
    ///
    /// Values that it only looks at, or that are deeper than those it replaces, are not counted: see [`Op::needs`].
    pub fn effect(&self) -> (u32, u32) {
        match *self {
            Self::Nop | Self::Resume | Self::MakeCell(_) | Self::CopyFreeVars(_) | Self::SetupAnnotations => (0, 0),
            Self::DeleteFast(_) | Self::DeleteDeref(_) | Self::DeleteName(_) | Self::DeleteGlobal(_) => (0, 0),
            Self::Jump(_) | Self::Swap(_) => (0, 0),
            Self::Pop | Self::StoreFast(_) | Self::StoreDeref(_) | Self::StoreName(_) | Self::StoreGlobal(_) => (1, 0),
            Self::DeleteAttr(_) | Self::JumpIf { .. } | Self::Return | Self::Reraise(_) | Self::PopExcept => (1, 0),
            Self::ListAppend(_) | Self::ListExtend(_) | Self::SetAdd(_) | Self::SetUpdate(_) => (1, 0),
            Self::DictUpdate(_) | Self::DictMerge { .. } => (1, 0),
            Self::StoreAttr(_) | Self::DeleteSubscr | Self::MapAdd(_) => (2, 0),
            Self::StoreSubscr => (3, 0),
            Self::Copy(_)
            | Self::LoadConst(_)
            | Self::LoadFast(_)
            | Self::LoadFastAndClear(_)
            | Self::LoadClosure(_)
            | Self::LoadDeref(_)
            | Self::LoadClassDeref(_)
            | Self::LoadLocals
            | Self::LoadName(_)
            | Self::LoadGlobal(_)
            | Self::LoadBuildClass
            | Self::ForIter(_) => (0, 1),
            Self::LoadFromDictOrDeref(_) | Self::LoadFromDictOrGlobals(_) | Self::LoadAttr(_) => (1, 1),
            Self::Unary(_) | Self::Not | Self::ToBool | Self::ListToTuple | Self::FormatSimple | Self::Convert(_) => {
                (1, 1)
            }
            Self::MakeFunction | Self::GetIter | Self::Intrinsic1(_) => (1, 1),
            Self::LoadMethod(_) | Self::LoadSpecial(_) | Self::PushExcInfo | Self::BeforeWith => (1, 2),
            Self::GetLen | Self::MatchMapping | Self::MatchSequence | Self::ImportFrom(_) => (1, 2),
            Self::LoadSuperAttr { .. } | Self::MatchClass(_) => (3, 1),
            Self::LoadSuperMethod { .. } => (3, 2),
            Self::LoadSubscr | Self::Binary { .. } | Self::Compare(_) | Self::Is { .. } | Self::Contains { .. } => {
                (2, 1)
            }
            Self::FormatWithSpec | Self::BuildTemplate | Self::SetFunctionAttribute(_) => (2, 1),
            Self::PrepReraiseStar | Self::ImportName(_) | Self::Intrinsic2(_) => (2, 1),
            Self::CheckExcMatch | Self::CheckEgMatch => (2, 2),
            Self::MatchKeys => (2, 3),
            Self::WithExceptStart { has_self } => {
                if has_self {
                    (5, 6)
                } else {
                    (4, 5)
                }
            }
            Self::BuildTuple(count) | Self::BuildList(count) | Self::BuildSet(count) | Self::BuildString(count) => {
                (count, 1)
            }
            Self::BuildMap(count) => (count.saturating_mul(2), 1),
            Self::BuildConstKeyMap(count) => (count.saturating_add(1), 1),
            Self::BuildSlice { step } => (2 + u32::from(step), 1),
            Self::BuildInterpolation { format, .. } => (2 + u32::from(format), 1),
            Self::Call(ref arguments) => (arguments.count.saturating_add(1), 1),
            Self::CallMethod(ref arguments) => (arguments.count.saturating_add(2), 1),
            Self::CallEx { keywords } => (2 + u32::from(keywords), 1),
            Self::UnpackSequence(count) => (1, count),
            Self::UnpackEx { before, after } => (1, before.saturating_add(after).saturating_add(1)),
            Self::Raise(count) => (count, 0),
            Self::Suspend(suspend) => match suspend {
                Suspend::ReturnGenerator => (0, 1),
                Suspend::Yield | Suspend::GetYieldFromIter | Suspend::GetAwaitable | Suspend::GetAsyncIter => (1, 1),
                Suspend::Send(_) => (2, 2),
                Suspend::EndSend => (2, 1),
                Suspend::CleanupThrow => (3, 2),
                Suspend::GetAsyncNext | Suspend::BeforeAsyncWith => (1, 2),
                Suspend::EndAsyncFor => (2, 0),
            },
        }
    }

    /// The number of values that must be on the stack: those that it pops, and deeper ones that it looks at.
    pub fn needs(&self) -> u32 {
        let (pops, _) = self.effect();
        let deeper = match *self {
            Self::Copy(depth) | Self::Swap(depth) => depth,
            Self::ListAppend(depth)
            | Self::ListExtend(depth)
            | Self::SetAdd(depth)
            | Self::SetUpdate(depth)
            | Self::MapAdd(depth)
            | Self::DictUpdate(depth)
            | Self::Reraise(depth) => depth,
            Self::DictMerge { depth, callable } => depth.max(callable),
            Self::ForIter(_) => 1,
            _ => 0,
        };
        pops.saturating_add(deeper)
    }

    /// The instruction that it may jump to.
    pub fn target(&self) -> Option<Target> {
        match *self {
            Self::Jump(target) | Self::JumpIf { target, .. } | Self::ForIter(target) => Some(target),
            Self::Suspend(Suspend::Send(target)) => Some(target),
            _ => None,
        }
    }

    /// The same, to change it.
    pub(super) fn target_mut(&mut self) -> Option<&mut Target> {
        match self {
            Self::Jump(target) | Self::JumpIf { target, .. } | Self::ForIter(target) => Some(target),
            Self::Suspend(Suspend::Send(target)) => Some(target),
            _ => None,
        }
    }

    /// The local that it names, to change it.
    pub(super) fn local_mut(&mut self) -> Option<&mut Local> {
        match self {
            Self::LoadFast(local)
            | Self::LoadFastAndClear(local)
            | Self::StoreFast(local)
            | Self::DeleteFast(local)
            | Self::MakeCell(local)
            | Self::LoadClosure(local)
            | Self::LoadDeref(local)
            | Self::StoreDeref(local)
            | Self::DeleteDeref(local)
            | Self::LoadClassDeref(local)
            | Self::LoadFromDictOrDeref(local) => Some(local),
            _ => None,
        }
    }

    /// Whether the next instruction may run after it.
    pub fn falls_through(&self) -> bool {
        !matches!(self, Self::Jump(_) | Self::Return | Self::Raise(_) | Self::Reraise(_))
    }
}

impl Code {
    /// The number of values on the stack before each instruction; `None` for instructions that can't be reached.
    ///
    /// # Errors
    /// If an instruction takes more values than there are, two paths to an instruction differ, or the code runs past
    /// its end.
    pub fn depths(&self) -> Result<Vec<Option<u32>>, StackError> {
        let mut walk = DepthWalk { depths: vec![None; self.instructions.len()], pending: Vec::new() };
        walk.reach(0, 0, 0)?;
        while let Some(at) = walk.pending.pop() {
            let (Some(instruction), Some(depth)) = (self.instructions.get(at as usize), walk.depths[at as usize])
            else {
                continue;
            };
            let op = &instruction.op;
            let error = |problem| StackError { instruction: at, problem };
            let needed = op.needs();
            if depth < needed {
                return Err(error(StackProblem::Underflow { depth, needed }));
            }
            let (pops, pushes) = op.effect();
            let after = (depth - pops).checked_add(pushes).ok_or_else(|| error(StackProblem::OffTheEnd))?;
            if let Some(target) = op.target() {
                let popped = u32::from(matches!(op, Op::ForIter(_)));
                let jumped = if popped == 1 { depth - popped } else { after };
                walk.reach(at, target, jumped)?;
            }
            if let Some(handler) = self.handler(at) {
                if depth < handler.depth {
                    return Err(error(StackProblem::Underflow { depth, needed: handler.depth }));
                }
                let depth = handler.depth + u32::from(handler.lasti) + 1;
                walk.reach(at, handler.target, depth)?;
            }
            if op.falls_through() {
                walk.reach(at, at + 1, after)?;
            }
        }
        Ok(walk.depths)
    }

    /// The most values that are on the stack at once, given the depths before the instructions.
    pub(super) fn highest(&self, depths: &[Option<u32>]) -> u32 {
        let height = |(instruction, depth): (&super::instruction::BytecodeInstruction, &Option<u32>)| {
            let (pops, pushes) = instruction.op.effect();
            depth.map(|depth| depth.max((depth.saturating_sub(pops)).saturating_add(pushes)))
        };
        self.instructions.iter().zip(depths).filter_map(height).max().unwrap_or(0)
    }
}

struct DepthWalk {
    depths: Vec<Option<u32>>,
    pending: Vec<Target>,
}

impl DepthWalk {
    /// Notes that control may go from one instruction to another.
    fn reach(&mut self, from: Target, to: Target, depth: u32) -> Result<(), StackError> {
        let Some(known) = self.depths.get_mut(to as usize) else {
            return Err(StackError { instruction: from, problem: StackProblem::OffTheEnd });
        };
        match *known {
            None => {
                *known = Some(depth);
                self.pending.push(to);
                Ok(())
            }
            Some(other) if other == depth => Ok(()),
            Some(other) => {
                Err(StackError { instruction: to, problem: StackProblem::Merge { one: other, other: depth } })
            }
        }
    }
}
