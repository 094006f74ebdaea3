//! A decoded code object: plain data.

use std::sync::Arc;

use super::instruction::{BytecodeInstruction, Target};
use super::raw_stack::RawStacks;
use crate::embed::Object;

/// A decoded code object or snippet.
#[derive(Debug, Default)]
pub struct Code {
    /// `co_name`.
    pub name: Arc<str>,
    /// `co_qualname`.
    pub qualname: Arc<str>,
    /// `co_filename`.
    pub filename: Arc<str>,
    /// `co_firstlineno`.
    pub first_line: u32,
    /// `co_flags`.
    pub flags: u32,
    /// The number of locals that are arguments, by kind.
    pub arguments: ArgumentCounts,
    /// The fast locals: arguments first, then other locals, cells, free variables, as in `co_localsplus`.
    pub locals: Vec<LocalVariable>,
    /// The constants.
    pub consts: Vec<Constant>,
    /// The names of globals, attributes and imports.
    pub names: Vec<Arc<str>>,
    /// The instructions.
    pub instructions: Vec<BytecodeInstruction>,
    /// The handlers of exceptions. If several cover an instruction, the first one is used.
    pub handlers: Vec<Handler>,
    /// The contents of CPython's own stack; empty for snippets.
    pub raw_stacks: RawStacks,
    /// The most values that the stack holds.
    pub stack_size: u32,
    /// The live code object; `None` for snippets and listings.
    pub object: Option<Object>,
}

/// The number of locals that are arguments, by kind, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArgumentCounts {
    /// By position, or by position and name.
    pub positional: u32,
    /// How many of these are by position only.
    pub positional_only: u32,
    /// By name only.
    pub keyword_only: u32,
    /// Whether there is a `*args`, the next local.
    pub varargs: bool,
    /// Whether there is a `**kwargs`, the local after that.
    pub varkeywords: bool,
}

impl ArgumentCounts {
    /// How many locals are bound when the function starts.
    pub fn total(self) -> u32 {
        self.positional + self.keyword_only + u32::from(self.varargs) + u32::from(self.varkeywords)
    }
}

/// A fast local.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalVariable {
    /// Its name.
    pub name: Arc<str>,
    /// The content of its slot.
    pub kind: LocalKind,
}

/// The content of the slot of a fast local.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LocalKind {
    /// The value.
    Plain,
    /// A cell, once `MakeCell` has made it. Before that, an argument's slot holds the argument.
    Cell,
    /// A cell of the function's closure.
    Free,
}

/// A constant.
#[derive(Debug)]
pub enum Constant {
    /// A live object, which the code object owns.
    Live(Object),
    /// A literal of a snippet or a listing.
    Literal(Literal),
}

/// A constant without an interpreter.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `None`
    None,
    /// `...`
    Ellipsis,
    /// `True`, `False`
    Bool(bool),
    /// An int in decimal digits.
    Int(String),
    /// A float.
    Float(f64),
    /// A str.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A tuple.
    Tuple(Vec<Literal>),
    /// Another object, as it prints: a code object, a complex number, a class.
    Other(String),
}

/// A range of instructions whose exceptions are handled at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// The first instruction.
    pub start: Target,
    /// The instruction after the last.
    pub end: Target,
    /// The instruction that handles the exception. The stack is cut to `depth`; then the raising instruction's offset,
    /// if `lasti`, and the exception are pushed.
    pub target: Target,
    /// How many values stay on the stack.
    pub depth: u32,
    /// Whether the offset is pushed.
    pub lasti: bool,
}

impl Code {
    /// Set in `flags`: the function is a generator, a coroutine or an asynchronous generator.
    const SUSPENDS: u32 = 0x20 | 0x80 | 0x200;
    /// Set in `flags`: the locals are fast, as in functions, and not a namespace, as in modules and class bodies.
    const OPTIMIZED: u32 = 0x1;

    /// Whether calling it makes a generator or a coroutine.
    pub fn suspends(&self) -> bool {
        self.flags & Self::SUSPENDS != 0
    }

    /// Whether it is the code of a function, and not of a class body or a module.
    pub fn is_function(&self) -> bool {
        self.flags & Self::OPTIMIZED != 0
    }

    /// The handler of an instruction's exceptions.
    pub fn handler(&self, instruction: Target) -> Option<&Handler> {
        self.handlers.iter().find(|handler| (handler.start..handler.end).contains(&instruction))
    }
}
