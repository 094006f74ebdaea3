//! Instructions with a special operand, and the reading of operands.

use std::sync::Arc;

use super::super::code::{Constant, LocalKind};
use super::super::instruction::{Arguments, Op};
use super::super::opcodes::{Intrinsic1Operand, Intrinsic2Operand, intrinsic1, intrinsic2};
use super::{Result_, SnippetProblem, SnippetReader, literal};
use crate::bytecode::Literal;
use crate::operators::{BinaryOperator, CompareOperator, Conversion, FunctionAttribute, Special};

/// The conversions that an f-string applies to a value.
const CONVERSIONS: &[(&str, Conversion)] =
    &[("str", Conversion::Str), ("repr", Conversion::Repr), ("ascii", Conversion::Ascii)];

impl<'a> SnippetReader<'a> {
    /// Reads an instruction with a special operand.
    pub(super) fn special(&mut self, word: &str) -> Result_<()> {
        match word {
            "LOAD_CONST" | "RETURN_CONST" | "LOAD_SMALL_INT" => {
                let literal = self.literal()?;
                let known = |constant: &Constant| matches!(constant, Constant::Literal(known) if same(known, &literal));
                let index = self.code.consts.iter().position(known).unwrap_or_else(|| {
                    self.code.consts.push(Constant::Literal(literal));
                    self.code.consts.len() - 1
                });
                self.push(Op::LoadConst(u32::try_from(index).unwrap_or(u32::MAX)));
                if word == "RETURN_CONST" {
                    self.push(Op::Return);
                }
            }
            "MAKE_CELL" => {
                let name = self.name(word, "a local")?;
                let local = self.local(name);
                self.code.locals[local as usize].kind = LocalKind::Cell;
                self.push(Op::MakeCell(local));
            }
            "CALL" | "CALL_FUNCTION" | "CALL_KW" => {
                let arguments = self.call(word)?;
                self.push(Op::Call(arguments));
            }
            "CALL_METHOD" => {
                let arguments = self.call(word)?;
                self.push(Op::CallMethod(arguments));
            }
            "BINARY_OP" => {
                let binary = BinaryOperator::ALL.iter().flat_map(|&(operator, symbol)| {
                    let of = |in_place| Op::Binary { operator, in_place };
                    [(symbol.to_owned(), of(false)), (format!("{symbol}="), of(true))]
                });
                let op = self.word(word, binary.chain([("[]".to_owned(), Op::LoadSubscr)]))?;
                self.push(op);
            }
            "COMPARE_OP" => {
                let compare = CompareOperator::ALL.iter();
                let op =
                    self.word(word, compare.map(|&(operator, symbol)| (symbol.to_owned(), Op::Compare(operator))))?;
                self.push(op);
            }
            "CONVERT_VALUE" => {
                let all = CONVERSIONS.iter().map(|&(name, conversion)| (name.to_owned(), conversion));
                let conversion = self.word(word, all)?;
                self.push(Op::Convert(conversion));
            }
            "LOAD_SPECIAL" => {
                let all = [("__enter__", Special::Enter), ("__exit__", Special::Exit)];
                let special = self.word(word, all.map(|(name, special)| (name.to_owned(), special)).into_iter())?;
                self.push(Op::LoadSpecial(special));
            }
            "SET_FUNCTION_ATTRIBUTE" => {
                let all = [
                    ("defaults", FunctionAttribute::Defaults),
                    ("kwdefaults", FunctionAttribute::KeywordDefaults),
                    ("annotations", FunctionAttribute::Annotations),
                    ("closure", FunctionAttribute::Closure),
                    ("annotate", FunctionAttribute::Annotate),
                ];
                let attribute =
                    self.word(word, all.map(|(name, attribute)| (name.to_owned(), attribute)).into_iter())?;
                self.push(Op::SetFunctionAttribute(attribute));
            }
            "CALL_INTRINSIC_1" | "CALL_INTRINSIC_2" => {
                self.cursor.skip_spaces();
                let at = self.cursor.position();
                let name = self.cursor.name();
                let op = match word {
                    "CALL_INTRINSIC_1" => intrinsic1(name).map(Intrinsic1Operand::op),
                    _ => intrinsic2(name).map(Intrinsic2Operand::op),
                };
                let names = "the names in CPython's pycore_intrinsics.h, such as INTRINSIC_LIST_TO_TUPLE".to_owned();
                self.push(op.ok_or_else(|| (at, SnippetProblem::Word(word.to_owned(), names)))?);
            }
            "LOAD_SUPER_ATTR" | "LOAD_SUPER_METHOD" => {
                let name = self.name(word, "an attribute")?;
                let name = self.name_index(name);
                // The two arguments tell `super(class, self)` from `super()`.
                let zero_arguments = self.cursor.at_end() || self.count(word, 2, 2)? != 2;
                self.push(match word {
                    "LOAD_SUPER_ATTR" => Op::LoadSuperAttr { name, zero_arguments },
                    _ => Op::LoadSuperMethod { name, zero_arguments },
                });
            }
            "FORMAT_VALUE" | "BUILD_INTERPOLATION" => {
                let conversion = self.conversion();
                let format = self.optional("format");
                if word == "BUILD_INTERPOLATION" {
                    self.push(Op::BuildInterpolation { conversion, format });
                } else {
                    let (swap, convert) = (format.then_some(Op::Swap(2)), conversion.map(Op::Convert));
                    // The value is below its format specification.
                    let converted = convert.into_iter().flat_map(|op| [swap.clone(), Some(op), swap.clone()]).flatten();
                    converted.collect::<Vec<_>>().into_iter().for_each(|op| self.push(op));
                    self.push(if format { Op::FormatWithSpec } else { Op::FormatSimple });
                }
            }
            "UNPACK_EX" => {
                /// The greatest of two numbers that CPython packs into one operand.
                const MOST: u32 = 0xFF;
                let before = self.count(word, 0, MOST)?;
                let after = if self.cursor.at_end() { 0 } else { self.count(word, 0, MOST)? };
                self.push(Op::UnpackEx { before, after });
            }
            _ => return Err((self.statement, SnippetProblem::Unknown(word.to_owned()))),
        }
        Ok(())
    }

