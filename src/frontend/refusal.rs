//! Reasons why a function is not compiled.

use std::sync::Arc;

use crate::bytecode::{Code, StackError, StackProblem};

/// A function that is not compiled: it runs in CPython as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", self.line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct Refusal {
    /// The source line of the reason.
    pub line: Option<u32>,
    /// The reason.
    pub reason: RefusalReason,
}

/// The reason why a function is not compiled, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalReason {
    /// It is a generator.
    #[error("generators are not compiled: move the work between two `yield`s into a function of its own")]
    Generator,
    /// It is a coroutine.
    #[error("coroutines are not compiled: move the work between two `await`s into a function of its own")]
    Coroutine,
    /// It is an asynchronous generator.
    #[error("asynchronous generators are not compiled: move the work between two `yield`s into a function of its own")]
    AsyncGenerator,
    /// It is not a function, but a class body or a module.
    #[error("class bodies and modules are not compiled: put the code into a function")]
    Namespace,
    /// It looks into the namespace of the class around it, as annotations and type parameters do.
    #[error("code that looks into the namespace of a class around it is not compiled")]
    ClassScope,
    /// It looks at its own frame by this name.
    #[error(
        "`{0}` looks at the frame of the function, which a compiled function does not have: call it in a function of its own"
    )]
    OwnFrame(Arc<str>),
    /// It may call this function (`vars()` or `dir()`) for the names in its own frame, or passes the function on, so
    /// that its calls are not known.
    #[error("`{0}` may be called without arguments, and then looks at the frame of the function: pass it an object")]
    OwnNames(Arc<str>),
    /// It makes a `super()` and does more with it than take one attribute.
    #[error("`super()` is compiled in `super().name` only: elsewhere write `super(Class, self)`")]
    ZeroArgumentSuper,
    /// It has more arguments than the IR counts.
    #[error("the function takes more than {} arguments", u16::MAX)]
    TooManyArguments,
    /// The product of its locals and its instructions is too large for the passes.
    #[error("the function is too large: {locals} locals and {instructions} instructions")]
    TooLarge {
        /// The number of its locals.
        locals: usize,
        /// The number of its instructions.
        instructions: usize,
    },
    /// Its stack is invalid.
    #[error("the bytecode is malformed: {0}")]
    Stack(StackProblem),
    /// Its bytecode is invalid.
    #[error("the bytecode is malformed: {0}")]
    Malformed(&'static str),
}

impl RefusalReason {
    /// The name of the reason, the same for all functions refused for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Generator => "generator",
            Self::Coroutine => "coroutine",
            Self::AsyncGenerator => "asynchronous generator",
            Self::Namespace => "class body or module",
            Self::ClassScope => "namespace of a class",
            Self::OwnFrame(_) => "looks at its own frame",
            Self::OwnNames(_) => "asks for the names in its own frame",
            Self::ZeroArgumentSuper => "super() without an attribute",
            Self::TooManyArguments => "too many arguments",
            Self::TooLarge { .. } => "too large",
            Self::Stack(_) | Self::Malformed(_) => "malformed",
        }
    }

    /// The refusal for this reason at an instruction.
    pub(super) fn at(self, code: &Code, instruction: u32) -> Refusal {
        let line = code.instructions.get(instruction as usize).and_then(|instruction| instruction.line);
        Refusal { line, reason: self }
    }
}

/// Set in `co_flags`: it is a coroutine.
const COROUTINE: u32 = 0x80;
/// Set in `co_flags`: it is an asynchronous generator.
const ASYNC_GENERATOR: u32 = 0x200;

/// Refuses all code except that of plain functions.
pub(super) fn check_kind(code: &Code) -> Result<(), Refusal> {
    let reason = if !code.is_function() {
        RefusalReason::Namespace
    } else if !code.suspends() {
        return Ok(());
    } else if code.flags & ASYNC_GENERATOR != 0 {
        RefusalReason::AsyncGenerator
    } else if code.flags & COROUTINE != 0 {
        RefusalReason::Coroutine
    } else {
        RefusalReason::Generator
    };
    Err(Refusal { line: Some(code.first_line), reason })
}

/// The passes visit each local at each instruction. The largest functions of the standard library need a tenth of this.
const MOST_SLOTS: usize = 1 << 22;

/// Refuses code that would take gigabytes to compile.
pub(super) fn check_size(code: &Code) -> Result<(), Refusal> {
    let (locals, instructions) = (code.locals.len(), code.instructions.len());
    match locals.saturating_mul(instructions) > MOST_SLOTS {
        true => Err(Refusal { line: Some(code.first_line), reason: RefusalReason::TooLarge { locals, instructions } }),
        false => Ok(()),
    }
}

/// The refusal of code whose stack is invalid.
pub(super) fn stack(code: &Code, error: StackError) -> Refusal {
    RefusalReason::Stack(error.problem).at(code, error.instruction)
}
