//! Reference counts, the last pass: makes it explicit where references are taken and given up.
//!
//! A value lives as long as an instruction or a state mentions it, and dies right after that. Temporaries die after
//! their last use. Locals die when they are overwritten or, in the order that the world gives, when the function
//! returns. Values that others keep alive are not counted: constants, arguments, and the results of guards on them.
//!
//! References move along edges: a block parameter gets one. If an edge has to take or give up a reference, and not all
//! edges of either end have to do the same, the edge gets a block of its own.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::cpython::DeathOrder;
use crate::ir::lifetimes::Lifetimes;
use crate::ir::{
    Analyses, Block, BlockCall, BlockData, Change, FrameState, Function, Inst, Instruction, Operation, Slot, Value,
    World,
};

/// Runs the pass.
pub fn run(function: &mut Function, world: &dyn World, analyses: &mut Analyses) -> Change {
    let lifetimes = analyses.lifetimes(function);
    let mut edges: HashMap<Block, usize> = HashMap::new();
    for call in function.layout.iter().flat_map(|&block| function.successors(block)) {
        *edges.entry(call.block).or_default() += 1;
    }
    let death_order = world.death_order();
    let change = Change::Nothing;
    let mut counts = RefcountInserter { function, lifetimes, edges, starts: HashMap::new(), death_order, change };
    for block in counts.function.layout.clone() {
        counts.visit(block);
    }
    for (block, mut insts) in counts.starts {
        insts.append(&mut counts.function.blocks[block].insts);
        counts.function.blocks[block].insts = insts;
    }
    counts.change
}

/// The owners alive before each instruction.
fn alive_before(function: &Function, lifetimes: &Lifetimes, block: Block, insts: &[Inst]) -> Vec<BTreeSet<Value>> {
    let mut live = lifetimes.live_out(function, block);
    let mut alive: Vec<_> = insts
        .iter()
        .rev()
        .map(|&inst| {
            lifetimes.step(function, inst, &mut live);
            live.clone()
        })
        .collect();
    alive.reverse();
    alive
}

struct RefcountInserter<'a> {
    function: &'a mut Function,
    lifetimes: Rc<Lifetimes>,
    /// The number of edges to each block.
    edges: HashMap<Block, usize>,
    /// The instructions for the start of a block that has only one incoming edge.
    starts: HashMap<Block, Vec<Inst>>,
    death_order: DeathOrder,
    change: Change,
}

