//! Lets exact ints pass for floats, as CPython's own converters do: for calls of functions that have no wrapper that
//! could decide otherwise. It is not in the list of passes, because only the code that makes the stub knows whether
//! there is a wrapper.

use std::collections::HashMap;

use crate::ir::{Change, Function, Inst, Instruction, Type, Value};

/// Runs the pass.
pub fn run(function: &mut Function) -> Change {
    // For each value that was checked to be a float: the result of the check.
    let mut guards: HashMap<Value, Value> = HashMap::new();
    let mut converted: Vec<(Inst, Type, Value, Value)> = Vec::new();
    for (_, inst, data) in function.instructions() {
        match (&data.instruction, data.result) {
            (Instruction::Guard { ty, value, .. }, Some(result)) if *ty == Type::FLOAT_EXACT => {
                guards.insert(result, *value);
            }
            (Instruction::Unbox { ctype, value: checked, .. }, _) => {
                if let Some(&object) = guards.get(checked) {
                    converted.push((inst, ctype.clone(), object, *checked));
                }
            }
            _ => {}
        }
    }
    for (inst, ctype, value, _) in &converted {
        function.insts[*inst].instruction = Instruction::UnboxReal { ctype: ctype.clone(), value: *value };
    }
    // Whether the code still needs to know that it is a float.
    let is_used = |value: Value| {
        let uses = |inst: Inst| function.insts[inst].instruction.operands().contains(&value);
        function.instructions().any(|(_, inst, _)| uses(inst))
    };
    let needless: Vec<Value> =
        converted.iter().map(|(.., checked)| *checked).filter(|checked| !is_used(*checked)).collect();
    for value in needless {
        let defines = |inst: &Inst| function.insts[*inst].result == Some(value);
        let guard = function.instructions().map(|(_, inst, _)| inst).find(defines);
        for block in function.blocks.values_mut() {
            block.insts.retain(|inst| Some(*inst) != guard);
        }
        if let Some(guard) = guard {
            function.insts[guard].result = None;
        }
        function.forget_value(value);
    }
    Change::of_instructions(!converted.is_empty())
}
