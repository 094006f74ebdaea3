//! The result types of operations, from the types of their operands: only what CPython guarantees.
//!
//! Either operand's class may override an operator, so only exact types decide. A type that is narrower than CPython's
//! promise would be wrong; a wider one only costs.

use super::constant::ConstValue;
use super::operation::Operation;
use super::types::{Spec, Type};
use crate::operators::{BinaryOperator, Conversion, UnaryOperator};

/// The type of an operation's result, for operands of these types; `None` if it has no result.
pub(super) fn result_type(operation: &Operation, operands: &[Type]) -> Option<Type> {
    let declared = operation.shape().result?;
    let narrowed = match (operation, operands) {
        (Operation::BinaryOp(operator), [a, b]) => binary(*operator, a, b),
        // An object that can be changed in place is the result itself; for other objects the result is the plain
        // operator's.
        (Operation::InplaceOp(operator), [a, b]) => binary(*operator, a, b),
        (Operation::UnaryOp(operator), [a]) => unary(*operator, a),
        (Operation::Compare(_), [a, b]) => both(a, b, &scalars()).then_some(Type::BOOL),
        (Operation::GetItem, [a, b]) => item(a, b),
        (Operation::FormatSimple | Operation::Convert(_), [a]) => text(operation, a),
        (Operation::FormatWithSpec, [a, b]) => both(a, b, &scalars()).then_some(Type::UNICODE_EXACT),
        (Operation::Is, [a, b]) => identity(a, b).map(truth),
        (Operation::IsNull, [a]) => is_null(a).map(truth),
        (Operation::IsTrue, [a]) => is_true(a).map(truth),
        (Operation::Not, [a]) => match a.spec() {
            Some(Spec::Bool(value)) => Some(truth(!value)),
            _ => None,
        },
        (Operation::CheckLocal(_), [a]) => Some(a.without(&Type::NULLPTR)).filter(|ty| !ty.is_bottom()),
        _ => None,
    };
    Some(narrowed.map_or(declared.clone(), |ty| declared.intersection(&ty)))
}

/// Numbers whose operators are CPython's own: exact ints and floats, and bools, which have no subclasses.
pub(super) fn numbers() -> Type {
    integers().union(&Type::FLOAT_EXACT)
}

/// Exact ints and bools.
pub(super) fn integers() -> Type {
    Type::LONG_EXACT.union(&Type::BOOL)
}

/// Objects whose comparison and text are CPython's own and ask no other object.
pub(super) fn scalars() -> Type {
    let texts = Type::UNICODE_EXACT.union(&Type::BYTES_EXACT);
    numbers().union(&texts).union(&Type::NONE_TYPE)
}

/// Objects whose death cannot be noticed: they have no finalizer and no weak reference, and contain no object that has
/// one.
pub(super) fn dies_unseen(ty: &Type) -> bool {
    ty.is_subtype(&scalars().or_null())
}

fn both(a: &Type, b: &Type, wanted: &Type) -> bool {
    a.is_subtype(wanted) && b.is_subtype(wanted)
}

