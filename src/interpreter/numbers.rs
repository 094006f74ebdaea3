//! Operators.

use pyo3_ffi as ffi;

use crate::bytecode::{BinaryOperator, CompareOperator, Condition, UnaryOperator};

use super::activation::Activation;
use crate::cpython::functions as api;
use crate::thread::Result;
use crate::thread::owned::{give_up, truth};

impl Activation<'_> {
    pub(super) fn unary(&mut self, operator: UnaryOperator) -> Result {
        let operand = self.pop()?;
        // SAFETY: the object is alive.
        let result = unsafe {
            match operator {
                UnaryOperator::Negative => api::PyNumber_Negative(operand.as_ptr()),
                UnaryOperator::Positive => api::PyNumber_Positive(operand.as_ptr()),
                UnaryOperator::Invert => api::PyNumber_Invert(operand.as_ptr()),
            }
        };
        drop(operand);
        // SAFETY: what the call returned.
        unsafe { self.push_new(result) }
    }

    pub(super) fn binary(&mut self, operator: BinaryOperator, in_place: bool) -> Result {
        use BinaryOperator as Op;
        let right = self.pop()?;
        let left = self.pop()?;
        let (a, b) = (left.as_ptr(), right.as_ptr());
        // SAFETY: the objects are alive.
        let result = unsafe {
            match (operator, in_place) {
                (Op::Add, false) => api::PyNumber_Add(a, b),
                (Op::And, false) => api::PyNumber_And(a, b),
                (Op::FloorDivide, false) => api::PyNumber_FloorDivide(a, b),
                (Op::LeftShift, false) => api::PyNumber_Lshift(a, b),
                (Op::MatrixMultiply, false) => api::PyNumber_MatrixMultiply(a, b),
                (Op::Multiply, false) => api::PyNumber_Multiply(a, b),
                (Op::Remainder, false) => api::PyNumber_Remainder(a, b),
                (Op::Or, false) => api::PyNumber_Or(a, b),
                (Op::Power, false) => api::PyNumber_Power(a, b, ffi::Py_None()),
                (Op::RightShift, false) => api::PyNumber_Rshift(a, b),
                (Op::Subtract, false) => api::PyNumber_Subtract(a, b),
                (Op::TrueDivide, false) => api::PyNumber_TrueDivide(a, b),
                (Op::Xor, false) => api::PyNumber_Xor(a, b),
                (Op::Add, true) => api::PyNumber_InPlaceAdd(a, b),
                (Op::And, true) => api::PyNumber_InPlaceAnd(a, b),
                (Op::FloorDivide, true) => api::PyNumber_InPlaceFloorDivide(a, b),
                (Op::LeftShift, true) => api::PyNumber_InPlaceLshift(a, b),
                (Op::MatrixMultiply, true) => api::PyNumber_InPlaceMatrixMultiply(a, b),
                (Op::Multiply, true) => api::PyNumber_InPlaceMultiply(a, b),
                (Op::Remainder, true) => api::PyNumber_InPlaceRemainder(a, b),
                (Op::Or, true) => api::PyNumber_InPlaceOr(a, b),
                (Op::Power, true) => api::PyNumber_InPlacePower(a, b, ffi::Py_None()),
                (Op::RightShift, true) => api::PyNumber_InPlaceRshift(a, b),
                (Op::Subtract, true) => api::PyNumber_InPlaceSubtract(a, b),
                (Op::TrueDivide, true) => api::PyNumber_InPlaceTrueDivide(a, b),
                (Op::Xor, true) => api::PyNumber_InPlaceXor(a, b),
            }
        };
        give_up([left, right], true);
        // SAFETY: what the call returned.
        unsafe { self.push_new(result) }
    }

    pub(super) fn compare(&mut self, operator: CompareOperator) -> Result {
        let right = self.pop()?;
        let left = self.pop()?;
        // SAFETY: the objects are alive.
        let result = unsafe { api::PyObject_RichCompare(left.as_ptr(), right.as_ptr(), operator as i32) };
        give_up([left, right], false);
        // SAFETY: what the call returned.
        unsafe { self.push_new(result) }
    }

    pub(super) fn is(&mut self, inverted: bool) -> Result {
        let right = self.pop()?;
        let left = self.pop()?;
        let is_same = left.as_ptr() == right.as_ptr();
        give_up([left, right], false);
        self.push_bool(is_same != inverted);
        Ok(())
    }

    /// `value container -- bool`
    pub(super) fn contains(&mut self, inverted: bool) -> Result {
        let container = self.pop()?;
        let value = self.pop()?;
        // SAFETY: the objects are alive.
        let is_in = unsafe { api::PySequence_Contains(container.as_ptr(), value.as_ptr()) };
        give_up([value, container], false);
        self.push_bool(truth(is_in)? != inverted);
        Ok(())
    }

    /// Whether the top, which is popped, is true.
    pub(super) fn pop_truth(&mut self) -> Result<bool> {
        let value = self.pop()?;
        // SAFETY: the object is alive.
        truth(unsafe { api::PyObject_IsTrue(value.as_ptr()) })
    }

    pub(super) fn pop_condition(&mut self, condition: Condition) -> Result<bool> {
        match condition {
            Condition::True => self.pop_truth(),
            Condition::False => self.pop_truth().map(|truth| !truth),
            Condition::None => Ok(self.pop()?.is_none()),
            Condition::NotNone => Ok(!self.pop()?.is_none()),
        }
    }
}
