//! Arms whose arguments may be given by name, or left out.
//!
//! If all arguments are given by position, the path is the same as in other stubs. For all other calls, off the likely
//! path, `runtime::stub::matching` fills an array on the stub's stack, and the code continues with that array. Values
//! that are needed after that call go through the stack too, and come back as the parameters of a block: in registers
//! that survive calls they would have to be saved on the likely path.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, StackSlot, Value, types};

use super::arguments::{Exits, Objects, StubArguments};
use super::arm_code::ArmCall;
use super::cell::CellField;
use super::plan::{Arm, Given, Plan};
use crate::lower::emit::emitter::{Emitter, POINTER_BYTES, TRUSTED};
use crate::lower::symbol::Symbol;

/// The values that a stub's code needs while it may still go to the fallback: the cell, and after it the C arguments.
type FallbackState = Vec<Value>;

/// The references that an arm holds to the defaults of arguments that were left out: some words on the stub's stack.
#[derive(Clone, Copy)]
struct HeldDefaults {
    found: StackSlot,
    /// The first of the words.
    first: u16,
    count: u16,
}

impl HeldDefaults {
    fn offsets(self) -> impl Iterator<Item = i32> {
        (self.first..self.first + self.count).map(|word| i32::from(word) * POINTER_BYTES)
    }
}

impl Emitter<'_, '_> {
    /// Emits the arms of a plan, if some of them match arguments. The result is the arguments for the fallback.
    pub(super) fn matching_arms(&mut self, plan: &Plan, cell: Value, raw: Vec<Value>, exits: Exits) -> StubArguments {
        let mut state: FallbackState = [vec![cell], raw].concat();
        let fallback_state = self.state_params(exits.fallback, state.len());
        for (position, arm) in plan.arms.iter().enumerate() {
            let is_last = position + 1 == plan.arms.len();
            let (next, next_state) = if is_last {
                (exits.fallback, fallback_state.clone())
            } else {
                let next = self.block();
                (next, self.state_params(next, state.len()))
            };
            // Guards branch without values: each arm has its own blocks, which pass the state along.
            let (leave, give_up) = (self.cold_block(), self.cold_block());
            let own = Exits { fallback: give_up, next_arm: leave, ..exits };
            let arguments = self.arguments(plan, state[0], state[1..].to_vec(), None);
            let after = match arm.given {
                Given::ByPosition => {
                    self.arm(plan, arm, &arguments, own);
                    state
                }
                Given::Matched | Given::AlwaysMatched => self.matching_arm(plan, arm, &arguments, own, next),
            };
            self.enter(leave);
            self.go(next, &after);
            self.enter(give_up);
            self.go(exits.fallback, &after);
            if !is_last {
                self.enter(next);
            }
            state = next_state;
        }
        // The caller enters the fallback next; these are its parameters.
        let raw = fallback_state[1..].to_vec();
        let receiver = plan.frame.bound_receiver(&raw);
        StubArguments { cell: fallback_state[0], raw, receiver, objects: Objects::Values(Vec::new()) }
    }

