//! Snippets: bytecode as text, as one writes it in a test or an embedder emits it. `docs/snippets.md` describes the form.

mod cursor;
mod error;
mod literal;
mod mnemonics;

use std::str::FromStr;
use std::sync::Arc;

use super::code::{ArgumentCounts, Code, Constant, Handler, LocalKind, LocalVariable};
use super::instruction::{Arguments, Instruction, Op};
use super::opcodes::{Intrinsic1Operand, Intrinsic2Operand, intrinsic1, intrinsic2};
use crate::operators::{BinaryOperator, CompareOperator, Conversion, FunctionAttribute, Special};
pub(super) use cursor::Cursor;
pub use error::{SnippetError, SnippetProblem};
pub(super) use literal::literal;
use mnemonics::{CELL, COUNTED, INSTEAD, JUMPS, LOCAL, NAMED, NEEDLESS, SIMPLE, SUSPENDING};

impl FromStr for Code {
    type Err = SnippetError;

    /// Reads a snippet.
    ///
    /// ```
    /// use typedcall::bytecode::Code;
    ///
    /// let code: Code = "LOAD_CONST 'hello,world'; STORE_FAST x; LOAD_FAST x; LOAD_METHOD upper; CALL_METHOD 0; RETURN_VALUE".parse()?;
    /// assert_eq!(code.instructions.len(), 6);
    /// assert_eq!(code.stack_size, 2);
    /// # Ok::<(), typedcall::bytecode::SnippetError>(())
    /// ```
    fn from_str(text: &str) -> Result<Self, SnippetError> {
        let mut reader = Reader {
            cursor: Cursor::new(text),
            code: Self { first_line: 1, flags: FUNCTION, ..Self::default() },
            labels: Vec::new(),
            jumps: Vec::new(),
            handlers: Vec::new(),
            statement: 0,
        };
        reader.code.name = "<snippet>".into();
        reader.code.qualname = reader.code.name.clone();
        reader.code.filename = reader.code.name.clone();
        match reader.read() {
            Ok(()) => Ok(reader.code),
            Err((position, problem)) => {
                let (line, column) = reader.cursor.line_and_column(position);
                Err(SnippetError { line, column, problem })
            }
        }
    }
}

/// `CO_OPTIMIZED | CO_NEWLOCALS`: the code of a function.
const FUNCTION: u32 = 0x3;

/// What an f-string does to a value.
const CONVERSIONS: &[(&str, Conversion)] =
    &[("str", Conversion::Str), ("repr", Conversion::Repr), ("ascii", Conversion::Ascii)];

