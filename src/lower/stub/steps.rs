//! The steps of an arm, one by one.

use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::audit::{Audit, Promises};
use super::cell::CellField;
use super::entry::ArmCall;
use super::plan::Step;
use crate::lower::convention::MethodConvention;
use crate::lower::emit::emitter::{Emitter, POINTER_BYTES};
use crate::lower::emit::values::Values;
use crate::lower::machine::CType;
use crate::lower::symbol::Symbol;

impl Emitter<'_, '_> {
    pub(super) fn steps(&mut self, call: &ArmCall) {
        let (mut values, mut audit) = (Values::default(), None);
        for step in &call.arm.steps {
            self.step(call, step, &mut values, &mut audit);
        }
    }

    /// The C function of an arm.
    fn target(&mut self, call: &ArmCall) -> Value {
        if call.plan.arms.len() == 1 {
            return self.load_field(call.cell, CellField::Target);
        }
        let targets = self.load_field(call.cell, CellField::Targets);
        self.load(types::I64, targets, i32::from(call.arm.overload) * POINTER_BYTES)
    }

    pub(super) fn step(&mut self, call: &ArmCall, step: &Step, values: &mut Values, audit: &mut Option<Audit>) {
        let exits = &call.exits;
        match step {
            Step::Receiver { into } => values.set(*into, self.receiver(call.cell, call.receiver)),
            Step::Argument { into, index } => values.set(*into, call.objects[usize::from(*index)]),
            Step::Context { into } => {
                let context = self.call_symbol(Symbol::Context, &[], CType::Pointer, &[]);
                self.require(context, exits.error);
                values.set(*into, context);
            }
            Step::Constant { into, scalar, bits } => values.set(*into, self.c_constant(*scalar, *bits)),
            Step::None { into } => {
                let none = self.address(Symbol::NoneObject);
                self.incref_immortal(none);
                values.set(*into, none);
            }
            Step::Guard { into, from, admitted } => {
                let object = values.get(*from);
                self.guard(object, admitted, exits.next_arm);
                values.set(*into, object);
            }
            Step::NullIfNone { into, from } => {
                let object = values.get(*from);
                values.set(*into, self.null_if_none(object));
            }
            Step::Unbox { into, from, scalar } => {
                let object = values.get(*from);
                values.set(*into, self.unbox(object, *scalar, exits.fallback));
            }
            Step::UnboxReal { into, from, scalar } => {
                let object = values.get(*from);
                values.set(*into, self.unbox_real(object, *scalar, exits.fallback));
            }
            Step::View { into, from, view, or_null } => {
                let object = values.get(*from);
                let (pointer, length) = self.view(object, *view, *or_null, exits.fallback);
                values.set_parts(*into, &[pointer, length]);
            }
            Step::CountHit => self.count_hit(),
            Step::Call { .. } => self.call_step(call, step, values, audit),
            Step::CallMethod { into, receiver, arguments: passed, raises, .. } => {
                let receiver = match receiver {
                    Some(receiver) => values.get(*receiver),
                    None => self.receiver(call.cell, call.receiver),
                };
                let objects: Vec<_> = passed.iter().map(|value| values.get(*value)).collect();
                let method = self.load_field(call.cell, CellField::Method);
                if call.plan.counts_recursion(call.arm) {
                    self.enter_call(call.exits.error);
                }
                let original = call.plan.frame.original;
                let class = (original == MethodConvention::Method).then(|| self.defining_class(call));
                let value = self.call_method(method, original, receiver, class, &objects);
                if call.plan.counts_recursion(call.arm) {
                    self.leave_call();
                }
                self.check_error(Some((value, CType::Pointer)), *raises, true, exits.error);
                values.set(*into, value);
            }
            Step::Box { into, from, scalar } => {
                let value = values.get(*from);
                values.set(*into, self.box_scalar(value, *scalar));
            }
            Step::BoxView { into, from, view } => {
                let parts = (values.get(*from), values.length(*from));
                values.set(*into, self.box_view(parts, *view));
            }
            Step::ToForeign { into, from, parameter, ty } => {
                let object = values.get(*from);
                values.set(*into, self.convert_argument(call.cell, object, *parameter, *ty, exits.fallback));
            }
            Step::FromForeign { into, from, ty } => {
                let value = values.get(*from);
                values.set(*into, self.convert_result(call.cell, value, *ty));
            }
            Step::Incref { value } => self.incref(values.get(*value)),
            Step::Return { value, owned } => {
                let object = values.get(*value);
                if !owned {
                    self.incref(object);
                }
                let object = audit.as_ref().map_or(object, |audit| self.finish_audit(audit, object));
                self.builder.ins().jump(exits.result, &[object.into()]);
            }
        }
    }

    /// The call of an underlying function.
    fn call_step(&mut self, call: &ArmCall, step: &Step, values: &mut Values, audit: &mut Option<Audit>) {
        let Step::Call { into, arguments, steals, result, borrowed, nogil, raises, runs_python: _ } = step else {
            return;
        };
        let types: Vec<_> = arguments.iter().map(|(_, ty)| *ty).collect();
        let passed: Vec<_> = arguments.iter().flat_map(|(value, ty)| values.parts(*value, *ty)).collect();
        let target = self.target(call);
        if call.plan.counts_recursion(call.arm) {
            self.enter_call(call.exits.error);
        }
        // What the callee takes over it must have got: the counts are taken before.
        *audit = call.arm.audit.map(|promises| self.audit(call, promises));
        for stolen in steals {
            self.incref_stolen(values.get(stolen.value), stolen.or_null);
        }
        let parts = self.call_underlying(target, (&types, *result), &passed, *nogil);
        let value = parts.first().copied().zip(*result);
        let broken = audit.map(|audit| self.end_audit(&audit, value));
        if call.plan.counts_recursion(call.arm) {
            self.leave_call();
        }
        match audit.zip(broken) {
            None => self.check_error(value, *raises, !borrowed, call.exits.error),
            Some((audit, broken)) => {
                self.refuse(broken, call.exits.error);
                let raised = self.cold_block();
                self.check_error(value, *raises, !borrowed, raised);
                self.finish_raised(&audit, raised, call.exits.error);
            }
        }
        if let Some(into) = into {
            values.set_parts(*into, &parts);
        }
    }

    /// Begins the audit of a call.
    fn audit(&mut self, call: &ArmCall, promises: Promises) -> Audit {
        let wrapper_result = promises.need_wrapper().then(|| self.call_original(call.plan, call.arguments));
        // As a vectorcall of the original has them.
        let objects: Vec<_> = call.receiver.iter().chain(&call.objects).copied().collect();
        let names = match call.arm.keywords {
            0 => self.null(),
            _ => self.load_field(call.cell, CellField::Keywords),
        };
        self.begin_audit(promises, call.cell, &objects, names, wrapper_result)
    }
}
