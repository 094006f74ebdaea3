//! The opcodes of one Python version: their numbers, inline caches, and the tables that operands index.

use std::str::FromStr;
use std::sync::OnceLock;

use super::instruction::Op;
use crate::embed::{Exception, Python};
use crate::operators::{BinaryOperator, Intrinsic1, Intrinsic2, Special, UnaryOperator};

/// A program that prints the table of the interpreter that runs it, in the form that [`Opcodes::from_str`] reads.
const READ: &str = include_str!("opcodes.py");

macro_rules! opcodes {
    ($($name:ident)*) => {
        /// An instruction of some CPython version, by its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "the names are CPython's")]
        pub(super) enum Opcode {
            $($name,)*
        }

        impl Opcode {
            /// The name in CPython.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The opcode with this name; `None` for names that no code object contains.
            pub(super) fn by_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

opcodes! {
    ASYNC_GEN_WRAP BEFORE_ASYNC_WITH BEFORE_WITH BINARY_OP BINARY_SLICE BINARY_SUBSCR BUILD_CONST_KEY_MAP BUILD_INTERPOLATION
    BUILD_LIST BUILD_MAP BUILD_SET BUILD_SLICE BUILD_STRING BUILD_TEMPLATE BUILD_TUPLE CACHE CALL CALL_FUNCTION_EX
    CALL_INTRINSIC_1 CALL_INTRINSIC_2 CALL_KW CHECK_EG_MATCH CHECK_EXC_MATCH CLEANUP_THROW COMPARE_OP CONTAINS_OP
    CONVERT_VALUE COPY COPY_FREE_VARS DELETE_ATTR DELETE_DEREF DELETE_FAST DELETE_GLOBAL DELETE_NAME DELETE_SUBSCR
    DICT_MERGE DICT_UPDATE END_ASYNC_FOR END_FOR END_SEND EXTENDED_ARG FORMAT_SIMPLE FORMAT_VALUE FORMAT_WITH_SPEC FOR_ITER
    GET_AITER GET_ANEXT GET_AWAITABLE GET_ITER GET_LEN GET_YIELD_FROM_ITER IMPORT_FROM IMPORT_NAME IMPORT_STAR IS_OP
    JUMP_BACKWARD JUMP_BACKWARD_NO_INTERRUPT JUMP_FORWARD JUMP_IF_FALSE_OR_POP JUMP_IF_TRUE_OR_POP KW_NAMES LIST_APPEND
    LIST_EXTEND LIST_TO_TUPLE LOAD_ASSERTION_ERROR LOAD_ATTR LOAD_BUILD_CLASS LOAD_CLASSDEREF LOAD_CLOSURE
    LOAD_COMMON_CONSTANT LOAD_CONST LOAD_DEREF LOAD_FAST LOAD_FAST_AND_CLEAR LOAD_FAST_BORROW
    LOAD_FAST_BORROW_LOAD_FAST_BORROW LOAD_FAST_CHECK LOAD_FAST_LOAD_FAST LOAD_FROM_DICT_OR_DEREF LOAD_FROM_DICT_OR_GLOBALS
    LOAD_GLOBAL LOAD_LOCALS LOAD_METHOD LOAD_NAME LOAD_SMALL_INT LOAD_SPECIAL LOAD_SUPER_ATTR MAKE_CELL MAKE_FUNCTION
    MAP_ADD MATCH_CLASS MATCH_KEYS MATCH_MAPPING MATCH_SEQUENCE NOP NOT_TAKEN POP_EXCEPT POP_ITER POP_JUMP_BACKWARD_IF_FALSE
    POP_JUMP_BACKWARD_IF_NONE POP_JUMP_BACKWARD_IF_NOT_NONE POP_JUMP_BACKWARD_IF_TRUE POP_JUMP_FORWARD_IF_FALSE
    POP_JUMP_FORWARD_IF_NONE POP_JUMP_FORWARD_IF_NOT_NONE POP_JUMP_FORWARD_IF_TRUE POP_JUMP_IF_FALSE POP_JUMP_IF_NONE
    POP_JUMP_IF_NOT_NONE POP_JUMP_IF_TRUE POP_TOP PRECALL PREP_RERAISE_STAR PRINT_EXPR PUSH_EXC_INFO PUSH_NULL
    RAISE_VARARGS RERAISE RESUME RETURN_CONST RETURN_GENERATOR RETURN_VALUE SEND SETUP_ANNOTATIONS SET_ADD
    SET_FUNCTION_ATTRIBUTE SET_UPDATE STORE_ATTR STORE_DEREF STORE_FAST STORE_FAST_LOAD_FAST STORE_FAST_STORE_FAST
    STORE_GLOBAL STORE_NAME STORE_SLICE STORE_SUBSCR SWAP TO_BOOL UNARY_INVERT UNARY_NEGATIVE UNARY_NOT UNARY_POSITIVE
    UNPACK_EX UNPACK_SEQUENCE WITH_EXCEPT_START YIELD_VALUE
}

/// The meaning of an operand of `BINARY_OP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BinaryOperand {
    /// An operator; the flag is set for an augmented assignment.
    Operator(BinaryOperator, bool),
    /// 3.14's subscription.
    Subscription,
}

/// The meaning of an operand of `CALL_INTRINSIC_1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intrinsic1Operand {
    Intrinsic(Intrinsic1),
    Unary(UnaryOperator),
    ListToTuple,
}

/// The meaning of an operand of `CALL_INTRINSIC_2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intrinsic2Operand {
    Intrinsic(Intrinsic2),
    PrepReraiseStar,
}

