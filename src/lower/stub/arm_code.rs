//! From an arm to CLIF: its IR, with the code that a stub has around it.

use cranelift_codegen::ir::{Block, InstBuilder, Value as Register, types};

use super::arguments::{Exits, StubArguments};
use super::arm::{foreign_parameter, foreign_result, receivers};
use super::audit::{Audit, Promises};
use super::cell::CellField;
use super::frame::Convention;
use super::plan::{Arm, Plan};
use crate::ir::{Called, CalleeTarget, ConstObject, ExitReason, Inst, Instruction, Leaves, Value};
use crate::lower::convention::MethodConvention;
use crate::lower::emit::emitter::{Emitter, POINTER_BYTES};
use crate::lower::emit::instruction::emit;
use crate::lower::emit::surroundings::{EmittedFunction, MethodSite, Surroundings};
use crate::lower::emit::values::Values;
use crate::lower::machine::CType;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{Overload, Raises};

/// The arguments of an arm.
pub(super) struct ArmCall<'p> {
    pub(super) plan: &'p Plan,
    pub(super) arm: &'p Arm,
    pub(super) exits: Exits,
    pub(super) cell: Register,
    /// The object that the original is called on; `None` if the cell has it.
    pub(super) receiver: Option<Register>,
    /// The arguments.
    pub(super) objects: Vec<Register>,
    /// The stub's arguments, for a call of the original.
    pub(super) arguments: &'p StubArguments,
}

/// The state of lowering one arm to CLIF.
struct ArmCode<'a, 'e, 'f, 'p> {
    emitter: &'a mut Emitter<'e, 'f>,
    call: &'a ArmCall<'p>,
    values: Values,
    /// Whether a call was counted: if there are several, only the first is.
    is_counted: bool,
    audit: Option<Audit>,
    /// The result of the audit after the call: not 0 if a promise is broken.
    broken: Option<Register>,
}

impl Emitter<'_, '_> {
    /// Emits the IR of an arm.
    pub(super) fn arm_code(&mut self, call: &ArmCall<'_>) {
        ArmCode::of(self, call, Values::default()).all(|_| true);
    }

    /// Emits the instructions of an arm that are asked for; the values of the others are given. Such a call is not
    /// counted as a hit.
    pub(super) fn rest_of_arm(&mut self, call: &ArmCall<'_>, given: Values, wanted: impl Fn(&Instruction) -> bool) {
        let mut rest = ArmCode::of(self, call, given);
        rest.is_counted = true;
        rest.all(wanted);
    }
}

impl<'a, 'e, 'f, 'p> ArmCode<'a, 'e, 'f, 'p> {
    fn of(emitter: &'a mut Emitter<'e, 'f>, call: &'a ArmCall<'p>, values: Values) -> Self {
        Self { emitter, call, values, is_counted: false, audit: None, broken: None }
    }

    fn all(&mut self, wanted: impl Fn(&Instruction) -> bool) {
        let arm = self.call.arm;
        let emitted = EmittedFunction::of(&arm.function, &arm.callees).and_then(|code| {
            let mut insts = arm.insts().filter(|inst| wanted(&arm.function.insts[*inst].instruction));
            insts.try_for_each(|inst| self.instruction(&code, inst))
        });
        emitted.expect("`plan_arm` refuses what has no code");
    }

    fn instruction(&mut self, code: &EmittedFunction<'_>, inst: Inst) -> Result<(), Unsupported> {
        if emit(self, code, inst)? {
            return Ok(());
        }
        let cell = self.call.cell;
        match &code.function.insts[inst].instruction {
            Instruction::LoadArg { index } => {
                let object = self.call.objects.get(usize::from(*index)).copied();
                let object = object.ok_or_else(|| Unsupported::new("LoadArg", "the call has fewer arguments"))?;
                self.values.set(code.result(inst)?, object);
            }
            Instruction::LoadSelf => {
                let receiver = self.emitter.receiver(cell, self.call.receiver);
                self.values.set(code.result(inst)?, receiver);
            }
            Instruction::ToForeign { callee, parameter, value } => {
                let (object, fail) = (self.values.defined(*value)?, self.fail(inst)?);
                let ty = foreign_parameter(code.callees, callee, *parameter)?;
                let converted = self.emitter.convert_argument(cell, object, *parameter, ty, fail);
                self.values.set(code.result(inst)?, converted);
            }
            Instruction::FromForeign { callee, value } => {
                let value = self.values.defined(*value)?;
                let object = self.emitter.convert_result(cell, value, foreign_result(code.callees, callee)?);
                if let Some(error) = self.error_of_null(inst)? {
                    self.emitter.require(object, error);
                }
                self.values.set(code.result(inst)?, object);
            }
            Instruction::Return { value } => {
                let object = self.values.defined(*value)?;
                let object = self.audit.as_ref().map_or(object, |audit| self.emitter.finish_audit(audit, object));
                self.emitter.builder.ins().jump(self.call.exits.result, &[object.into()]);
            }
            other => return Err(Unsupported::new(other.name(), "a stub is a call, and no other operation")),
        }
        Ok(())
    }

