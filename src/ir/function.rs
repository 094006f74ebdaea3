//! A function in SSA form, plain data.
//!
//! Values, instructions and blocks are indices into the function's maps. What is in `layout` is the function; an
//! instruction or a block that was taken out stays in its map, unreachable, so that indices never change.

use cranelift_entity::PrimaryMap;

use super::entities::{Block, Inst, Value};
use super::instruction::Instruction;
use super::types::Type;

/// A function, or a call site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Function {
    /// Every value that ever was, and gaps in the numbering.
    pub values: PrimaryMap<Value, ValueData>,
    /// Every instruction that ever was.
    pub insts: PrimaryMap<Inst, InstData>,
    /// Every block that ever was, and gaps in the numbering.
    pub blocks: PrimaryMap<Block, BlockData>,
    /// The blocks in order; the first is the entry.
    pub layout: Vec<Block>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueData {
    /// What is known about it.
    pub ty: Type,
    /// Where it comes from.
    pub def: ValueDef,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueDef {
    /// It is the result of an instruction.
    Result(Inst),
    /// It is the parameter of a block at this position.
    Param(Block, usize),
    /// Nowhere: a gap in the numbering.
    Unused,
}

/// An instruction with its result.
#[derive(Clone, Debug, PartialEq)]
pub struct InstData {
    /// What it does.
    pub instruction: Instruction,
    /// What it computes.
    pub result: Option<Value>,
}

/// A basic block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockData {
    /// Its parameters.
    pub params: Vec<Value>,
    /// Its instructions, the last of which ends it.
    pub insts: Vec<Inst>,
}

impl Function {
    /// A function without blocks.
    pub fn new() -> Self {
        Self::default()
    }

    /// The block that the function starts in; `None` in a function without blocks.
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

    /// The instructions in the order of the text form.
    pub fn instructions(&self) -> impl Iterator<Item = (Block, Inst, &InstData)> {
        self.layout
            .iter()
            .flat_map(move |&block| self.blocks[block].insts.iter().map(move |&inst| (block, inst, &self.insts[inst])))
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
        let inst = self.insts.push(InstData { instruction, result: None });
        self.insts[inst].result = ty.map(|ty| self.values.push(ValueData { ty, def: ValueDef::Result(inst) }));
        inst
    }

    /// Turns a value into a gap, once the instruction that computed it is gone.
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
