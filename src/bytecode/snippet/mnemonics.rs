//! The names of instructions, by the kind of their operand.

use crate::bytecode::instruction::{Condition, Op};
use crate::operators::{BinaryOperator as B, Intrinsic1, UnaryOperator as U};

/// Instructions without an operand: CPython's, and those of older versions that have the meaning of several of ours.
pub(super) const SIMPLE: &[(&str, &[Op])] = &[
    ("NOP", &[Op::Nop]),
    ("RESUME", &[Op::Resume]),
    ("POP_TOP", &[Op::Pop]),
    ("DUP_TOP", &[Op::Copy(1)]),
    ("DUP_TOP_TWO", &[Op::Copy(2), Op::Copy(2)]),
    ("ROT_TWO", &[Op::Swap(2)]),
    ("ROT_THREE", &[Op::Swap(3), Op::Swap(2)]),
    ("ROT_FOUR", &[Op::Swap(4), Op::Swap(3), Op::Swap(2)]),
    ("LOAD_LOCALS", &[Op::LoadLocals]),
    ("LOAD_BUILD_CLASS", &[Op::LoadBuildClass]),
    ("SETUP_ANNOTATIONS", &[Op::SetupAnnotations]),
    ("BINARY_SUBSCR", &[Op::LoadSubscr]),
    ("STORE_SUBSCR", &[Op::StoreSubscr]),
    ("DELETE_SUBSCR", &[Op::DeleteSubscr]),
    ("BINARY_SLICE", &[Op::BuildSlice { step: false }, Op::LoadSubscr]),
    ("STORE_SLICE", &[Op::BuildSlice { step: false }, Op::StoreSubscr]),
    ("UNARY_NEGATIVE", &[Op::Unary(U::Negative)]),
    ("UNARY_POSITIVE", &[Op::Unary(U::Positive)]),
    ("UNARY_INVERT", &[Op::Unary(U::Invert)]),
    ("UNARY_NOT", &[Op::Not]),
    ("TO_BOOL", &[Op::ToBool]),
    ("LIST_TO_TUPLE", &[Op::ListToTuple]),
    ("FORMAT_SIMPLE", &[Op::FormatSimple]),
    ("FORMAT_WITH_SPEC", &[Op::FormatWithSpec]),
    ("BUILD_TEMPLATE", &[Op::BuildTemplate]),
    ("MAKE_FUNCTION", &[Op::MakeFunction]),
    ("GET_ITER", &[Op::GetIter]),
    ("RETURN_VALUE", &[Op::Return]),
    ("PUSH_EXC_INFO", &[Op::PushExcInfo]),
    ("POP_EXCEPT", &[Op::PopExcept]),
    ("CHECK_EXC_MATCH", &[Op::CheckExcMatch]),
    ("CHECK_EG_MATCH", &[Op::CheckEgMatch]),
    ("PREP_RERAISE_STAR", &[Op::PrepReraiseStar]),
    ("BEFORE_WITH", &[Op::BeforeWith]),
    ("GET_LEN", &[Op::GetLen]),
    ("MATCH_MAPPING", &[Op::MatchMapping]),
    ("MATCH_SEQUENCE", &[Op::MatchSequence]),
    ("MATCH_KEYS", &[Op::MatchKeys]),
    ("IMPORT_STAR", &[Op::Intrinsic1(Intrinsic1::ImportStar), Op::Pop]),
    ("PRINT_EXPR", &[Op::Intrinsic1(Intrinsic1::Print), Op::Pop]),
    ("BINARY_ADD", &[binary(B::Add, false)]),
    ("BINARY_AND", &[binary(B::And, false)]),
    ("BINARY_FLOOR_DIVIDE", &[binary(B::FloorDivide, false)]),
    ("BINARY_LSHIFT", &[binary(B::LeftShift, false)]),
    ("BINARY_MATRIX_MULTIPLY", &[binary(B::MatrixMultiply, false)]),
    ("BINARY_MULTIPLY", &[binary(B::Multiply, false)]),
    ("BINARY_MODULO", &[binary(B::Remainder, false)]),
    ("BINARY_OR", &[binary(B::Or, false)]),
    ("BINARY_POWER", &[binary(B::Power, false)]),
    ("BINARY_RSHIFT", &[binary(B::RightShift, false)]),
    ("BINARY_SUBTRACT", &[binary(B::Subtract, false)]),
    ("BINARY_TRUE_DIVIDE", &[binary(B::TrueDivide, false)]),
    ("BINARY_XOR", &[binary(B::Xor, false)]),
    ("INPLACE_ADD", &[binary(B::Add, true)]),
    ("INPLACE_SUBTRACT", &[binary(B::Subtract, true)]),
    ("INPLACE_MULTIPLY", &[binary(B::Multiply, true)]),
];

