//! Emits the instructions of a plan in the place of the call.

use super::is_lasting;
use super::plan::{Arg, ArgumentSource, CallPlan, ResultStep, none};
use crate::ir::verify::or_none;
use crate::ir::{Block, Called, Failure, Function, Inst, Instruction, Leaves, Operation, State, Type, Value};

/// Builds the new list of a block's instructions.
pub(super) struct CallRewriter<'a> {
    pub(super) function: &'a mut Function,
    /// What happens if the added guards fail.
    pub(super) failure: Failure,
    pub(super) out: Vec<Inst>,
    /// The state of the instruction that is replaced.
    pub(super) state: Option<State>,
    /// Its error state.
    pub(super) error: Option<State>,
    /// The checks made for it: the value, and the checked value.
    pub(super) guards: Vec<(Value, Value)>,
}

impl CallRewriter<'_> {
    /// Turns a call of a value that is one object into a static call; returns whether it is one.
    pub(super) fn make_static(&mut self, inst: Inst) -> bool {
        let Instruction::VectorCall { callable, args, keywords } = &self.function.insts[inst].instruction else {
            return false;
        };
        let is_static = self.function.ty(*callable).const_object().is_some();
        if is_static {
            let (args, keywords) = (args.clone(), keywords.clone());
            let instruction = Instruction::VectorCallStatic { callable: *callable, args, keywords };
            self.function.insts[inst].instruction = instruction;
        }
        is_static
    }

    fn add(&mut self, instruction: Instruction, ty: Type) -> Value {
        let inst = self.append(instruction, Some(ty));
        self.function.insts[inst].result.expect("an instruction added with a type has a result")
    }

    fn add_void(&mut self, instruction: Instruction) {
        self.append(instruction, None);
    }

    fn append(&mut self, instruction: Instruction, ty: Option<Type>) -> Inst {
        let may_end = instruction.may_end_early();
        let raises = may_end && instruction.leaves() == Leaves::Never;
        let inst = self.function.add_inst(instruction, ty);
        self.function.insts[inst].state = self.state.filter(|_| may_end);
        self.function.insts[inst].error = self.error.filter(|_| raises);
        self.out.push(inst);
        inst
    }

    /// Replaces a call. The call's result stays the same value, so its uses need no change.
    pub(super) fn emit(&mut self, inst: Inst, plan: CallPlan) {
        // The context comes first: making one may collect garbage, and so run code that changes what guards check.
        let is_context = |arg: &&Arg| matches!(arg.source, ArgumentSource::Context);
        let context = plan.args.iter().find(is_context).map(|_| self.add(Instruction::LoadContext, Type::C_PTR));
        // All guards come before all unboxing: a call with other types leaves before any work is done.
        let guard = |arg: &Arg| match context {
            Some(context) if is_context(&arg) => context,
            _ => self.emit_guard(arg),
        };
        let guarded: Vec<_> = plan.args.iter().map(guard).collect();
        let unbox = |(position, (arg, value)): (usize, (&Arg, Value))| {
            self.emit_unbox(arg, value, &plan.callee, u16::try_from(position).expect("at most 16 parameters"))
        };
        let args: Vec<_> = plan.args.iter().zip(guarded).enumerate().map(unbox).collect();
        // The references that the callee takes over are only borrowed here. Nothing between this and the call leaves
        // the function.
        for (position, &value) in args.iter().enumerate() {
            if plan.steals >> position & 1 == 1 {
                self.add_void(Instruction::Incref { value });
            }
        }
        let call = Instruction::CallCFunction { callee: plan.callee.clone(), args };
        let (value, last) = match plan.result {
            ResultStep::Object(ty) => {
                self.finish_call(inst, call, ty);
                if plan.borrowed_result
                    && let Some(value) = self.function.insts[inst].result
                {
                    self.add_void(Instruction::Incref { value });
                }
                return;
            }
            ResultStep::Box(ctype) => {
                let object = ctype.of_objects().expect("only C values that objects hold are boxed");
                let object = or_none(object, ctype.scalar().is_none());
                let value = self.add(call, ctype.clone());
                (value, (Instruction::Box { value }, object))
            }
            ResultStep::Foreign(ctype) => {
                let value = self.add(call, ctype);
                (value, (Instruction::FromForeign { callee: plan.callee, value }, Type::OBJECT))
            }
            ResultStep::Nothing => {
                self.add_void(call);
                self.finish_call(inst, Instruction::LoadConst, none());
                self.function.insts[inst].error = None;
                return;
            }
        };
        if plan.finite {
            let finite = self.add(Instruction::GuardFinite { value }, Type::C_DOUBLE);
            self.finish_call(inst, Instruction::Box { value: finite }, last.1);
        } else {
            self.finish_call(inst, last.0, last.1);
        }
    }

    /// Replaces the result of a call by its argument.
    pub(super) fn give_back(&mut self, inst: Inst, value: Value) {
        let ty = self.function.ty(value).clone();
        self.function.insts[inst].error = None;
        // Proven already, so that the next pass has only the name to replace.
        self.finish_call(inst, Instruction::Guard { ty: ty.clone(), value, failure: self.failure }, ty);
    }

    /// Replaces the result of a call by the truth of its argument.
    pub(super) fn emit_truth(&mut self, inst: Inst, value: Value) {
        let truth = Instruction::Operate { operation: Operation::IsTrue, args: vec![value] };
        let value = self.add(truth, Type::C_BOOL);
        self.finish_call(inst, Instruction::Box { value }, Type::BOOL);
    }

    /// Narrows the type of a call's result; returns whether that is new.
    pub(super) fn narrow_result(&mut self, inst: Inst, ty: &Type) -> bool {
        let Some(result) = self.function.insts[inst].result else { return false };
        let known = self.function.ty(result);
        let narrowed = known.intersection(ty);
        let is_news = !known.is_subtype(ty) && !narrowed.is_bottom() && *known != narrowed;
        if is_news {
            self.function.values[result].ty = narrowed;
        }
        is_news
    }

    /// Replaces the call by an instruction that gives the call's result.
    fn finish_call(&mut self, inst: Inst, instruction: Instruction, ty: Type) {
        self.function.insts[inst].instruction = instruction;
        if let Some(result) = self.function.insts[inst].result {
            self.function.values[result].ty = ty;
        }
        self.out.push(inst);
    }

    fn emit_guard(&mut self, arg: &Arg) -> Value {
        let value = match &arg.source {
            ArgumentSource::Value(value) => *value,
            ArgumentSource::Receiver => self.add(Instruction::LoadSelf, Type::OBJECT),
            ArgumentSource::Context => unreachable!("contexts come before guards"),
            ArgumentSource::Default(constant) => return self.add(Instruction::LoadConst, constant.clone()),
            ArgumentSource::DefaultNone => self.add(Instruction::LoadConst, none()),
        };
        let checked = if arg.conversion.nullable {
            let ty = self.function.ty(value).null_for_none();
            let maybe_null = self.add(Instruction::NullIfNone { value }, ty);
            self.guard(arg.conversion.guard.or_null(), maybe_null)
        } else {
            self.guard(arg.conversion.guard.clone(), value)
        };
        if arg.as_it_came { value } else { checked }
    }

    fn guard(&mut self, ty: Type, value: Value) -> Value {
        let known = self.function.ty(value).clone();
        // The proofs of a stub's caller still hold: nothing has run since.
        let in_stub = self.failure == Failure::Fallback;
        if known.is_subtype(&ty) && (in_stub || is_lasting(&ty)) {
            return value;
        }
        let narrowed = known.intersection(&ty);
        let stays = is_lasting(&narrowed) && narrowed.is_object();
        let checked = self.add(Instruction::Guard { ty, value, failure: self.failure }, narrowed);
        if stays && !in_stub {
            self.guards.push((value, checked));
        }
        checked
    }

    fn emit_unbox(&mut self, arg: &Arg, value: Value, callee: &Called, parameter: u16) -> Value {
        match &arg.conversion.unbox {
            None => value,
            Some(ctype) if arg.conversion.foreign => {
                self.add(Instruction::ToForeign { callee: callee.clone(), parameter, value }, ctype.clone())
            }
            Some(ctype) => self.add(Instruction::unbox(ctype.clone(), value, self.failure), ctype.clone()),
        }
    }

    pub(super) fn finish(self, block: Block) {
        self.function.blocks[block].insts = self.out;
    }
}
