//! Keeps numbers as C numbers. Arithmetic and comparison of exact floats and ints is done on their C numbers. A box
//! that is only unboxed again is removed. A local that is such a number in each round of a loop needs no object.
//!
//! **Identity.** A computed number is one object wherever it escapes: `Box(Unbox v)` is `v`. A number is boxed once, at
//! a place that is on the path to all uses of the object, and that is not in a loop unless the number is computed in it
//! (`placement`). A local around a loop becomes a C number only if no number would be boxed at two places (`params`).
//! If there is not an object on every path, states refer to the C number, which an exit boxes.
//!
//! **Left boxed** are operations whose C result differs or may differ: `**`, `-x` of a float (a NaN's sign), and
//! operations that mix floats with ints that are not constants. An int that does not fit, a result that overflows, and
//! a division by zero leave through an exit, where Python's own arithmetic continues. So arithmetic on ints is
//! done only if one of the two is likely to fit. In a comparison a constant does not count as that one, since long ints
//! are often compared with constants and would leave each time.

use std::collections::HashMap;

use super::{Avoided, Knowledge};
use crate::ir::instruction::unbox_may_fail;
use crate::ir::typing::{constant_double, constant_int};
use crate::ir::{
    Analyses, Block, Change, Dominators, ExitReason, Failure, Function, Inst, Instruction, Operation, Spec, State,
    Type, Value, ValueDef,
};
use crate::operators::{BinaryOperator, CompareOperator};

mod params;
mod placement;

/// Runs the pass.
pub fn run(function: &mut Function, knowledge: &Knowledge<'_>, analyses: &mut Analyses) -> Change {
    // No part of this pass changes blocks or edges.
    let Some(dominators) = analyses.dominators(function) else { return Change::Nothing };
    let mut changed = rewrite(function, knowledge.avoided, &dominators);
    if params::run(function, &dominators) {
        rewrite(function, knowledge.avoided, &dominators);
        changed = true;
    }
    changed |= placement::run(function, &dominators);
    Change::of_instructions(changed)
}

/// The C number of this type whose box the value is.
fn boxed(function: &Function, ctype: &Type, value: Value) -> Option<Value> {
    match function.definition(function.unguarded(value)) {
        Some(Instruction::Box { value }) if function.ty(*value).is_subtype(ctype) => Some(*value),
        _ => None,
    }
}

/// The constant of this C type in a constant object.
fn constant(ctype: &Type, object: &Type) -> Option<Type> {
    if *ctype == Type::C_INT64 {
        return ctype.specialized(Spec::Int(constant_int(object)?.into()));
    }
    let number = constant_double(object).filter(|_| *ctype == Type::C_DOUBLE)?;
    ctype.specialized(Spec::Double(number.to_bits()))
}

/// Goes through the function once, each definition before its uses; returns whether it changed anything.
fn rewrite(function: &mut Function, avoided: &Avoided, dominators: &Dominators) -> bool {
    let mut rewriter = UnboxingRewriter {
        function,
        avoided,
        dominators,
        replaced: HashMap::new(),
        unboxed: HashMap::new(),
        out: Vec::new(),
        changed: false,
    };
    for &block in dominators.reverse_postorder() {
        for inst in std::mem::take(&mut rewriter.function.blocks[block].insts) {
            rewriter.visit(block, inst);
        }
        rewriter.function.blocks[block].insts = std::mem::take(&mut rewriter.out);
    }
    let UnboxingRewriter { replaced, changed, .. } = rewriter;
    let changed = changed || !replaced.is_empty();
    function.replace_all(&replaced);
    for value in replaced.into_keys() {
        if let ValueDef::Result(inst) = function.values[value].def {
            function.insts[inst].result = None;
        }
        function.forget_value(value);
    }
    changed
}

struct UnboxingRewriter<'a> {
    function: &'a mut Function,
    avoided: &'a Avoided,
    dominators: &'a Dominators,
    /// Removed values with their replacements.
    replaced: HashMap<Value, Value>,
    /// For an object and a C type, or a C number and its box: the blocks and the values that hold it there.
    unboxed: HashMap<(Value, Type), Vec<(Block, Value)>>,
    out: Vec<Inst>,
    /// Whether an instruction was changed or added.
    changed: bool,
}

