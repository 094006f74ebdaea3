//! Removes the error states of instructions that can't raise, by the types of their operands and the promises of their
//! callees.

use crate::ir::{Change, Function, Inst, Instruction};

use super::Knowledge;

/// Runs the pass.
pub fn run(function: &mut Function, knowledge: &Knowledge<'_>) -> Change {
    let never: Vec<Inst> = function
        .instructions()
        .filter(|(_, inst, data)| data.error.is_some() && !function.effects(knowledge.callees, *inst).raises)
        .map(|(_, inst, _)| inst)
        .collect();
    for &inst in &never {
        let data = &mut function.insts[inst];
        data.error = None;
        // An operation without effects need not keep anything alive either.
        let is_operation = matches!(data.instruction, Instruction::Operate { .. });
        if is_operation && function.effects(knowledge.callees, inst).is_pure() {
            function.insts[inst].state = None;
        }
    }
    Change::of_instructions(!never.is_empty())
}
