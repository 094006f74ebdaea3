//! Moves checks before loops: guards on built-in types, and unboxing of the values that passed them, for values from
//! outside the loop.
//!
//! Only checks that every round passes are moved. Leaving before the loop is right whatever the loop does before the
//! check: the state is the one in which the loop starts, and the interpreter runs the whole loop.

use std::collections::HashSet;

use crate::ir::passes::Knowledge;
use crate::ir::passes::specialize_calls::is_lasting;
use crate::ir::{
    Analyses, Block, BlockCall, BlockData, Change, Dominators, FrameState, Function, Inst, Instruction, Slot, Value,
    ValueDef,
};

/// Runs this part.
pub(super) fn run(function: &mut Function, knowledge: &Knowledge<'_>, analyses: &mut Analyses) -> Change {
    let Some(dominators) = analyses.dominators(function) else { return Change::Nothing };
    let loops = dominators.loops(function);
    // Outer loops first: a check that can leave them leaves all of them.
    let headers: Vec<Block> = dominators
        .reverse_postorder()
        .iter()
        .copied()
        .filter(|header| loops.get(header).is_some_and(|of| of.contains(header)))
        .collect();
    let mut all = Change::Nothing;
    for header in headers {
        // An earlier loop may have got a block before it.
        let Some(dominators) = analyses.dominators(function) else { break };
        let body: HashSet<Block> =
            loops.iter().filter(|(_, headers)| headers.contains(&header)).map(|(&block, _)| block).collect();
        let change = hoist(function, knowledge, &dominators, header, &body);
        analyses.forget(change);
        all |= change;
    }
    all
}

fn hoist(
    function: &mut Function,
    knowledge: &Knowledge<'_>,
    dominators: &Dominators,
    header: Block,
    body: &HashSet<Block>,
) -> Change {
    let Some((from, call)) = entered_from(function, dominators, header, body) else { return Change::Nothing };
    let noted = function.blocks[from].insts.last().and_then(|&last| match function.insts[last].instruction {
        Instruction::Jump { .. } => function.insts[last].state,
        _ => None,
    });
    let fresh = match noted {
        Some(_) => None,
        None => state_at_start(function, knowledge, dominators, header, body, &call),
    };
    let Some(in_front) = noted.map(|state| function.states.at(state)).or(fresh.as_ref().map(|state| state.at)) else {
        return Change::Nothing;
    };
    // A check that failed too often before the loop is made inside the loop again.
    let is_avoided = |inst: Inst| {
        let reason = function.insts[inst].instruction.exit_reason();
        reason.is_some_and(|reason| knowledge.avoided.has(in_front, reason))
    };
    let goes = |block: &Block| function.successors(*block).iter().any(|call| call.block == header);
    let latches: Vec<Block> = body.iter().copied().filter(goes).collect();
    let mut outside: HashSet<Value> = HashSet::new();
    let mut moved: Vec<(Block, Inst)> = Vec::new();
    for &block in dominators.reverse_postorder().iter().filter(|block| body.contains(block)) {
        if !latches.iter().all(|&latch| dominators.dominates(block, latch)) {
            continue;
        }
        for &inst in &function.blocks[block].insts {
            let data = &function.insts[inst];
            let (value, movable) = match &data.instruction {
                Instruction::Guard { ty, value, failure: _ } => (*value, is_lasting(ty)),
                Instruction::Unbox { ctype, value, failure: _ } => (*value, ctype.scalar().is_some()),
                _ => continue,
            };
            let movable = movable && !is_avoided(inst);
            let is_there = outside.contains(&value) || is_outside(function, dominators, header, body, value);
            if let (true, true, Some(result)) = (movable, is_there, data.result) {
                outside.insert(result);
                moved.push((block, inst));
            }
        }
    }
    let last = function.blocks[from].insts.last().copied();
    let jumps = last.is_some_and(|last| matches!(function.insts[last].instruction, Instruction::Jump { .. }));
    if moved.is_empty() && (noted.is_some() || !jumps) {
        return Change::Nothing;
    }
    let Some(state) = noted.or_else(|| fresh.map(|fresh| function.states.push(fresh))) else { return Change::Nothing };
    let before = block_before(function, from, call);
    // After unboxing, the loop may have no state any more; the jump before it keeps the one that it had.
    if let Some(&jump) = function.blocks[before].insts.last() {
        function.insts[jump].state = Some(state);
    }
    for (block, inst) in moved {
        function.insts[inst].state = Some(state);
        function.blocks[block].insts.retain(|&other| other != inst);
        let place = function.blocks[before].insts.len() - 1;
        function.blocks[before].insts.insert(place, inst);
    }
    if before == from { Change::Instructions } else { Change::Blocks }
}

