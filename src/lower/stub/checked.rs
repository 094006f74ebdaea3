//! The code that a stub of a function without a wrapper has instead of a fallback: CPython's own parser reads the
//! arguments, and the same call is made with the parsed values.
//!
//! The parser writes *slots* on the stub's stack: 8 bytes for each C argument that comes from the call's arguments, in
//! their order. After them come the objects that it holds in place of arguments that were left out, then the
//! `Py_buffer`s.

use cranelift_codegen::ir::{Block, InstBuilder, StackSlot, Value, types};

use super::arguments::{ARGUMENTS_COUNT_MASK, Exits, StubArguments};
use super::arm_code::ArmCall;
use super::cell::CellField;
use super::frame::Convention;
use super::plan::{Arm, Plan};
use crate::cpython::PY_BUFFER_BYTES;
use crate::ir::{self, Instruction};
use crate::lower::convention::MethodConvention;
use crate::lower::emit::admitted::View;
use crate::lower::emit::emitter::{Emitter, POINTER_BYTES, TRUSTED};
use crate::lower::emit::prototype::c_prototype;
use crate::lower::emit::values::Values;
use crate::lower::machine::CType;
use crate::lower::symbol::Symbol;

/// The data on the stack while the parser and the function run. In registers that survive calls it would have to be
/// saved on the likely path too.
struct ParsedHeld {
    /// Space for the cell, the result, and the receiver if the call passes one.
    cell: StackSlot,
    slots: StackSlot,
    receiver: bool,
}

/// The place of the cell.
const CELL: i32 = 0;
const RESULT: i32 = POINTER_BYTES;
const RECEIVER: i32 = 2 * POINTER_BYTES;

impl Emitter<'_, '_> {
    /// Parses, makes the call of the only arm, and goes to `result`.
    pub(super) fn parse_and_call(&mut self, plan: &Plan, arguments: &StubArguments, result: Block) {
        let [arm] = &plan.arms[..] else { unreachable!("a function without a wrapper has one overload") };
        let hold = !plan.runs_python();
        if hold {
            self.incref(arguments.cell);
        }
        let (slots, buffers) = slots_of(arm);
        let bytes = slots * POINTER_BYTES as usize + buffers * PY_BUFFER_BYTES;
        let room = u32::try_from(bytes).expect("a call has at most 16 parameters");
        let receiver =
            arguments.receiver.filter(|_| arm.instructions().any(|inst| matches!(inst, Instruction::LoadSelf)));
        let held = ParsedHeld {
            cell: self.stack_slot(if receiver.is_some() { 3 } else { 2 }),
            slots: self.stack_bytes(room.max(POINTER_BYTES as u32)),
            receiver: receiver.is_some(),
        };
        self.store_held(held.cell, CELL, arguments.cell);
        if let Some(receiver) = receiver {
            self.store_held(held.cell, RECEIVER, receiver);
        }

        let (give_up, done) = (self.cold_block(), self.cold_block());
        self.builder.append_block_param(done, types::I64);
        let status = self.parse(plan, arguments, &held);
        self.refuse(status, give_up);
        self.run(plan, arguments, &held, Exits { result: done, error: give_up, fallback: give_up, next_arm: give_up });
        // A parser that failed has released what it held already; releasing it once more has no effect.
        self.enter(give_up);
        let null = self.null();
        self.builder.ins().jump(done, &[null.into()]);

        self.enter(done);
        let mut object = self.builder.block_params(done)[0];
        let releases = buffers > 0 || arm.held > 0;
        if releases || hold {
            self.store_held(held.cell, RESULT, object);
            if releases {
                // This comes after the result is made, because the result may point into what is released.
                let parser = self.parser(&held);
                let slots = self.stack_address(held.slots);
                self.call_function(Symbol::ReleaseBuffers, &[parser, slots]);
            }
            if hold {
                let cell = self.load_held(held.cell, CELL);
                self.decref(cell);
            }
            object = self.load_held(held.cell, RESULT);
        }
        self.builder.ins().jump(result, &[object.into()]);
    }

    /// Calls the parser. The result is not 0 if it raised.
    fn parse(&mut self, plan: &Plan, arguments: &StubArguments, held: &ParsedHeld) -> Value {
        let raw = &arguments.raw;
        let (array, count, names) = match plan.frame.convention {
            Convention::Method(MethodConvention::O) => self.spilled(&raw[1..]),
            Convention::Method(method) => match method.array_at() {
                Some(array) => (raw[array], raw[array + 1], raw.get(array + 2).copied().unwrap_or_else(|| self.null())),
                None => self.spilled(&[]),
            },
            Convention::Objects { .. } => {
                let (array, mut count, mut names) = self.spilled(raw);
                let named = i64::from(plan.arms[0].keywords);
                if named > 0 {
                    count = self.builder.ins().iadd_imm_s(count, -named);
                    let cell = self.load_held(held.cell, 0);
                    names = self.load_field(cell, CellField::Keywords);
                }
                (array, count, names)
            }
            Convention::Vectorcall => {
                let count = self.builder.ins().band_imm_s(raw[2], ARGUMENTS_COUNT_MASK);
                (raw[1], count, raw[3])
            }
        };
        let parser = self.parser(held);
        let slots = self.stack_address(held.slots);
        self.call_symbol(Symbol::ParseArguments, &[parser, array, count, names, slots])
    }

