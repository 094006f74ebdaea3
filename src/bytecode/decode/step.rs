//! Phase one: translates each of CPython's instructions to steps, without looking at the rest of the stack.

use std::sync::Arc;

use super::error::Problem;
use super::raw::RawInstruction;
use crate::bytecode::instruction::{Arguments, Condition, Op, Suspend};
use crate::bytecode::opcodes::{BinaryOperand, Opcode, Opcodes};
use crate::bytecode::{LocalKind, LocalVariable};
use crate::operators::{CompareOperator, Conversion, FunctionAttribute, Intrinsic1, UnaryOperator};

/// A part of what an instruction does to CPython's stack, with nulls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StackStep {
    /// The operation itself; but depths in its operands count nulls, and jumps name byte offsets.
    Op(Op),
    /// Pushes a slot that the neutral stack lacks: a null, or the second slot of an iterator.
    PushNull,
    /// Pops `(callable, self or null)` and the arguments; in 3.11 and 3.12 the pair is `(method or null, self or
    /// callable)`.
    Call(Arguments),
    /// Pops the same pair, arguments and keywords. `Some` says whether there are keywords; with `None` they are always
    /// on the stack, and null if there are none.
    CallEx(Option<bool>),
    /// Pops `iterator` or `iterator second` if it is exhausted.
    ForIter(u32),
}

/// A constant that the decoder adds for an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::bytecode) enum Extra {
    /// `LOAD_SMALL_INT`.
    Int(u32),
    /// `LOAD_COMMON_CONSTANT`, an index.
    Common(u32),
    /// `LOAD_ASSERTION_ERROR`.
    AssertionError,
}

/// The tables that instructions index.
pub(super) struct DecodeContext<'a> {
    pub(super) opcodes: &'a Opcodes,
    pub(super) locals: &'a [LocalVariable],
    pub(super) consts: usize,
    pub(super) names: usize,
    /// The strings in a constant that is a tuple of strings.
    pub(super) strings: &'a dyn Fn(u32) -> Option<Vec<Arc<str>>>,
    /// The constants added so far; their indices follow those of `consts`.
    pub(super) extras: Vec<Extra>,
    /// The names of the keyword arguments of the next call.
    pub(super) keywords: Option<Vec<Arc<str>>>,
}

