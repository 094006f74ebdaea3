//! How calls are counted: hits by an instruction on the likely path, fallbacks by reason off it.

use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::arguments::{ARGUMENTS_COUNT_MASK, Objects, StubArguments};
use super::cell::CellField;
use super::frame::Convention;
use super::plan::Plan;
use crate::lower::convention::MethodConvention;
use crate::lower::emit::emitter::{Emitter, POINTER_BYTES, TRUSTED};
use crate::lower::symbol::Symbol;

impl Emitter<'_, '_> {
    /// Counts a hit. The thread holds the GIL here, so that no other thread counts meanwhile.
    pub(super) fn count_hit(&mut self) {
        let hits = self.address(Symbol::Hits);
        let before = self.load(types::I64, hits, 0);
        let after = self.builder.ins().iadd_imm_s(before, 1);
        self.builder.ins().store(TRUSTED, after, hits, 0);
    }

    /// Has the runtime find out why the fallback is taken. The result is the arguments again: values that are needed
    /// after the call go through the stack, because in registers that survive calls they would have to be saved on the
    /// likely path.
    pub(super) fn count_fallback(&mut self, plan: &Plan, arguments: &StubArguments) -> StubArguments {
        let mut state = [&[arguments.cell], &arguments.raw[..]].concat();
        // The cell knows more about the object that the original is called on: this saves one register on the likely
        // path.
        let is_argument = matches!(plan.frame.convention, Convention::Objects { .. });
        if !is_argument && plan.frame.bound_receiver(&arguments.raw).is_none() {
            state[1] = arguments.cell;
        }
        let slot = self.stack_slot(state.len());
        let place = self.stack_address(slot);
        for (position, value) in (0i32..).zip(&state) {
            self.builder.ins().store(TRUSTED, *value, place, position * POINTER_BYTES);
        }
        let (array, count, names) = self.counted_arguments(plan, arguments, place);
        let receivers = match plan.frame.convention {
            Convention::Method(_) => 0,
            Convention::Objects { .. } | Convention::Vectorcall => plan.frame.objects(0),
        };
        let receivers = self.builder.ins().iconst(types::I64, i64::from(receivers));
        let receiver = plan.frame.bound_receiver(&arguments.raw).unwrap_or_else(|| self.null());
        self.call_function(Symbol::CountFallback, &[arguments.cell, array, count, names, receivers, receiver]);
        let place = self.stack_address(slot);
        let raw: Vec<Value> =
            (1i32..).take(arguments.raw.len()).map(|at| self.load(types::I64, place, at * POINTER_BYTES)).collect();
        let cell = self.load(types::I64, place, 0);
        StubArguments { cell, receiver: plan.frame.bound_receiver(&raw), raw, objects: Objects::Values(Vec::new()) }
    }

    /// The arguments of the call as an array, the number of those given by position, and the names of the arguments
    /// after them, or null. `place` holds the cell, and after it the C arguments.
    fn counted_arguments(&mut self, plan: &Plan, arguments: &StubArguments, place: Value) -> (Value, Value, Value) {
        let raw = &arguments.raw;
        let at = |emitter: &mut Self, first: i32, count: i64| {
            let array = emitter.builder.ins().iadd_imm_s(place, i64::from((1 + first) * POINTER_BYTES));
            (array, emitter.builder.ins().iconst(types::I64, count), emitter.null())
        };
        match plan.frame.convention {
            Convention::Method(MethodConvention::O) => at(self, 1, 1),
            Convention::Method(method) => match method.array_at() {
                Some(array) => (raw[array], raw[array + 1], raw.get(array + 2).copied().unwrap_or_else(|| self.null())),
                None => at(self, 0, 0),
            },
            Convention::Objects { count } => {
                // There is one arm, because a call with C arguments is a call of one overload.
                let named = plan.arms[0].keywords;
                let (array, count, null) = at(self, 0, i64::from(count) - i64::from(named));
                let names = if named == 0 { null } else { self.load_field(arguments.cell, CellField::Keywords) };
                (array, count, names)
            }
            Convention::Vectorcall => {
                let count = self.builder.ins().band_imm_s(raw[2], ARGUMENTS_COUNT_MASK);
                (raw[1], count, raw[3])
            }
        }
    }
}
