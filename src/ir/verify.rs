//! The verifier: the properties of a function on which passes and the lowering rely.
//!
//! Blocks end with a terminator, which is nowhere else. Values are defined once, and before their uses on every path.
//! Operands and results have the types that the instruction needs. Block calls pass what the block needs. With the
//! callees, it also checks that direct calls pass what their callees need.

use std::collections::HashSet;
use std::sync::Arc;

use super::callee::{Called, CalleeTarget, Callees};
use super::dominators::Dominators;
use super::entities::{Block, Inst, Value};
use super::function::{Function, InstData, ValueDef};
use super::instruction::{BlockCall, Failure, Instruction, ResultRule, unbox_may_fail};
use super::types::Type;
use crate::metadata::{Kind, Overload};
use crate::operators::BinaryOperator;

/// An error in a function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{block}: `{text}`: {reason}")]
pub struct VerifyError {
    /// The block.
    pub block: Block,
    /// The instruction as text; empty for the block itself.
    pub text: String,
    /// The error, which names the value.
    pub reason: String,
}

impl Function {
    /// Checks everything that can be checked without the callees.
    ///
    /// # Errors
    /// The first error.
    pub fn verify(&self) -> Result<(), VerifyError> {
        self.check(None)
    }

    /// Also checks the direct calls.
    ///
    /// # Errors
    /// The first error.
    pub fn verify_calls(&self, callees: &Callees) -> Result<(), VerifyError> {
        self.check(Some(callees))
    }

    fn check(&self, callees: Option<&Callees>) -> Result<(), VerifyError> {
        let entry = self.entry().ok_or_else(|| in_block(Block::from_u32(0), "a function needs a block".to_owned()))?;
        let mut places = Places::default();
        for &block in &self.layout {
            places.enter(self, block)?;
        }
        let dominators = Dominators::compute(self, entry);
        let verifier = Verifier { function: self, callees, places, dominators };
        if let Some((target, block)) = verifier.goes_to(entry) {
            return Err(in_block(block, format!("jumps to the entry, {target}")));
        }
        for (block, inst, data) in self.instructions() {
            verifier.check_inst(block, inst, data).map_err(|reason| VerifyError {
                block,
                text: self.display_inst(data),
                reason,
            })?;
        }
        Ok(())
    }
}

fn in_block(block: Block, reason: String) -> VerifyError {
    VerifyError { block, text: String::new(), reason }
}

/// The place of each instruction.
#[derive(Default)]
struct Places {
    /// By instruction; `None` for those in no block.
    of_inst: Vec<Option<(Block, usize)>>,
    blocks: HashSet<Block>,
}

impl Places {
    /// Checks that a block ends correctly, and notes its instructions.
    fn enter(&mut self, function: &Function, block: Block) -> Result<(), VerifyError> {
        let Some(data) = function.blocks.get(block) else {
            return Err(in_block(block, "is in the layout, but not in the function".to_owned()));
        };
        if !self.blocks.insert(block) {
            return Err(in_block(block, "is in the layout twice".to_owned()));
        }
        for (position, &value) in data.params.iter().enumerate() {
            if function.values.get(value).map(|data| data.def) != Some(ValueDef::Param(block, position)) {
                return Err(in_block(block, format!("{value} is not defined as parameter {position}")));
            }
        }
        self.of_inst.resize(function.insts.len(), None);
        for (position, &inst) in data.insts.iter().enumerate() {
            let Some(inst_data) = function.insts.get(inst) else {
                return Err(in_block(block, format!("{inst} is not in the function")));
            };
            if self.of_inst[inst.as_u32() as usize].replace((block, position)).is_some() {
                return Err(in_block(block, format!("`{}` is here a second time", function.display_inst(inst_data))));
            }
            let is_last = position + 1 == data.insts.len();
            if inst_data.instruction.is_terminator() != is_last {
                let reason =
                    if is_last { "the last instruction does not end the block" } else { "ends the block early" };
                let text = function.display_inst(inst_data);
                return Err(VerifyError { block, text, reason: reason.to_owned() });
            }
        }
        if data.insts.is_empty() {
            return Err(in_block(block, "has no instructions".to_owned()));
        }
        Ok(())
    }

