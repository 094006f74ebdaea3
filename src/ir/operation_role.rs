//! The role of an operation, for passes that treat some operations in their own way. Each operation has one, and each
//! question is answered for every role, so the compiler asks for the role of each new operation.

#![deny(clippy::wildcard_enum_match_arm)]

use super::operation::Operation;

/// The role of an operation.
enum Role {
    /// Arithmetic or `a[b]`, whose operands die in an order of their own (`DeathOrder`).
    Operator,
    /// CPython leaves the operands on the stack if it raises.
    KeepsOperands,
    /// A call of a Python object.
    Call,
    /// Its result is a method.
    GivesMethod,
    /// Raises only if a variable is unbound.
    BoundCheck,
    /// None of these.
    Other,
}

impl Operation {
    fn role(&self) -> Role {
        match self {
            Self::BinaryOp(_) | Self::InplaceOp(_) | Self::GetItem => Role::Operator,
            Self::BuildMap(_)
            | Self::DictMerge
            | Self::DictUpdate
            | Self::ListAppend
            | Self::ListExtend
            | Self::MapAdd
            | Self::SetAdd
            | Self::SetUpdate => Role::KeepsOperands,
            Self::CallMethod(..) | Self::CallEx(_) => Role::Call,
            Self::LoadMethod(_) | Self::LoadSuperMethod(..) | Self::LoadSpecial(_) => Role::GivesMethod,
            Self::CheckLocal(_) | Self::LoadCell(_) => Role::BoundCheck,
            Self::UnaryOp(_)
            | Self::Compare(_)
            | Self::Is
            | Self::IsTrue
            | Self::IsNull
            | Self::Not
            | Self::Contains
            | Self::SetItem
            | Self::DelItem
            | Self::GetAttr(_)
            | Self::SetAttr(_)
            | Self::DelAttr(_)
            | Self::LoadSuperAttr(..)
            | Self::LoadGlobal(_)
            | Self::StoreGlobal(_)
            | Self::DeleteGlobal(_)
            | Self::LoadBuildClass
            | Self::MakeCell
            | Self::LoadClosureCell(_)
            | Self::StoreCell
            | Self::BuildTuple(_)
            | Self::BuildList(_)
            | Self::BuildSet(_)
            | Self::BuildConstKeyMap(_)
            | Self::BuildString(_)
            | Self::BuildSlice
            | Self::ListToTuple
            | Self::FormatSimple
            | Self::FormatWithSpec
            | Self::Convert(_)
            | Self::BuildTemplate
            | Self::BuildInterpolation(..)
            | Self::MakeFunction
            | Self::SetFunctionAttribute(_)
            | Self::UnpackSequence(_)
            | Self::UnpackEx(..)
            | Self::TupleItem(_)
            | Self::GetIter
            | Self::IterNext
            | Self::BeforeWith
            | Self::GetLen
            | Self::MatchMapping
            | Self::MatchSequence
            | Self::MatchKeys
            | Self::MatchClass(_)
            | Self::ImportName(_)
            | Self::ImportFrom(_)
            | Self::Intrinsic1(_)
            | Self::Intrinsic2(_)
            | Self::Poll => Role::Other,
        }
    }

    /// Whether its operands die in the order that CPython has for its operators.
    pub fn dies_as_operator(&self) -> bool {
        match self.role() {
            Role::Operator => true,
            Role::KeepsOperands | Role::Call | Role::GivesMethod | Role::BoundCheck | Role::Other => false,
        }
    }

    /// Whether CPython leaves its operands on the stack if it raises.
    pub fn keeps_operands(&self) -> bool {
        match self.role() {
            Role::KeepsOperands => true,
            Role::Operator | Role::Call | Role::GivesMethod | Role::BoundCheck | Role::Other => false,
        }
    }

    /// Whether it calls a Python object.
    pub fn is_call(&self) -> bool {
        match self.role() {
            Role::Call => true,
            Role::Operator | Role::KeepsOperands | Role::GivesMethod | Role::BoundCheck | Role::Other => false,
        }
    }

    /// Whether its result is a method, so that `MethodSelf` can give the receiver.
    pub fn gives_method(&self) -> bool {
        match self.role() {
            Role::GivesMethod => true,
            Role::Operator | Role::KeepsOperands | Role::Call | Role::BoundCheck | Role::Other => false,
        }
    }

    /// Whether it is left before it raises, because a local is unbound: CPython words the exception.
    pub fn leaves_if_unbound(&self) -> bool {
        matches!(self, Self::CheckLocal(_))
    }

    /// Whether it raises only if a variable is unbound.
    pub fn is_bound_check(&self) -> bool {
        match self.role() {
            Role::BoundCheck => true,
            Role::Operator | Role::KeepsOperands | Role::Call | Role::GivesMethod | Role::Other => false,
        }
    }
}
