//! Guards of argument types, for a version that is made for calls with arguments of these types.

use super::entities::Value;
use super::function::Function;
use super::instruction::{Failure, Instruction};
use super::state::{FrameState, Slot};
use super::types::Type;

impl Function {
    /// By argument: whether an instruction uses it, other than to return it or to pass it on to another block.
    pub fn used_arguments(&self) -> Vec<bool> {
        let is_used = |argument: Value| {
            self.instructions().any(|(_, _, data)| match &data.instruction {
                Instruction::Return { .. } | Instruction::Jump { .. } => false,
                other => other.operands().contains(&argument),
            })
        };
        let loads = self.instructions().filter(|(_, _, data)| matches!(data.instruction, Instruction::LoadArg { .. }));
        loads.map(|(_, _, data)| data.result.is_some_and(is_used)).collect()
    }

    /// Lets the function expect its arguments to be of these types: a guard of each, which leaves before the first
    /// instruction of the bytecode. `locals` is the number of locals.
    pub fn expect_arguments(&mut self, types: &[Option<Type>], locals: usize) {
        let Some(entry) = self.entry() else { return };
        let mut insts = std::mem::take(&mut self.blocks[entry].insts);
        let is_load = |function: &Self, inst| matches!(function.insts[inst].instruction, Instruction::LoadArg { .. });
        let loads = insts.iter().take_while(|&&inst| is_load(self, inst)).count();
        let arguments: Vec<Value> = insts[..loads].iter().filter_map(|&inst| self.insts[inst].result).collect();
        let mut guards = Vec::new();
        for (&argument, ty) in arguments.iter().zip(types) {
            let Some(ty) = ty else { continue };
            let check = Instruction::Guard { ty: ty.clone(), value: argument, failure: Failure::Exit };
            let guard = self.add_inst(check.clone(), Some(ty.clone()));
            let Some(checked) = self.insts[guard].result else { continue };
            self.replace_uses(argument, checked);
            // All uses but its own.
            self.insts[guard].instruction = check;
            guards.push(guard);
        }
        if !guards.is_empty() {
            let mut slots: Vec<Slot> = arguments.into_iter().map(Slot::Value).collect();
            slots.resize(locals, Slot::Empty);
            let state = self.states.push(FrameState { at: 0, locals: slots, stack: Vec::new() });
            for &guard in &guards {
                self.insts[guard].state = Some(state);
            }
            insts.splice(loads..loads, guards);
        }
        self.blocks[entry].insts = insts;
    }
}