/// The table of one version.
#[derive(Debug)]
pub(super) struct Opcodes {
    /// The minor version: 11 for 3.11.
    pub(super) version: u32,
    /// The opcodes by number.
    opcodes: Vec<Option<OpcodeEntry>>,
    /// The operands of `BINARY_OP`; `None` for unknown ones.
    pub(super) binary: Vec<Option<BinaryOperand>>,
    /// The operands of `CALL_INTRINSIC_1`.
    pub(super) intrinsic1: Vec<Option<Intrinsic1Operand>>,
    /// The operands of `CALL_INTRINSIC_2`.
    pub(super) intrinsic2: Vec<Option<Intrinsic2Operand>>,
    /// The operands of `LOAD_SPECIAL`.
    pub(super) special: Vec<Option<Special>>,
    /// The operands of `LOAD_COMMON_CONSTANT`: names of builtins, other constants as they print.
    pub(super) constants: Vec<String>,
}

#[derive(Clone, Debug)]
struct OpcodeEntry {
    /// The name, also of opcodes that no code object contains.
    name: String,
    opcode: Option<Opcode>,
    caches: u32,
}

/// A table can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line:?} of the table of opcodes makes no sense")]
pub(super) struct OpcodesError {
    line: String,
}

impl Opcodes {
    /// The table of the running interpreter. Its `opcode` module is asked once.
    pub(super) fn running(python: &Python) -> Result<&'static Self, Exception> {
        static RUNNING: OnceLock<Opcodes> = OnceLock::new();
        if let Some(opcodes) = RUNNING.get() {
            return Ok(opcodes);
        }
        let names = python.namespace()?;
        python.run(READ, &names)?;
        let text = names.item(python, "text").and_then(|text| text.as_str(python)).unwrap_or_default();
        let opcodes = text.parse().map_err(|error: OpcodesError| Exception::new("ValueError", error.to_string()))?;
        Ok(RUNNING.get_or_init(|| opcodes))
    }

    /// The opcode with a number; otherwise the interpreter's name for it, if there is one.
    pub(super) fn opcode(&self, number: u8) -> Result<Opcode, Option<&str>> {
        let entry = self.opcodes.get(usize::from(number)).and_then(Option::as_ref).ok_or(None)?;
        entry.opcode.ok_or(Some(&entry.name))
    }

    /// How many code units follow the instruction.
    pub(super) fn caches(&self, number: u8) -> u32 {
        self.opcodes.get(usize::from(number)).and_then(Option::as_ref).map_or(0, |entry| entry.caches)
    }

    /// The number of an instruction's name.
    #[cfg(test)]
    pub(super) fn number(&self, name: &str) -> Option<u8> {
        let found = self.opcodes.iter().position(|entry| entry.as_ref().is_some_and(|entry| entry.name == name))?;
        u8::try_from(found).ok()
    }
}

impl FromStr for Opcodes {
    type Err = OpcodesError;

    fn from_str(text: &str) -> Result<Self, OpcodesError> {
        let mut table = Self {
            version: 0,
            opcodes: vec![None; 256],
            binary: Vec::new(),
            intrinsic1: Vec::new(),
            intrinsic2: Vec::new(),
            special: Vec::new(),
            constants: Vec::new(),
        };
        for line in text.lines() {
            table.read_line(line).ok_or_else(|| OpcodesError { line: line.to_owned() })?;
        }
        if table.version == 0 {
            return Err(OpcodesError { line: String::new() });
        }
        Ok(table)
    }
}