    /// `str`, `repr`, `ascii`, or nothing.
    fn conversion(&mut self) -> Option<Conversion> {
        CONVERSIONS.iter().find(|(name, _)| self.optional(name)).map(|&(_, conversion)| conversion)
    }

    /// Takes a word, if it is the next.
    fn optional(&mut self, word: &str) -> bool {
        self.cursor.skip_spaces();
        let mut ahead = self.cursor;
        let found = ahead.name() == word;
        if found {
            self.cursor = ahead;
        }
        found
    }

    /// A count, and the names of the last arguments.
    pub(super) fn call(&mut self, word: &str) -> Result_<Arguments> {
        let count = self.count(word, 0, 0xFFFF)?;
        let mut keywords = Vec::new();
        while !self.cursor.at_end() {
            let keyword = self.name(word, "a keyword argument")?;
            self.cursor.eat('=');
            keywords.push(Arc::from(keyword));
        }
        if keywords.len() > count as usize {
            return Err((self.statement, SnippetProblem::Keywords));
        }
        Ok(Arguments { count, keywords })
    }

    pub(super) fn name_index(&mut self, name: &str) -> u32 {
        let names = &mut self.code.names;
        let index = names.iter().position(|known| &**known == name).unwrap_or_else(|| {
            names.push(name.into());
            names.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    pub(super) fn name(&mut self, word: &str, of: &'static str) -> Result_<&'a str> {
        self.cursor.skip_spaces();
        let at = self.cursor.position();
        let name = self.cursor.name();
        if name.is_empty() { Err((at, SnippetProblem::Name(word.to_owned(), of))) } else { Ok(name) }
    }

    pub(super) fn count(&mut self, word: &str, least: u32, most: u32) -> Result_<u32> {
        self.cursor.skip_spaces();
        let at = self.cursor.position();
        match self.cursor.name().parse() {
            Ok(count) if (least..=most).contains(&count) => Ok(count),
            _ => Err((at, SnippetProblem::Count(word.to_owned(), least, most))),
        }
    }

    fn word<T>(&mut self, word: &str, words: impl Iterator<Item = (String, T)>) -> Result_<T> {
        self.cursor.skip_spaces();
        let at = self.cursor.position();
        let found = self.cursor.symbol();
        let mut known = Vec::new();
        for (name, value) in words {
            if name == found {
                return Ok(value);
            }
            known.push(name);
        }
        Err((at, SnippetProblem::Word(word.to_owned(), known.join(" "))))
    }

    fn literal(&mut self) -> Result_<Literal> {
        literal(&mut self.cursor).map_err(|problem| (self.cursor.position(), problem))
    }
}

/// Whether both are one constant: -0.0 is not 0.0, and nan is itself.
fn same(one: &Literal, other: &Literal) -> bool {
    format!("{one:?}") == format!("{other:?}")
}
