//! How long the function needs each reference that it owns: as long as an instruction or a state mentions it.

use std::collections::{BTreeSet, HashMap};

use super::entities::{Block, Inst, Value};
use super::function::Function;
use super::instruction::Instruction;
use super::ownership::Ownership;

/// The owners that are alive at each point.
#[derive(Debug, PartialEq)]
pub(super) struct Lifetimes {
    pub(super) ownership: Ownership,
    /// The owners that are needed at the start of a block, without its own parameters.
    live_in: HashMap<Block, BTreeSet<Value>>,
}

impl Lifetimes {
    /// The lifetimes of a function.
    pub(super) fn compute(function: &Function) -> Self {
        let ownership = Ownership::compute(function);
        let mut lifetimes = Self { ownership, live_in: HashMap::new() };
        loop {
            let mut changed = false;
            for &block in function.layout.iter().rev() {
                let mut live = lifetimes.live_out(function, block);
                for &inst in function.blocks[block].insts.iter().rev() {
                    lifetimes.step(function, inst, &mut live);
                }
                function.blocks[block].params.iter().for_each(|param| {
                    live.remove(param);
                });
                changed |= lifetimes.live_in.get(&block) != Some(&live);
                lifetimes.live_in.insert(block, live);
            }
            // Nothing comes after a block that is alone.
            if !changed || function.layout.len() == 1 {
                return lifetimes;
            }
        }
    }

    /// The owners that are needed at the start of a block, without its parameters.
    pub(super) fn live_in(&self, block: Block) -> impl Iterator<Item = Value> + '_ {
        self.live_in.get(&block).into_iter().flatten().copied()
    }

    /// The owners that some block after this one needs, without those that are handed over.
    pub(super) fn live_out(&self, function: &Function, block: Block) -> BTreeSet<Value> {
        function.successors(block).into_iter().flat_map(|call| self.live_in(call.block)).collect()
    }

    /// Goes from the owners alive after an instruction to those alive before it.
    pub(super) fn step(&self, function: &Function, inst: Inst, live: &mut BTreeSet<Value>) {
        if let Some(result) = function.insts[inst].result {
            live.remove(&result);
        }
        self.for_each_use(function, inst, |owner| {
            live.insert(owner);
        });
    }

    /// The owners that an instruction mentions: those of its operands, then those in its states. Some come more than
    /// once.
    pub(super) fn uses(&self, function: &Function, inst: Inst) -> Vec<Value> {
        let mut uses = Vec::new();
        self.for_each_use(function, inst, |owner| uses.push(owner));
        uses
    }

    /// Visits these owners.
    fn for_each_use(&self, function: &Function, inst: Inst, mut visit: impl FnMut(Value)) {
        let instruction = &function.insts[inst].instruction;
        let mut has_views = false;
        let mut see = |value: Value| {
            has_views |= viewed(function, value).is_some();
            self.ownership.owner(function, value).into_iter().for_each(&mut visit);
        };
        instruction.visit_operands(&mut see);
        function.values_of_states(inst).for_each(see);
        if has_views {
            let mut see = |value: Value| {
                let object = viewed(function, value);
                object.and_then(|object| self.ownership.owner(function, object)).into_iter().for_each(&mut visit);
            };
            instruction.visit_operands(&mut see);
            function.values_of_states(inst).for_each(see);
        }
    }
}

/// The object from which text or bytes were taken: they are in its memory.
fn viewed(function: &Function, value: Value) -> Option<Value> {
    match function.definition(value) {
        Some(Instruction::Unbox { ctype, value, .. }) if ctype.scalar().is_none() => Some(*value),
        Some(Instruction::ToForeign { value, .. }) => Some(*value),
        _ => None,
    }
}
