//! Arithmetic on C numbers with Python's results. Cases in which C computes something else leave through the exit.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{Block as Label, InstBuilder, Value as Register, types};

use super::block::Lowering;
use crate::ir::{Inst, Type, Value};
use crate::lower::symbol::Symbol;
use crate::lower::unsupported::Unsupported;
use crate::metadata::Scalar;
use crate::operators::{BinaryOperator, CompareOperator};

/// Ints up to this are exact as doubles, so that dividing them rounds once, as Python does.
const EXACT_IN_DOUBLE: i64 = 1 << 53;

impl Lowering<'_, '_, '_> {
    /// Arithmetic on two numbers.
    pub(super) fn arithmetic(
        &mut self,
        inst: Inst,
        operator: BinaryOperator,
        lhs: Value,
        rhs: Value,
    ) -> Result<Register, Unsupported> {
        let ty = self.function.ty(lhs);
        let exit = self.exit(inst)?;
        let (left, right) = (self.get(lhs)?, self.get(rhs)?);
        if ty.is_subtype(&Type::C_INT64) {
            let to_double = self.function.ty(self.result(inst)?).is_subtype(&Type::C_DOUBLE);
            self.int_arithmetic(operator, left, right, to_double, exit)
        } else if ty.is_subtype(&Type::C_DOUBLE) {
            self.float_arithmetic(operator, left, right, exit)
        } else {
            Err(Unsupported::new(format!("Arithmetic on {ty}"), "only CInt64 and CDouble are computed with"))
        }
    }

    fn int_arithmetic(
        &mut self,
        operator: BinaryOperator,
        left: Register,
        right: Register,
        to_double: bool,
        exit: Label,
    ) -> Result<Register, Unsupported> {
        if to_double != (operator == BinaryOperator::TrueDivide) {
            return Err(Unsupported::new(format!("`{}` of ints", operator.symbol()), "its result is of another type"));
        }
        Ok(match operator {
            BinaryOperator::Add | BinaryOperator::Subtract | BinaryOperator::Multiply => {
                let ins = self.emitter.builder.ins();
                let (number, overflow) = match operator {
                    BinaryOperator::Add => ins.sadd_overflow(left, right),
                    BinaryOperator::Subtract => ins.ssub_overflow(left, right),
                    _ => ins.smul_overflow(left, right),
                };
                self.emitter.refuse(overflow, exit);
                number
            }
            BinaryOperator::And => self.emitter.builder.ins().band(left, right),
            BinaryOperator::Or => self.emitter.builder.ins().bor(left, right),
            BinaryOperator::Xor => self.emitter.builder.ins().bxor(left, right),
            BinaryOperator::FloorDivide | BinaryOperator::Remainder => {
                // 0 and -1 become 1 and 0: the least number can't be divided by either.
                let shifted = self.emitter.builder.ins().iadd_imm_s(right, 1);
                let divides = self.emitter.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, shifted, 1);
                self.emitter.require(divides, exit);
                let remainder = self.emitter.builder.ins().srem(left, right);
                // C rounds to zero, Python down. They differ if there is a remainder whose sign is not the divisor's.
                let signs = self.emitter.builder.ins().bxor(remainder, right);
                let differs = self.emitter.builder.ins().icmp_imm_s(IntCC::SignedLessThan, signs, 0);
                let left_over = self.emitter.builder.ins().icmp_imm_s(IntCC::NotEqual, remainder, 0);
                let corrects = self.emitter.builder.ins().band(differs, left_over);
                if operator == BinaryOperator::Remainder {
                    let corrected = self.emitter.builder.ins().iadd(remainder, right);
                    self.emitter.builder.ins().select(corrects, corrected, remainder)
                } else {
                    let quotient = self.emitter.builder.ins().sdiv(left, right);
                    let corrected = self.emitter.builder.ins().iadd_imm_s(quotient, -1);
                    self.emitter.builder.ins().select(corrects, corrected, quotient)
                }
            }
            BinaryOperator::LeftShift => {
                let is_small = self.emitter.builder.ins().icmp_imm_u(IntCC::UnsignedLessThan, right, 63);
                self.emitter.require(is_small, exit);
                let shifted = self.emitter.builder.ins().ishl(left, right);
                let back = self.emitter.builder.ins().sshr(shifted, right);
                let fits = self.emitter.builder.ins().icmp(IntCC::Equal, back, left);
                self.emitter.require(fits, exit);
                shifted
            }
            BinaryOperator::RightShift => {
                let is_small = self.emitter.builder.ins().icmp_imm_u(IntCC::UnsignedLessThan, right, 64);
                self.emitter.require(is_small, exit);
                self.emitter.builder.ins().sshr(left, right)
            }
            BinaryOperator::TrueDivide => {
                for number in [left, right] {
                    let shifted = self.emitter.builder.ins().iadd_imm_s(number, EXACT_IN_DOUBLE);
                    let bound = 2 * EXACT_IN_DOUBLE;
                    let is_exact =
                        self.emitter.builder.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, shifted, bound);
                    self.emitter.require(is_exact, exit);
                }
                self.emitter.require(right, exit);
                let (left, right) = (self.double_of(left), self.double_of(right));
                self.emitter.builder.ins().fdiv(left, right)
            }
            BinaryOperator::MatrixMultiply | BinaryOperator::Power => return Err(not_computed(operator)),
        })
    }

    fn double_of(&mut self, int: Register) -> Register {
        self.emitter.builder.ins().fcvt_from_sint(types::F64, int)
    }

    fn float_arithmetic(
        &mut self,
        operator: BinaryOperator,
        left: Register,
        right: Register,
        exit: Label,
    ) -> Result<Register, Unsupported> {
        if matches!(operator, BinaryOperator::TrueDivide | BinaryOperator::FloorDivide | BinaryOperator::Remainder) {
            let zero = self.emitter.builder.ins().f64const(0.0);
            let is_zero = self.emitter.builder.ins().fcmp(FloatCC::Equal, right, zero);
            self.emitter.refuse(is_zero, exit);
        }
        let ins = self.emitter.builder.ins();
        Ok(match operator {
            BinaryOperator::Add => ins.fadd(left, right),
            BinaryOperator::Subtract => ins.fsub(left, right),
            BinaryOperator::Multiply => ins.fmul(left, right),
            BinaryOperator::TrueDivide => ins.fdiv(left, right),
            BinaryOperator::FloorDivide => self.double_function(Symbol::FloatFloorDivide, left, right),
            BinaryOperator::Remainder => self.double_function(Symbol::FloatRemainder, left, right),
            BinaryOperator::And
            | BinaryOperator::LeftShift
            | BinaryOperator::MatrixMultiply
            | BinaryOperator::Or
            | BinaryOperator::Power
            | BinaryOperator::RightShift
            | BinaryOperator::Xor => return Err(not_computed(operator)),
        })
    }

    fn double_function(&mut self, function: Symbol, left: Register, right: Register) -> Register {
        self.call_runtime(function, &[left, right]).expect("a call with a result type has a result")
    }

    /// A comparison of two numbers.
    pub(super) fn compare_numbers(
        &mut self,
        operator: CompareOperator,
        lhs: Value,
        rhs: Value,
    ) -> Result<Register, Unsupported> {
        let ty = self.function.ty(lhs);
        let (left, right) = (self.get(lhs)?, self.get(rhs)?);
        if ty.is_subtype(&Type::C_DOUBLE) {
            let condition = match operator {
                CompareOperator::Less => FloatCC::LessThan,
                CompareOperator::LessEqual => FloatCC::LessThanOrEqual,
                CompareOperator::Equal => FloatCC::Equal,
                // NaN is unequal to everything.
                CompareOperator::NotEqual => FloatCC::NotEqual,
                CompareOperator::Greater => FloatCC::GreaterThan,
                CompareOperator::GreaterEqual => FloatCC::GreaterThanOrEqual,
            };
            return Ok(self.emitter.builder.ins().fcmp(condition, left, right));
        }
        let is_signed = ty.scalar().is_some_and(Scalar::is_signed);
        let condition = match operator {
            CompareOperator::Less => IntCC::SignedLessThan,
            CompareOperator::LessEqual => IntCC::SignedLessThanOrEqual,
            CompareOperator::Equal => IntCC::Equal,
            CompareOperator::NotEqual => IntCC::NotEqual,
            CompareOperator::Greater => IntCC::SignedGreaterThan,
            CompareOperator::GreaterEqual => IntCC::SignedGreaterThanOrEqual,
        };
        let condition = if is_signed { condition } else { condition.unsigned() };
        Ok(self.emitter.builder.ins().icmp(condition, left, right))
    }
}

fn not_computed(operator: BinaryOperator) -> Unsupported {
    Unsupported::new(format!("`{}` of numbers", operator.symbol()), "it is the runtime's")
}
