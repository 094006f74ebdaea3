//! The errors that a snippet may have.

use crate::bytecode::StackProblem;

/// An error in a snippet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct SnippetError {
    /// The line, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
    /// The error.
    pub problem: SnippetProblem,
}

/// An error in a snippet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnippetProblem {
    /// No instruction has this name.
    #[error("no instruction is called {0:?}: write the names of CPython's `dis` module, such as LOAD_FAST")]
    Unknown(String),
    /// CPython has this instruction, but a snippet doesn't need it.
    #[error("{0} has no place in a snippet, whose stack holds no nulls and whose code has no caches: leave it out")]
    Needless(String),
    /// It is a name for several other instructions, or indexes a table of CPython's.
    #[error("{0} is not in snippets: write {1}")]
    Instead(String, &'static str),
    /// It suspends.
    #[error(
        "{0} belongs to generators and coroutines, which a snippet can't be: make a code object of it with `compile`"
    )]
    Suspends(String),
    /// A name is expected here.
    #[error("{0} needs the name of {1} here")]
    Name(String, &'static str),
    /// A number is expected here.
    #[error("{0} needs a number here, from {1} to {2}")]
    Count(String, u32, u32),
    /// One of several words is expected here.
    #[error("{0} needs one of these here: {1}")]
    Word(String, String),
    /// The operand is longer than the instruction takes.
    #[error("{0} takes no further operand: end the statement with a semicolon or a new line")]
    TooMuch(String),
    /// Not a Python literal.
    #[error("a literal is needed here: None, True, False, ..., a number, a string, bytes, or a tuple of these")]
    Literal,
    /// Not a number.
    #[error("not a number: write ints in decimal, or up to 128 bits with 0x, 0o or 0b, and floats with digits")]
    Number,
    /// A string doesn't end on its line.
    #[error("the string does not end: close it with the quote that it starts with, on the same line")]
    Unclosed,
    /// An unknown escape.
    #[error(r"not a character of such a string: escapes are \n \t \r \\ \' \x \u \U and octal digits")]
    Escape,
    /// A label that is not defined.
    #[error("no instruction is marked {0:?}: write `{0}:` in front of it")]
    NoLabel(String),
    /// A label that is defined twice.
    #[error("{0:?} marks another instruction too: give each a label of its own")]
    LabelTwice(String),
    /// A local that is declared twice.
    #[error("{0:?} is a local already: `args` and `free` come first, and name each once")]
    LocalTwice(String),
    /// An instruction for cells, with a local that is not a cell.
    #[error("{0:?} is not a cell: write `MAKE_CELL {0}` before, or `free {0}` first if the closure brings it")]
    NoCell(String),
    /// More keywords than arguments.
    #[error("more names than arguments: the count includes those given by name")]
    Keywords,
    /// A directive after an instruction.
    #[error("`{0}` comes before the first instruction")]
    Late(String),
    /// No instruction.
    #[error("there is no instruction: the shortest snippet is `LOAD_CONST None; RETURN_VALUE`")]
    Empty,
    /// The stack is invalid.
    #[error("{0}")]
    Stack(StackProblem),
}
