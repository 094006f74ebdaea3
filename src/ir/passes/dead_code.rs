//! Drops pure instructions whose results nobody uses. Frame states use values too; but a constant that only they use needs
//! no instruction: the state carries it itself.

use std::collections::HashMap;

use crate::ir::{FrameState, Function, Inst, Instruction, Slot, Type, Value};

/// Runs the pass.
pub fn run(function: &mut Function) {
    put_constants_into_states(function);
    let mut uses: HashMap<Value, usize> = HashMap::new();
    for (_, inst, _) in function.instructions() {
        for value in used_by(function, inst) {
            *uses.entry(value).or_default() += 1;
        }
    }
    // From back to front, so that what only a dropped instruction used is dropped in the same sweep; across blocks that
    // are laid out before their predecessors a rest may stay, which does no harm.
    for block in function.layout.clone().into_iter().rev() {
        for inst in function.blocks[block].insts.clone().into_iter().rev() {
            let data = &function.insts[inst];
            let Some(result) = data.result else { continue };
            if !data.instruction.is_pure() || uses.get(&result).is_some_and(|&count| count > 0) {
                continue;
            }
            for value in used_by(function, inst) {
                // Every operand of a laid out instruction was counted above.
                uses.entry(value).and_modify(|count| *count -= 1);
            }
            function.blocks[block].insts.retain(|&other| other != inst);
            function.insts[inst].result = None;
            function.forget_value(result);
        }
    }
}

/// The values that an instruction, its handler and its state use.
fn used_by(function: &Function, inst: Inst) -> Vec<Value> {
    let data = &function.insts[inst];
    let mut used = data.instruction.operands();
    used.extend(data.handler.iter().flat_map(|call| &call.args));
    used.extend(function.state(inst).into_iter().flat_map(FrameState::values));
    used
}

fn put_constants_into_states(function: &mut Function) {
    let constant = |value: Value| match function.definition(value) {
        Some(Instruction::LoadConst) if function.ty(value).is_object() => {
            Some(Slot::Constant(function.ty(value).clone()))
        }
        Some(Instruction::LoadConst) if *function.ty(value) == Type::NULLPTR => Some(Slot::Empty),
        _ => None,
    };
    let mut states = function.states.clone();
    for slot in states.values_mut().flat_map(FrameState::slots_mut) {
        if let Some(constant) = slot.value().and_then(constant) {
            *slot = constant;
        }
    }
    function.states = states;
}
