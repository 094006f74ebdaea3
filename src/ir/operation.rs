//! Python's operations on objects, which compiled code leaves to the runtime: each is a call of a function there.
//! Passes turn them into other instructions if types allow it.
//!
//! [`Operation::shape`] describes an operation: the number of operands, the result, the effects. Its text form is its
//! name, immediates in angle brackets, then operands: `BinaryOp<"+"> v1 v2`.

use std::sync::Arc;

use super::effect_set::{EffectSet, Heap};
use super::types::Type;
use crate::operators::{
    BinaryOperator, CompareOperator, Conversion, FunctionAttribute, Intrinsic1, Intrinsic2, Special, UnaryOperator,
};

/// An operation on objects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// `a b -- value`
    BinaryOp(BinaryOperator),
    /// `a b -- value`, of an augmented assignment.
    InplaceOp(BinaryOperator),
    /// `a -- value`
    UnaryOp(UnaryOperator),
    /// `a b -- value`
    Compare(CompareOperator),
    /// `a b -- CBool`: identity.
    Is,
    /// `a -- CBool`: truth.
    IsTrue,
    /// `a -- CBool`: whether it is the null pointer.
    IsNull,
    /// `CBool -- CBool`
    Not,
    /// `value container -- CBool`
    Contains,
    /// `container key -- value`
    GetItem,
    /// `container key value --`
    SetItem,
    /// `container key --`
    DelItem,
    /// `object -- value`
    GetAttr(Arc<str>),
    /// `object value --`
    SetAttr(Arc<str>),
    /// `object --`
    DelAttr(Arc<str>),
    /// `object -- method`: the function of a method, or the attribute. `MethodSelf` of the result gives the receiver.
    LoadMethod(Arc<str>),
    /// `super class self -- value`; the name, and whether the source is `super()`.
    LoadSuperAttr(Arc<str>, bool),
    /// `super class self -- method`, as `LoadMethod`.
    LoadSuperMethod(Arc<str>, bool),
    /// `object -- method`, as `LoadMethod`; looked up on the type.
    LoadSpecial(Special),
    /// `-- value`
    LoadGlobal(Arc<str>),
    /// `value --`
    StoreGlobal(Arc<str>),
    /// `--`
    DeleteGlobal(Arc<str>),
    /// `-- function`
    LoadBuildClass,
    /// `value? -- value`: raises `UnboundLocalError` for this local if it is null.
    CheckLocal(u32),
    /// `value? -- cell`: a new cell that contains the value; empty for null.
    MakeCell,
    /// `-- cell`: of the function's closure.
    LoadClosureCell(u32),
    /// `cell -- value`: raises for this local if the cell is empty.
    LoadCell(u32),
    /// `cell value? --`: null empties it.
    StoreCell,
    /// `a… -- tuple`, with this number of operands.
    BuildTuple(u32),
    /// `a… -- list`, with this number of operands.
    BuildList(u32),
    /// `a… -- set`, with this number of operands.
    BuildSet(u32),
    /// `k₁ v₁ … -- dict`, with this number of pairs.
    BuildMap(u32),
    /// `v… keys -- dict`, with this number of values, and a tuple.
    BuildConstKeyMap(u32),
    /// `s… -- str`, with this number of operands.
    BuildString(u32),
    /// `start stop step -- slice`
    BuildSlice,
    /// `list value --`
    ListAppend,
    /// `list iterable --`
    ListExtend,
    /// `set value --`
    SetAdd,
    /// `set iterable --`
    SetUpdate,
    /// `dict key value --`
    MapAdd,
    /// `dict mapping --`
    DictUpdate,
    /// `dict mapping callable --`
    DictMerge,
    /// `list -- tuple`
    ListToTuple,
    /// `value -- str`
    FormatSimple,
    /// `value spec -- str`
    FormatWithSpec,
    /// `value -- str`
    Convert(Conversion),
    /// `strings interpolations -- template`
    BuildTemplate,
    /// `value expression -- interpolation`, with a format as a third operand if the last flag is set.
    BuildInterpolation(Option<Conversion>, bool),
    /// `method self? a… -- result`; without `self` if it is null. The number of arguments, and the names of the last
    /// ones.
    CallMethod(u32, Vec<Arc<str>>),
    /// `callable args -- result`, or `callable args kwargs -- result` if the flag is set.
    CallEx(bool),
    /// `code -- function`, with the globals of this one.
    MakeFunction,
    /// `function value --`
    SetFunctionAttribute(FunctionAttribute),
    /// `iterable -- tuple` of exactly this number of items.
    UnpackSequence(u32),
    /// `iterable -- tuple` of items, a list of the rest, and items; the numbers of items before and after the list.
    UnpackEx(u32, u32),
    /// `tuple -- item`: an item of a tuple that is long enough.
    TupleItem(u32),
    /// `iterable -- iterator`
    GetIter,
    /// `iterator -- item?`: null if the iterator is exhausted.
    IterNext,
    /// `manager -- tuple` of its bound `__exit__` and of the result of its `__enter__`. Looks up both and calls
    /// `__enter__`.
    BeforeWith,
    /// `a -- int`
    GetLen,
    /// `a -- CBool`
    MatchMapping,
    /// `a -- CBool`
    MatchSequence,
    /// `subject keys -- values`: a tuple or `None`.
    MatchKeys,
    /// `subject class names -- attributes`: a tuple or `None`; with this number of positional patterns.
    MatchClass(u32),
    /// `level names -- module`
    ImportName(Arc<str>),
    /// `module -- value`
    ImportFrom(Arc<str>),
    /// `a -- value`
    Intrinsic1(Intrinsic1),
    /// `a b -- value`
    Intrinsic2(Intrinsic2),
    /// `--` Serves waiting signals and other threads, at back-edges.
    Poll,
}

