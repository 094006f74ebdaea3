//! Emits single instructions as CLIF; `operation` has those for Python's operations, `call` the calls, `number` the
//! arithmetic.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{Block, InstBuilder, Value as Register, types};

use super::block::Lowering;
use super::reference::{AssumptionTest, Reference};
use crate::ir::{Assumption, Called, CalleeTarget, ConstObject, Inst, Instruction, Leaves, Value};
use crate::lower::emit::emitter::{Emitter, POINTER_BYTES};
use crate::lower::emit::instruction::emit;
use crate::lower::emit::surroundings::{EmittedFunction, MethodSite, Surroundings};
use crate::lower::emit::values::Values;
use crate::lower::symbol::Symbol;
use crate::lower::unsupported::Unsupported;
use crate::metadata::Overload;

impl Lowering<'_, '_, '_> {
    /// Emits an instruction.
    pub(super) fn instruction(&mut self, code: &EmittedFunction<'_>, inst: Inst) -> Result<(), Unsupported> {
        self.store_for_exits(inst)?;
        let data = &self.function.insts[inst];
        let instruction = &data.instruction;
        match instruction {
            Instruction::LoadArg { index } => {
                let object = self.emitter.load(types::I64, self.arguments, i32::from(*index) * POINTER_BYTES);
                self.values.set(self.result(inst)?, object);
            }
            Instruction::VectorCall { callable, args, keywords }
            | Instruction::VectorCallStatic { callable, args, keywords } => {
                self.vectorcall(inst, *callable, args, keywords)?;
            }
            Instruction::Operate { operation, args } => self.operate(inst, operation, args)?,
            Instruction::MethodSelf { method } => {
                let receiver = self.method_selves[*method].ok_or_else(|| {
                    Unsupported::new(format!("MethodSelf {method}"), "it stands for no method that was looked up")
                })?;
                self.values.set(self.result(inst)?, receiver);
            }
            Instruction::Assume { assumption } => self.assume(inst, assumption)?,
            Instruction::GuardFinite { value } => {
                let (number, exit) = (self.get(*value)?, self.exit(inst)?);
                self.values.set(self.result(inst)?, number);
                let magnitude = self.emitter.builder.ins().fabs(number);
                let infinity = self.emitter.builder.ins().f64const(f64::INFINITY);
                let is_finite = self.emitter.builder.ins().fcmp(FloatCC::LessThan, magnitude, infinity);
                self.emitter.require(is_finite, exit);
            }
            Instruction::Arithmetic { operator, lhs, rhs } => {
                let number = self.arithmetic(inst, *operator, *lhs, *rhs)?;
                self.values.set(self.result(inst)?, number);
            }
            Instruction::CompareNumbers { operator, lhs, rhs } => {
                let truth = self.compare_numbers(*operator, *lhs, *rhs)?;
                self.values.set(self.result(inst)?, truth);
            }
            Instruction::Decref { value } => self.decref(*value),
            Instruction::Jump { target } => self.jump(target)?,
            Instruction::Branch { condition, then, otherwise } => {
                let condition = self.get(*condition)?;
                let (then, then_args) = self.block_call(then)?;
                let (otherwise, otherwise_args) = self.block_call(otherwise)?;
                self.emitter.builder.ins().brif(condition, then, &then_args, otherwise, &otherwise_args);
            }
            Instruction::Return { value } => {
                let object = self.get(*value)?;
                self.emitter.builder.ins().return_(&[object]);
            }
            Instruction::Exit => {
                let exit = self.exit(inst)?;
                self.emitter.builder.ins().jump(exit, &[]);
            }
            Instruction::Unreachable => self.trap(),
            Instruction::LoadSelf | Instruction::ToForeign { .. } | Instruction::FromForeign { .. } => {
                return Err(Unsupported::new(instruction.name(), "it belongs to stubs"));
            }
            Instruction::LoadConst
            | Instruction::LoadContext
            | Instruction::Guard { .. }
            | Instruction::NullIfNone { .. }
            | Instruction::Unbox { .. }
            | Instruction::UnboxReal { .. }
            | Instruction::Box { .. }
            | Instruction::CallCFunction { .. }
            | Instruction::Incref { .. } => drop(emit(self, code, inst)?),
        }
        if self.function.may_run_python(self.callees, inst, self.emitter.layout.collector()) {
            self.forget_tests();
        }
        Ok(())
    }

    pub(super) fn result(&self, inst: Inst) -> Result<Value, Unsupported> {
        let data = &self.function.insts[inst];
        data.result.ok_or_else(|| Unsupported::new(data.instruction.name(), "it has no result"))
    }

    fn assume(&mut self, inst: Inst, assumption: &Assumption) -> Result<(), Unsupported> {
        // No watcher reports `module.__class__ = …`.
        if let Assumption::ModuleAttribute { module, .. } = assumption
            && !self.modules_tested.contains(module)
        {
            let exit = self.exit(inst)?;
            let object = self.address(Reference::object(module));
            let class = self.emitter.load(types::I64, object, self.emitter.layout.ob_type);
            let wanted = self.emitter.address(Symbol::ModuleType);
            let is_plain = self.emitter.builder.ins().icmp(IntCC::Equal, class, wanted);
            self.emitter.require(is_plain, exit);
            self.modules_tested.push(module.clone());
        }
        match self.references.assumption(assumption) {
            AssumptionTest::Never => {}
            // One word covers all of them.
            AssumptionTest::Flag if self.assumptions_tested => {}
            AssumptionTest::Flag => {
                let exit = self.exit(inst)?;
                let word = self.address(Reference::AssumptionsHold);
                let holds = self.emitter.load(types::I64, word, 0);
                self.emitter.require(holds, exit);
                self.assumptions_tested = true;
            }
            AssumptionTest::Versions(dicts) => {
                for dict in dicts {
                    if self.dicts_tested.contains(&dict) {
                        continue;
                    }
                    let exit = self.exit(inst)?;
                    let (ask, done) = (self.emitter.cold_block(), self.emitter.block());
                    let mut version = |recorded| {
                        let at = self.address(Reference::DictVersion { dict, recorded });
                        self.emitter.load(types::I64, at, 0)
                    };
                    let (now, then) = (version(false), version(true));
                    let is_same = self.emitter.builder.ins().icmp(IntCC::Equal, now, then);
                    self.emitter.builder.ins().brif(is_same, done, &[], ask, &[]);
                    self.emitter.enter(ask);
                    let holds = self.ask(Symbol::DictHolds, dict);
                    self.emitter.builder.ins().brif(holds, done, &[], exit, &[]);
                    self.emitter.enter(done);
                    self.dicts_tested.push(dict);
                }
            }
            AssumptionTest::Ask { assumption } => {
                let exit = self.exit(inst)?;
                let holds = self.ask(Symbol::Holds, assumption);
                self.emitter.require(holds, exit);
            }
        }
        Ok(())
    }

    /// Asks the runtime whether the thing with this number is still as assumed.
    fn ask(&mut self, function: Symbol, number: u32) -> Register {
        let version = self.address(Reference::Version);
        let number = self.emitter.builder.ins().iconst(types::I64, i64::from(number));
        self.call_runtime(function, &[version, number]).expect("a call with a result type has a result")
    }
}

