//! Builds the function: the values of locals and stack, and instructions with their states.

use cranelift_entity::PrimaryMap;

use super::constants::Constants;
use super::flow::{FlowGraph, SlotKind};
use super::refusal::{Refusal, RefusalReason};
use crate::bytecode::{Code, Target};
use crate::ir::{Block, BlockData, FrameState, Function, Instruction, Operation, Slot, State, Type, Value, ValueData};

/// The number of values that are reserved for the loads of a prologue: function, globals, builtins, closure, context,
/// thread state.
const RESERVED: usize = 6;

/// The contents of locals and stack: each slot holds a value, or is certainly null.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    pub(super) locals: Vec<Option<Value>>,
    pub(super) stack: Vec<Option<Value>>,
}

/// A block with one known predecessor, and the environment at its start.
#[derive(Clone, Debug)]
pub(super) struct BlockPlace {
    pub(super) block: Block,
    /// Whether it is in the layout, and has instructions.
    pub(super) begun: bool,
    pub(super) environment: Environment,
}

/// Builds a function.
pub(super) struct FrontendBuilder<'a> {
    pub(super) code: &'a Code,
    pub(super) flow: &'a FlowGraph,
    pub(super) constants: Constants,
    pub(super) function: Function,
    /// Index of the instruction that is being translated.
    pub(super) at: Target,
    pub(super) environment: Environment,
    /// The stack before the instruction that is being translated.
    before: Vec<Option<Value>>,
    /// The state before it, if something needed it.
    state: Option<State>,
    pub(super) block: Block,
    /// By bytecode instruction: the block that starts there, if it has several predecessors.
    pub(super) merges: Vec<Option<Block>>,
    /// By bytecode instruction: the place of the code that starts there, if it has one predecessor.
    pub(super) places: Vec<Option<BlockPlace>>,
    /// The null pointer, if something needed it; at the end it is in the entry block.
    null: Option<Value>,
    /// Whether the next instruction is already translated.
    pub(super) skip: bool,
}

impl<'a> FrontendBuilder<'a> {
    pub(super) fn new(code: &'a Code, flow: &'a FlowGraph) -> Self {
        let mut function = Function::new();
        let mut values = PrimaryMap::new();
        (0..RESERVED).for_each(|_| {
            values.push(ValueData::unused());
        });
        function.values = values;
        let block = function.add_block();
        let count = code.instructions.len();
        Self {
            code,
            flow,
            constants: Constants::of(code),
            function,
            at: 0,
            environment: Environment { locals: vec![None; code.locals.len()], stack: Vec::new() },
            before: Vec::new(),
            state: None,
            block,
            merges: vec![None; count],
            places: vec![None; count],
            null: None,
            skip: false,
        }
    }

    /// The function.
    pub(super) fn finish(mut self) -> Function {
        if let (Some(null), Some(entry)) = (self.null, self.function.entry())
            && let crate::ir::ValueDef::Result(inst) = self.function.values[null].def
        {
            self.function.blocks[entry].insts.insert(0, inst);
        }
        self.function
    }

    /// Goes to the next instruction of the bytecode.
    pub(super) fn start_instruction(&mut self, at: Target) {
        self.at = at;
        self.state = None;
        self.before.clear();
        self.before.extend_from_slice(&self.environment.stack);
    }

    /// The refusal of the function for this instruction.
    pub(super) fn refuse<T>(&self, reason: RefusalReason) -> Result<T, Refusal> {
        Err(reason.at(self.code, self.at))
    }

    /// Leaves a gap in the numbering.
    pub(super) fn skip_number(&mut self) {
        self.function.values.push(ValueData::unused());
    }

    pub(super) fn push(&mut self, value: Value) {
        self.environment.stack.push(Some(value));
    }

    /// Pops the stack; the slot may be null.
    pub(super) fn pop(&mut self) -> Result<Option<Value>, Refusal> {
        match self.environment.stack.pop() {
            Some(slot) => Ok(slot),
            None => self.refuse(RefusalReason::Malformed("the stack is empty")),
        }
    }

    /// Pops an object.
    pub(super) fn pop_object(&mut self) -> Result<Value, Refusal> {
        match self.pop()? {
            Some(value) if self.function.ty(value).is_object() => Ok(value),
            _ => self.refuse(RefusalReason::Malformed("null lies where an object is needed")),
        }
    }

    /// Pops this many objects; the top of the stack is the last.
    pub(super) fn pop_objects(&mut self, count: u32) -> Result<Vec<Value>, Refusal> {
        let mut objects = (0..count).map(|_| self.pop_object()).collect::<Result<Vec<_>, _>>()?;
        objects.reverse();
        Ok(objects)
    }

    /// The object at this depth of the stack; 1 is the top.
    pub(super) fn peek(&self, depth: u32) -> Result<Value, Refusal> {
        let stack = &self.environment.stack;
        let slot = stack.len().checked_sub(depth as usize).and_then(|index| stack.get(index));
        match slot {
            Some(&Some(value)) => Ok(value),
            _ => self.refuse(RefusalReason::Malformed("null lies where an object is needed")),
        }
    }

    /// The value of a slot; null has a value too.
    pub(super) fn value_or_null(&mut self, slot: Option<Value>) -> Value {
        if let Some(value) = slot.or(self.null) {
            return value;
        }
        let inst = self.function.add_inst(Instruction::LoadConst, Some(Type::NULLPTR));
        let value = self.function.insts[inst].result.expect("an instruction added with a type has a result");
        *self.null.insert(value)
    }

