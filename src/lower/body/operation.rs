//! Emits Python's operations as CLIF: the calls that their recipes describe.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Register, types};

use super::block::Lowering;
use super::recipe::{Argument, Outcome, Recipe, recipe};
use super::reference::Reference;
use crate::cpython::{AbiType, EvalBreaker};
use crate::ir::{Inst, Instruction, Operation, Value};
use crate::lower::emit::emitter::TRUSTED;
use crate::lower::symbol::Symbol;
use crate::lower::unsupported::Unsupported;

impl Lowering<'_, '_, '_> {
    /// Emits an operation.
    pub(super) fn operate(&mut self, inst: Inst, operation: &Operation, args: &[Value]) -> Result<(), Unsupported> {
        match (operation, args) {
            (Operation::Is, [left, right]) => {
                let (left, right) = (self.get(*left)?, self.get(*right)?);
                let same = self.emitter.builder.ins().icmp(IntCC::Equal, left, right);
                self.values.set(self.result(inst)?, same);
            }
            (Operation::IsNull, [value]) => {
                let object = self.get(*value)?;
                let is_null = self.emitter.builder.ins().icmp_imm_s(IntCC::Equal, object, 0);
                self.values.set(self.result(inst)?, is_null);
            }
            (Operation::Not, [value]) => {
                let truth = self.get(*value)?;
                let not = self.emitter.builder.ins().icmp_imm_s(IntCC::Equal, truth, 0);
                self.values.set(self.result(inst)?, not);
            }
            (Operation::CheckLocal(_), [value]) => {
                let (object, unbound) = (self.get(*value)?, self.exit(inst)?);
                self.emitter.require(object, unbound);
                // It is the same object, but the owner of the operand and the owner of the result need a reference
                // each.
                self.emitter.incref(object);
                self.values.set(self.result(inst)?, object);
            }
            (Operation::CallMethod(_, keywords), [method, receiver, args @ ..]) => {
                self.call_method_pair(inst, *method, *receiver, args, keywords)?;
            }
            (Operation::LoadSuperMethod(..), _) => {
                self.follow(inst, &described(operation)?, args)?;
                // The result of the lookup by `super` is bound.
                let (result, null) = (self.result(inst)?, self.emitter.null());
                self.method_selves[result] = Some(null);
            }
            (Operation::Poll, _) => self.poll(inst)?,
            _ => self.follow(inst, &described(operation)?, args)?,
        }
        Ok(())
    }

    /// Makes the call that a recipe describes.
    fn follow(&mut self, inst: Inst, recipe: &Recipe, operands: &[Value]) -> Result<(), Unsupported> {
        let signature = recipe.function.signature();
        let parameters = signature.map_or(&[][..], |signature| signature.parameters);
        let mut arguments = Vec::new();
        let mut method_self = None;
        for argument in &recipe.arguments {
            let register = match argument {
                Argument::Operand(index) => {
                    let operand = operands.get(*index).ok_or_else(|| {
                        Unsupported::new(recipe.function.name(), format!("the operation has no operand {index}"))
                    })?;
                    self.get(*operand)?
                }
                Argument::Array(first) => {
                    let objects: Result<Vec<_>, _> =
                        operands.iter().skip(*first).map(|operand| self.get(*operand)).collect();
                    let objects = objects?;
                    let array = self.spill(&objects);
                    arguments.push(array);
                    let count = i64::try_from(objects.len()).expect("an instruction has fewer operands");
                    self.emitter.builder.ins().iconst(types::I64, count)
                }
                Argument::Name(name) => self.address(Reference::Name(name.clone())),
                Argument::Number(number) => {
                    let ty = match parameters.get(arguments.len()) {
                        Some(AbiType::I32) => types::I32,
                        _ => types::I64,
                    };
                    self.emitter.builder.ins().iconst(ty, *number)
                }
                Argument::None => self.emitter.address(Symbol::NoneObject),
                Argument::Null => self.emitter.null(),
                Argument::Unit => self.address(Reference::Unit),
                Argument::MethodSelf => {
                    let wanted = self.function.insts[inst].result.filter(|result| self.wanted_selves.contains(result));
                    match wanted {
                        None => self.emitter.null(),
                        Some(result) => {
                            let address = self.method_self_address();
                            method_self = Some((result, address));
                            address
                        }
                    }
                }
            };
            arguments.push(register);
        }
        let returned = self.call_runtime(recipe.function, &arguments);
        self.outcome(inst, recipe.outcome, returned)?;
        if let Some((result, address)) = method_self {
            self.method_selves[result] = Some(self.emitter.load(types::I64, address, 0));
        }
        Ok(())
    }

    /// Continues with the result of a function; if it raised, goes to the error.
    pub(super) fn outcome(
        &mut self,
        inst: Inst,
        outcome: Outcome,
        returned: Option<Register>,
    ) -> Result<(), Unsupported> {
        let returned = || returned.ok_or_else(|| Unsupported::new("a call", "it returns nothing"));
        let define = |lowering: &mut Self, register| -> Result<(), Unsupported> {
            let into = lowering.result(inst)?;
            lowering.values.set(into, register);
            Ok(())
        };
        match outcome {
            Outcome::Object => {
                let (object, raised) = (returned()?, self.raised(inst)?);
                self.emitter.require(object, raised);
                define(self, object)
            }
            Outcome::ObjectOrNull => {
                let object = returned()?;
                let raised = self.raised(inst)?;
                let (ask, done) = (self.emitter.cold_block(), self.emitter.block());
                self.emitter.builder.ins().brif(object, done, &[], ask, &[]);
                self.emitter.enter(ask);
                let error = self.emitter.call_symbol(Symbol::ErrOccurred, &[]);
                self.emitter.builder.ins().brif(error, raised, &[], done, &[]);
                self.emitter.enter(done);
                define(self, object)
            }
            Outcome::Certain => define(self, returned()?),
            Outcome::Status => {
                let (status, raised) = (returned()?, self.raised(inst)?);
                self.emitter.refuse(status, raised);
                Ok(())
            }
            Outcome::Truth => {
                let truth = returned()?;
                if self.function.effects(self.callees, inst).raises {
                    let raised = self.raised(inst)?;
                    let is_error = self.emitter.builder.ins().icmp_imm_s(IntCC::SignedLessThan, truth, 0);
                    self.emitter.refuse(is_error, raised);
                }
                let truth = self.emitter.builder.ins().icmp_imm_s(IntCC::NotEqual, truth, 0);
                define(self, truth)
            }
        }
    }

    /// Serves waiting interrupts. If nothing waits, this is a load and a test.
    fn poll(&mut self, inst: Inst) -> Result<(), Unsupported> {
        let (base, offset, ty) = match self.emitter.layout.eval_breaker {
            EvalBreaker::OfInterpreter(offset) => (self.emitter.address(Symbol::InterpreterState), offset, types::I32),
            // The low bits of a word; its low byte is first.
            EvalBreaker::OfThread(offset) => {
                let state = self.thread_state.ok_or_else(|| Unsupported::new("Poll", "the function has no other"))?;
                (state, offset, types::I8)
            }
        };
        let at = self.emitter.builder.ins().iadd_imm_s(base, i64::from(offset));
        // The load is atomic, so that no pass of the code generator replaces it by a known value.
        let waits = self.emitter.builder.ins().atomic_load(ty, TRUSTED, at);
        let (serve, done) = (self.emitter.cold_block(), self.emitter.block());
        self.emitter.builder.ins().brif(waits, serve, &[], done, &[]);
        self.emitter.enter(serve);
        self.follow(inst, &described(&Operation::Poll)?, &[])?;
        self.emitter.builder.ins().jump(done, &[]);
        self.emitter.enter(done);
        Ok(())
    }

    /// Finds the thread's state, if the function polls it.
    pub(super) fn load_thread_state(&mut self) {
        let of_thread = matches!(self.emitter.layout.eval_breaker, EvalBreaker::OfThread(_));
        let polls =
            |instruction: &Instruction| matches!(instruction, Instruction::Operate { operation: Operation::Poll, .. });
        if of_thread && self.function.instructions().any(|(_, _, data)| polls(&data.instruction)) {
            self.thread_state = self.call_runtime(Symbol::ThreadState, &[]);
        }
    }
}

fn described(operation: &Operation) -> Result<Recipe, Unsupported> {
    recipe(operation).ok_or_else(|| Unsupported::new(operation.name(), "it has another number of operands"))
}
