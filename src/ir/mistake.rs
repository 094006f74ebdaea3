//! Mistakes that debug builds can make on purpose, to show that the tests of compiled code find them: each is what a wrong pass or a wrong
//! lowering would do. [`Mistake::ALL`] lists them; `CompileOptions::mistake` asks for one.

use super::analyses::Change;
use super::entities::{Block, Inst, State, Value};
use super::function::{Function, InstData, ValueData, ValueDef};
use super::instruction::Instruction;
use super::questions::Leaves;
use super::state::{FrameState, Slot};
use super::types::Type;

/// A mistake, made at one place of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mistake {
    /// The bits of a double are boxed as an int at all exits.
    DoubleAsInt,
    /// A number is boxed twice, so two uses of one object see two.
    BoxedTwice,
    /// A reference is not given up.
    MissingDecref,
    /// A reference is not taken.
    MissingIncref,
    /// An exit continues one instruction too late.
    ExitPlace,
    /// A guard checks nothing.
    DroppedGuard,
    /// A guard stands before the call that can break what it checks.
    HoistedGuard,
    /// An exit has a local's value from before its assignment.
    StaleLocal,
    /// An exit has None in the place of the top of the stack.
    ForgottenSlot,
    /// A traceback names the next instruction.
    NeighbourLine,
    /// No assumption is checked.
    FlagNeverCleared,
    /// A comparison of numbers goes the wrong way.
    WrongBranch,
}

impl Mistake {
    /// All of them, with their names.
    pub const ALL: [(&str, Self); 12] = [
        ("double-as-int", Self::DoubleAsInt),
        ("boxed-twice", Self::BoxedTwice),
        ("missing-decref", Self::MissingDecref),
        ("missing-incref", Self::MissingIncref),
        ("exit-place", Self::ExitPlace),
        ("dropped-guard", Self::DroppedGuard),
        ("hoisted-guard", Self::HoistedGuard),
        ("stale-local", Self::StaleLocal),
        ("forgotten-slot", Self::ForgottenSlot),
        ("neighbour-line", Self::NeighbourLine),
        ("flag-never-cleared", Self::FlagNeverCleared),
        ("wrong-branch", Self::WrongBranch),
    ];

    /// Makes it before references are explicit.
    pub(super) fn before_references(self, function: &mut Function) -> Change {
        Change::of_instructions(
            match self {
                Self::BoxedTwice => boxed_twice(function),
                Self::StaleLocal => stale_local(function),
                Self::HoistedGuard => hoisted_guard(function),
                _ => None,
            }
            .is_some(),
        )
    }

    /// Makes it after all passes.
    pub(super) fn after_passes(self, function: &mut Function) -> Option<()> {
        match self {
            Self::MissingDecref => {
                let (block, inst) = middle(function, |data| matches!(data.instruction, Instruction::Decref { .. }))?;
                function.blocks[block].insts.retain(|other| *other != inst);
            }
            Self::MissingIncref => {
                let (block, inst) = middle(function, |data| matches!(data.instruction, Instruction::Incref { .. }))?;
                function.blocks[block].insts.retain(|other| *other != inst);
            }
            Self::ExitPlace => change_state(function, leaves, |state| {
                state.at += 1;
                true
            })?,
            Self::ForgottenSlot => change_state(function, leaves, |state| match state.stack.last_mut() {
                Some(top @ Slot::Value(_)) => {
                    *top = Slot::Constant(Type::NONE_TYPE);
                    true
                }
                _ => false,
            })?,
            Self::NeighbourLine => change_state(
                function,
                |data| data.instruction.may_end_early() && data.error.is_none() && !leaves(data),
                |state| {
                    state.at += 1;
                    true
                },
            )?,
            Self::DroppedGuard => {
                let (_, inst) = middle(
                    function,
                    |data| matches!(&data.instruction, Instruction::Guard { ty, .. } if !Type::OBJECT.is_subtype(ty)),
                )?;
                if let Instruction::Guard { ty, .. } = &mut function.insts[inst].instruction {
                    *ty = Type::OBJECT;
                }
            }
            Self::FlagNeverCleared => {
                let Function { blocks, insts, layout, .. } = function;
                for block in layout {
                    blocks[*block].insts.retain(|inst| !matches!(insts[*inst].instruction, Instruction::Assume { .. }));
                }
            }
            Self::WrongBranch => {
                let (_, inst) = middle(function, |data| matches!(data.instruction, Instruction::Branch { .. }))?;
                if let Instruction::Branch { then, otherwise, .. } = &mut function.insts[inst].instruction {
                    std::mem::swap(then, otherwise);
                }
            }
            Self::DoubleAsInt | Self::BoxedTwice | Self::StaleLocal | Self::HoistedGuard => {}
        }
        Some(())
    }
}