    fn of(&self, inst: Inst) -> Option<(Block, usize)> {
        self.of_inst.get(inst.as_u32() as usize).copied().flatten()
    }
}

struct Verifier<'a> {
    function: &'a Function,
    callees: Option<&'a Callees>,
    places: Places,
    dominators: Dominators,
}

/// The error in one instruction.
type CheckResult = Result<(), String>;

/// An instruction that may fail must say what happens then.
fn check_failure(failure: Failure, may_fail: bool) -> CheckResult {
    if failure == Failure::Never && may_fail {
        return Err("may fail, and does not say whether that is a `fallback` or an `exit`".to_owned());
    }
    Ok(())
}

impl<'a> Verifier<'a> {
    fn goes_to(&self, entry: Block) -> Option<(Block, Block)> {
        let goes = |block: &&Block| self.function.successors(**block).iter().any(|call| call.block == entry);
        self.function.layout.iter().find(goes).map(|&block| (entry, block))
    }

    fn check_inst(&self, block: Block, inst: Inst, data: &InstData) -> CheckResult {
        let operands = data.instruction.operands();
        let released = self.function.releases[inst].iter().copied();
        for value in operands.into_iter().chain(self.function.values_of_states(inst)).chain(released) {
            self.check_use(block, inst, value)?;
        }
        if data.error.is_some() && !data.instruction.may_end_early() {
            return Err("never raises, and has a state to go on with when it does".to_owned());
        }
        if data.state.is_none() && data.instruction.needs_state() {
            return Err("has no frame state to leave with".to_owned());
        }
        match (data.instruction.result_rule(), data.result) {
            (ResultRule::Always | ResultRule::Borrowed, None) => return Err("has no result".to_owned()),
            (ResultRule::Never, Some(result)) => return Err(format!("can't have the result {result}")),
            _ => {}
        }
        if let Some(result) = data.result
            && self.function.values.get(result).map(|data| data.def) != Some(ValueDef::Result(inst))
        {
            return Err(format!("{result} is not defined as its result"));
        }
        self.check_types(&data.instruction, data.result)
    }

    /// A value must be defined before its use on every path.
    fn check_use(&self, block: Block, inst: Inst, value: Value) -> CheckResult {
        let Some(data) = self.function.values.get(value) else {
            return Err(format!("{value} does not exist"));
        };
        let reaches = match data.def {
            ValueDef::Unused => return Err(format!("{value} is not defined")),
            ValueDef::Param(definer, _) => {
                self.places.blocks.contains(&definer) && self.dominators.dominates(definer, block)
            }
            ValueDef::Result(definer) => match (self.places.of(definer), self.places.of(inst)) {
                (None, _) => return Err(format!("the instruction that defines {value} is in no block")),
                (Some((from, before)), Some((_, here))) if from == block => before < here,
                (Some((from, _)), _) => self.dominators.dominates(from, block),
            },
        };
        if reaches { Ok(()) } else { Err(format!("{value} is used where it may not be defined yet")) }
    }