impl<'e, 'f: 'e> Surroundings<'e, 'f> for Lowering<'e, 'f, '_> {
    fn emitter(&mut self) -> &mut Emitter<'e, 'f> {
        &mut self.emitter
    }

    fn values(&mut self) -> &mut Values {
        &mut self.values
    }

    fn fail(&mut self, inst: Inst) -> Result<Block, Unsupported> {
        let instruction = &self.function.insts[inst].instruction;
        match instruction.leaves() {
            Leaves::Exit | Leaves::Always => self.exit(inst),
            Leaves::Fallback | Leaves::Never => {
                Err(Unsupported::new(instruction.name(), "a function has no fallback: it leaves through exits"))
            }
        }
    }

    fn error(&mut self, inst: Inst) -> Result<Block, Unsupported> {
        self.raised(inst)
    }

    fn object(&mut self, object: &ConstObject) -> Result<Register, Unsupported> {
        Ok(self.address(Reference::object(object)))
    }

    fn target(&mut self, callee: &Called, _: CalleeTarget) -> Register {
        self.address(Reference::Callee(callee.clone()))
    }

    fn method(&mut self, callee: &Called, _: &Overload, args: &[Value]) -> Result<MethodSite, Unsupported> {
        self.method_site(callee, args)
    }

    fn argument_array(&mut self, objects: &[Register]) -> Register {
        self.spill(objects)
    }

    fn counts_recursion(&self, overload: &Overload) -> bool {
        !overload.effects.no_python
    }
}
