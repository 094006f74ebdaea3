//! Which function an operation calls, with what, and what comes out: plain data.

use std::sync::Arc;

use super::runtime_function::RuntimeFunction as Function;
use crate::ir::Operation;
use crate::operators::{BinaryOperator, Conversion, Intrinsic1, Intrinsic2, UnaryOperator};

/// A call of a function that does an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The function.
    pub function: Function,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// What it returns.
    pub outcome: Outcome,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// An operand of the operation.
    Operand(usize),
    /// The address of an array of the operands from this one on, and their number.
    Array(usize),
    /// An interned name.
    Name(Arc<str>),
    /// A number, 64 bits.
    Number(i64),
    /// A C `int`.
    Int(i32),
    /// `None`.
    None,
    /// The null pointer.
    Null,
    /// What belongs to the compiled function.
    Unit,
    /// Where the function writes what a method is called on; null where nobody wants it.
    MethodSelf,
}

/// What a function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An object; null, with an exception set, where it raised.
    Object,
    /// An object or null; null means that it raised if an exception is set.
    ObjectOrNull,
    /// An object, always.
    Certain,
    /// A C `int`, not zero where it raised.
    Status,
    /// A C `int`: truth, negative where it raised.
    Truth,
    /// A C `int`: truth.
    CertainTruth,
    /// Nothing: it always raises.
    Raises,
    /// Nothing.
    Nothing,
}

