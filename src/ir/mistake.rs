//! Mistakes that debug builds can make on purpose, to show that the tests of compiled code find them: each is what a wrong pass or a wrong
//! lowering would do. [`Mistake::ALL`] lists them; `CompileOptions::mistake` asks for one.

use super::analyses::Change;
use super::entities::{Block, Inst, State, Value};
use super::function::{Function, InstData};
use super::instruction::Instruction;
use super::questions::Leaves;
use super::state::{FrameState, Slot};
use super::types::Type;

/// A mistake, made at one place of a function, or at all.
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
    /// Exits continue one instruction too late.
    ExitPlace,
    /// Guards check nothing.
    DroppedGuard,
    /// Checks of assumptions stand before the call that can break them.
    HoistedGuard,
    /// Exits right after an assignment have the local's value from before it.
    StaleLocal,
    /// Exits have a local in the place of the top of the stack.
    ForgottenSlot,
    /// Tracebacks name the next instruction.
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
                Self::ForgottenSlot => forgotten_slot(function),
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
            Self::ExitPlace => change_states(function, leaves, |state| {
                state.at += 1;
                true
            })?,
            Self::NeighbourLine => change_states(
                function,
                |data| data.instruction.may_end_early() && data.error.is_none() && !leaves(data),
                |state| {
                    state.at += 1;
                    true
                },
            )?,
            Self::DroppedGuard => {
                for data in function.insts.values_mut() {
                    if let Instruction::Guard { ty, .. } = &mut data.instruction {
                        *ty = Type::OBJECT;
                    }
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
            Self::DoubleAsInt | Self::BoxedTwice | Self::StaleLocal | Self::HoistedGuard | Self::ForgottenSlot => {}
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

/// Changes the states of these instructions, wherever the change is possible.
fn change_states(
    function: &mut Function,
    is_one: impl Fn(&InstData) -> bool,
    change: impl Fn(&mut FrameState) -> bool,
) -> Option<()> {
    let states: Vec<(Inst, State)> = function
        .instructions()
        .filter_map(|(_, inst, data)| data.state.filter(|_| is_one(data)).map(|state| (inst, state)))
        .collect();
    let mut changed = None;
    for (inst, state) in states {
        let mut after = function.states.get(state);
        if change(&mut after) {
            function.insts[inst].state = Some(function.states.child(state, after));
            changed = Some(());
        }
    }
    changed
}

fn forgotten_slot(function: &mut Function) -> Option<()> {
    change_states(function, leaves, |state| {
        let local = state.locals.iter().find(|slot| slot.value().is_some()).cloned();
        match (state.stack.last_mut(), local) {
            (Some(top @ Slot::Value(_)), Some(local)) if *top != local => {
                *top = local;
                true
            }
            _ => false,
        }
    })
}

fn boxed_twice(function: &mut Function) -> Option<()> {
    let uses = |function: &Function, value: Value| -> usize {
        function
            .instructions()
            .flat_map(|(_, _, data)| data.instruction.operands())
            .filter(|used| *used == value)
            .count()
    };
    let boxes: Vec<(Block, Inst)> = function
        .instructions()
        .filter(|(_, _, data)| matches!(data.instruction, Instruction::Box { .. }))
        .filter(|(_, _, data)| data.result.is_some_and(|value| uses(function, value) > 1))
        .map(|(block, inst, _)| (block, inst))
        .collect();
    let changed = (!boxes.is_empty()).then_some(());
    for (block, inst) in boxes {
        let InstData { instruction, result: Some(value), state, error } = function.insts[inst].clone() else {
            continue;
        };
        let ty = function.ty(value).clone();
        let again = function.add_inst(instruction, Some(ty));
        function.insts[again].state = state;
        function.insts[again].error = error;
        let Some(second) = function.insts[again].result else { continue };
        let at = function.blocks[block].insts.iter().position(|other| *other == inst)? + 1;
        function.blocks[block].insts.insert(at, again);
        // All uses but the first one.
        let mut is_first = true;
        for block in function.layout.clone() {
            for user in function.blocks[block].insts.clone() {
                function.insts[user].instruction.for_each_operand(|operand| {
                    if *operand == value && !std::mem::take(&mut is_first) {
                        *operand = second;
                    }
                });
            }
        }
    }
    changed
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
    let changed = (!found.is_empty()).then_some(());
    for (inst, state, index, old) in found {
        let mut after = function.states.get(state);
        after.locals[index] = old;
        function.insts[inst].state = Some(function.states.child(state, after));
    }
    changed
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
    let changed = (!found.is_empty()).then_some(());
    for (block, from, to, state) in found {
        // What stands after it stays where it is, and the call is right after it.
        let inst = function.blocks[block].insts.remove(from);
        function.blocks[block].insts.insert(to, inst);
        function.insts[inst].state = Some(state);
    }
    changed
}
