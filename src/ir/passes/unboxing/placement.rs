//! Places boxes: each number is boxed once, and not before the object is needed.
//!
//! A box moves to the block that is on the path to all uses of the object, unless that block is in a loop in which the
//! number is not computed. If only states mention a box, only an exit makes it. A box whose failure is handled stays
//! where it is.

use std::collections::{HashMap, HashSet};

use crate::ir::{Block, Dominators, Function, Inst, Instruction, Slot, State, Value};

/// Runs this part; returns whether it changed anything.
pub(super) fn run(function: &mut Function, dominators: &Dominators) -> bool {
    let mut changed = false;
    let loops = dominators.loops(function);
    let uses = uses(function, dominators);
    let mut at_end_only: HashMap<Value, Value> = HashMap::new();
    for (block, inst, number, object) in boxes(function, dominators) {
        let Some(users) = uses.get(&object) else {
            changed = true;
            remove(function, block, inst);
            at_end_only.insert(object, number);
            continue;
        };
        if function.insts[inst].error.is_some() {
            continue;
        }
        let common = users.iter().map(|&(block, _)| block).reduce(|one, other| dominators.common(one, other));
        let Some(common) = common else { continue };
        let common = outside(dominators, &loops, block, common);
        let users: HashSet<Inst> = users.iter().map(|&(_, user)| user).collect();
        let (came_from, state) = (remove(function, block, inst), function.insts[inst].state);
        let insts = &function.blocks[common].insts;
        // Before the first use; or at the end, if the uses are in later blocks.
        let place = insts.iter().position(|inst| users.contains(inst)).unwrap_or(insts.len() - 1);
        let place = if common == block { place.max(start_of(function, block, number)) } else { place };
        let before = insts[place];
        function.insts[inst].state = function.insts[before].state.or(function.insts[inst].state);
        function.blocks[common].insts.insert(place, inst);
        changed |= (block, came_from, state) != (common, place, function.insts[inst].state);
    }
    let left = boxes(function, dominators);
    changed |= mention_numbers(function, dominators, &at_end_only, &left);
    for object in at_end_only.into_keys() {
        function.forget_value(object);
    }
    changed
}

/// The boxes of C numbers: the block, the instruction, the number, and the box.
fn boxes(function: &Function, dominators: &Dominators) -> Vec<(Block, Inst, Value, Value)> {
    let mut boxes = Vec::new();
    for &block in dominators.reverse_postorder() {
        for &inst in &function.blocks[block].insts {
            let data = &function.insts[inst];
            if let (Instruction::Box { value }, Some(object)) = (&data.instruction, data.result)
                && function.ty(*value).scalar().is_some()
            {
                boxes.push((block, inst, *value, object));
            }
        }
    }
    boxes
}

/// The instructions that use a value, other than in their states, with their blocks.
fn uses(function: &Function, dominators: &Dominators) -> HashMap<Value, Vec<(Block, Inst)>> {
    let mut uses: HashMap<Value, Vec<_>> = HashMap::new();
    for &block in dominators.reverse_postorder() {
        for &inst in &function.blocks[block].insts {
            for value in function.insts[inst].instruction.operands() {
                uses.entry(value).or_default().push((block, inst));
            }
        }
    }
    uses
}

/// Removes an instruction from its block; returns its position.
fn remove(function: &mut Function, block: Block, inst: Inst) -> usize {
    let insts = &mut function.blocks[block].insts;
    let place = insts.iter().position(|&other| other == inst).expect("it was found in this block");
    insts.remove(place);
    place
}

/// The first position in a block at which a number is defined.
fn start_of(function: &Function, block: Block, number: Value) -> usize {
    let insts = &function.blocks[block].insts;
    insts.iter().position(|&inst| function.insts[inst].result == Some(number)).map_or(0, |place| place + 1)
}

/// The block closest to `wanted`, among those that dominate it, that is in no loop without `origin`.
fn outside(dominators: &Dominators, loops: &HashMap<Block, HashSet<Block>>, origin: Block, wanted: Block) -> Block {
    let empty = HashSet::new();
    let of = |block: Block| loops.get(&block).unwrap_or(&empty);
    let mut block = wanted;
    while block != origin && !of(block).is_subset(of(origin)) {
        match dominators.immediate(block) {
            Some(up) => block = up,
            None => return origin,
        }
    }
    block
}

/// Lets states mention the number if the object is not defined on every path to them; returns whether any state
/// changed.
fn mention_numbers(
    function: &mut Function,
    dominators: &Dominators,
    gone: &HashMap<Value, Value>,
    left: &[(Block, Inst, Value, Value)],
) -> bool {
    let boxes: HashMap<Value, (Block, Inst, Value)> =
        left.iter().map(|&(block, inst, number, object)| (object, (block, inst, number))).collect();
    let mut made: HashMap<(State, Vec<Option<Value>>), State> = HashMap::new();
    for &block in dominators.reverse_postorder() {
        let mut done = HashSet::new();
        for inst in function.blocks[block].insts.clone() {
            for is_error in [false, true] {
                let data = &function.insts[inst];
                let Some(state) = (if is_error { data.error } else { data.state }) else { continue };
                let mut changed = function.states.get(state);
                for slot in changed.slots_mut() {
                    let Slot::Value(value) = slot else { continue };
                    if let Some(&number) = gone.get(value) {
                        *value = number;
                    } else if let Some(&(at, by, number)) = boxes.get(value) {
                        let is_there = if at == block { done.contains(&by) } else { dominators.dominates(at, block) };
                        if !is_there {
                            *value = number;
                        }
                    }
                }
                if changed != function.states.get(state) {
                    let slots = changed.slots().map(Slot::value).collect();
                    let states = &mut function.states;
                    let new = *made.entry((state, slots)).or_insert_with(|| states.child(state, changed));
                    let data = &mut function.insts[inst];
                    *(if is_error { &mut data.error } else { &mut data.state }) = Some(new);
                }
            }
            done.insert(inst);
        }
    }
    !made.is_empty()
}
