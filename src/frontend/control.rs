//! Connects blocks: jumps, branches, loops.

use super::builder::{BlockPlace, FrontendBuilder};
use super::flow::{FlowGraph, SlotKinds};
use super::refusal::{Refusal, RefusalReason};
use crate::bytecode::{Code, Condition, Target};
use crate::ir::{BlockCall, Failure, Function, Instruction, Operation, Type, Value};

/// Builds the function, with a parameter for every slot at every block with several predecessors.
pub(super) fn build(code: &Code, flow: &FlowGraph) -> Result<Function, Refusal> {
    let mut builder = FrontendBuilder::new(code, flow);
    builder.load_arguments()?;
    builder.go_to_first();
    for (start, kinds) in flow.starts() {
        if builder.enter_block(start, kinds) {
            builder.build_from(start)?;
        }
    }
    Ok(builder.finish())
}

impl FrontendBuilder<'_> {
    fn load_arguments(&mut self) -> Result<(), Refusal> {
        for index in 0..self.code.arguments.total() {
            let Ok(position) = u16::try_from(index) else { return self.refuse(RefusalReason::TooManyArguments) };
            let value = self.emit(Instruction::LoadArg { index: position }, Some(Type::OBJECT));
            let Some(local) = self.environment.locals.get_mut(index as usize) else {
                return self.refuse(RefusalReason::Malformed("there are more arguments than locals"));
            };
            *local = value;
        }
        Ok(())
    }

    /// Goes from the entry, to which nothing may jump, to the first instruction.
    fn go_to_first(&mut self) {
        self.start_instruction(0);
        self.go_to(0);
    }

    /// Continues in the block that starts at an instruction; returns false if it is unreachable.
    fn enter_block(&mut self, start: Target, kinds: &SlotKinds) -> bool {
        if self.flow.is_merge(start) {
            let block = self.block_of(start, |builder| &mut builder.merges);
            self.enter(block);
            self.environment.locals = self.params(block, &kinds.locals);
            self.environment.stack = self.params(block, &kinds.stack);
            return true;
        }
        let Some(place) = self.places[start as usize].take() else { return false };
        if !place.begun {
            self.function.layout.push(place.block);
        }
        self.block = place.block;
        self.environment = place.environment;
        true
    }

    /// Translates to the end of the block.
    fn build_from(&mut self, start: Target) -> Result<(), Refusal> {
        let mut at = start;
        loop {
            self.start_instruction(at);
            // `Code::depths` has checked that the code does not run off its end.
            let op = &self.code.instructions[at as usize].op;
            if !std::mem::take(&mut self.skip) {
                self.translate(op)?;
            }
            if op.target().is_some() || !op.falls_through() {
                return Ok(());
            }
            at += 1;
            if self.flow.is_start(at) {
                self.go_to(at);
                return Ok(());
            }
        }
    }

    /// Continues at an instruction anywhere in the function.
    pub(super) fn go_to(&mut self, target: Target) {
        if self.flow.is_merge(target) {
            self.end_with_jump(target);
        } else {
            let environment = std::mem::take(&mut self.environment);
            self.places[target as usize] = Some(BlockPlace { block: self.block, begun: true, environment });
        }
    }

    fn end_with_jump(&mut self, target: Target) {
        let args = self.all_values();
        let block = self.block_of(target, |builder| &mut builder.merges);
        self.end(Instruction::Jump { target: BlockCall { block, args } });
    }

    /// An unconditional jump.
    pub(super) fn jump(&mut self, target: Target) {
        if target <= self.at {
            self.operate(Operation::Poll, Vec::new());
        }
        self.go_to(target);
    }

    /// A conditional jump on the object on top of the stack, from which it is popped.
    pub(super) fn jump_if(&mut self, condition: Condition, target: Target) -> Result<(), Refusal> {
        let object = self.pop_object()?;
        let truth = match condition {
            Condition::True | Condition::False => self.truth(object),
            Condition::None | Condition::NotNone => {
                let none = self.none();
                self.result(Operation::Is, vec![object, none])
            }
        };
        let after = self.at + 1;
        match condition {
            Condition::True | Condition::None => self.branch(truth, target, after),
            Condition::False | Condition::NotNone => self.branch(truth, after, target),
        }
        Ok(())
    }

    /// The truth of an object. A value that was just boxed is used directly.
    pub(super) fn truth(&mut self, object: Value) -> Value {
        match self.function.definition(object) {
            Some(&Instruction::Box { value }) if self.function.ty(value).is_subtype(&Type::C_BOOL) => value,
            _ => self.result(Operation::IsTrue, vec![object]),
        }
    }

    /// The next item of the iterator on top of the stack, or the iterator popped and a jump.
    pub(super) fn for_iter(&mut self, target: Target) -> Result<(), Refusal> {
        let iterator = self.peek(1)?;
        let item = self.result(Operation::IterNext, vec![iterator]);
        let is_exhausted = self.result(Operation::IsNull, vec![item]);
        let body = self.create_block();
        let mut environment = self.environment.clone();
        self.environment.stack.pop();
        let then = self.way(target);
        self.end(Instruction::Branch {
            condition: is_exhausted,
            then,
            otherwise: BlockCall { block: body, args: Vec::new() },
        });
        self.enter(body);
        std::mem::swap(&mut self.environment, &mut environment);
        // A value that is not null is an object. The guard says so to the types, and never fails.
        let object = self
            .emit(Instruction::Guard { ty: Type::OBJECT, value: item, failure: Failure::Never }, Some(Type::OBJECT));
        self.environment.stack.push(object);
        self.go_to(self.at + 1);
        Ok(())
    }

    fn branch(&mut self, condition: Value, then: Target, otherwise: Target) {
        let mut polls = Vec::new();
        let [then, otherwise] = [then, otherwise].map(|target| {
            if target > self.at {
                return self.way(target);
            }
            let block = self.create_block();
            polls.push((block, target));
            BlockCall { block, args: Vec::new() }
        });
        self.end(Instruction::Branch { condition, then, otherwise });
        for (block, target) in polls {
            self.enter(block);
            // This is after the jump: an exit must not repeat it.
            self.start_instruction(target);
            self.operate(Operation::Poll, Vec::new());
            self.end_with_jump(target);
        }
    }

    /// A forward edge from a block, with the current locals and stack.
    fn way(&mut self, target: Target) -> BlockCall {
        if self.flow.is_merge(target) {
            let args = self.all_values();
            return BlockCall { block: self.block_of(target, |builder| &mut builder.merges), args };
        }
        let block = self.create_block();
        let environment = self.environment.clone();
        self.places[target as usize] = Some(BlockPlace { block, begun: false, environment });
        BlockCall { block, args: Vec::new() }
    }

    /// Returns the top of the stack.
    pub(super) fn return_top(&mut self) -> Result<(), Refusal> {
        let value = self.pop_object()?;
        self.end(Instruction::Return { value });
        Ok(())
    }
}