    /// Makes the call with the values in the slots.
    fn run(&mut self, plan: &Plan, arguments: &StubArguments, held: &ParsedHeld, exits: Exits) {
        let arm = &plan.arms[0];
        let mut values = Values::default();
        let slots = self.stack_address(held.slots);
        let mut offset = 0;
        for (value, ty) in slot_arguments(arm) {
            let mut parts = Vec::with_capacity(ty.parts());
            for _ in 0..ty.parts() {
                parts.push(self.load(ty.clif(), slots, offset));
                offset += POINTER_BYTES;
            }
            values.set_parts(value, &parts);
        }
        let cell = self.load_held(held.cell, CELL);
        let receiver = held.receiver.then(|| self.load_held(held.cell, RECEIVER));
        let call = ArmCall { plan, arm, exits, cell, receiver, objects: Vec::new(), arguments };
        self.rest_of_arm(&call, values, |instruction| !reads_arguments(instruction));
    }

    fn spilled(&mut self, objects: &[Value]) -> (Value, Value, Value) {
        let array = self.spill(objects);
        let count = i64::try_from(objects.len()).expect("a call has at most 16 arguments");
        (array, self.builder.ins().iconst(types::I64, count), self.null())
    }

    fn parser(&mut self, held: &ParsedHeld) -> Value {
        let cell = self.load_held(held.cell, CELL);
        self.load_field(cell, CellField::Reader)
    }

    fn store_held(&mut self, slot: StackSlot, offset: i32, value: Value) {
        let address = self.stack_address(slot);
        self.builder.ins().store(TRUSTED, value, address, offset);
    }

    fn load_held(&mut self, slot: StackSlot, offset: i32) -> Value {
        let address = self.stack_address(slot);
        self.load(types::I64, address, offset)
    }
}

/// Whether the parser replaces this instruction.
fn reads_arguments(instruction: &Instruction) -> bool {
    match instruction {
        Instruction::LoadArg { .. }
        | Instruction::Guard { .. }
        | Instruction::NullIfNone { .. }
        | Instruction::Unbox { .. }
        | Instruction::UnboxReal { .. }
        | Instruction::ToForeign { .. } => true,
        Instruction::LoadConst
        | Instruction::LoadSelf
        | Instruction::LoadContext
        | Instruction::CallCFunction { .. }
        | Instruction::Box { .. }
        | Instruction::FromForeign { .. }
        | Instruction::Incref { .. }
        | Instruction::Decref { .. }
        | Instruction::Return { .. }
        | Instruction::VectorCall { .. }
        | Instruction::VectorCallStatic { .. }
        | Instruction::Operate { .. }
        | Instruction::MethodSelf { .. }
        | Instruction::Assume { .. }
        | Instruction::GuardFinite { .. }
        | Instruction::Arithmetic { .. }
        | Instruction::CompareNumbers { .. }
        | Instruction::Jump { .. }
        | Instruction::Branch { .. }
        | Instruction::Exit
        | Instruction::Unreachable => false,
    }
}

/// The C arguments that come from slots, in order: all but the context and the receiver.
fn slot_arguments(arm: &Arm) -> Vec<(ir::Value, CType)> {
    let function = &arm.function;
    let is_given =
        |value: ir::Value| matches!(function.definition(value), Some(Instruction::LoadContext | Instruction::LoadSelf));
    let call = arm.instructions().find_map(|instruction| match instruction {
        Instruction::CallCFunction { callee, args } => Some((callee, args)),
        _ => None,
    });
    let Some((callee, args)) = call else { return Vec::new() };
    let (_, overload) = arm.callees.overload(callee).expect("`plan_arm` refuses unknown callees");
    let (parameters, _) = c_prototype(overload).expect("`plan_arm` refuses what has no C type");
    args.iter().copied().zip(parameters).filter(|(value, _)| !is_given(*value)).collect()
}

/// The number of words that the parser writes (a slot for each C value, a word for each object that it holds), and the
/// number of `Py_buffer`s.
fn slots_of(arm: &Arm) -> (usize, usize) {
    let slots: usize = slot_arguments(arm).iter().map(|(_, ty)| ty.parts()).sum();
    let is_buffer = |instruction: &&Instruction| matches!(instruction, Instruction::Unbox { ctype, .. } if View::of(ctype) == Some(View::Bytes));
    let buffers = arm.instructions().filter(is_buffer).count();
    (slots + usize::from(arm.held), buffers)
}