impl DecodeContext<'_> {
    /// Appends the steps of an instruction; `next` is the instruction after it.
    pub(super) fn translate(
        &mut self,
        raw: &RawInstruction,
        next: Option<Opcode>,
        steps: &mut Vec<StackStep>,
    ) -> Result<(), Problem> {
        use Opcode as O;
        if self.keywords.is_some() && !matches!(raw.opcode, O::PRECALL | O::CALL | O::CALL_KW) {
            return Err(Problem::Keywords);
        }
        let operand = raw.operand;
        let wrong = Problem::Operand { operand };
        let version = self.opcodes.version;
        let wide_iterators = version >= 15;
        let mut op = |op| steps.push(StackStep::Op(op));
        match raw.opcode {
            O::CACHE | O::EXTENDED_ARG | O::NOP | O::NOT_TAKEN | O::PRECALL => {}
            O::RESUME => op(Op::Resume),
            O::POP_TOP | O::END_FOR => op(Op::Pop),
            O::POP_ITER => {
                op(Op::Pop);
                if wide_iterators {
                    op(Op::Pop);
                }
            }
            O::PUSH_NULL => steps.push(StackStep::PushNull),
            O::COPY => op(Op::Copy(at_least(operand, 1)?)),
            O::SWAP => op(Op::Swap(at_least(operand, 1)?)),

            // From 3.13 on, a constant before the call has the names of its keyword arguments.
            O::LOAD_CONST if next == Some(O::CALL_KW) => {
                self.keywords = Some((self.strings)(operand).ok_or(Problem::Keywords)?);
            }
            O::LOAD_CONST => op(Op::LoadConst(self.constant(operand)?)),
            O::RETURN_CONST => {
                op(Op::LoadConst(self.constant(operand)?));
                op(Op::Return);
            }
            O::LOAD_SMALL_INT => op(Op::LoadConst(self.extra(Extra::Int(operand)))),
            O::LOAD_COMMON_CONSTANT => {
                self.opcodes.constants.get(operand as usize).ok_or(wrong)?;
                op(Op::LoadConst(self.extra(Extra::Common(operand))));
            }
            O::LOAD_ASSERTION_ERROR => op(Op::LoadConst(self.extra(Extra::AssertionError))),
            O::LOAD_FAST | O::LOAD_FAST_CHECK | O::LOAD_FAST_BORROW => op(self.load_fast(operand)?),
            O::LOAD_FAST_LOAD_FAST | O::LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
                op(self.load_fast(operand >> 4)?);
                op(self.load_fast(operand & 15)?);
            }
            O::STORE_FAST_LOAD_FAST => {
                op(Op::StoreFast(self.local(operand >> 4)?));
                op(self.load_fast(operand & 15)?);
            }
            O::STORE_FAST_STORE_FAST => {
                op(Op::StoreFast(self.local(operand >> 4)?));
                op(Op::StoreFast(self.local(operand & 15)?));
            }
            O::LOAD_FAST_AND_CLEAR => op(Op::LoadFastAndClear(self.local(operand)?)),
            O::STORE_FAST => op(Op::StoreFast(self.local(operand)?)),
            O::DELETE_FAST => op(Op::DeleteFast(self.local(operand)?)),
            O::MAKE_CELL => op(Op::MakeCell(self.local(operand)?)),
            O::COPY_FREE_VARS => {
                let free = self.locals.iter().filter(|local| local.kind == LocalKind::Free).count();
                if free != operand as usize {
                    return Err(wrong);
                }
                op(Op::CopyFreeVars(operand));
            }
            O::LOAD_CLOSURE => op(Op::LoadClosure(self.cell(operand)?)),
            O::LOAD_DEREF => op(Op::LoadDeref(self.cell(operand)?)),
            O::STORE_DEREF => op(Op::StoreDeref(self.cell(operand)?)),
            O::DELETE_DEREF => op(Op::DeleteDeref(self.cell(operand)?)),
            O::LOAD_CLASSDEREF => op(Op::LoadClassDeref(self.cell(operand)?)),
            O::LOAD_FROM_DICT_OR_DEREF => op(Op::LoadFromDictOrDeref(self.cell(operand)?)),
            O::LOAD_FROM_DICT_OR_GLOBALS => op(Op::LoadFromDictOrGlobals(self.name(operand)?)),
            O::LOAD_LOCALS => op(Op::LoadLocals),
            O::LOAD_NAME => op(Op::LoadName(self.name(operand)?)),
            O::STORE_NAME => op(Op::StoreName(self.name(operand)?)),
            O::DELETE_NAME => op(Op::DeleteName(self.name(operand)?)),
            O::LOAD_GLOBAL => {
                // The lowest bit asks for the null of a call. The null is below the callable up to 3.12, and above it
                // after that.
                let load = StackStep::Op(Op::LoadGlobal(self.name(operand >> 1)?));
                match operand & 1 {
                    0 => steps.push(load),
                    _ if version <= 12 => steps.extend([StackStep::PushNull, load]),
                    _ => steps.extend([load, StackStep::PushNull]),
                }
            }
            O::STORE_GLOBAL => op(Op::StoreGlobal(self.name(operand)?)),
            O::DELETE_GLOBAL => op(Op::DeleteGlobal(self.name(operand)?)),
            O::LOAD_BUILD_CLASS => op(Op::LoadBuildClass),
            O::SETUP_ANNOTATIONS => op(Op::SetupAnnotations),

            O::LOAD_ATTR if version == 11 => op(Op::LoadAttr(self.name(operand)?)),
            O::LOAD_ATTR if operand & 1 == 0 => op(Op::LoadAttr(self.name(operand >> 1)?)),
            O::LOAD_ATTR => op(Op::LoadMethod(self.name(operand >> 1)?)),
            O::LOAD_METHOD => op(Op::LoadMethod(self.name(operand)?)),
            O::LOAD_SUPER_ATTR => {
                let (name, zero_arguments) = (self.name(operand >> 2)?, operand & 2 == 0);
                op(match operand & 1 {
                    0 => Op::LoadSuperAttr { name, zero_arguments },
                    _ => Op::LoadSuperMethod { name, zero_arguments },
                });
            }
            O::LOAD_SPECIAL => {
                let special = self.opcodes.special.get(operand as usize).copied().flatten();
                op(Op::LoadSpecial(special.ok_or(wrong)?));
            }
            O::STORE_ATTR => op(Op::StoreAttr(self.name(operand)?)),
            O::DELETE_ATTR => op(Op::DeleteAttr(self.name(operand)?)),

            O::BINARY_SUBSCR => op(Op::LoadSubscr),
            O::STORE_SUBSCR => op(Op::StoreSubscr),
            O::DELETE_SUBSCR => op(Op::DeleteSubscr),
            O::BINARY_SLICE => {
                op(Op::BuildSlice { step: false });
                op(Op::LoadSubscr);
            }
            O::STORE_SLICE => {
                op(Op::BuildSlice { step: false });
                op(Op::StoreSubscr);
            }
            O::UNARY_NEGATIVE => op(Op::Unary(UnaryOperator::Negative)),
            O::UNARY_POSITIVE => op(Op::Unary(UnaryOperator::Positive)),
            O::UNARY_INVERT => op(Op::Unary(UnaryOperator::Invert)),
            O::UNARY_NOT => op(Op::Not),
            O::TO_BOOL => op(Op::ToBool),
            O::BINARY_OP => op(match self.opcodes.binary.get(operand as usize).copied().flatten().ok_or(wrong)? {
                BinaryOperand::Operator(operator, in_place) => Op::Binary { operator, in_place },
                BinaryOperand::Subscription => Op::LoadSubscr,
            }),
            O::COMPARE_OP => {
                // The bits below the operator: none, a mask, or a mask and whether the result is made a bool.
                let (shift, to_bool) = match version {
                    11 => (0, 0),
                    12 => (4, 0),
                    _ => (5, 16),
                };
                let operator = CompareOperator::ALL.get((operand >> shift) as usize).ok_or(wrong)?.0;
                op(Op::Compare(operator));
                if operand & to_bool != 0 {
                    op(Op::ToBool);
                }
            }
            O::IS_OP => op(Op::Is { inverted: operand & 1 != 0 }),
            O::CONTAINS_OP => op(Op::Contains { inverted: operand & 1 != 0 }),

            O::BUILD_TUPLE => op(Op::BuildTuple(operand)),
            O::BUILD_LIST => op(Op::BuildList(operand)),
            O::BUILD_SET => op(Op::BuildSet(operand)),
            O::BUILD_MAP => op(Op::BuildMap(operand)),
            O::BUILD_CONST_KEY_MAP => op(Op::BuildConstKeyMap(operand)),
            O::BUILD_STRING => op(Op::BuildString(operand)),
            O::BUILD_SLICE => op(match operand {
                2 => Op::BuildSlice { step: false },
                3 => Op::BuildSlice { step: true },
                _ => return Err(wrong),
            }),
            O::LIST_APPEND => op(Op::ListAppend(at_least(operand, 1)?)),
            O::LIST_EXTEND => op(Op::ListExtend(at_least(operand, 1)?)),
            O::SET_ADD => op(Op::SetAdd(at_least(operand, 1)?)),
            O::SET_UPDATE => op(Op::SetUpdate(at_least(operand, 1)?)),
            O::MAP_ADD => op(Op::MapAdd(at_least(operand, 1)?)),
            O::DICT_UPDATE => op(Op::DictUpdate(at_least(operand, 1)?)),
            O::DICT_MERGE => {
                // The positional arguments and, from 3.13 on, the null are between dict and callable.
                let depth = at_least(operand, 1)?;
                let callable = depth.checked_add(if version <= 12 { 2 } else { 3 }).ok_or(wrong)?;
                op(Op::DictMerge { depth, callable });
            }
            O::LIST_TO_TUPLE => op(Op::ListToTuple),
            O::FORMAT_SIMPLE => op(Op::FormatSimple),
            O::FORMAT_WITH_SPEC => op(Op::FormatWithSpec),
            O::CONVERT_VALUE => op(Op::Convert(conversion(operand)?.ok_or(wrong)?)),
            O::FORMAT_VALUE => match (conversion(operand & 3)?, operand & 4 != 0) {
                (None, false) => op(Op::FormatSimple),
                (None, true) => op(Op::FormatWithSpec),
                (Some(conversion), false) => {
                    op(Op::Convert(conversion));
                    op(Op::FormatSimple);
                }
                (Some(conversion), true) => {
                    for step in [Op::Swap(2), Op::Convert(conversion), Op::Swap(2), Op::FormatWithSpec] {
                        op(step);
                    }
                }
            },
            O::BUILD_TEMPLATE => op(Op::BuildTemplate),
            O::BUILD_INTERPOLATION => {
                let conversion = conversion(operand >> 2)?;
                op(Op::BuildInterpolation { conversion, format: operand & 1 != 0 });
            }

            O::KW_NAMES => self.keywords = Some((self.strings)(operand).ok_or(Problem::Keywords)?),
            O::CALL | O::CALL_KW => {
                let keywords = self.keywords.take();
                if raw.opcode == O::CALL_KW && keywords.is_none() {
                    return Err(Problem::Keywords);
                }
                let keywords = keywords.unwrap_or_default();
                if keywords.len() > operand as usize {
                    return Err(Problem::Keywords);
                }
                steps.push(StackStep::Call(Arguments { count: operand, keywords }));
            }
            O::CALL_FUNCTION_EX if version >= 14 => steps.push(StackStep::CallEx(None)),
            O::CALL_FUNCTION_EX => steps.push(StackStep::CallEx(Some(operand & 1 != 0))),
            O::MAKE_FUNCTION => {
                op(Op::MakeFunction);
                // From 3.13 on there are no flags. The order is that in which they are popped.
                for flag in [8, 4, 2, 1] {
                    if version <= 12 && operand & flag != 0 {
                        op(Op::SetFunctionAttribute(function_attribute(flag)?));
                    }
                }
            }
            O::SET_FUNCTION_ATTRIBUTE => op(Op::SetFunctionAttribute(function_attribute(operand)?)),

            O::UNPACK_SEQUENCE => op(Op::UnpackSequence(operand)),
            O::UNPACK_EX => op(Op::UnpackEx { before: operand & 0xFF, after: operand >> 8 }),
            // From 3.15 on it also does the work of GET_YIELD_FROM_ITER, and pushes a second slot.
            O::GET_ITER if wide_iterators => {
                op(if operand == 0 { Op::GetIter } else { Op::Suspend(Suspend::GetYieldFromIter) });
                steps.push(StackStep::PushNull);
            }
            O::GET_ITER => op(Op::GetIter),
            O::FOR_ITER => steps.push(StackStep::ForIter(self.forward(raw)?)),

            O::JUMP_FORWARD => op(Op::Jump(self.forward(raw)?)),
            O::JUMP_BACKWARD | O::JUMP_BACKWARD_NO_INTERRUPT => op(Op::Jump(self.backward(raw)?)),
            O::POP_JUMP_IF_FALSE | O::POP_JUMP_FORWARD_IF_FALSE => op(jump_if(Condition::False, self.forward(raw)?)),
            O::POP_JUMP_IF_TRUE | O::POP_JUMP_FORWARD_IF_TRUE => op(jump_if(Condition::True, self.forward(raw)?)),
            O::POP_JUMP_IF_NONE | O::POP_JUMP_FORWARD_IF_NONE => op(jump_if(Condition::None, self.forward(raw)?)),
            O::POP_JUMP_IF_NOT_NONE | O::POP_JUMP_FORWARD_IF_NOT_NONE => {
                op(jump_if(Condition::NotNone, self.forward(raw)?));
            }
            O::POP_JUMP_BACKWARD_IF_FALSE => op(jump_if(Condition::False, self.backward(raw)?)),
            O::POP_JUMP_BACKWARD_IF_TRUE => op(jump_if(Condition::True, self.backward(raw)?)),
            O::POP_JUMP_BACKWARD_IF_NONE => op(jump_if(Condition::None, self.backward(raw)?)),
            O::POP_JUMP_BACKWARD_IF_NOT_NONE => op(jump_if(Condition::NotNone, self.backward(raw)?)),
            O::JUMP_IF_FALSE_OR_POP | O::JUMP_IF_TRUE_OR_POP => {
                let jumps_if_true = raw.opcode == O::JUMP_IF_TRUE_OR_POP;
                let condition = if jumps_if_true { Condition::True } else { Condition::False };
                let target = self.forward(raw)?;
                for step in [Op::Copy(1), jump_if(condition, target), Op::Pop] {
                    op(step);
                }
            }
            O::RETURN_VALUE => op(Op::Return),

            O::RAISE_VARARGS if operand > 2 => return Err(wrong),
            O::RAISE_VARARGS => op(Op::Raise(operand)),
            O::RERAISE => op(Op::Reraise(operand)),
            O::PUSH_EXC_INFO => op(Op::PushExcInfo),
            O::POP_EXCEPT => op(Op::PopExcept),
            O::CHECK_EXC_MATCH => op(Op::CheckExcMatch),
            O::CHECK_EG_MATCH => op(Op::CheckEgMatch),
            O::PREP_RERAISE_STAR => op(Op::PrepReraiseStar),
            O::BEFORE_WITH => op(Op::BeforeWith),
            O::WITH_EXCEPT_START => op(Op::WithExceptStart { has_self: version >= 14 }),

            O::GET_LEN => op(Op::GetLen),
            O::MATCH_MAPPING => op(Op::MatchMapping),
            O::MATCH_SEQUENCE => op(Op::MatchSequence),
            O::MATCH_KEYS => op(Op::MatchKeys),
            O::MATCH_CLASS => op(Op::MatchClass(operand)),

            // From 3.15 on the two lowest bits say whether the import may be lazy.
            O::IMPORT_NAME if version >= 15 => op(Op::ImportName(self.name(operand >> 2)?)),
            O::IMPORT_NAME => op(Op::ImportName(self.name(operand)?)),
            O::IMPORT_FROM => op(Op::ImportFrom(self.name(operand)?)),
            O::IMPORT_STAR => {
                op(Op::Intrinsic1(Intrinsic1::ImportStar));
                op(Op::Pop);
            }
            O::PRINT_EXPR => {
                op(Op::Intrinsic1(Intrinsic1::Print));
                op(Op::Pop);
            }
            O::ASYNC_GEN_WRAP => op(Op::Intrinsic1(Intrinsic1::AsyncGenWrap)),
            O::CALL_INTRINSIC_1 => {
                op(self.opcodes.intrinsic1.get(operand as usize).copied().flatten().ok_or(wrong)?.op());
            }
            O::CALL_INTRINSIC_2 => {
                op(self.opcodes.intrinsic2.get(operand as usize).copied().flatten().ok_or(wrong)?.op());
            }

            O::RETURN_GENERATOR => op(Op::Suspend(Suspend::ReturnGenerator)),
            O::YIELD_VALUE => op(Op::Suspend(Suspend::Yield)),
            O::SEND => op(Op::Suspend(Suspend::Send(self.forward(raw)?))),
            O::END_SEND => op(Op::Suspend(Suspend::EndSend)),
            O::CLEANUP_THROW => op(Op::Suspend(Suspend::CleanupThrow)),
            O::GET_YIELD_FROM_ITER => op(Op::Suspend(Suspend::GetYieldFromIter)),
            O::GET_AWAITABLE => op(Op::Suspend(Suspend::GetAwaitable)),
            O::GET_AITER => op(Op::Suspend(Suspend::GetAsyncIter)),
            O::GET_ANEXT => op(Op::Suspend(Suspend::GetAsyncNext)),
            O::END_ASYNC_FOR => op(Op::Suspend(Suspend::EndAsyncFor)),
            O::BEFORE_ASYNC_WITH => op(Op::Suspend(Suspend::BeforeAsyncWith)),
        }
        Ok(())
    }

    fn constant(&self, index: u32) -> Result<u32, Problem> {
        if (index as usize) < self.consts { Ok(index) } else { Err(Problem::Operand { operand: index }) }
    }

    fn name(&self, index: u32) -> Result<u32, Problem> {
        if (index as usize) < self.names { Ok(index) } else { Err(Problem::Operand { operand: index }) }
    }

    fn local(&self, index: u32) -> Result<u32, Problem> {
        if (index as usize) < self.locals.len() { Ok(index) } else { Err(Problem::Operand { operand: index }) }
    }

    fn cell(&self, index: u32) -> Result<u32, Problem> {
        match self.locals.get(index as usize) {
            Some(local) if local.kind != LocalKind::Plain => Ok(index),
            _ => Err(Problem::Operand { operand: index }),
        }
    }

    /// Loading a cell, as 3.13 does to make closures, is recognised later: see [`super::walk`].
    fn load_fast(&self, index: u32) -> Result<Op, Problem> {
        Ok(Op::LoadFast(self.local(index)?))
    }

    /// The index of a constant that the code object does not have.
    fn extra(&mut self, extra: Extra) -> u32 {
        let index = self.extras.iter().position(|known| *known == extra).unwrap_or_else(|| {
            self.extras.push(extra);
            self.extras.len() - 1
        });
        // There are no more constants than instructions, whose offsets fit.
        u32::try_from(self.consts + index).unwrap_or(u32::MAX)
    }

    fn forward(&self, raw: &RawInstruction) -> Result<u32, Problem> {
        let target = i64::from(raw.end) + i64::from(raw.operand) * 2;
        u32::try_from(target).map_err(|_| Problem::Target { target })
    }

    fn backward(&self, raw: &RawInstruction) -> Result<u32, Problem> {
        let target = i64::from(raw.end) - i64::from(raw.operand) * 2;
        u32::try_from(target).map_err(|_| Problem::Target { target })
    }
}

fn at_least(operand: u32, least: u32) -> Result<u32, Problem> {
    if operand >= least { Ok(operand) } else { Err(Problem::Operand { operand }) }
}

fn jump_if(condition: Condition, target: u32) -> Op {
    Op::JumpIf { condition, target }
}

fn conversion(operand: u32) -> Result<Option<Conversion>, Problem> {
    Ok(match operand {
        0 => None,
        1 => Some(Conversion::Str),
        2 => Some(Conversion::Repr),
        3 => Some(Conversion::Ascii),
        _ => return Err(Problem::Operand { operand }),
    })
}

fn function_attribute(flag: u32) -> Result<FunctionAttribute, Problem> {
    Ok(match flag {
        1 => FunctionAttribute::Defaults,
        2 => FunctionAttribute::KeywordDefaults,
        4 => FunctionAttribute::Annotations,
        8 => FunctionAttribute::Closure,
        16 => FunctionAttribute::Annotate,
        _ => return Err(Problem::Operand { operand: flag }),
    })
}