impl RefcountInserter<'_> {
    fn visit(&mut self, block: Block) {
        let insts = self.function.blocks[block].insts.clone();
        let Some((&last, body)) = insts.split_last() else { return };
        let alive = alive_before(self.function, &self.lifetimes, block, &insts);
        let mut out = Vec::with_capacity(insts.len());
        let mut dying: Vec<Value> =
            self.lifetimes.ownership.params(self.function, block).filter(|param| !alive[0].contains(param)).collect();
        self.give_up(&mut dying, &mut out);
        for (position, &inst) in body.iter().enumerate() {
            self.note_releases(inst, &alive[position]);
            dying.extend(self.dying_at(inst, &alive[position], &alive[position + 1]));
            // An instruction that belongs to another stays directly after it.
            let next = &self.function.insts[insts[position + 1]].instruction;
            let stays = matches!(next, Instruction::MethodSelf { .. } | Instruction::Incref { .. });
            out.push(inst);
            if !stays && !matches!(next, Instruction::Unreachable) {
                self.give_up(&mut dying, &mut out);
            }
        }
        let mut held = alive[body.len()].clone();
        held.extend(dying);
        self.note_releases(last, &held);
        self.end(block, last, &held, out);
    }

    fn incref(&mut self, value: Value) -> Inst {
        self.change |= Change::Instructions;
        self.function.add_inst(Instruction::Incref { value }, None)
    }

    fn decref(&mut self, value: Value) -> Inst {
        self.change |= Change::Instructions;
        self.function.add_inst(Instruction::Decref { value }, None)
    }

    fn give_up(&mut self, dying: &mut Vec<Value>, out: &mut Vec<Inst>) {
        for value in dying.drain(..) {
            out.push(self.decref(value));
        }
    }

    /// The values that die at an instruction: those that it used, operands first, in the order in which CPython gives
    /// them up; then its result if it is not used.
    fn dying_at(&self, inst: Inst, before: &BTreeSet<Value>, after: &BTreeSet<Value>) -> Vec<Value> {
        let mut dying = Vec::new();
        let uses = if before.is_empty() { Vec::new() } else { self.lifetimes.uses(self.function, inst) };
        for value in uses {
            if before.contains(&value) && !after.contains(&value) && !dying.contains(&value) {
                dying.push(value);
            }
        }
        self.order(inst, &mut dying);
        let result = self.function.insts[inst].result;
        let owned = result.filter(|&value| self.lifetimes.ownership.owner(self.function, value) == Some(value));
        dying.extend(owned.filter(|value| !after.contains(value)));
        dying
    }

    /// Puts the values on the stack first, in the order in which they die there.
    fn order(&self, inst: Inst, dying: &mut [Value]) {
        let Some(state) = self.function.state(inst) else {
            // An instruction that neither raises nor runs Python code; its operands are in the stack's order.
            if self.death_order.last_first(false) {
                dying.reverse();
            }
            return;
        };
        let instruction = &self.function.insts[inst].instruction;
        let owner = |value| self.lifetimes.ownership.owner(self.function, value);
        let on_stack: Vec<_> = state.stack.iter().map(|slot| slot.value().and_then(owner)).collect();
        let place = |value: &Value| on_stack.iter().rposition(|held| held == &Some(*value));
        let is_operator = instruction.operation().is_some_and(Operation::dies_as_operator);
        let last_first = self.death_order.last_first(is_operator);
        let callable = instruction.operands().first().copied().and_then(owner).filter(|_| instruction.is_call());
        dying.sort_by_key(|value| match place(value) {
            _ if callable == Some(*value) => (0, 0),
            Some(place) if last_first => (1, on_stack.len() - place),
            Some(place) => (1, place),
            None => (2, 0),
        });
    }

    fn note_releases(&mut self, inst: Inst, alive: &BTreeSet<Value>) {
        if !alive.is_empty() && self.function.insts[inst].instruction.may_end_early() {
            self.change |= Change::Instructions;
            self.function.releases[inst] = self.release_order(inst, alive);
        }
    }

    /// The order in which CPython gives up the live values if an instruction raises: its operands, in their order; the
    /// rest of the stack from its top; then the locals.
    fn release_order(&self, inst: Inst, alive: &BTreeSet<Value>) -> Vec<Value> {
        let mut left = alive.clone();
        let data = &self.function.insts[inst];
        let mut operands = data.instruction.operands();
        if data.instruction.operation().is_some_and(Operation::keeps_operands) {
            operands.clear();
        }
        let state = self.function.state(inst);
        let stack = state.iter().flat_map(|state| state.stack.iter().rev().filter_map(Slot::value));
        let locals = state.iter().flat_map(FrameState::values);
        let ordered = operands.into_iter().chain(stack).chain(locals);
        let owners = ordered.filter_map(|value| self.lifetimes.ownership.owner(self.function, value));
        let mut order: Vec<_> = owners.filter(|owner| left.remove(owner)).collect();
        order.extend(left);
        order
    }

    /// The work of an edge if these references are held: the references that it takes, and those that it gives up.
    fn changes_on_edge(&mut self, held: &BTreeSet<Value>, call: &BlockCall) -> Vec<Inst> {
        let mut left: BTreeSet<Value> = held.clone();
        for kept in self.lifetimes.live_in(call.block) {
            left.remove(&kept);
        }
        let args: Vec<_> = self.lifetimes.ownership.handed_over(self.function, call).collect();
        let mut changes = Vec::new();
        for arg in args {
            let owner = self.lifetimes.ownership.owner(self.function, arg);
            // A reference that is not needed elsewhere moves.
            if !owner.is_some_and(|owner| left.remove(&owner)) {
                changes.push(self.incref(arg));
            }
        }
        changes.extend(left.into_iter().map(|value| self.decref(value)).collect::<Vec<_>>());
        changes
    }

    /// A block on the edge to another.
    fn edge_block(&mut self, mut insts: Vec<Inst>, target: BlockCall) -> BlockCall {
        insts.push(self.function.add_inst(Instruction::Jump { target }, None));
        self.new_block(insts)
    }

    fn new_block(&mut self, insts: Vec<Inst>) -> BlockCall {
        self.change = Change::Blocks;
        let block = self.function.blocks.push(BlockData { params: Vec::new(), insts });
        self.function.layout.push(block);
        BlockCall { block, args: Vec::new() }
    }

    /// Puts the work of an edge at a place that only this edge passes.
    fn place(&mut self, held: &BTreeSet<Value>, call: BlockCall) -> BlockCall {
        let changes = self.changes_on_edge(held, &call);
        if changes.is_empty() {
            return call;
        }
        let only_gives_up =
            changes.iter().all(|&inst| matches!(self.function.insts[inst].instruction, Instruction::Decref { .. }));
        if only_gives_up && self.edges.get(&call.block) == Some(&1) {
            self.starts.entry(call.block).or_default().extend(changes);
            return call;
        }
        self.edge_block(changes, call)
    }

    /// Ends a block at whose end these references are held.
    fn end(&mut self, block: Block, last: Inst, held: &BTreeSet<Value>, mut out: Vec<Inst>) {
        if let Instruction::Return { value } = self.function.insts[last].instruction {
            let changes = self.changes_at_return(last, value, held);
            // Nothing that the state mentions is left.
            if self.function.insts[last].state.take().is_some() {
                self.change |= Change::Instructions;
            }
            out.extend(changes);
        }
        let targets: Vec<_> = self.function.insts[last].instruction.targets().into_iter().cloned().collect();
        match &targets[..] {
            [target] => out.extend(self.changes_on_edge(held, target)),
            _ => {
                let placed: Vec<_> = targets.into_iter().map(|target| self.place(held, target)).collect();
                let mut placed = placed.into_iter();
                self.function.insts[last].instruction.for_each_target(|target| {
                    *target = placed.next().expect("there is one for each target");
                });
            }
        }
        out.push(last);
        self.function.blocks[block].insts = out;
    }

    /// At a return: the result gets a reference, then the locals die in their order, then the rest.
    fn changes_at_return(&mut self, last: Inst, value: Value, held: &BTreeSet<Value>) -> Vec<Inst> {
        let mut left = held.clone();
        let mut changes = Vec::new();
        let owner = self.lifetimes.ownership.owner(self.function, value);
        if !owner.is_some_and(|owner| left.remove(&owner)) {
            changes.push(self.incref(value));
        }
        let mut locals: Vec<_> = self.function.state(last).iter().flat_map(FrameState::values).collect();
        if self.death_order.last_first(false) {
            locals.reverse();
        }
        for local in locals {
            if let Some(owner) = self.lifetimes.ownership.owner(self.function, local).filter(|owner| left.remove(owner))
            {
                changes.push(self.decref(owner));
            }
        }
        changes.extend(left.into_iter().map(|value| self.decref(value)).collect::<Vec<_>>());
        changes
    }
}