impl Intrinsic1Operand {
    /// The operation.
    pub(super) fn op(self) -> Op {
        match self {
            Self::Intrinsic(intrinsic) => Op::Intrinsic1(intrinsic),
            Self::Unary(operator) => Op::Unary(operator),
            Self::ListToTuple => Op::ListToTuple,
        }
    }
}

impl Intrinsic2Operand {
    /// The operation.
    pub(super) fn op(self) -> Op {
        match self {
            Self::Intrinsic(intrinsic) => Op::Intrinsic2(intrinsic),
            Self::PrepReraiseStar => Op::PrepReraiseStar,
        }
    }
}

impl Opcodes {
    fn read_line(&mut self, line: &str) -> Option<()> {
        let (kind, rest) = line.split_once(' ')?;
        match kind {
            "version" => self.version = rest.strip_prefix("3.")?.parse().ok()?,
            "opcode" => {
                let mut words = rest.split(' ');
                let number: usize = words.next()?.parse().ok()?;
                let name = words.next()?.to_owned();
                let caches = words.next()?.parse().ok()?;
                *self.opcodes.get_mut(number)? = Some(OpcodeEntry { opcode: Opcode::by_name(&name), name, caches });
            }
            "binary" => self.binary.push(binary(rest.split_once(' ')?.1)),
            "intrinsic1" => self.intrinsic1.push(intrinsic1(rest)),
            "intrinsic2" => self.intrinsic2.push(intrinsic2(rest)),
            "special" => self.special.push(match rest {
                "__enter__" => Some(Special::Enter),
                "__exit__" => Some(Special::Exit),
                "__aenter__" => Some(Special::AsyncEnter),
                "__aexit__" => Some(Special::AsyncExit),
                _ => None,
            }),
            "constant" => self.constants.push(rest.to_owned()),
            _ => return None,
        }
        Some(())
    }
}

fn binary(symbol: &str) -> Option<BinaryOperand> {
    if symbol == "[]" {
        return Some(BinaryOperand::Subscription);
    }
    let (symbol, in_place) = symbol.strip_suffix('=').map_or((symbol, false), |symbol| (symbol, true));
    let (operator, _) = BinaryOperator::ALL.into_iter().find(|&(_, of)| of == symbol)?;
    Some(BinaryOperand::Operator(operator, in_place))
}

/// The meaning of an intrinsic function's name for `CALL_INTRINSIC_1`.
pub(super) fn intrinsic1(name: &str) -> Option<Intrinsic1Operand> {
    use Intrinsic1Operand::{Intrinsic, ListToTuple, Unary};
    Some(match name {
        "INTRINSIC_PRINT" => Intrinsic(Intrinsic1::Print),
        "INTRINSIC_IMPORT_STAR" => Intrinsic(Intrinsic1::ImportStar),
        "INTRINSIC_STOPITERATION_ERROR" => Intrinsic(Intrinsic1::StopIterationError),
        "INTRINSIC_ASYNC_GEN_WRAP" => Intrinsic(Intrinsic1::AsyncGenWrap),
        "INTRINSIC_UNARY_POSITIVE" => Unary(UnaryOperator::Positive),
        "INTRINSIC_LIST_TO_TUPLE" => ListToTuple,
        "INTRINSIC_TYPEVAR" => Intrinsic(Intrinsic1::TypeVar),
        "INTRINSIC_PARAMSPEC" => Intrinsic(Intrinsic1::ParamSpec),
        "INTRINSIC_TYPEVARTUPLE" => Intrinsic(Intrinsic1::TypeVarTuple),
        "INTRINSIC_SUBSCRIPT_GENERIC" => Intrinsic(Intrinsic1::SubscriptGeneric),
        "INTRINSIC_TYPEALIAS" => Intrinsic(Intrinsic1::TypeAlias),
        _ => return None,
    })
}

/// The meaning of an intrinsic function's name for `CALL_INTRINSIC_2`.
pub(super) fn intrinsic2(name: &str) -> Option<Intrinsic2Operand> {
    use Intrinsic2Operand::{Intrinsic, PrepReraiseStar};
    Some(match name {
        "INTRINSIC_PREP_RERAISE_STAR" => PrepReraiseStar,
        "INTRINSIC_TYPEVAR_WITH_BOUND" => Intrinsic(Intrinsic2::TypeVarWithBound),
        "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS" => Intrinsic(Intrinsic2::TypeVarWithConstraints),
        "INTRINSIC_SET_FUNCTION_TYPE_PARAMS" => Intrinsic(Intrinsic2::SetFunctionTypeParams),
        "INTRINSIC_SET_TYPEPARAM_DEFAULT" => Intrinsic(Intrinsic2::SetTypeParamDefault),
        _ => return None,
    })
}
