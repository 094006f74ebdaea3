//! Recipes: the function that an operation calls, its arguments, and its result, as plain data.

use std::sync::Arc;

use crate::ir::Operation;
use crate::lower::symbol::Symbol as Function;
use crate::operators::{BinaryOperator, Conversion, UnaryOperator};

/// A call of a function that does an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The function.
    pub function: Function,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// The result.
    pub outcome: Outcome,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// An operand of the operation.
    Operand(usize),
    /// The address of an array of the operands from this index on, and their number.
    Array(usize),
    /// An interned name.
    Name(Arc<str>),
    /// A number, as wide as the function's parameter.
    Number(i64),
    /// `None`.
    None,
    /// The null pointer.
    Null,
    /// The data of the compiled function.
    Unit,
    /// The address to which the function writes the object that a method is called on; null if it is not used.
    MethodSelf,
}

/// The result of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An object; null, with an exception set, if it raised.
    Object,
    /// An object or null; null means that it raised if an exception is set.
    ObjectOrNull,
    /// An object; never null.
    Certain,
    /// A C `int`, not zero if it raised.
    Status,
    /// A C `int`: a truth value, negative if it raised.
    Truth,
}

/// The function that does an operation; `None` for operations that take no call, or more than one.
///
/// Each of these does the same as the interpreter of bytecode: it is either CPython's own function, or a function of
/// `semantics`.
pub fn recipe(operation: &Operation) -> Option<Recipe> {
    use Argument::{Array, MethodSelf, Name, Null, Number, Operand, Unit};
    use Outcome::{Certain, Object, ObjectOrNull, Status, Truth};
    let name = |name: &Arc<str>| Name(name.clone());
    let count = |count: u32| Number(i64::from(count));
    let one = || vec![Operand(0)];
    let two = || vec![Operand(0), Operand(1)];
    let three = || vec![Operand(0), Operand(1), Operand(2)];
    let power = |operator: BinaryOperator| {
        let modulus = (operator == BinaryOperator::Power).then_some(Argument::None);
        two().into_iter().chain(modulus).collect()
    };
    let (function, arguments, outcome) = match operation {
        Operation::BinaryOp(operator) => (binary(*operator), power(*operator), Object),
        Operation::InplaceOp(operator) => (in_place(*operator), power(*operator), Object),
        Operation::UnaryOp(operator) => (unary(*operator), one(), Object),
        Operation::Compare(operator) => {
            (Function::RichCompare, vec![Operand(0), Operand(1), Number(*operator as i64)], Object)
        }
        Operation::IsTrue => (Function::IsTrue, one(), Truth),
        Operation::Contains => (Function::Contains, vec![Operand(1), Operand(0)], Truth),
        Operation::GetItem => (Function::GetItem, two(), Object),
        Operation::SetItem => (Function::SetItem, three(), Status),
        Operation::DelItem => (Function::DelItem, two(), Status),
        Operation::GetAttr(attribute) => (Function::GetAttr, vec![Operand(0), name(attribute)], Object),
        Operation::SetAttr(attribute) => (Function::SetAttr, vec![Operand(0), name(attribute), Operand(1)], Status),
        Operation::DelAttr(attribute) => (Function::SetAttr, vec![Operand(0), name(attribute), Null], Status),
        Operation::LoadMethod(method) => (Function::LoadMethod, vec![Operand(0), name(method), MethodSelf], Object),
        Operation::LoadGlobal(global) => (Function::LoadGlobal, vec![Unit, name(global)], Object),
        Operation::MakeCell => (Function::NewCell, one(), Object),
        Operation::LoadClosureCell(index) => (Function::LoadClosureCell, vec![Unit, count(*index)], Certain),
        Operation::LoadCell(local) => (Function::LoadCell, vec![Unit, Operand(0), count(*local)], Object),
        Operation::StoreCell => (Function::StoreCell, two(), Status),
        Operation::BuildTuple(_) => (Function::BuildTuple, vec![Array(0)], Object),
        Operation::BuildList(_) => (Function::BuildList, vec![Array(0)], Object),
        Operation::BuildSlice => (Function::NewSlice, three(), Object),
        Operation::ListAppend => (Function::ListAppend, two(), Status),
        Operation::SetAdd => (Function::SetAdd, two(), Status),
        Operation::MapAdd => (Function::DictSetItem, three(), Status),
        Operation::ListToTuple => (Function::ListToTuple, one(), Object),
        Operation::FormatSimple => (Function::FormatSimple, one(), Object),
        Operation::FormatWithSpec => (Function::Format, two(), Object),
        Operation::Convert(conversion) => {
            let function = match conversion {
                Conversion::Str => Function::Str,
                Conversion::Repr => Function::Repr,
                Conversion::Ascii => Function::Ascii,
            };
            (function, one(), Object)
        }
        Operation::TupleItem(index) => (Function::TupleItem, vec![Operand(0), count(*index)], Certain),
        Operation::GetIter => (Function::GetIter, one(), Object),
        Operation::IterNext => (Function::IterNext, one(), ObjectOrNull),
        Operation::LoadSuperAttr(name, zero_arguments) | Operation::LoadSuperMethod(name, zero_arguments) => {
            let arguments = three().into_iter().chain([Name(name.clone()), Number((*zero_arguments).into())]);
            (Function::LoadSuperAttr, arguments.collect(), Object)
        }
        Operation::LoadSpecial(special) => {
            (Function::LoadSpecial, vec![Unit, Operand(0), Number(*special as i64), MethodSelf], Object)
        }
        Operation::StoreGlobal(global) => (Function::StoreGlobal, vec![Unit, name(global), Operand(0)], Status),
        Operation::DeleteGlobal(global) => (Function::DeleteGlobal, vec![Unit, name(global)], Status),
        Operation::LoadBuildClass => (Function::LoadBuildClass, vec![Unit], Object),
        Operation::BuildSet(_) => (Function::BuildSet, vec![Array(0)], Object),
        Operation::BuildMap(_) => (Function::BuildMap, vec![Array(0)], Object),
        Operation::BuildConstKeyMap(_) => (Function::BuildConstKeyMap, vec![Array(0)], Object),
        Operation::BuildString(_) => (Function::BuildString, vec![Array(0)], Object),
        Operation::ListExtend => (Function::ListExtend, two(), Status),
        Operation::SetUpdate => (Function::SetUpdate, two(), Status),
        Operation::DictUpdate => (Function::DictUpdate, two(), Status),
        Operation::DictMerge => (Function::DictMerge, three(), Status),
        Operation::BuildTemplate => (Function::BuildTemplate, vec![Unit, Operand(0), Operand(1)], Object),
        Operation::BuildInterpolation(conversion, has_format) => {
            let format = if *has_format { Operand(2) } else { Null };
            // The index after the last one means no conversion.
            let conversion = conversion.map_or(Conversion::ALL.len(), |conversion| conversion as usize);
            let arguments = vec![Operand(0), Operand(1), format, Number(conversion as i64)];
            (Function::BuildInterpolation, arguments, Object)
        }
        Operation::CallEx(has_keywords) => {
            let keywords = if *has_keywords { Operand(2) } else { Null };
            (Function::CallUnpacked, vec![Operand(0), Operand(1), keywords], Object)
        }
        Operation::MakeFunction => (Function::MakeFunction, vec![Unit, Operand(0)], Object),
        Operation::SetFunctionAttribute(attribute) => {
            (Function::SetFunctionAttribute, vec![Operand(0), Operand(1), Number(*attribute as i64)], Status)
        }
        Operation::UnpackSequence(items) => (Function::UnpackSequence, vec![Operand(0), count(*items)], Object),
        Operation::UnpackEx(before, after) => {
            (Function::UnpackEx, vec![Operand(0), count(*before), count(*after)], Object)
        }
        Operation::BeforeWith => (Function::BeforeWith, one(), Object),
        Operation::GetLen => (Function::GetLen, one(), Object),
        Operation::MatchMapping => (Function::MatchMapping, one(), Truth),
        Operation::MatchSequence => (Function::MatchSequence, one(), Truth),
        Operation::MatchKeys => (Function::MatchKeys, two(), Object),
        Operation::MatchClass(positional) => {
            let arguments = three().into_iter().chain([count(*positional)]);
            (Function::MatchClass, arguments.collect(), Object)
        }
        Operation::ImportName(module) => {
            (Function::ImportName, vec![Unit, name(module), Operand(0), Operand(1)], Object)
        }
        Operation::ImportFrom(attribute) => (Function::ImportFrom, vec![Unit, Operand(0), name(attribute)], Object),
        Operation::Intrinsic1(intrinsic) => {
            (Function::Intrinsic1, vec![Unit, Operand(0), Number(*intrinsic as i64)], Object)
        }
        Operation::Intrinsic2(intrinsic) => {
            (Function::Intrinsic2, vec![Unit, Operand(0), Operand(1), Number(*intrinsic as i64)], Object)
        }
        // The cold half; the rest is emitted by hand.
        Operation::Poll => (Function::Poll, Vec::new(), Status),
        // The code for these is emitted by hand.
        Operation::Is | Operation::IsNull | Operation::Not | Operation::CheckLocal(_) | Operation::CallMethod(..) => {
            return None;
        }
    };
    Some(Recipe { function, arguments, outcome })
}