impl UnboxingRewriter<'_> {
    fn visit(&mut self, block: Block, inst: Inst) {
        let replaced = &self.replaced;
        self.function.insts[inst].instruction.for_each_operand(|value| {
            if let Some(new) = replaced.get(value) {
                *value = *new;
            }
        });
        let state = self.function.insts[inst].state;
        match self.function.insts[inst].instruction.clone() {
            Instruction::Unbox { ctype, value, .. } => self.visit_unbox(block, inst, ctype, value),
            Instruction::Box { value } => self.visit_box(block, inst, value),
            Instruction::Operate { operation: Operation::IsTrue, args } => self.visit_truth(inst, args[0]),
            Instruction::Operate {
                operation: Operation::BinaryOp(operator) | Operation::InplaceOp(operator),
                args,
            } => match self
                .arithmetic_type(operator, args[0], args[1])
                .filter(|ctype| self.may_compute(block, inst, Some(ExitReason::of_arithmetic(operator)), ctype, &args))
            {
                Some(ctype) => {
                    let lhs = self.number(block, state, &ctype, args[0]);
                    let rhs = self.number(block, state, &ctype, args[1]);
                    let given = if operator == BinaryOperator::TrueDivide { Type::C_DOUBLE } else { ctype };
                    let value = self.add(Instruction::Arithmetic { operator, lhs, rhs }, given.clone(), state);
                    self.finish(inst, value, &given);
                }
                None => self.out.push(inst),
            },
            Instruction::Operate { operation: Operation::Compare(operator), args } => {
                let ctype = self.comparison_type(args[0], args[1]);
                match ctype.filter(|ctype| self.may_compute(block, inst, None, ctype, &args)) {
                    Some(ctype) => {
                        let lhs = self.number(block, state, &ctype, args[0]);
                        let rhs = self.number(block, state, &ctype, args[1]);
                        let compare = Instruction::CompareNumbers { operator, lhs, rhs };
                        let value = self.add(compare, Type::C_BOOL, None);
                        self.finish(inst, value, &Type::C_BOOL);
                    }
                    None => self.out.push(inst),
                }
            }
            _ => self.out.push(inst),
        }
    }

    /// Replaces an operation by the box of the computed number.
    fn finish(&mut self, inst: Inst, value: Value, ctype: &Type) {
        self.changed = true;
        self.function.insts[inst].instruction = Instruction::Box { value };
        if let (Some(result), Some(object)) = (self.function.insts[inst].result, ctype.of_objects()) {
            self.function.values[result].ty = object;
        }
        self.out.push(inst);
    }

    fn visit_unbox(&mut self, block: Block, inst: Inst, ctype: Type, value: Value) {
        let Some(result) = self.function.insts[inst].result.filter(|_| ctype.scalar().is_some()) else {
            self.out.push(inst);
            return;
        };
        let known = boxed(self.function, &ctype, value).or_else(|| self.held(block, value, &ctype));
        if let Some(known) = known {
            self.replaced.insert(result, known);
            return;
        }
        if let Some(constant) = constant(&ctype, self.function.ty(value)) {
            self.changed = true;
            self.function.insts[inst].instruction = Instruction::LoadConst;
            self.function.insts[inst].state = None;
            self.function.values[result].ty = constant;
        }
        self.hold(block, value, ctype, result);
        self.out.push(inst);
    }

    fn visit_box(&mut self, block: Block, inst: Inst, value: Value) {
        let ctype = self.function.ty(value).clone();
        let Some(result) = self.function.insts[inst].result.filter(|_| ctype.scalar().is_some()) else {
            self.out.push(inst);
            return;
        };
        let origin = match self.function.definition(value) {
            // A `float` in C is rounded.
            Some(Instruction::Unbox { ctype, value, .. }) if *ctype != Type::C_FLOAT => Some(*value),
            _ => None,
        };
        let object = ctype.of_objects().unwrap_or(Type::OBJECT);
        match origin.or_else(|| self.held(block, value, &object)) {
            Some(known) => {
                self.replaced.insert(result, known);
            }
            None => {
                self.hold(block, value, object, result);
                self.out.push(inst);
            }
        }
    }

    /// The truth of a number.
    fn visit_truth(&mut self, inst: Inst, value: Value) {
        let result = self.function.insts[inst].result;
        if let (Some(known), Some(result)) = (boxed(self.function, &Type::C_BOOL, value), result) {
            self.replaced.insert(result, known);
            return;
        }
        let zero = |ctype: &Type| match ctype.scalar()? {
            crate::metadata::Scalar::F64 => ctype.specialized(Spec::Double(0.0f64.to_bits())),
            _ => ctype.specialized(Spec::Int(0)),
        };
        for ctype in [Type::C_INT64, Type::C_DOUBLE] {
            if let (Some(lhs), Some(zero)) = (boxed(self.function, &ctype, value), zero(&ctype)) {
                let rhs = self.add(Instruction::LoadConst, zero, None);
                let operator = CompareOperator::NotEqual;
                let data = &mut self.function.insts[inst];
                data.instruction = Instruction::CompareNumbers { operator, lhs, rhs };
                self.changed = true;
                data.state = None;
                data.error = None;
            }
        }
        self.out.push(inst);
    }

    /// The C type in which Python's arithmetic on these objects can be done, if it is worth it.
    fn arithmetic_type(&self, operator: BinaryOperator, lhs: Value, rhs: Value) -> Option<Type> {
        use BinaryOperator::{Add, FloorDivide, MatrixMultiply, Multiply, Power, Remainder, Subtract, TrueDivide};
        match operator {
            Add | Subtract | Multiply | TrueDivide | FloorDivide | Remainder if self.are_doubles(lhs, rhs) => {
                Some(Type::C_DOUBLE)
            }
            Power | MatrixMultiply => None,
            _ if self.are_ints(lhs, rhs) && (self.is_short(lhs) || self.is_short(rhs)) => Some(Type::C_INT64),
            _ => None,
        }
    }

    fn comparison_type(&self, lhs: Value, rhs: Value) -> Option<Type> {
        if self.are_doubles(lhs, rhs) {
            return Some(Type::C_DOUBLE);
        }
        // Long ints are often compared with constants, and would leave through an exit.
        let is_number = |value: Value| self.is_short(value) && constant_int(self.function.ty(value)).is_none();
        (self.are_ints(lhs, rhs) && (is_number(lhs) || is_number(rhs))).then_some(Type::C_INT64)
    }

    /// Whether arithmetic at an instruction expects nothing that is to be avoided there: that it does not fail for this
    /// reason, or that an operand that is not a C number yet is one.
    fn may_compute(&self, block: Block, inst: Inst, failure: Option<ExitReason>, ctype: &Type, args: &[Value]) -> bool {
        let avoids = |reason| self.avoided.at(self.function, inst, reason);
        let is_at_hand = |arg: &Value| {
            let known = boxed(self.function, ctype, *arg).or_else(|| self.held(block, *arg, ctype));
            known.is_some() || constant(ctype, self.function.ty(*arg)).is_some()
        };
        !failure.is_some_and(avoids)
            && (!avoids(ExitReason::Value) || !unbox_may_fail(ctype) || args.iter().all(is_at_hand))
    }

    /// Two floats, or one float and a constant int that is exactly a float.
    fn are_doubles(&self, lhs: Value, rhs: Value) -> bool {
        let is_float = |value: Value| self.function.ty(value).is_subtype(&Type::FLOAT_EXACT);
        let is_double = |value: Value| is_float(value) || constant_double(self.function.ty(value)).is_some();
        (is_float(lhs) || is_float(rhs)) && is_double(lhs) && is_double(rhs)
    }

    fn are_ints(&self, lhs: Value, rhs: Value) -> bool {
        [lhs, rhs].iter().all(|&value| self.function.ty(value).is_subtype(&Type::LONG_EXACT))
    }

    /// Whether an int is likely to fit: computed here, a length, a constant, or a local around a loop.
    fn is_short(&self, value: Value) -> bool {
        let value = self.function.unguarded(value);
        match self.function.definition(value) {
            Some(Instruction::Box { .. }) => true,
            Some(Instruction::Operate { operation: Operation::GetLen, .. }) => true,
            Some(_) => constant_int(self.function.ty(value)).is_some(),
            None => true,
        }
    }

    /// The C number in an object.
    fn number(&mut self, block: Block, state: Option<State>, ctype: &Type, value: Value) -> Value {
        if let Some(known) = boxed(self.function, ctype, value).or_else(|| self.held(block, value, ctype)) {
            return known;
        }
        let result = match constant(ctype, self.function.ty(value)) {
            Some(constant) => self.add(Instruction::LoadConst, constant, None),
            None => {
                let unbox = Instruction::unbox(ctype.clone(), value, Failure::Exit);
                self.add(unbox, ctype.clone(), state)
            }
        };
        self.hold(block, value, ctype.clone(), result);
        result
    }

    fn held(&self, block: Block, value: Value, ty: &Type) -> Option<Value> {
        let known = self.unboxed.get(&(self.function.unguarded(value), ty.clone()))?;
        known.iter().find(|(at, _)| self.dominators.dominates(*at, block)).map(|(_, value)| *value)
    }

    fn hold(&mut self, block: Block, value: Value, ty: Type, holder: Value) {
        self.unboxed.entry((self.function.unguarded(value), ty)).or_default().push((block, holder));
    }

    fn add(&mut self, instruction: Instruction, ty: Type, state: Option<State>) -> Value {
        self.changed = true;
        let inst = self.function.add_inst(instruction, Some(ty));
        self.function.insts[inst].state = state;
        self.out.push(inst);
        self.function.insts[inst].result.expect("an instruction added with a type has a result")
    }
}