    /// A constant.
    pub(super) fn constant(&mut self, ty: Type) -> Value {
        self.append(Instruction::LoadConst, Some(ty)).expect("an instruction added with a type has a result")
    }

    /// `None`.
    pub(super) fn none(&mut self) -> Value {
        let ty = self.constants.none();
        self.constant(ty)
    }

    /// Adds an operation; returns its result.
    pub(super) fn operate(&mut self, operation: Operation, args: Vec<Value>) -> Option<Value> {
        let ty = operation.shape().result;
        self.emit(Instruction::Operate { operation, args }, ty)
    }

    /// Adds an operation that has a result, and returns that.
    pub(super) fn result(&mut self, operation: Operation, args: Vec<Value>) -> Value {
        let ty = operation.shape().result.unwrap_or(Type::OBJECT);
        let result = self.emit(Instruction::Operate { operation, args }, Some(ty));
        result.expect("an instruction added with a type has a result")
    }

    /// Adds an operation that has a result, and pushes that.
    pub(super) fn push_operate(&mut self, operation: Operation, args: Vec<Value>) {
        let result = self.result(operation, args);
        self.push(result);
    }

    /// Adds an instruction with the states that it needs. Its operands are no longer on the stack.
    pub(super) fn emit(&mut self, instruction: Instruction, ty: Option<Type>) -> Option<Value> {
        let effects = instruction.effects();
        let is_handled = effects.raises && self.flow.handler(self.code, self.at).is_some();
        let needs_state = effects.is_noticed() || matches!(instruction, Instruction::Guard { .. });
        let state = needs_state.then(|| self.state());
        let error = is_handled.then(|| self.error_state());
        let result = self.append(instruction, ty);
        self.mark_last(state, error);
        result
    }

    /// Pushes a truth value as an object, which never fails.
    pub(super) fn push_bool(&mut self, truth: Value) {
        let result = self.append(Instruction::Box { value: truth }, Some(Type::BOOL));
        self.environment.stack.push(result);
    }

    /// Ends the block. `Return` has a state, which says what lives until then, and `Exit` one to leave with.
    pub(super) fn end(&mut self, instruction: Instruction) {
        let state = matches!(instruction, Instruction::Return { .. } | Instruction::Exit).then(|| self.state());
        self.append(instruction, None);
        self.mark_last(state, None);
    }

    /// Gives the last instruction its states.
    fn mark_last(&mut self, state: Option<State>, error: Option<State>) {
        let Some(&inst) = self.function.blocks[self.block].insts.last() else { return };
        let data = &mut self.function.insts[inst];
        data.state = state;
        data.error = error;
    }

    fn append(&mut self, instruction: Instruction, ty: Option<Type>) -> Option<Value> {
        let inst = self.function.add_inst(instruction, ty);
        self.function.blocks[self.block].insts.push(inst);
        self.function.insts[inst].result
    }

    /// A block that is not laid out yet.
    pub(super) fn create_block(&mut self) -> Block {
        self.function.blocks.push(BlockData::default())
    }

    /// Lays out a block, and continues in it.
    pub(super) fn enter(&mut self, block: Block) {
        self.function.layout.push(block);
        self.block = block;
    }

    /// The state before the instruction of the bytecode.
    fn state(&mut self) -> State {
        let (at, environment) = (self.at, &self.environment);
        let (locals, before, states) = (&environment.locals, &self.before, &mut self.function.states);
        *self.state.get_or_insert_with(|| states.push(frame_state(at, locals, before)))
    }

    /// The state in which an exception of the instruction is handled: its operands are popped.
    fn error_state(&mut self) -> State {
        let Environment { locals, stack } = &self.environment;
        self.function.states.push(frame_state(self.at, locals, stack))
    }

    pub(super) fn values_of_locals(&mut self) -> Vec<Value> {
        (0..self.environment.locals.len()).map(|local| self.value_or_null(self.environment.locals[local])).collect()
    }

    /// Every local and every value on the stack, for the parameters of a block.
    pub(super) fn all_values(&mut self) -> Vec<Value> {
        let mut values = self.values_of_locals();
        values.extend((0..self.environment.stack.len()).map(|slot| self.value_or_null(self.environment.stack[slot])));
        values
    }

    /// The block that starts at an instruction, from one of the lists.
    pub(super) fn block_of(&mut self, at: Target, list: impl Fn(&mut Self) -> &mut Vec<Option<Block>>) -> Block {
        if let Some(block) = list(self)[at as usize] {
            return block;
        }
        let block = self.create_block();
        list(self)[at as usize] = Some(block);
        block
    }

    /// Parameters of a block for slots of these kinds.
    pub(super) fn params(&mut self, block: Block, kinds: &[SlotKind]) -> Vec<Option<Value>> {
        let param = |kind: &SlotKind| {
            let ty = match kind {
                SlotKind::Object => Type::OBJECT,
                SlotKind::Nullable => Type::OBJECT.or_null(),
            };
            Some(self.function.add_param(block, ty))
        };
        kinds.iter().map(param).collect()
    }
}

fn frame_state(at: Target, locals: &[Option<Value>], stack: &[Option<Value>]) -> FrameState {
    let slots = |slots: &[Option<Value>]| slots.iter().map(|slot| slot.map_or(Slot::Empty, Slot::Value)).collect();
    FrameState { at, locals: slots(locals), stack: slots(stack) }
}
