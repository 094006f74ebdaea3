//! Instructions to CLIF, one by one; `operation` has those that do an operation of Python's, `call` calls, `number` arithmetic.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value as Register, types};

use super::block::Lowering;
use super::reference::{AssumptionTest, Reference};
use super::runtime_function::RuntimeFunction;
use crate::cpython::Collector;
use crate::ir::{Assumption, ConstObject, ConstValue, Inst, Instruction, Spec, Type, Value};
use crate::lower::emitter::POINTER_BYTES;
use crate::lower::machine::CType;
use crate::lower::plan::View;
use crate::lower::planner::{Unsupported, admitted, c_constant, view};
use crate::lower::symbol::Symbol;

impl Lowering<'_, '_, '_> {
    /// Emits an instruction.
    pub(super) fn instruction(&mut self, inst: Inst) -> Result<(), Unsupported> {
        let data = &self.function.insts[inst];
        let instruction = &data.instruction;
        match instruction {
            Instruction::LoadConst => {
                let into = self.result(inst)?;
                let constant = self.constant(self.function.ty(into))?;
                self.values.set(into, constant);
            }
            Instruction::LoadArg { index } => {
                let object = self.emitter.load(types::I64, self.arguments, i32::from(*index) * POINTER_BYTES);
                self.values.set(self.result(inst)?, object);
            }
            Instruction::LoadContext => {
                let context = self.emitter.call_symbol(Symbol::Context, &[], CType::Pointer, &[]);
                let raised = self.raised(inst);
                self.emitter.require(context, raised);
                self.values.set(self.result(inst)?, context);
            }
            Instruction::VectorCall { callable, args, keywords }
            | Instruction::VectorCallStatic { callable, args, keywords } => {
                self.vectorcall(inst, *callable, args, keywords)?;
            }
            Instruction::CallCFunction { callee, args } => self.call_c_function(inst, callee, args)?,
            Instruction::Guard { ty, value } => {
                let object = self.get(*value)?;
                // Before the guard: its own state may mention it, for the value that it checks.
                self.values.set(self.result(inst)?, object);
                if Type::OBJECT.is_subtype(ty) {
                    return Ok(());
                }
                let exit = self.exit(inst)?;
                match ty.spec() {
                    // Any object: what may be null is asked whether it is.
                    None if *ty == Type::OBJECT => self.emitter.require(object, exit),
                    Some(Spec::Object(wanted)) => {
                        let wanted = self.object(wanted);
                        let holds = self.emitter.builder.ins().icmp(IntCC::Equal, object, wanted);
                        self.emitter.require(holds, exit);
                    }
                    _ => self.emitter.guard(object, &admitted(ty)?, exit),
                }
            }
            Instruction::NullIfNone { value } => {
                let (object, none) = (self.get(*value)?, self.emitter.address(Symbol::NoneObject));
                let is_none = self.emitter.builder.ins().icmp(IntCC::Equal, object, none);
                let null = self.emitter.null();
                let object = self.emitter.builder.ins().select(is_none, null, object);
                self.values.set(self.result(inst)?, object);
            }
            Instruction::Unbox { ctype, value } => {
                let (object, into) = (self.get(*value)?, self.result(inst)?);
                let exit = match ctype.scalar() {
                    // A float has the number in it: nothing goes there, and no state is asked for.
                    Some(crate::metadata::Scalar::F64) => self.emitter.builder.create_block(),
                    _ => self.exit(inst)?,
                };
                match (ctype.scalar(), view(ctype)) {
                    (Some(scalar), _) => {
                        let number = self.emitter.unbox(object, scalar, exit);
                        self.values.set(into, number);
                    }
                    (None, Some(view)) => {
                        let or_null = !self.function.ty(*value).is_object();
                        let (pointer, length) = self.emitter.view(object, view, or_null, exit);
                        self.values.set_parts(into, &[pointer, length]);
                    }
                    (None, None) => {
                        return Err(Unsupported::new(format!("Unbox<{ctype}>"), "no C value of an object"));
                    }
                }
            }
            Instruction::Box { value } => self.box_value(inst, *value)?,
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
            Instruction::Incref { value } => {
                let or_null = !self.function.ty(*value).is_object();
                let object = self.get(*value)?;
                self.emitter.incref_stolen(object, or_null);
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
        }
        if self.function.may_run_python(self.callees, inst, Collector::of(self.emitter.layout.minor)) {
            self.forget_tests();
        }
        Ok(())
    }

    pub(super) fn result(&self, inst: Inst) -> Result<Value, Unsupported> {
        let data = &self.function.insts[inst];
        data.result.ok_or_else(|| Unsupported::new(data.instruction.name(), "it has no result"))
    }

    fn constant(&mut self, ty: &Type) -> Result<Register, Unsupported> {
        if let Some((scalar, bits)) = c_constant(ty) {
            return Ok(self.emitter.c_constant(scalar, bits));
        }
        match ty.const_object() {
            Some(object) => Ok(self.object(object)),
            None if ty.is_subtype(&Type::NONE_TYPE) => Ok(self.emitter.address(Symbol::NoneObject)),
            None if ty.is_subtype(&Type::NULLPTR) => Ok(self.emitter.null()),
            None => Err(Unsupported::new(format!("the constant {ty}"), "it is not one value")),
        }
    }

    /// The address of a constant.
    fn object(&mut self, object: &ConstObject) -> Register {
        match object.value {
            ConstValue::None => self.emitter.address(Symbol::NoneObject),
            ConstValue::Bool(true) => self.emitter.address(Symbol::TrueObject),
            ConstValue::Bool(false) => self.emitter.address(Symbol::FalseObject),
            ConstValue::Int(_)
            | ConstValue::Float(_)
            | ConstValue::Text(_)
            | ConstValue::Callee(_)
            | ConstValue::Object => self.address(Reference::object(object)),
        }
    }

    fn box_value(&mut self, inst: Inst, value: Value) -> Result<(), Unsupported> {
        let ty = self.function.ty(value);
        let first = self.get(value)?;
        let object = match (ty.scalar(), view(ty)) {
            (Some(scalar), _) => self.emitter.box_scalar(first, scalar),
            (None, Some(View::Text)) => self.emitter.box_view((first, None), View::Text),
            (None, Some(View::Bytes)) => {
                let length = self.values.length(value);
                self.emitter.box_view((first, length), View::Bytes)
            }
            (None, None) => return Err(Unsupported::new(format!("Box of {ty}"), "no C value of an object")),
        };
        // A bool is there already.
        if ty.scalar() != Some(crate::metadata::Scalar::CBool) {
            let raised = self.raised(inst);
            self.emitter.require(object, raised);
        }
        self.values.set(self.result(inst)?, object);
        Ok(())
    }

    fn assume(&mut self, inst: Inst, assumption: &Assumption) -> Result<(), Unsupported> {
        // No watcher tells of `module.__class__ = …`.
        if let Assumption::ModuleAttribute { module, .. } = assumption
            && !self.modules_tested.contains(module)
        {
            let exit = self.exit(inst)?;
            let object = self.address(Reference::object(module));
            let class = self.emitter.load(types::I64, object, self.emitter.layout.ob_type);
            let wanted = self.address(Reference::ModuleType);
            let is_plain = self.emitter.builder.ins().icmp(IntCC::Equal, class, wanted);
            self.emitter.require(is_plain, exit);
            self.modules_tested.push(module.clone());
        }
        match self.references.assumption(assumption) {
            AssumptionTest::Never => {}
            // One word tells of all.
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
                    let holds = self.ask(RuntimeFunction::DictHolds, dict);
                    self.emitter.builder.ins().brif(holds, done, &[], exit, &[]);
                    self.emitter.enter(done);
                    self.dicts_tested.push(dict);
                }
            }
            AssumptionTest::Ask { assumption } => {
                let exit = self.exit(inst)?;
                let holds = self.ask(RuntimeFunction::Holds, assumption);
                self.emitter.require(holds, exit);
            }
        }
        Ok(())
    }

    /// Asks the runtime whether what has this number is as assumed.
    fn ask(&mut self, function: RuntimeFunction, number: u32) -> Register {
        let version = self.address(Reference::Version);
        let number = self.emitter.builder.ins().iconst(types::I64, i64::from(number));
        self.call_runtime(function, &[CType::Pointer; 2], Some(CType::Status), &[version, number])
            .expect("a call with a result type has a result")
    }
}