/// Whether a value is defined before a loop.
fn is_outside(
    function: &Function,
    dominators: &Dominators,
    header: Block,
    body: &HashSet<Block>,
    value: Value,
) -> bool {
    let at = match function.values[value].def {
        ValueDef::Param(at, _) => Some(at),
        ValueDef::Result(inst) => {
            function.layout.iter().copied().find(|&block| function.blocks[block].insts.contains(&inst))
        }
        ValueDef::Unused => None,
    };
    at.is_some_and(|at| !body.contains(&at) && dominators.dominates(at, header))
}

/// The one edge into a loop from outside.
fn entered_from(
    function: &Function,
    dominators: &Dominators,
    header: Block,
    body: &HashSet<Block>,
) -> Option<(Block, BlockCall)> {
    let mut found = None;
    for &block in dominators.reverse_postorder().iter().filter(|block| !body.contains(block)) {
        for &inst in &function.blocks[block].insts {
            let data = &function.insts[inst];
            for call in data.instruction.targets().into_iter().filter(|call| call.block == header) {
                if found.replace((block, call.clone())).is_some() {
                    return None;
                }
            }
        }
    }
    found
}

/// The interpreter's state when the loop is entered: that of the loop's first instruction with a state, with the passed
/// values in the place of the parameters.
fn state_at_start(
    function: &Function,
    knowledge: &Knowledge<'_>,
    dominators: &Dominators,
    header: Block,
    body: &HashSet<Block>,
    call: &BlockCall,
) -> Option<FrameState> {
    let params = &function.blocks[header].params;
    for &inst in &function.blocks[header].insts {
        if let Some(state) = function.state(inst) {
            let mut state = state;
            let mut all_there = true;
            for slot in state.slots_mut() {
                let Slot::Value(value) = slot else { continue };
                if let Some(position) = params.iter().position(|param| param == value) {
                    *value = call.args[position];
                } else if function.definition(*value) == Some(&Instruction::LoadConst)
                    && function.ty(*value).const_object().is_some()
                {
                    *slot = Slot::Constant(function.ty(*value).clone());
                } else {
                    all_there &= is_outside(function, dominators, header, body, *value);
                }
            }
            return Some(state).filter(|_| all_there);
        }
        let effects = function.effects(knowledge.callees, inst);
        if !effects.is_pure() || effects.raises {
            return None;
        }
    }
    None
}

/// A block that only this edge passes, the last one before the loop.
fn block_before(function: &mut Function, from: Block, call: BlockCall) -> Block {
    let insts = &function.blocks[from].insts;
    let last = *insts.last().expect("a block that goes on has an end");
    if matches!(function.insts[last].instruction, Instruction::Jump { .. }) {
        return from;
    }
    let jump = function.add_inst(Instruction::Jump { target: call.clone() }, None);
    let block = function.blocks.push(BlockData { params: Vec::new(), insts: vec![jump] });
    let place =
        function.layout.iter().position(|&other| other == from).map_or(function.layout.len(), |place| place + 1);
    function.layout.insert(place, block);
    let through = BlockCall { block, args: Vec::new() };
    let replace = |target: &mut BlockCall| {
        if *target == call {
            *target = through.clone();
        }
    };
    function.insts[last].instruction.for_each_target(replace);
    block
}