    /// Begins the audit of a call.
    fn begin_audit(&mut self, promises: Promises) -> Audit {
        let call = self.call;
        let wrapper_result = promises.need_wrapper().then(|| self.emitter.call_original(call.plan, call.arguments));
        // In the form in which a vectorcall of the original has them.
        let objects: Vec<_> = call.receiver.iter().chain(&call.objects).copied().collect();
        let names = match call.arm.keywords {
            0 => self.emitter.null(),
            _ => self.emitter.load_field(call.cell, CellField::Keywords),
        };
        self.emitter.begin_audit(promises, call.cell, &objects, names, wrapper_result)
    }
}

impl<'e, 'f: 'e> Surroundings<'e, 'f> for ArmCode<'_, 'e, 'f, '_> {
    fn emitter(&mut self) -> &mut Emitter<'e, 'f> {
        self.emitter
    }

    fn values(&mut self) -> &mut Values {
        &mut self.values
    }

    /// A guard that fails goes to the next arm. Objects of the right types with other values go to the fallback.
    fn fail(&mut self, inst: Inst) -> Result<Block, Unsupported> {
        let exits = &self.call.exits;
        let instruction = &self.call.arm.function.insts[inst].instruction;
        let reason = match instruction.leaves() {
            Leaves::Fallback => instruction.exit_reason(),
            Leaves::Exit | Leaves::Always => {
                return Err(Unsupported::new("an exit", "a stub leaves through its fallback"));
            }
            Leaves::Never => None,
        };
        match reason {
            Some(ExitReason::Type) => Ok(exits.next_arm),
            Some(ExitReason::Value) => Ok(exits.fallback),
            Some(
                ExitReason::Overflow
                | ExitReason::Division
                | ExitReason::NotFinite
                | ExitReason::Assumption
                | ExitReason::Unbound
                | ExitReason::Handled
                | ExitReason::Raised
                | ExitReason::Always,
            )
            | None => Err(Unsupported::new(instruction.name(), "a stub has no fallback for it")),
        }
    }

    fn error(&mut self, _: Inst) -> Result<Block, Unsupported> {
        Ok(self.call.exits.error)
    }

    /// If the object is returned next, null is the error already.
    fn error_of_null(&mut self, inst: Inst) -> Result<Option<Block>, Unsupported> {
        let arm = self.call.arm;
        let result = arm.function.insts[inst].result;
        let next = arm.insts().skip_while(|other| *other != inst).nth(1);
        let next = next.map(|next| &arm.function.insts[next].instruction);
        let is_returned = matches!(next, Some(Instruction::Return { value }) if Some(*value) == result);
        Ok((!is_returned).then_some(self.call.exits.error))
    }

    fn object(&mut self, object: &ConstObject) -> Result<Register, Unsupported> {
        Err(Unsupported::new(format!("the constant {}", object.label), "a stub has no constant but None"))
    }

    fn target(&mut self, _: &Called, target: CalleeTarget) -> Register {
        let (plan, arm, cell) = (self.call.plan, self.call.arm, self.call.cell);
        match target {
            CalleeTarget::Method => self.emitter.load_field(cell, CellField::Method),
            CalleeTarget::Underlying | CalleeTarget::Class if plan.arms.len() == 1 => {
                self.emitter.load_field(cell, CellField::Target)
            }
            CalleeTarget::Underlying | CalleeTarget::Class => {
                let targets = self.emitter.load_field(cell, CellField::Targets);
                self.emitter.load(types::I64, targets, i32::from(arm.overload) * POINTER_BYTES)
            }
        }
    }

    fn method(&mut self, _: &Called, _: &Overload, args: &[Value]) -> Result<MethodSite, Unsupported> {
        let frame = &self.call.plan.frame;
        let receivers = receivers(frame);
        let receiver = match args.first().filter(|_| receivers > 0) {
            Some(receiver) => self.values.defined(*receiver)?,
            None => self.emitter.receiver(self.call.cell, self.call.receiver),
        };
        Ok(MethodSite { convention: frame.original, receiver, receivers })
    }

    /// The class that the stub got, if it is called as a METH_METHOD function; else its cell's.
    fn defining_class(&mut self) -> Option<Register> {
        Some(match self.call.plan.frame.convention {
            Convention::Method(MethodConvention::Method) => self.call.arguments.raw[1],
            _ => self.emitter.load_field(self.call.cell, CellField::Class),
        })
    }

    fn counts_recursion(&self, _: &Overload) -> bool {
        self.call.plan.counts_recursion(self.call.arm)
    }

    fn reach_call(&mut self) {
        if self.call.arm.counted && !self.is_counted {
            self.is_counted = true;
            self.emitter.count_hit();
        }
    }

    fn begin_call(&mut self) {
        // The callee must have got the references that it takes over: the audit counts before that.
        self.audit = self.call.arm.audit.map(|promises| self.begin_audit(promises));
    }

    fn end_call(&mut self, result: Option<(Register, CType)>) {
        self.broken = self.audit.map(|audit| self.emitter.end_audit(&audit, result));
    }

    fn check_error(
        &mut self,
        _: Inst,
        result: Option<(Register, CType)>,
        raises: Raises,
        is_owned: bool,
    ) -> Result<(), Unsupported> {
        let error = self.call.exits.error;
        match self.audit.zip(self.broken.take()) {
            None => self.emitter.check_error(result, raises, is_owned, error),
            Some((audit, broken)) => {
                self.emitter.refuse(broken, error);
                let raised = self.emitter.cold_block();
                self.emitter.check_error(result, raises, is_owned, raised);
                self.emitter.finish_raised(&audit, raised, error);
            }
        }
        Ok(())
    }
}