struct Reader<'a> {
    cursor: Cursor<'a>,
    code: Code,
    /// The labels, and the instructions that they mark.
    labels: Vec<(&'a str, u32)>,
    /// Instructions that jump, with their label, and where that stands.
    jumps: Vec<(usize, &'a str, usize)>,
    handlers: Vec<HandlerText<'a>>,
    /// Where the statement starts.
    statement: usize,
}

/// A handler before its labels are known: start, end and target.
struct HandlerText<'a> {
    labels: [(&'a str, usize); 3],
    depth: u32,
    lasti: bool,
}

type Result_<T> = Result<T, (usize, SnippetProblem)>;

impl<'a> Reader<'a> {
    fn read(&mut self) -> Result_<()> {
        loop {
            self.cursor.skip_separators();
            let start = self.cursor.position();
            self.statement = start;
            if self.cursor.peek().is_none() {
                break;
            }
            let word = self.cursor.name();
            if word.is_empty() {
                let found = self.cursor.symbol().to_owned();
                return Err((start, SnippetProblem::Unknown(found)));
            }
            if self.cursor.eat(':') {
                if self.labels.iter().any(|(label, _)| *label == word) {
                    return Err((start, SnippetProblem::LabelTwice(word.to_owned())));
                }
                self.labels.push((word, self.next_index()));
                continue;
            }
            match word {
                "args" => self.arguments()?,
                "free" => self.free()?,
                "handler" => self.handler()?,
                _ => self.instruction(word)?,
            }
            if !self.cursor.at_end() {
                return Err((self.cursor.position(), SnippetProblem::TooMuch(word.to_owned())));
            }
        }
        self.finish()
    }

    fn next_index(&self) -> u32 {
        // A text has fewer statements than bytes, and texts of 4 GB are not compiled.
        u32::try_from(self.code.instructions.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, op: Op) {
        let (line, _) = self.cursor.line_and_column(self.statement);
        let offset = u32::try_from(self.statement).unwrap_or(u32::MAX);
        self.code.instructions.push(Instruction { op, offset, line: Some(line) });
    }

    fn instruction(&mut self, word: &str) -> Result_<()> {
        let start = self.statement;
        if let Some((_, ops)) = SIMPLE.iter().find(|(name, _)| *name == word) {
            // RESUME has an operand in CPython that says nothing here.
            if word == "RESUME" && !self.cursor.at_end() {
                self.count(word, 0, 0xFF)?;
            }
            ops.iter().for_each(|op| self.push(op.clone()));
        } else if let Some((_, least, most, op)) = COUNTED.iter().find(|(name, ..)| *name == word) {
            let count = self.count(word, *least, *most)?;
            self.push(op(count));
        } else if let Some((_, op)) = LOCAL.iter().find(|(name, _)| *name == word) {
            let local = self.name(word, "a local")?;
            let local = self.local(local);
            self.push(op(local));
        } else if let Some((_, op)) = CELL.iter().find(|(name, _)| *name == word) {
            self.cursor.skip_spaces();
            let at = self.cursor.position();
            let name = self.name(word, "a cell")?;
            let local = self.local(name);
            if self.code.locals[local as usize].kind == LocalKind::Plain {
                return Err((at, SnippetProblem::NoCell(name.to_owned())));
            }
            self.push(op(local));
        } else if let Some((_, op)) = NAMED.iter().find(|(name, _)| *name == word) {
            let name = self.name(word, "a global, an attribute or a module")?;
            let name = self.name_index(name);
            self.push(op(name));
        } else if let Some((_, ops)) = JUMPS.iter().find(|(name, _)| *name == word) {
            self.cursor.skip_spaces();
            let at = self.cursor.position();
            let label = self.name(word, "a label")?;
            for op in *ops {
                if op.target().is_some() {
                    self.jumps.push((self.code.instructions.len(), label, at));
                }
                self.push(op.clone());
            }
        } else if NEEDLESS.contains(&word) {
            return Err((start, SnippetProblem::Needless(word.to_owned())));
        } else if let Some((_, instead)) = INSTEAD.iter().find(|(name, _)| *name == word) {
            return Err((start, SnippetProblem::Instead(word.to_owned(), instead)));
        } else if SUSPENDING.contains(&word) {
            return Err((start, SnippetProblem::Suspends(word.to_owned())));
        } else {
            return self.special(word);
        }
        Ok(())
    }

    /// Those whose operand is like no other's.
    fn special(&mut self, word: &str) -> Result_<()> {
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
                // `super(class, self)` is told from `super()` by its two arguments.
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
                /// CPython packs both into an operand.
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
    fn call(&mut self, word: &str) -> Result_<Arguments> {
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

    /// `args a b / c * d *rest **named`
    fn arguments(&mut self) -> Result_<()> {
        if !self.code.instructions.is_empty() || !self.code.locals.is_empty() {
            return Err((self.statement, SnippetProblem::Late("args".to_owned())));
        }
        let mut counts = ArgumentCounts::default();
        let (mut varargs, mut varkeywords, mut keyword_only) = (None, None, false);
        while !self.cursor.at_end() {
            let at = self.cursor.position();
            if self.cursor.eat('/') {
                counts.positional_only = counts.positional;
            } else if self.cursor.eat('*') {
                let is_mapping = self.cursor.eat('*');
                keyword_only = true;
                let name = self.cursor.name();
                let place = if is_mapping { &mut varkeywords } else { &mut varargs };
                if place.is_some() || (is_mapping && name.is_empty()) {
                    return Err((at, SnippetProblem::Name("args".to_owned(), "an argument")));
                }
                *place = (!name.is_empty()).then_some((name, at));
            } else {
                let name = self.name("args", "an argument")?;
                self.declare(name, LocalKind::Plain, at)?;
                *(if keyword_only { &mut counts.keyword_only } else { &mut counts.positional }) += 1;
            }
            self.cursor.skip_spaces();
            self.cursor.eat(',');
        }
        counts.varargs = varargs.is_some();
        counts.varkeywords = varkeywords.is_some();
        for (name, at) in varargs.into_iter().chain(varkeywords) {
            self.declare(name, LocalKind::Plain, at)?;
        }
        // CO_VARARGS and CO_VARKEYWORDS.
        self.code.flags |= if counts.varargs { 0x4 } else { 0 } | if counts.varkeywords { 0x8 } else { 0 };
        self.code.arguments = counts;
        Ok(())
    }

    /// `free a b`: what the closure brings.
    fn free(&mut self) -> Result_<()> {
        if !self.code.instructions.is_empty() {
            return Err((self.statement, SnippetProblem::Late("free".to_owned())));
        }
        while !self.cursor.at_end() {
            let at = self.cursor.position();
            let name = self.name("free", "a variable of the closure")?;
            self.declare(name, LocalKind::Free, at)?;
            self.cursor.skip_spaces();
            self.cursor.eat(',');
        }
        Ok(())
    }

    /// `handler first..last -> target depth 1 offset`
    fn handler(&mut self) -> Result_<()> {
        let label = |reader: &mut Self| {
            reader.cursor.skip_spaces();
            let at = reader.cursor.position();
            let name = reader.cursor.name();
            match name.is_empty() {
                true => Err((at, SnippetProblem::Name("handler".to_owned(), "a label"))),
                false => Ok((name, at)),
            }
        };
        // A name may hold dots, as modules do.
        let (range, at) = label(self)?;
        let form = || SnippetProblem::Word("handler".to_owned(), "first..last -> target depth 0".to_owned());
        let (start, end) = range.split_once("..").ok_or_else(|| (at, form()))?;
        self.cursor.skip_spaces();
        if !(self.cursor.eat('-') && self.cursor.eat('>')) {
            return Err((self.cursor.position(), form()));
        }
        let target = label(self)?;
        if self.cursor.name() != "depth" {
            return Err((self.cursor.position(), form()));
        }
        let depth = self.count("handler", 0, 0xFFFF)?;
        let lasti = !self.cursor.at_end();
        if lasti && self.cursor.name() != "offset" {
            return Err((self.cursor.position(), form()));
        }
        self.handlers.push(HandlerText { labels: [(start, at), (end, at), target], depth, lasti });
        Ok(())
    }

    /// What is known only at the end.
    fn finish(&mut self) -> Result_<()> {
        if self.code.instructions.is_empty() {
            return Err((self.statement, SnippetProblem::Empty));
        }
        for (index, label, at) in std::mem::take(&mut self.jumps) {
            let target = self.label(label, at)?;
            if let Some(place) = self.code.instructions[index].op.target_mut() {
                *place = target;
            }
        }
        for HandlerText { labels: [start, end, target], depth, lasti } in std::mem::take(&mut self.handlers) {
            let (start, end) = (self.label(start.0, start.1)?, self.label(end.0, end.1)?);
            let target = self.label(target.0, target.1)?;
            self.code.handlers.push(Handler { start, end, target, depth, lasti });
        }
        self.free_locals_last();
        match self.code.depths() {
            Ok(depths) => {
                self.code.stack_size = self.code.highest(&depths);
                Ok(())
            }
            Err(error) => {
                let at = self.code.instructions.get(error.instruction as usize).map_or(0, |at| at.offset as usize);
                Err((at, SnippetProblem::Stack(error.problem)))
            }
        }
    }

    /// Slots are in CPython's order: what the closure brings comes last.
    fn free_locals_last(&mut self) {
        let mut order: Vec<usize> = (0..self.code.locals.len()).collect();
        order.sort_by_key(|&local| self.code.locals[local].kind == LocalKind::Free);
        let place = |local: u32| order.iter().position(|&old| old == local as usize).unwrap_or(0) as u32;
        for instruction in &mut self.code.instructions {
            if let Some(local) = instruction.op.local_mut() {
                *local = place(*local);
            }
        }
        self.code.locals = order.iter().map(|&local| self.code.locals[local].clone()).collect();
    }

    fn label(&self, label: &str, at: usize) -> Result_<u32> {
        let found = self.labels.iter().find(|(name, _)| *name == label);
        found.map(|(_, index)| *index).ok_or_else(|| (at, SnippetProblem::NoLabel(label.to_owned())))
    }

    fn declare(&mut self, name: &str, kind: LocalKind, at: usize) -> Result_<()> {
        if self.code.locals.iter().any(|local| &*local.name == name) {
            return Err((at, SnippetProblem::LocalTwice(name.to_owned())));
        }
        self.code.locals.push(LocalVariable { name: name.into(), kind });
        Ok(())
    }

    /// The slot of a local, a new one where it has none.
    fn local(&mut self, name: &str) -> u32 {
        let locals = &mut self.code.locals;
        let index = locals.iter().position(|local| &*local.name == name).unwrap_or_else(|| {
            locals.push(LocalVariable { name: name.into(), kind: LocalKind::Plain });
            locals.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    fn name_index(&mut self, name: &str) -> u32 {
        let names = &mut self.code.names;
        let index = names.iter().position(|known| &**known == name).unwrap_or_else(|| {
            names.push(name.into());
            names.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    fn name(&mut self, word: &str, of: &'static str) -> Result_<&'a str> {
        self.cursor.skip_spaces();
        let at = self.cursor.position();
        let name = self.cursor.name();
        if name.is_empty() { Err((at, SnippetProblem::Name(word.to_owned(), of))) } else { Ok(name) }
    }

    fn count(&mut self, word: &str, least: u32, most: u32) -> Result_<u32> {
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

    fn literal(&mut self) -> Result_<super::Literal> {
        literal(&mut self.cursor).map_err(|problem| (self.cursor.position(), problem))
    }
}

/// Whether both are one constant: -0.0 is not 0.0, and nan is itself.
fn same(one: &super::Literal, other: &super::Literal) -> bool {
    format!("{one:?}") == format!("{other:?}")
}
