//! Drops pure instructions whose results nobody uses.

use std::collections::HashMap;

use crate::ir::{Callees, Function, Value};

/// Runs the pass.
pub fn run(function: &mut Function, _: &Callees) {
    let mut uses: HashMap<Value, usize> = HashMap::new();
    for (_, _, data) in function.instructions() {
        for value in data.instruction.operands() {
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
            for value in data.instruction.operands() {
                // Every operand of a laid out instruction was counted above.
                uses.entry(value).and_modify(|count| *count -= 1);
            }
            function.blocks[block].insts.retain(|&other| other != inst);
            function.insts[inst].result = None;
            function.forget_value(result);
        }
    }
}