fn binary(operator: BinaryOperator, a: &Type, b: &Type) -> Option<Type> {
    use BinaryOperator::{Add, And, FloorDivide, LeftShift, Multiply, Or, Power, Remainder, RightShift, Subtract};
    use BinaryOperator::{MatrixMultiply, TrueDivide, Xor};
    if both(a, b, &integers()) {
        return match operator {
            Add | Subtract | Multiply | FloorDivide | Remainder | LeftShift | RightShift => Some(Type::LONG_EXACT),
            TrueDivide => Some(Type::FLOAT_EXACT),
            And | Or | Xor if both(a, b, &Type::BOOL) => Some(Type::BOOL),
            And | Or | Xor if a.is_subtype(&Type::LONG_EXACT) || b.is_subtype(&Type::LONG_EXACT) => {
                Some(Type::LONG_EXACT)
            }
            And | Or | Xor => Some(integers()),
            // A negative exponent gives a float.
            Power => Some(Type::LONG_EXACT.union(&Type::FLOAT_EXACT)),
            MatrixMultiply => None,
        };
    }
    if both(a, b, &numbers()) {
        let has_float = a.is_subtype(&Type::FLOAT_EXACT) || b.is_subtype(&Type::FLOAT_EXACT);
        return match operator {
            TrueDivide => Some(Type::FLOAT_EXACT),
            Add | Subtract | Multiply | FloorDivide | Remainder if has_float => Some(Type::FLOAT_EXACT),
            Add | Subtract | Multiply | FloorDivide | Remainder => Some(Type::LONG_EXACT.union(&Type::FLOAT_EXACT)),
            // A root of a negative number is complex; the other operators raise.
            Power | And | Or | Xor | LeftShift | RightShift | MatrixMultiply => None,
        };
    }
    let sequences = [Type::UNICODE_EXACT, Type::BYTES_EXACT, Type::LIST_EXACT, Type::TUPLE_EXACT];
    match operator {
        Add => sequences.into_iter().find(|ty| both(a, b, ty)),
        Multiply => sequences
            .into_iter()
            .find(|ty| a.is_subtype(ty) && b.is_subtype(&integers()) || b.is_subtype(ty) && a.is_subtype(&integers())),
        // The text of any other object on the right may be an instance of a subclass.
        Remainder if a.is_subtype(&Type::UNICODE_EXACT) && b.is_subtype(&scalars()) => Some(Type::UNICODE_EXACT),
        Or if both(a, b, &Type::DICT_EXACT) => Some(Type::DICT_EXACT),
        _ => None,
    }
}

fn unary(operator: UnaryOperator, a: &Type) -> Option<Type> {
    if a.is_subtype(&integers()) {
        return Some(Type::LONG_EXACT);
    }
    let is_float = a.is_subtype(&Type::FLOAT_EXACT);
    (is_float && operator != UnaryOperator::Invert).then_some(Type::FLOAT_EXACT)
}

fn item(container: &Type, key: &Type) -> Option<Type> {
    if container.is_subtype(&Type::UNICODE_EXACT) {
        return Some(Type::UNICODE_EXACT);
    }
    (container.is_subtype(&Type::BYTES_EXACT) && key.is_subtype(&integers())).then_some(Type::LONG_EXACT)
}

fn text(operation: &Operation, a: &Type) -> Option<Type> {
    let is_own = a.is_subtype(&scalars()) || matches!(operation, Operation::Convert(Conversion::Ascii));
    is_own.then_some(Type::UNICODE_EXACT)
}

fn truth(value: bool) -> Type {
    Type::C_BOOL.specialized(Spec::Bool(value)).expect("a CBool may be either")
}

fn identity(a: &Type, b: &Type) -> Option<bool> {
    if a.is_bottom() || b.is_bottom() {
        return None;
    }
    if !a.may_overlap(b) {
        return Some(false);
    }
    let same_object = matches!((a.const_object(), b.const_object()), (Some(mine), Some(theirs)) if mine == theirs);
    (same_object || both(a, b, &Type::NONE_TYPE)).then_some(true)
}

fn is_null(a: &Type) -> Option<bool> {
    if a.is_bottom() {
        return None;
    }
    if a.is_object() { Some(false) } else { a.is_subtype(&Type::NULLPTR).then_some(true) }
}

fn is_true(a: &Type) -> Option<bool> {
    if a.is_bottom() {
        return None;
    }
    let always = Type::FUNC.union(&Type::C_FUNCTION).union(&Type::METHOD_DESCR);
    if a.is_subtype(&Type::NONE_TYPE) {
        return Some(false);
    }
    if a.is_subtype(&always) {
        return Some(true);
    }
    match a.const_object()?.value {
        ConstValue::Bool(truth) => Some(truth),
        _ => None,
    }
}

/// The value of a constant int, if it fits 64 bits.
pub(super) fn constant_int(ty: &Type) -> Option<i64> {
    match ty.const_object()?.value {
        ConstValue::Int(number) => Some(number),
        _ => None,
    }
}

/// The value of a constant float, or of a constant int as a float if that is exact.
pub(super) fn constant_double(ty: &Type) -> Option<f64> {
    match ty.const_object()?.value {
        ConstValue::Int(number) => (number.unsigned_abs() <= 1 << 53).then_some(number as f64),
        ConstValue::Float(bits) => Some(f64::from_bits(bits)).filter(|number| !number.is_nan()),
        _ => None,
    }
}