const fn binary(operator: B, in_place: bool) -> Op {
    Op::Binary { operator, in_place }
}

/// An instruction with a number, and the least and the greatest number.
pub(super) type Counted = (&'static str, u32, u32, fn(u32) -> Op);

/// The most items that one instruction takes; CPython's compiler stays far below.
const MANY: u32 = 0xFFFF;

pub(super) const COUNTED: &[Counted] = &[
    ("COPY", 1, MANY, Op::Copy),
    ("SWAP", 2, MANY, Op::Swap),
    ("COPY_FREE_VARS", 1, MANY, Op::CopyFreeVars),
    ("BUILD_TUPLE", 0, MANY, Op::BuildTuple),
    ("BUILD_LIST", 0, MANY, Op::BuildList),
    ("BUILD_SET", 0, MANY, Op::BuildSet),
    ("BUILD_MAP", 0, MANY, Op::BuildMap),
    ("BUILD_CONST_KEY_MAP", 0, MANY, Op::BuildConstKeyMap),
    ("BUILD_STRING", 0, MANY, Op::BuildString),
    ("BUILD_SLICE", 2, 3, |count| Op::BuildSlice { step: count == 3 }),
    ("LIST_APPEND", 1, MANY, Op::ListAppend),
    ("LIST_EXTEND", 1, MANY, Op::ListExtend),
    ("SET_ADD", 1, MANY, Op::SetAdd),
    ("SET_UPDATE", 1, MANY, Op::SetUpdate),
    ("MAP_ADD", 1, MANY, Op::MapAdd),
    ("DICT_UPDATE", 1, MANY, Op::DictUpdate),
    ("DICT_MERGE", 1, MANY, |depth| Op::DictMerge { depth, callable: depth + 2 }),
    ("CALL_FUNCTION_EX", 0, 1, |keywords| Op::CallEx { keywords: keywords == 1 }),
    ("UNPACK_SEQUENCE", 0, MANY, Op::UnpackSequence),
    ("RAISE_VARARGS", 0, 2, Op::Raise),
    ("RERAISE", 0, MANY, Op::Reraise),
    ("WITH_EXCEPT_START", 0, 1, |has_self| Op::WithExceptStart { has_self: has_self == 1 }),
    ("MATCH_CLASS", 0, MANY, Op::MatchClass),
    ("IS_OP", 0, 1, |inverted| Op::Is { inverted: inverted == 1 }),
    ("CONTAINS_OP", 0, 1, |inverted| Op::Contains { inverted: inverted == 1 }),
];

/// A name and the operation of an index.
pub(super) type Indexed = (&'static str, fn(u32) -> Op);

/// Instructions with a local.
pub(super) const LOCAL: &[Indexed] = &[
    ("LOAD_FAST", Op::LoadFast),
    ("LOAD_FAST_CHECK", Op::LoadFast),
    ("LOAD_FAST_BORROW", Op::LoadFast),
    ("LOAD_FAST_AND_CLEAR", Op::LoadFastAndClear),
    ("STORE_FAST", Op::StoreFast),
    ("DELETE_FAST", Op::DeleteFast),
];

/// Instructions with a cell.
pub(super) const CELL: &[Indexed] = &[
    ("LOAD_CLOSURE", Op::LoadClosure),
    ("LOAD_DEREF", Op::LoadDeref),
    ("STORE_DEREF", Op::StoreDeref),
    ("DELETE_DEREF", Op::DeleteDeref),
    ("LOAD_CLASSDEREF", Op::LoadClassDeref),
    ("LOAD_FROM_DICT_OR_DEREF", Op::LoadFromDictOrDeref),
];

/// Instructions with a name.
pub(super) const NAMED: &[Indexed] = &[
    ("LOAD_GLOBAL", Op::LoadGlobal),
    ("STORE_GLOBAL", Op::StoreGlobal),
    ("DELETE_GLOBAL", Op::DeleteGlobal),
    ("LOAD_NAME", Op::LoadName),
    ("STORE_NAME", Op::StoreName),
    ("DELETE_NAME", Op::DeleteName),
    ("LOAD_FROM_DICT_OR_GLOBALS", Op::LoadFromDictOrGlobals),
    ("LOAD_ATTR", Op::LoadAttr),
    ("LOAD_METHOD", Op::LoadMethod),
    ("STORE_ATTR", Op::StoreAttr),
    ("DELETE_ATTR", Op::DeleteAttr),
    ("IMPORT_NAME", Op::ImportName),
    ("IMPORT_FROM", Op::ImportFrom),
];

/// Instructions with a label; the label's index is set later.
pub(super) const JUMPS: &[(&str, &[Op])] = &[
    ("JUMP", &[Op::Jump(0)]),
    ("JUMP_FORWARD", &[Op::Jump(0)]),
    ("JUMP_BACKWARD", &[Op::Jump(0)]),
    ("JUMP_BACKWARD_NO_INTERRUPT", &[Op::Jump(0)]),
    ("JUMP_ABSOLUTE", &[Op::Jump(0)]),
    ("POP_JUMP_IF_FALSE", &[jump_if(Condition::False)]),
    ("POP_JUMP_FORWARD_IF_FALSE", &[jump_if(Condition::False)]),
    ("POP_JUMP_BACKWARD_IF_FALSE", &[jump_if(Condition::False)]),
    ("POP_JUMP_IF_TRUE", &[jump_if(Condition::True)]),
    ("POP_JUMP_FORWARD_IF_TRUE", &[jump_if(Condition::True)]),
    ("POP_JUMP_BACKWARD_IF_TRUE", &[jump_if(Condition::True)]),
    ("POP_JUMP_IF_NONE", &[jump_if(Condition::None)]),
    ("POP_JUMP_FORWARD_IF_NONE", &[jump_if(Condition::None)]),
    ("POP_JUMP_BACKWARD_IF_NONE", &[jump_if(Condition::None)]),
    ("POP_JUMP_IF_NOT_NONE", &[jump_if(Condition::NotNone)]),
    ("POP_JUMP_FORWARD_IF_NOT_NONE", &[jump_if(Condition::NotNone)]),
    ("POP_JUMP_BACKWARD_IF_NOT_NONE", &[jump_if(Condition::NotNone)]),
    ("JUMP_IF_FALSE_OR_POP", &[Op::Copy(1), jump_if(Condition::False), Op::Pop]),
    ("JUMP_IF_TRUE_OR_POP", &[Op::Copy(1), jump_if(Condition::True), Op::Pop]),
    ("FOR_ITER", &[Op::ForIter(0)]),
];

const fn jump_if(condition: Condition) -> Op {
    Op::JumpIf { condition, target: 0 }
}

/// Instructions that a snippet does not need.
pub(super) const NEEDLESS: &[&str] = &[
    "PUSH_NULL",
    "PRECALL",
    "CACHE",
    "EXTENDED_ARG",
    "KW_NAMES",
    "END_FOR",
    "POP_ITER",
    "NOT_TAKEN",
    "RESERVED",
    "EXIT_INIT_CHECK",
    "INTERPRETER_EXIT",
    "ENTER_EXECUTOR",
    "TRACE_RECORD",
];

/// Names for several other instructions, or instructions that index a table of CPython's, with what to write instead.
pub(super) const INSTEAD: &[(&str, &str)] = &[
    ("LOAD_FAST_LOAD_FAST", "two LOAD_FAST"),
    ("LOAD_FAST_BORROW_LOAD_FAST_BORROW", "two LOAD_FAST"),
    ("STORE_FAST_LOAD_FAST", "STORE_FAST and LOAD_FAST"),
    ("STORE_FAST_STORE_FAST", "two STORE_FAST"),
    ("LOAD_ASSERTION_ERROR", "LOAD_GLOBAL AssertionError"),
    ("LOAD_COMMON_CONSTANT", "LOAD_CONST, or LOAD_GLOBAL for a class"),
];

/// Instructions that suspend.
pub(super) const SUSPENDING: &[&str] = &[
    "RETURN_GENERATOR",
    "YIELD_VALUE",
    "SEND",
    "END_SEND",
    "CLEANUP_THROW",
    "GET_YIELD_FROM_ITER",
    "GET_AWAITABLE",
    "GET_AITER",
    "GET_ANEXT",
    "END_ASYNC_FOR",
    "ASYNC_GEN_WRAP",
    "BEFORE_ASYNC_WITH",
];