/// The operands, result and effects of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationShape {
    /// Types of its operands.
    pub operands: Vec<Type>,
    /// Type of its result; `None` if it has no result.
    pub result: Option<Type>,
    /// The effects, for operands of any type.
    pub effects: EffectSet,
}

/// One immediate: a part of an operation's text between the angle brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Immediate {
    Number(u32),
    Text(Arc<str>),
}

impl Operation {
    /// Its operands, result and effects.
    pub fn shape(&self) -> OperationShape {
        const NONE: EffectSet = EffectSet::NONE;
        const RAISES: EffectSet = EffectSet::RAISES;
        const PYTHON: EffectSet = EffectSet::PYTHON;
        const MAKES: EffectSet = EffectSet::MAKES_CONTAINER;
        let object = || Some(Type::OBJECT);
        let truth = || Some(Type::C_BOOL);
        let (operands, result, effects) = match self {
            Self::BinaryOp(_) | Self::InplaceOp(_) | Self::Compare(_) | Self::GetItem | Self::Intrinsic2(_) => {
                (objects(2), object(), PYTHON)
            }
            Self::UnaryOp(_) | Self::GetAttr(_) | Self::LoadMethod(_) | Self::LoadSpecial(_) | Self::GetIter => {
                (objects(1), object(), PYTHON)
            }
            Self::ImportFrom(_) | Self::Intrinsic1(_) => (objects(1), object(), PYTHON),
            Self::Is => (objects(2), truth(), NONE),
            Self::IsTrue => (objects(1), truth(), PYTHON),
            Self::IsNull => (vec![nullable()], truth(), NONE),
            Self::Not => (vec![Type::C_BOOL], truth(), NONE),
            Self::Contains => (objects(2), truth(), PYTHON),
            Self::SetItem => (objects(3), None, PYTHON),
            Self::DelItem | Self::SetAttr(_) => (objects(2), None, PYTHON),
            Self::DelAttr(_) | Self::StoreGlobal(_) => (objects(1), None, PYTHON),
            Self::LoadSuperAttr(..) | Self::LoadSuperMethod(..) => (objects(3), object(), PYTHON),
            Self::LoadGlobal(_) | Self::LoadBuildClass => (Vec::new(), object(), PYTHON),
            Self::DeleteGlobal(_) | Self::Poll => (Vec::new(), None, PYTHON),
            Self::CheckLocal(_) => (vec![nullable()], object(), RAISES),
            Self::MakeCell => (vec![nullable()], Some(Type::OTHER), MAKES),
            Self::LoadClosureCell(_) => (Vec::new(), Some(Type::OTHER), NONE),
            Self::LoadCell(_) => (objects(1), object(), RAISES.reading(Heap::CELLS)),
            Self::StoreCell => (vec![Type::OBJECT, nullable()], None, PYTHON),
            Self::BuildTuple(count) => (objects(*count), Some(Type::TUPLE_EXACT), MAKES),
            Self::BuildList(count) => (objects(*count), Some(Type::LIST_EXACT), MAKES),
            Self::BuildSet(count) => (objects(*count), Some(Type::OTHER), PYTHON),
            Self::BuildMap(count) => (objects(2 * count), Some(Type::DICT_EXACT), PYTHON),
            Self::BuildConstKeyMap(count) => (objects(count + 1), Some(Type::DICT_EXACT), PYTHON),
            Self::BuildString(count) => (objects(*count), Some(Type::UNICODE_EXACT), RAISES),
            Self::BuildSlice => (objects(3), Some(Type::OTHER), MAKES),
            Self::ListAppend => (objects(2), None, RAISES.writing(Heap::LISTS)),
            Self::ListExtend | Self::SetAdd | Self::SetUpdate | Self::DictUpdate => (objects(2), None, PYTHON),
            Self::MapAdd | Self::DictMerge => (objects(3), None, PYTHON),
            Self::ListToTuple => (objects(1), Some(Type::TUPLE_EXACT), MAKES.reading(Heap::LISTS)),
            // `__format__` and `__repr__` must return a str or an instance of a subclass.
            Self::FormatSimple | Self::Convert(_) => (objects(1), Some(Type::UNICODE), PYTHON),
            Self::FormatWithSpec => (objects(2), Some(Type::UNICODE), PYTHON),
            Self::BuildTemplate => (objects(2), Some(Type::OTHER), MAKES),
            Self::BuildInterpolation(_, format) => (objects(2 + u32::from(*format)), Some(Type::OTHER), PYTHON),
            Self::CallMethod(count, _) => {
                let mut operands = objects(count + 2);
                operands[1] = nullable();
                (operands, object(), PYTHON)
            }
            Self::CallEx(keywords) => (objects(2 + u32::from(*keywords)), object(), PYTHON),
            Self::MakeFunction => (objects(1), Some(Type::FUNC), MAKES.reading(Heap::GLOBALS)),
            Self::SetFunctionAttribute(_) => (objects(2), None, NONE.writing(Heap::OTHER)),
            Self::UnpackSequence(_) | Self::UnpackEx(..) => (objects(1), Some(Type::TUPLE_EXACT), PYTHON),
            Self::TupleItem(_) => (vec![Type::TUPLE], object(), NONE),
            Self::IterNext => (objects(1), Some(nullable()), PYTHON),
            Self::BeforeWith => (objects(1), Some(Type::TUPLE_EXACT), PYTHON),
            Self::GetLen => (objects(1), Some(Type::LONG_EXACT), PYTHON),
            Self::MatchMapping | Self::MatchSequence => (objects(1), truth(), NONE),
            Self::MatchKeys => (objects(2), Some(Type::TUPLE_EXACT.union(&Type::NONE_TYPE)), PYTHON),
            Self::MatchClass(_) => (objects(3), Some(Type::TUPLE_EXACT.union(&Type::NONE_TYPE)), PYTHON),
            Self::ImportName(_) => (objects(2), object(), PYTHON),
        };
        OperationShape { operands, result, effects }
    }
}

fn objects(count: u32) -> Vec<Type> {
    vec![Type::OBJECT; count as usize]
}

fn nullable() -> Type {
    Type::OBJECT.or_null()
}
