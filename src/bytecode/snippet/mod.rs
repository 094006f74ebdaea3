//! Snippets: bytecode as text, for tests and for embedders that emit it. `docs/snippets.md` describes the form.

mod cursor;
mod declaration;
mod error;
mod literal;
mod mnemonics;
mod operand;

use std::str::FromStr;

use super::code::{Code, Handler, LocalKind};
use super::instruction::{BytecodeInstruction, Op};
pub(super) use cursor::SnippetCursor;
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
        let mut reader = SnippetReader {
            cursor: SnippetCursor::new(text),
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

struct SnippetReader<'a> {
    cursor: SnippetCursor<'a>,
    code: Code,
    /// The labels, and the instructions that they mark.
    labels: Vec<(&'a str, u32)>,
    /// Instructions that jump, with their label, and the position of the label's name.
    jumps: Vec<(usize, &'a str, usize)>,
    handlers: Vec<HandlerText<'a>>,
    /// The start of the statement.
    statement: usize,
}

/// A handler before its labels are known: start, end and target.
struct HandlerText<'a> {
    labels: [(&'a str, usize); 3],
    depth: u32,
    lasti: bool,
}

type Result_<T> = Result<T, (usize, SnippetProblem)>;

impl<'a> SnippetReader<'a> {
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
        // A text has fewer statements than bytes, and no one compiles a text of 4 GB.
        u32::try_from(self.code.instructions.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, op: Op) {
        let (line, _) = self.cursor.line_and_column(self.statement);
        let offset = u32::try_from(self.statement).unwrap_or(u32::MAX);
        self.code.instructions.push(BytecodeInstruction { op, offset, line: Some(line) });
    }

    fn instruction(&mut self, word: &str) -> Result_<()> {
        let start = self.statement;
        if let Some((_, ops)) = SIMPLE.iter().find(|(name, _)| *name == word) {
            // The operand of RESUME in CPython has no meaning here.
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

    /// Sets everything that is known only at the end.
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
}