/// Whether it may leave through its exit.
fn leaves(data: &InstData) -> bool {
    data.instruction.leaves() == Leaves::Exit
}

/// The middle one of the instructions that a mistake can be made at.
fn middle(function: &Function, is_one: impl Fn(&InstData) -> bool) -> Option<(Block, Inst)> {
    let all: Vec<_> =
        function.instructions().filter(|(_, _, data)| is_one(data)).map(|(block, inst, _)| (block, inst)).collect();
    all.get(all.len() / 2).copied()
}

/// Changes the state of the middle one of these instructions whose state can be changed so.
fn change_state(
    function: &mut Function,
    is_one: impl Fn(&InstData) -> bool,
    change: impl Fn(&mut FrameState) -> bool,
) -> Option<()> {
    let changed = |function: &Function, data: &InstData| {
        let state = data.state.filter(|_| is_one(data))?;
        let mut after = function.states.get(state);
        change(&mut after).then_some((state, after))
    };
    let all: Vec<(Inst, (State, FrameState))> =
        function.instructions().filter_map(|(_, inst, data)| Some((inst, changed(function, data)?))).collect();
    let middle = all.len() / 2;
    let (inst, (state, after)) = all.into_iter().nth(middle)?;
    function.insts[inst].state = Some(function.states.child(state, after));
    Some(())
}

fn boxed_twice(function: &mut Function) -> Option<()> {
    let uses = |function: &Function, value: Value| -> usize {
        function.instructions().filter(|(_, _, data)| data.instruction.operands().contains(&value)).count()
    };
    let (block, inst) = middle(function, |data| {
        matches!(data.instruction, Instruction::Box { .. })
            && data.result.is_some_and(|value| uses(function, value) > 1)
    })?;
    let InstData { instruction, result: Some(value), state, error } = function.insts[inst].clone() else { return None };
    let again = function.insts.push(InstData { instruction, result: None, state, error });
    let ty = function.ty(value).clone();
    let second = function.values.push(ValueData { ty, def: ValueDef::Result(again) });
    function.insts[again].result = Some(second);
    let at = function.blocks[block].insts.iter().position(|other| *other == inst)? + 1;
    function.blocks[block].insts.insert(at, again);
    // All uses in instructions but the first one.
    let users: Vec<Inst> = function
        .instructions()
        .filter(|(_, _, data)| data.instruction.operands().contains(&value))
        .map(|(_, inst, _)| inst)
        .collect();
    for user in users.into_iter().skip(1) {
        function.insts[user].instruction.for_each_operand(|operand| {
            if *operand == value {
                *operand = second;
            }
        });
    }
    Some(())
}

fn stale_local(function: &mut Function) -> Option<()> {
    let mut found: Vec<(Inst, State, usize, Slot)> = Vec::new();
    for block in &function.layout {
        let mut before: Option<FrameState> = None;
        for inst in &function.blocks[*block].insts {
            let data = &function.insts[*inst];
            let Some(state) = data.state else { continue };
            let now = function.states.get(state);
            if let Some(before) = &before
                && leaves(data)
            {
                let locals = before.locals.iter().zip(&now.locals).enumerate();
                let stale = locals.filter(|(_, (old, new))| old != new && matches!(old, Slot::Value(_)));
                found.extend(stale.map(|(index, (old, _))| (*inst, state, index, old.clone())));
            }
            before = Some(now);
        }
    }
    let (inst, state, index, old) = found.get(found.len() / 2)?.clone();
    let mut after = function.states.get(state);
    after.locals[index] = old;
    function.insts[inst].state = Some(function.states.child(state, after));
    Some(())
}

fn hoisted_guard(function: &mut Function) -> Option<()> {
    // A check of an assumption, right after a call with its loads of constants in between.
    let mut found = Vec::new();
    for block in &function.layout {
        let mut call: Option<(usize, State)> = None;
        for (position, inst) in function.blocks[*block].insts.iter().enumerate() {
            let data = &function.insts[*inst];
            if let (Instruction::Assume { .. }, Some((before, state))) = (&data.instruction, call) {
                found.push((*block, position, before, state));
            }
            if data.instruction.is_call()
                && let Some(state) = data.state
            {
                call = Some((position, state));
            }
        }
    }
    let (block, from, to, state) = found.get(found.len() / 2).copied()?;
    let inst = function.blocks[block].insts.remove(from);
    function.blocks[block].insts.insert(to, inst);
    function.insts[inst].state = Some(state);
    Some(())
}