    fn check_types(&self, instruction: &Instruction, result: Option<Value>) -> CheckResult {
        match instruction {
            Instruction::LoadConst => {
                self.check_result_by(result, "one constant", |ty| ty.is_constant() || *ty == Type::NULLPTR)
            }
            // This is the only place where a type is declared that the function's caller has proven for an argument.
            Instruction::LoadArg { .. } | Instruction::LoadSelf => {
                self.check_result_by(result, "an object", |declared| !declared.is_bottom() && declared.is_object())
            }
            Instruction::LoadContext => self.check_result(result, &Type::C_PTR),
            Instruction::VectorCall { callable, args, keywords } => {
                self.check_object(*callable)?;
                check_keywords(args, keywords)?;
                args.iter().try_for_each(|&arg| self.check_object(arg))?;
                self.check_narrowed(result, &Type::OBJECT)
            }
            Instruction::VectorCallStatic { callable, args, keywords } => {
                self.check_object(*callable)?;
                check_keywords(args, keywords)?;
                if self.function.ty(*callable).const_object().is_none() {
                    return Err(format!("{callable} is not one known object"));
                }
                args.iter().try_for_each(|&arg| self.check_object(arg))?;
                self.check_narrowed(result, &Type::OBJECT)
            }
            Instruction::CallCFunction { callee, args } => self.check_direct_call(callee, args, result),
            Instruction::Guard { ty, value, failure } => {
                check_failure(*failure, !Type::OBJECT.is_subtype(ty))?;
                self.check_operand(*value, &Type::OBJECT.or_null())?;
                if !ty.is_object_or_null() {
                    return Err(format!("{ty} can't be looked for in {value}, an object"));
                }
                self.check_result(result, &self.function.ty(*value).intersection(ty))
            }
            Instruction::NullIfNone { value } => {
                self.check_object(*value)?;
                self.check_result(result, &self.function.ty(*value).null_for_none())
            }
            Instruction::Unbox { ctype, value, failure } => {
                check_failure(*failure, unbox_may_fail(ctype))?;
                let Some(object) = ctype.of_objects().filter(|_| ctype.spec().is_none()) else {
                    return Err(format!("{ctype} is no type of C values that objects hold"));
                };
                let has_null = ctype.scalar().is_none();
                self.check_operand(*value, &if has_null { object.or_null() } else { object })?;
                self.check_result(result, ctype)
            }
            Instruction::UnboxReal { ctype, value } => {
                self.check_object(*value)?;
                if *ctype != Type::C_DOUBLE && *ctype != Type::C_FLOAT {
                    return Err(format!("{ctype} is no type of real C numbers"));
                }
                self.check_result(result, ctype)
            }
            Instruction::Box { value } => {
                let ty = self.function.ty(*value);
                let Some(object) = ty.of_objects() else {
                    return Err(format!("{value} is no C value that an object holds"));
                };
                self.check_result(result, &or_none(object, ty.scalar().is_none()))
            }
            Instruction::ToForeign { callee, parameter, value } => {
                self.check_object(*value)?;
                let Some((overload, kind)) = self.foreign(callee, |overload| {
                    overload.parameters.get(usize::from(*parameter)).map(|parameter| &parameter.kind)
                })?
                else {
                    return Ok(());
                };
                match kind {
                    Kind::Foreign(_) => self.check_result(result, &Type::of_kind(kind)),
                    _ => {
                        Err(format!("parameter {parameter} of {callee}, {overload}, is not its provider's to convert"))
                    }
                }
            }
            Instruction::FromForeign { callee, value } => {
                let Some((overload, kind)) = self.foreign(callee, |overload| Some(&overload.result))? else {
                    return Ok(());
                };
                let Kind::Foreign(_) = kind else {
                    return Err(format!("the result of {callee}, {overload}, is not its provider's to convert"));
                };
                self.check_operand(*value, &Type::of_kind(kind))?;
                self.check_result(result, &Type::OBJECT)
            }
            Instruction::Operate { operation, args } => {
                let shape = operation.shape();
                if args.len() != shape.operands.len() {
                    return Err(format!("{} takes {} values, not {}", operation, shape.operands.len(), args.len()));
                }
                args.iter().zip(&shape.operands).try_for_each(|(&arg, ty)| self.check_operand(arg, ty))?;
                shape.result.map_or(Ok(()), |ty| self.check_narrowed(result, &ty))
            }
            Instruction::MethodSelf { method } => match self.function.definition(*method) {
                Some(Instruction::Operate { operation, .. }) if operation.gives_method() => {
                    self.check_narrowed(result, &Type::OBJECT.or_null())
                }
                _ => Err(format!("{method} is not what an operation found as a method")),
            },
            Instruction::Assume { .. } | Instruction::Exit | Instruction::Unreachable => Ok(()),
            Instruction::GuardFinite { value } => {
                self.check_operand(*value, &Type::C_DOUBLE)?;
                self.check_result(result, &Type::C_DOUBLE)
            }
            Instruction::Arithmetic { operator, lhs, rhs } => {
                let ty = self.check_numbers(*lhs, *rhs)?;
                // True division gives a float, also for ints.
                let ty = if *operator == BinaryOperator::TrueDivide { Type::C_DOUBLE } else { ty };
                self.check_narrowed(result, &ty)
            }
            Instruction::CompareNumbers { lhs, rhs, .. } => {
                self.check_numbers(*lhs, *rhs)?;
                self.check_result(result, &Type::C_BOOL)
            }
            Instruction::Incref { value } | Instruction::Decref { value } => {
                self.check_operand(*value, &Type::OBJECT.or_null())
            }
            Instruction::Return { value } => self.check_object(*value),
            Instruction::Jump { target } => self.check_block_call(target),
            Instruction::Branch { condition, then, otherwise } => {
                self.check_operand(*condition, &Type::C_BOOL)?;
                self.check_block_call(then)?;
                self.check_block_call(otherwise)
            }
        }
    }

