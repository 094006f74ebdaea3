//! A function in SSA form, as plain data.
//!
//! Values, instructions and blocks are indices into the function's maps. The blocks in `layout` are the function. An
//! instruction or a block that was removed stays in its map, unreachable, so indices never change.

use std::collections::HashMap;

use cranelift_entity::{PrimaryMap, SecondaryMap};

use super::entities::{Block, Inst, State, Value};
use super::instruction::{BlockCall, Instruction};
use super::questions::Leaves;
use super::state::{FrameState, Slot};
use super::states::FrameStates;
use super::types::Type;

/// A function, or a call site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    /// All values, also removed ones and gaps in the numbering.
    pub values: PrimaryMap<Value, ValueData>,
    /// All instructions, also removed ones.
    pub insts: PrimaryMap<Inst, InstData>,
    /// All blocks, also removed ones and gaps in the numbering.
    pub blocks: PrimaryMap<Block, BlockData>,
    /// All frame states, also unused ones.
    pub states: FrameStates,
    /// The blocks in order; the first is the entry.
    pub layout: Vec<Block>,
    /// The values that the function owns at an instruction that may leave it by an exit or an error, and gives up if it
    /// does. Each is listed once; it may be null if its type contains null. The pass `refcounts` writes this.
    ///
    /// These are owned *before* the instruction: an instruction that fails has no result. An exit borrows the values of
    /// its state before these are given up.
    pub releases: SecondaryMap<Inst, Vec<Value>>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueData {
    /// Its type.
    pub ty: Type,
    /// Its definition.
    pub def: ValueDef,
}

/// The definition of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueDef {
    /// It is the result of an instruction.
    Result(Inst),
    /// It is the parameter of a block at this position.
    Param(Block, usize),
    /// None: a gap in the numbering.
    Unused,
}

/// An instruction with its result.
#[derive(Clone, Debug, PartialEq)]
pub struct InstData {
    /// The instruction.
    pub instruction: Instruction,
    /// Its result.
    pub result: Option<Value>,
    /// The interpreter's state before it, used for exits, lifetimes and line numbers. Several instructions that stand for
    /// one of the bytecode share it.
    pub state: Option<State>,
    /// The interpreter's state if it raises in the range of a handler: its operands are no longer on the stack.
    /// CPython continues there with the exception raised at that instruction, and finds the handler itself. Without it,
    /// the exception leaves the function.
    pub error: Option<State>,
}

/// A basic block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockData {
    /// Its parameters.
    pub params: Vec<Value>,
    /// Its instructions; the last one ends it.
    pub insts: Vec<Inst>,
}

impl Function {
    /// A function without blocks.
    pub fn new() -> Self {
        Self::default()
    }

    /// The block in which the function starts; `None` in a function without blocks.
    pub fn entry(&self) -> Option<Block> {
        self.layout.first().copied()
    }

    /// The type of a value.
    pub fn ty(&self, value: Value) -> &Type {
        &self.values[value].ty
    }

    /// The instruction that computes a value; `None` for a parameter of a block.
    pub fn definition(&self, value: Value) -> Option<&Instruction> {
        match self.values[value].def {
            ValueDef::Result(inst) => Some(&self.insts[inst].instruction),
            ValueDef::Param(..) | ValueDef::Unused => None,
        }
    }

    /// A value before the guards that it passed: the same object or number.
    pub fn unguarded(&self, value: Value) -> Value {
        let mut value = value;
        while let Some(Instruction::Guard { value: same, .. }) = self.definition(value) {
            value = *same;
        }
        value
    }

    /// The instructions in the order of the text form.
    pub fn instructions(&self) -> impl Iterator<Item = (Block, Inst, &InstData)> {
        self.layout
            .iter()
            .flat_map(move |&block| self.blocks[block].insts.iter().map(move |&inst| (block, inst, &self.insts[inst])))
    }

    /// The frame state of an instruction.
    pub fn state(&self, inst: Inst) -> Option<FrameState> {
        self.insts[inst].state.map(|state| self.states.get(state))
    }

    /// The index of the bytecode instruction for which an instruction stands, if it has a state.
    pub fn place(&self, inst: Inst) -> Option<u32> {
        self.insts[inst].state.map(|state| self.states.at(state))
    }

