//! Operators, comparisons and truth.

use pyo3_ffi as ffi;

use crate::cpython::functions as api;
use crate::operators::{BinaryOperator, CompareOperator, UnaryOperator};
use crate::thread::Result;
use crate::thread::owned::{self, Owned};

/// `-a`, `+a`, `~a`
pub fn unary(operator: UnaryOperator, operand: &Owned) -> Result<Owned> {
    let a = operand.as_ptr();
    // SAFETY: the object is alive.
    unsafe {
        Owned::new(match operator {
            UnaryOperator::Negative => api::PyNumber_Negative(a),
            UnaryOperator::Positive => api::PyNumber_Positive(a),
            UnaryOperator::Invert => api::PyNumber_Invert(a),
        })
    }
}

/// `a + b` and the like, or `a += b`.
pub fn binary(operator: BinaryOperator, in_place: bool, left: &Owned, right: &Owned) -> Result<Owned> {
    use BinaryOperator as Op;
    let (a, b) = (left.as_ptr(), right.as_ptr());
    // SAFETY: the objects are alive.
    unsafe {
        Owned::new(match (operator, in_place) {
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
        })
    }
}

/// `a < b` and the like.
pub fn compare(operator: CompareOperator, left: &Owned, right: &Owned) -> Result<Owned> {
    // SAFETY: the objects are alive.
    unsafe { Owned::new(api::PyObject_RichCompare(left.as_ptr(), right.as_ptr(), operator as i32)) }
}

/// `value in container`
pub fn contains(value: &Owned, container: &Owned) -> Result<bool> {
    // SAFETY: the objects are alive.
    owned::truth(unsafe { api::PySequence_Contains(container.as_ptr(), value.as_ptr()) })
}

/// `bool(value)`
pub fn truth(value: &Owned) -> Result<bool> {
    // SAFETY: the object is alive.
    owned::truth(unsafe { api::PyObject_IsTrue(value.as_ptr()) })
}