    fn check_block_call(&self, call: &BlockCall) -> CheckResult {
        if !self.places.blocks.contains(&call.block) {
            return Err(format!("there is no {}", call.block));
        }
        let params = &self.function.blocks[call.block].params;
        if params.len() != call.args.len() {
            return Err(format!("{} takes {} values, not {}", call.block, params.len(), call.args.len()));
        }
        call.args.iter().zip(params).try_for_each(|(&arg, &param)| self.check_operand(arg, self.function.ty(param)))
    }

    /// A foreign function and one of its kinds; `None` if no callees are known.
    fn foreign(
        &self,
        callee: &Called,
        kind: impl FnOnce(&'a Overload) -> Option<&'a Kind>,
    ) -> Result<Option<(&'a Overload, &'a Kind)>, String> {
        let Some(callees) = self.callees else { return Ok(None) };
        let (_, overload) = callees.overload(callee).ok_or_else(|| format!("nothing is known about {callee}"))?;
        let kind = kind(overload).ok_or_else(|| format!("{callee}, {overload}, has no such parameter"))?;
        Ok(Some((overload, kind)))
    }

    fn check_direct_call(&self, callee: &Called, args: &[Value], result: Option<Value>) -> CheckResult {
        let Some(callees) = self.callees else { return Ok(()) };
        let Some((known, overload)) = callees.overload(callee) else {
            return Err(format!("nothing is known about {callee}"));
        };
        if known.target == CalleeTarget::Class {
            return Err(format!("{callee} is a class, which has no C function"));
        }
        let wanted = argument_types(overload, known.target);
        // A wrapper fills in the arguments that are left out at the end.
        let optional = overload.arguments().filter(|(_, parameter)| parameter.default.is_some()).count();
        let may_leave_out = if known.target == CalleeTarget::Method { optional } else { 0 };
        if args.len() > wanted.len() || args.len() + may_leave_out < wanted.len() {
            return Err(format!("{callee} takes {} values, not {}", wanted.len(), args.len()));
        }
        args.iter().zip(&wanted).try_for_each(|(&arg, ty)| self.check_operand(arg, ty))?;
        match (result_type(overload, known.target), result) {
            (Some(ty), Some(_)) => self.check_result(result, &ty),
            (None, None) => Ok(()),
            (Some(ty), None) => Err(format!("{callee} returns {ty}, which needs a name")),
            (None, Some(result)) => Err(format!("{callee} returns nothing, not {result}")),
        }
    }

    /// Checks two numbers of one C type on which Python's arithmetic is defined, and returns the type.
    fn check_numbers(&self, lhs: Value, rhs: Value) -> Result<Type, String> {
        let both = |ty: &Type| [lhs, rhs].iter().all(|&value| self.function.ty(value).is_subtype(ty));
        let ty = [Type::C_INT64, Type::C_DOUBLE].into_iter().find(both);
        ty.ok_or_else(|| format!("{lhs} and {rhs} are not both CInt64 or CDouble"))
    }

    fn check_object(&self, value: Value) -> CheckResult {
        self.check_operand(value, &Type::OBJECT)
    }

    fn check_operand(&self, value: Value, wanted: &Type) -> CheckResult {
        let ty = self.function.ty(value);
        if ty.is_subtype(wanted) { Ok(()) } else { Err(format!("{value} is {ty}, not {wanted}")) }
    }

    /// The result must be declared at least as wide as the instruction's result.
    fn check_result(&self, result: Option<Value>, given: &Type) -> CheckResult {
        self.check_result_by(result, &given.to_string(), |declared| given.is_subtype(declared))
    }

    /// The result may be declared wider than the instruction's result, or narrower by a pass that knew more.
    fn check_narrowed(&self, result: Option<Value>, given: &Type) -> CheckResult {
        self.check_result_by(result, &given.to_string(), |declared| {
            given.is_subtype(declared) || declared.is_subtype(given) && !declared.is_bottom()
        })
    }

    fn check_result_by(&self, result: Option<Value>, given: &str, fits: impl Fn(&Type) -> bool) -> CheckResult {
        let Some(result) = result else { return Err("has no result".to_owned()) };
        let declared = self.function.ty(result);
        if fits(declared) { Ok(()) } else { Err(format!("{result} is declared {declared}, not {given}")) }
    }
}

/// Every name has an argument, and none comes twice.
fn check_keywords(args: &[Value], keywords: &[Arc<str>]) -> CheckResult {
    if keywords.len() > args.len() {
        return Err(format!("{} names for {} arguments", keywords.len(), args.len()));
    }
    match keywords.iter().enumerate().find(|(position, name)| keywords[..*position].contains(name)) {
        Some((_, name)) => Err(format!("{name:?} is given twice")),
        None => Ok(()),
    }
}

/// The types that a direct call passes: C values to an underlying function, objects to a wrapper.
fn argument_types(overload: &Overload, target: CalleeTarget) -> Vec<Type> {
    let parameters = &overload.parameters;
    match target {
        CalleeTarget::Underlying => parameters
            .iter()
            .map(|parameter| match Type::of_kind(&parameter.kind) {
                object if parameter.nullable && parameter.kind.is_object() => object.or_null(),
                ty => ty,
            })
            .collect(),
        CalleeTarget::Method | CalleeTarget::Class => {
            let receiver = parameters.iter().filter(|parameter| parameter.receiver);
            let others = overload.arguments().map(|(_, parameter)| parameter);
            // A wrapper gets `None` itself.
            receiver
                .chain(others)
                .map(|parameter| if parameter.nullable { Type::OBJECT } else { object_type(&parameter.kind) })
                .collect()
        }
    }
}

/// The type, with `None` if `admitted`.
pub(super) fn or_none(ty: Type, admitted: bool) -> Type {
    if admitted { ty.union(&Type::NONE_TYPE) } else { ty }
}

/// The result type of a direct call; `None` if it returns nothing.
pub(super) fn result_type(overload: &Overload, target: CalleeTarget) -> Option<Type> {
    match (target, &overload.result) {
        (CalleeTarget::Underlying, Kind::Void) => None,
        (CalleeTarget::Underlying, kind) => Some(Type::of_kind(kind)),
        (CalleeTarget::Method | CalleeTarget::Class, kind) => Some(object_type(kind)),
    }
}

/// The type of the object for a value of this kind, if objects are passed instead of C values.
pub(super) fn object_type(kind: &Kind) -> Type {
    match kind {
        Kind::Scalar(scalar) => Type::boxed(*scalar),
        Kind::Void => Type::NONE_TYPE,
        Kind::Object | Kind::Python { .. } | Kind::User { .. } => Type::of_kind(kind),
        Kind::Cstr | Kind::Buffer | Kind::Foreign(_) | Kind::Context => Type::OBJECT,
    }
}