    /// The state with which CPython continues if an instruction raises.
    pub fn error_state(&self, inst: Inst) -> Option<FrameState> {
        self.insts[inst].error.map(|state| self.states.get(state))
    }

    /// The values that the states of an instruction mention; some come more than once.
    pub fn values_of_states(&self, inst: Inst) -> impl Iterator<Item = Value> {
        let data = &self.insts[inst];
        data.state.into_iter().chain(data.error).flat_map(|state| self.states.values(state))
    }

    /// The block calls with which a block may continue.
    pub fn successors(&self, block: Block) -> Vec<&BlockCall> {
        let last = self.blocks[block].insts.last();
        last.map(|&last| self.insts[last].instruction.targets()).unwrap_or_default()
    }

    /// Replaces a value by another in all instructions and states.
    pub fn replace_uses(&mut self, old: Value, new: Value) {
        let replace = |value: &mut Value| {
            if *value == old {
                *value = new;
            }
        };
        for data in self.insts.values_mut() {
            data.instruction.for_each_operand(replace);
        }
        self.states.replace_values(replace);
    }

    /// Replaces values by others in all instructions and states, and repeats this for the replacements.
    pub fn replace_all(&mut self, replaced: &HashMap<Value, Value>) {
        if replaced.is_empty() {
            return;
        }
        let replace = |value: &mut Value| {
            while let Some(new) = replaced.get(value) {
                *value = *new;
            }
        };
        for data in self.insts.values_mut() {
            data.instruction.for_each_operand(replace);
        }
        self.states.replace_values(replace);
    }

    /// A new block at the end of the layout.
    pub fn add_block(&mut self) -> Block {
        let block = self.blocks.push(BlockData::default());
        self.layout.push(block);
        block
    }

    /// A new parameter of a block.
    pub fn add_param(&mut self, block: Block, ty: Type) -> Value {
        let position = self.blocks[block].params.len();
        let value = self.values.push(ValueData { ty, def: ValueDef::Param(block, position) });
        self.blocks[block].params.push(value);
        value
    }

    /// A new instruction, in no block yet, with a new value as its result if `ty` is given.
    pub fn add_inst(&mut self, instruction: Instruction, ty: Option<Type>) -> Inst {
        let inst = self.insts.push(InstData { instruction, result: None, state: None, error: None });
        self.insts[inst].result = ty.map(|ty| self.values.push(ValueData { ty, def: ValueDef::Result(inst) }));
        inst
    }

    /// Makes the guard with this number, in the order of the text form, one that never holds: the function always
    /// leaves there, and the instructions after it are removed. This is done last, after references are counted.
    /// Returns whether there is such a guard.
    pub fn leave_at(&mut self, number: usize) -> bool {
        // A guard that only removes null from a type follows a test and never fails. Leaving there would repeat the
        // work before its state.
        let takes_null_out =
            |of: &Instruction| matches!(of, Instruction::Guard { ty, .. } if Type::OBJECT.is_subtype(ty));
        let is_guard =
            |data: &InstData| data.instruction.leaves() == Leaves::Exit && !takes_null_out(&data.instruction);
        let guard = self.instructions().filter(|(_, _, data)| is_guard(data)).nth(number);
        let Some((block, inst)) = guard.map(|(block, inst, _)| (block, inst)) else { return false };
        let data = &mut self.insts[inst];
        // A state may mention the value that its own guard lets through.
        if let (Instruction::Guard { value, .. } | Instruction::GuardFinite { value }, Some(result), Some(state)) =
            (&data.instruction, data.result, data.state)
        {
            let value = *value;
            data.state = Some(self.states.derive(state, |slot| {
                if slot.value() == Some(result) {
                    *slot = Slot::Value(value);
                }
            }));
        }
        data.instruction = Instruction::Exit;
        data.result = None;
        data.error = None;
        let insts = &mut self.blocks[block].insts;
        let end = insts.iter().position(|other| *other == inst).map_or(insts.len(), |position| position + 1);
        insts.truncate(end);
        true
    }

    /// Turns a value into a gap after its instruction was removed.
    pub fn forget_value(&mut self, value: Value) {
        self.values[value] = ValueData::unused();
    }
}

impl ValueData {
    /// A gap in the numbering.
    pub fn unused() -> Self {
        Self { ty: Type::BOTTOM, def: ValueDef::Unused }
    }
}