fn unary(operator: UnaryOperator) -> Function {
    match operator {
        UnaryOperator::Negative => Function::Negative,
        UnaryOperator::Positive => Function::Positive,
        UnaryOperator::Invert => Function::Invert,
    }
}

fn binary(operator: BinaryOperator) -> Function {
    match operator {
        BinaryOperator::Add => Function::Add,
        BinaryOperator::And => Function::And,
        BinaryOperator::FloorDivide => Function::FloorDivide,
        BinaryOperator::LeftShift => Function::LeftShift,
        BinaryOperator::MatrixMultiply => Function::MatrixMultiply,
        BinaryOperator::Multiply => Function::Multiply,
        BinaryOperator::Remainder => Function::Remainder,
        BinaryOperator::Or => Function::Or,
        BinaryOperator::Power => Function::Power,
        BinaryOperator::RightShift => Function::RightShift,
        BinaryOperator::Subtract => Function::Subtract,
        BinaryOperator::TrueDivide => Function::TrueDivide,
        BinaryOperator::Xor => Function::Xor,
    }
}

fn in_place(operator: BinaryOperator) -> Function {
    match operator {
        BinaryOperator::Add => Function::InPlaceAdd,
        BinaryOperator::And => Function::InPlaceAnd,
        BinaryOperator::FloorDivide => Function::InPlaceFloorDivide,
        BinaryOperator::LeftShift => Function::InPlaceLeftShift,
        BinaryOperator::MatrixMultiply => Function::InPlaceMatrixMultiply,
        BinaryOperator::Multiply => Function::InPlaceMultiply,
        BinaryOperator::Remainder => Function::InPlaceRemainder,
        BinaryOperator::Or => Function::InPlaceOr,
        BinaryOperator::Power => Function::InPlacePower,
        BinaryOperator::RightShift => Function::InPlaceRightShift,
        BinaryOperator::Subtract => Function::InPlaceSubtract,
        BinaryOperator::TrueDivide => Function::InPlaceTrueDivide,
        BinaryOperator::Xor => Function::InPlaceXor,
    }
}