    /// Emits an arm. The result is the state with which the code leaves the arm.
    fn matching_arm(
        &mut self,
        plan: &Plan,
        arm: &Arm,
        arguments: &StubArguments,
        exits: Exits,
        next: Block,
    ) -> FallbackState {
        let Objects::Array { start, count, names } = arguments.objects else {
            unreachable!("only calls with an array of arguments give some by name or leave some out")
        };
        let state: FallbackState = [vec![arguments.cell], arguments.raw.clone()].concat();
        let receivers = plan.frame.receivers_in_array();
        let first = match receivers {
            0 => start,
            _ => self.builder.ins().iadd_imm_s(start, i64::from(receivers) * i64::from(POINTER_BYTES)),
        };
        // The array that is filled off the likely path, and after it the objects that are held.
        let words = usize::from(arm.arity + arm.held).max(1);
        let (saved, found) = (self.stack_slot(state.len()), self.stack_slot(words));
        let held = HeldDefaults { found, first: arm.arity, count: arm.held };
        self.hold_nothing(held);
        let ready = self.block();
        let array = self.builder.append_block_param(ready, types::I64);
        let after = self.state_params(ready, state.len());
        if arm.given == Given::Matched {
            let matching = self.cold_block();
            if let Some(names) = names {
                self.refuse(names, matching);
            }
            let all = self.builder.ins().icmp_imm_s(IntCC::Equal, count, i64::from(arm.arity + receivers));
            self.builder.ins().brif(all, ready, &block_args(&[&[first], &state[..]].concat()), matching, &[]);
            self.enter(matching);
        }
        let mut given = count;
        if receivers > 0 {
            // A call without a receiver is invalid.
            let some = self.block();
            self.builder.ins().brif(count, some, &[], next, &block_args(&state));
            self.enter(some);
            given = self.builder.ins().iadd_imm_s(count, -i64::from(receivers));
        }
        let place = self.stack_address(saved);
        for (position, value) in (0i32..).zip(&state) {
            self.builder.ins().store(TRUSTED, *value, place, position * POINTER_BYTES);
        }
        let parameters = self.load_field(arguments.cell, CellField::Parameters);
        let overload = self.builder.ins().iconst(types::I64, i64::from(arm.overload));
        let names = names.unwrap_or_else(|| self.null());
        let out = self.stack_address(found);
        let passed = [parameters, overload, first, given, names, out];
        let status = self.call_symbol(Symbol::MatchArguments, &passed);
        let place = self.stack_address(saved);
        let state: FallbackState =
            (0i32..).take(state.len()).map(|position| self.load(types::I64, place, position * POINTER_BYTES)).collect();
        let out = self.stack_address(found);
        let matched = block_args(&[&[out], &state[..]].concat());
        self.builder.ins().brif(status, next, &block_args(&state), ready, &matched);

        self.enter(ready);
        let inner = if arm.held == 0 { exits } else { self.inner_exits() };
        let receiver = match receivers {
            0 => plan.frame.bound_receiver(&after[1..]),
            _ => {
                // The second C argument of a vectorcall is the array.
                Some(self.checked_receiver(after[2], after[0], inner.fallback))
            }
        };
        let objects = self.elements(array, 0, arm.arity);
        let raw = after[1..].to_vec();
        let arguments = StubArguments { cell: after[0], raw, receiver, objects: Objects::Values(Vec::new()) };
        self.arm_code(&ArmCall { plan, arm, exits: inner, cell: after[0], receiver, objects, arguments: &arguments });
        if arm.held > 0 {
            self.give_up_held(held, inner, exits);
        }
        after
    }

    /// Records that nothing is held so far.
    fn hold_nothing(&mut self, held: HeldDefaults) {
        if held.count == 0 {
            return;
        }
        let (start, null) = (self.stack_address(held.found), self.null());
        for offset in held.offsets() {
            self.builder.ins().store(TRUSTED, null, start, offset);
        }
    }

    /// The exits of code that holds something.
    fn inner_exits(&mut self) -> Exits {
        let result = self.block();
        self.builder.append_block_param(result, types::I64);
        Exits { result, error: self.cold_block(), fallback: self.cold_block(), next_arm: self.cold_block() }
    }

    /// Releases held defaults on each exit, then goes on to the outer one.
    fn give_up_held(&mut self, held: HeldDefaults, inner: Exits, outer: Exits) {
        for (from, to) in
            [(inner.error, outer.error), (inner.fallback, outer.fallback), (inner.next_arm, outer.next_arm)]
        {
            self.enter(from);
            self.decref_held(held);
            self.builder.ins().jump(to, &[]);
        }
        self.enter(inner.result);
        let object = self.builder.block_params(inner.result)[0];
        self.decref_held(held);
        self.builder.ins().jump(outer.result, &[object.into()]);
    }

    fn decref_held(&mut self, held: HeldDefaults) {
        for offset in held.offsets() {
            let start = self.stack_address(held.found);
            let object = self.load(types::I64, start, offset);
            let (some, done) = (self.block(), self.block());
            self.builder.ins().brif(object, some, &[], done, &[]);
            self.enter(some);
            self.decref(object);
            self.builder.ins().jump(done, &[]);
            self.enter(done);
        }
    }

    fn state_params(&mut self, block: Block, count: usize) -> FallbackState {
        (0..count).map(|_| self.builder.append_block_param(block, types::I64)).collect()
    }

    fn go(&mut self, block: Block, state: &[Value]) {
        self.builder.ins().jump(block, &block_args(state));
    }
}

fn block_args(values: &[Value]) -> Vec<BlockArg> {
    values.iter().map(|value| BlockArg::from(*value)).collect()
}
