//! Drops the handlers of what can't raise, by the types of its operands and the promises of its callee: `raises never`.
//! Blocks that only such handlers led to are then dead code, and what had a handler no longer ends its block.

use crate::ir::{Change, Function, Inst, Instruction};

use super::Knowledge;

/// Runs the pass.
pub fn run(function: &mut Function, knowledge: &Knowledge<'_>) -> Change {
    let handled: Vec<Inst> = function
        .instructions()
        .filter(|(_, inst, data)| data.handler.is_some() && !function.effects(knowledge.callees, *inst).raises)
        .map(|(_, inst, _)| inst)
        .collect();
    let change = Change::of_blocks(!handled.is_empty());
    for inst in handled {
        let data = &mut function.insts[inst];
        data.handler = None;
        // An operation that can do nothing to anybody keeps nothing alive either.
        let is_operation = matches!(data.instruction, Instruction::Operate { .. });
        if is_operation && function.effects(knowledge.callees, inst).pure {
            function.insts[inst].state = None;
        }
    }
    change
}