/// The function that does an operation; `None` for those that take no call, or more than one.
pub fn recipe(operation: &Operation) -> Option<Recipe> {
    use Argument::{Array, Int, MethodSelf, Name, Null, Number, Operand, Unit};
    use Outcome::{Certain, CertainTruth, Nothing, Object, ObjectOrNull, Raises, Status, Truth};
    let name = |name: &Arc<str>| Name(name.clone());
    let count = |count: u32| Number(i64::from(count));
    let one = || vec![Operand(0)];
    let two = || vec![Operand(0), Operand(1)];
    let three = || vec![Operand(0), Operand(1), Operand(2)];
    let (function, arguments, outcome) = match operation {
        Operation::BinaryOp(operator) => {
            let mut arguments = two();
            arguments.extend((*operator == BinaryOperator::Power).then_some(Argument::None));
            (binary(*operator), arguments, Object)
        }
        Operation::InplaceOp(operator) => {
            let mut arguments = two();
            arguments.extend((*operator == BinaryOperator::Power).then_some(Argument::None));
            (in_place(*operator), arguments, Object)
        }
        Operation::UnaryOp(operator) => (unary(*operator), one(), Object),
        Operation::Compare(operator) => {
            (Function::RichCompare, vec![Operand(0), Operand(1), Int(*operator as i32)], Object)
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
        Operation::LoadSuperAttr(attribute, zero_arguments) => {
            let mut arguments = three();
            arguments.extend([name(attribute), Number(i64::from(*zero_arguments))]);
            (Function::LoadSuperAttr, arguments, Object)
        }
        Operation::LoadSuperMethod(method, zero_arguments) => {
            let mut arguments = three();
            arguments.extend([name(method), Number(i64::from(*zero_arguments)), MethodSelf]);
            (Function::LoadSuperMethod, arguments, Object)
        }
        Operation::LoadSpecial(special) => {
            (Function::LoadSpecial, vec![Operand(0), Number(*special as i64), MethodSelf], Object)
        }
        Operation::LoadGlobal(global) => (Function::LoadGlobal, vec![Unit, name(global)], Object),
        Operation::StoreGlobal(global) => (Function::StoreGlobal, vec![Unit, name(global), Operand(0)], Status),
        Operation::DeleteGlobal(global) => (Function::DeleteGlobal, vec![Unit, name(global)], Status),
        Operation::LoadBuildClass => (Function::LoadBuildClass, vec![Unit], Object),
        Operation::MakeCell => (Function::NewCell, one(), Object),
        Operation::LoadClosureCell(index) => (Function::LoadClosureCell, vec![Unit, count(*index)], Certain),
        Operation::LoadCell(local) => (Function::LoadCell, vec![Unit, Operand(0), count(*local)], Object),
        Operation::StoreCell => (Function::StoreCell, two(), Status),
        Operation::BuildTuple(_) => (Function::BuildTuple, vec![Array(0)], Object),
        Operation::BuildList(_) => (Function::BuildList, vec![Array(0)], Object),
        Operation::BuildSet(_) => (Function::BuildSet, vec![Array(0)], Object),
        Operation::BuildMap(_) => (Function::BuildMap, vec![Array(0)], Object),
        Operation::BuildConstKeyMap(_) => (Function::BuildConstKeyMap, vec![Array(0)], Object),
        Operation::BuildString(_) => (Function::BuildString, vec![Array(0)], Object),
        Operation::BuildSlice => (Function::NewSlice, three(), Object),
        Operation::ListAppend => (Function::ListAppend, two(), Status),
        Operation::ListExtend => (Function::ListExtend, two(), Status),
        Operation::SetAdd => (Function::SetAdd, two(), Status),
        Operation::SetUpdate => (Function::SetUpdate, two(), Status),
        Operation::MapAdd => (Function::DictSetItem, three(), Status),
        Operation::DictUpdate => (Function::DictUpdate, two(), Status),
        Operation::DictMerge => (Function::DictMerge, three(), Status),
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
        Operation::BuildTemplate => (Function::BuildTemplate, two(), Object),
        Operation::BuildInterpolation(conversion, format) => {
            let conversion = Number(conversion.map_or(0, |conversion| conversion as i64 + 1));
            let format = if *format { Operand(2) } else { Null };
            (Function::BuildInterpolation, vec![Operand(0), Operand(1), format, conversion], Object)
        }
        Operation::CallEx(keywords) => {
            let keywords = if *keywords { Operand(2) } else { Null };
            (Function::CallEx, vec![Operand(0), Operand(1), keywords], Object)
        }
        Operation::MakeFunction => (Function::MakeFunction, vec![Unit, Operand(0)], Object),
        Operation::SetFunctionAttribute(attribute) => {
            (Function::SetFunctionAttribute, vec![Operand(0), Operand(1), Number(*attribute as i64)], Nothing)
        }
        Operation::UnpackSequence(items) => (Function::UnpackSequence, vec![Operand(0), count(*items)], Object),
        Operation::UnpackEx(before, after) => {
            (Function::UnpackEx, vec![Operand(0), count(*before), count(*after)], Object)
        }
        Operation::TupleItem(index) => (Function::TupleItem, vec![Operand(0), count(*index)], Certain),
        Operation::GetIter => (Function::GetIter, one(), Object),
        Operation::IterNext => (Function::IterNext, one(), ObjectOrNull),
        Operation::Raise(operands) => {
            let operand = |index| if *operands > index { Operand(index as usize) } else { Null };
            (Function::Raise, vec![operand(0), operand(1)], Raises)
        }
        Operation::Reraise => (Function::Reraise, one(), Raises),
        Operation::Catch => (Function::Catch, Vec::new(), Certain),
        Operation::PushExcInfo => (Function::PushExcInfo, one(), Certain),
        Operation::PopExcept => (Function::PopExcept, one(), Nothing),
        Operation::CheckExcMatch => (Function::CheckExcMatch, two(), Truth),
        Operation::CheckEgMatch => (Function::CheckEgMatch, two(), Object),
        Operation::PrepReraiseStar => (Function::PrepReraiseStar, two(), Object),
        Operation::WithExceptStart => (Function::WithExceptStart, three(), Object),
        Operation::GetLen => (Function::GetLen, one(), Object),
        Operation::MatchMapping => (Function::MatchMapping, one(), CertainTruth),
        Operation::MatchSequence => (Function::MatchSequence, one(), CertainTruth),
        Operation::MatchKeys => (Function::MatchKeys, two(), Object),
        Operation::MatchClass(patterns) => {
            let mut arguments = three();
            arguments.push(count(*patterns));
            (Function::MatchClass, arguments, Object)
        }
        Operation::ImportName(module) => {
            (Function::ImportName, vec![Unit, name(module), Operand(0), Operand(1)], Object)
        }
        Operation::ImportFrom(attribute) => (Function::ImportFrom, vec![Operand(0), name(attribute)], Object),
        Operation::Intrinsic1(intrinsic) => {
            (Function::Intrinsic1, vec![Operand(0), Number(number_of_1(*intrinsic))], Object)
        }
        Operation::Intrinsic2(intrinsic) => {
            (Function::Intrinsic2, vec![Operand(0), Operand(1), Number(number_of_2(*intrinsic))], Object)
        }
        Operation::Poll => (Function::Poll, Vec::new(), Status),
        // Emitted by hand.
        Operation::Is
        | Operation::IsNull
        | Operation::Not
        | Operation::CheckLocal(_)
        | Operation::CallMethod(..) => return None,
    };
    Some(Recipe { function, arguments, outcome })
}

/// As the runtime counts them.
fn number_of_1(intrinsic: Intrinsic1) -> i64 {
    intrinsic as i64
}

/// As the runtime counts them.
fn number_of_2(intrinsic: Intrinsic2) -> i64 {
    intrinsic as i64
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
