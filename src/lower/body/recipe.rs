//! Which function an operation calls, with what, and what comes out: plain data.

use std::sync::Arc;

use super::runtime_function::RuntimeFunction as Function;
use crate::ir::{Operation, Type};
use crate::operators::{BinaryOperator, Conversion, UnaryOperator};

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
    /// What the interpreter does.
    Step(Operation),
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
    /// `True` or `False`, borrowed; null, with an exception set, where it raised.
    TruthObject,
    /// Null, with an exception set, where it raised, else anything.
    Done,
    /// Nothing: it always raises.
    Raises,
}

/// The function that does an operation; `None` for those that take no call, or more than one.
///
/// What programs do much has a function of its own. All else is done by [`Function::Perform`]: the interpreter of decoded
/// bytecode, which does one instruction, so that there is one place that knows how.
pub fn recipe(operation: &Operation) -> Option<Recipe> {
    use Argument::{Array, Int, MethodSelf, Name, Null, Number, Operand, Unit};
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
        // Emitted by hand.
        Operation::Is | Operation::IsNull | Operation::Not | Operation::CheckLocal(_) | Operation::CallMethod(..) => {
            return None;
        }
        Operation::LoadSuperAttr(..)
        | Operation::LoadSuperMethod(..)
        | Operation::LoadSpecial(_)
        | Operation::StoreGlobal(_)
        | Operation::DeleteGlobal(_)
        | Operation::LoadBuildClass
        | Operation::BuildSet(_)
        | Operation::BuildMap(_)
        | Operation::BuildConstKeyMap(_)
        | Operation::BuildString(_)
        | Operation::ListExtend
        | Operation::SetUpdate
        | Operation::DictUpdate
        | Operation::DictMerge
        | Operation::BuildTemplate
        | Operation::BuildInterpolation(..)
        | Operation::CallEx(_)
        | Operation::MakeFunction
        | Operation::SetFunctionAttribute(_)
        | Operation::UnpackSequence(_)
        | Operation::UnpackEx(..)
        | Operation::Raise(_)
        | Operation::BeforeWith
        | Operation::GetLen
        | Operation::MatchMapping
        | Operation::MatchSequence
        | Operation::MatchKeys
        | Operation::MatchClass(_)
        | Operation::ImportName(_)
        | Operation::ImportFrom(_)
        | Operation::Intrinsic1(_)
        | Operation::Intrinsic2(_)
        | Operation::Poll => return Some(performed(operation)),
    };
    Some(Recipe { function, arguments, outcome })
}

/// The recipe of what the interpreter does.
pub(super) fn performed(operation: &Operation) -> Recipe {
    let arguments = vec![Argument::Unit, Argument::Step(operation.clone()), Argument::Array(0), Argument::MethodSelf];
    let outcome = match operation.shape().result {
        _ if operation.never_returns() => Outcome::Raises,
        None => Outcome::Done,
        Some(ty) if ty.is_subtype(&Type::C_BOOL) => Outcome::TruthObject,
        Some(_) => Outcome::Object,
    };
    Recipe { function: Function::Perform, arguments, outcome }
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
