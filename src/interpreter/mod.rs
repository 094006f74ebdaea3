//! An interpreter of decoded bytecode: a stack, and a plain loop over the version-neutral instructions. What each of them does is
//! in `semantics`, which compiled code calls too.
//!
//! Compiled code whose guards fail goes on here, from the middle of a function; and tests ask it what is right. So it is exact
//! in results, exceptions and their context, the handled exception, reference counts after the return, and, but for what follows,
//! in the order in which objects die.
//!
//! [`Prepared`] is a [`Code`](crate::bytecode::Code) with the objects that running it needs; making one says at once what is refused.
//! [`run`] starts at any instruction with the locals, the stack and the handled exception of a [`State`], [`run_until`] stops after
//! so many instructions with the state reached, and [`call_function`] does for a function what a call does once the arguments
//! are bound.
//!
//! | file | what it has |
//! | --- | --- |
//! | `prepared` | code with its objects, and what is refused |
//! | `activation` | a function that runs: locals, stack, the loop, the way to handlers |
//! | `step` | the dispatch |
//! | `operands` | what operations find on the stack, and leave there |
//! | `locals`, `calls`, `handlers` | instructions on locals, calls, and exceptions |
//! | `intercepted` | builtins that look at their caller's frame |
//!
//! What differs from CPython's own loop, and can be seen:
//!
//! - no frame is pushed: whoever looks back (`sys._getframe(1)`, `warnings.warn(stacklevel=2)`) sees the caller's. Code that looks
//!   at its own frame is refused, but for `globals()`, `vars()`, `dir()` and `super()`, which are answered here. The frames in
//!   tracebacks are real, with line, position, globals and, once the function is left, its locals, but no `f_back`;
//! - trace and profile functions and `sys.monitoring` don't see the function;
//! - the caller keeps its references to arguments through a call, where CPython hands them to a Python function;
//! - calls recurse on the C stack: `RecursionError` comes near its end, too, and not at the limit alone.

mod activation;
mod calls;
mod handlers;
mod intercepted;
mod keywords;
mod locals;
mod operands;
mod parts;
mod prepared;
mod step;

use crate::bytecode::Target;
use crate::embed::{Object, Python};
use crate::semantics::Namespaces;
pub use crate::thread::Raised;
use crate::thread::traceback::ShownFunction;
use crate::thread::{errors, handled, recursion};
use activation::{Activation, End};
pub(crate) use keywords::tuple;
pub(crate) use prepared::intern;
pub use prepared::{Prepared, Reason, Refusal};

/// What a function runs in.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The code.
    pub code: &'a Prepared,
    /// The function's globals, a dict.
    pub globals: &'a Object,
    /// The function's builtins, a mapping.
    pub builtins: &'a Object,
    /// The function's closure, a tuple of cells.
    pub closure: Option<&'a Object>,
}

impl<'a> Frame<'a> {
    /// Where it finds its names.
    pub(crate) fn namespaces(self) -> Namespaces<'a> {
        Namespaces { globals: self.globals, builtins: self.builtins }
    }

    /// The function as tracebacks show it.
    pub(crate) fn shown(self) -> ShownFunction<'a> {
        ShownFunction { code: self.code.code(), shown_code: &self.code.shown, globals: self.globals }
    }
}

/// Where a function is.
#[derive(Debug, Default)]
pub struct State {
    /// The next instruction.
    pub at: Target,
    /// The fast locals, `None` where unbound. Fewer than the code has are filled up with unbound ones.
    pub locals: Vec<Option<Object>>,
    /// The stack, `None` for null.
    pub stack: Vec<Option<Object>>,
    /// The handled exception, that `sys.exc_info()` tells; `None` leaves the thread's as it is.
    pub handled: Option<Object>,
}

/// How far [`run_until`] came.
#[derive(Debug)]
pub enum Progress {
    /// The function returned this.
    Returned(Object),
    /// The steps are used up.
    Stopped(State),
}

/// Runs from a state to the end of the function, and gives what it returns.
///
/// # Errors
/// The exception that leaves the function is set in the thread state, with its traceback. A state that does not fit the code
/// is a `SystemError`.
pub fn run(python: &Python, frame: &Frame<'_>, state: State) -> std::result::Result<Object, Raised> {
    match run_until(python, frame, state, u64::MAX)? {
        Progress::Returned(result) => Ok(result),
        Progress::Stopped(_) => {
            errors::system_error(c"an endless loop came to its end");
            Err(Raised)
        }
    }
}

/// As [`run`], but stops in front of an instruction when so many were executed. The handled exception is then again the one from
/// before the call; the state holds the function's.
///
/// # Errors
/// As [`run`].
pub fn run_until(
    python: &Python,
    frame: &Frame<'_>,
    state: State,
    steps: u64,
) -> std::result::Result<Progress, Raised> {
    let _depth = recursion::Depth::enter(python)?;
    // Only a state that is handed out needs it.
    let before = if steps == u64::MAX { None } else { handled::own(python) };
    let mut activation = Activation::new(python, *frame, state)?;
    match activation.run(steps)? {
        End::Returned(result) => {
            activation.leave();
            Ok(Progress::Returned(result.into_object(python)))
        }
        End::Stopped => Ok(Progress::Stopped(activation.into_state(before))),
    }
}

/// Goes on where the instruction of the state has raised, to its handler: what the function returns. The exception is set in
/// the thread state; the stack of the state is without the operands of the instruction. Where it was raised before, `again`, its
/// traceback gets no entry here.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_raised(
    python: &Python,
    frame: &Frame<'_>,
    state: State,
    again: bool,
) -> std::result::Result<Object, Raised> {
    // Counting this call may raise, and what that raises takes the place of the exception.
    let pending = errors::take();
    let _depth = recursion::Depth::enter(python)?;
    let mut activation = Activation::new(python, *frame, state)?;
    pending.map(errors::restore);
    activation.goes_to_handler(again)?;
    match activation.run(u64::MAX)? {
        End::Returned(result) => {
            activation.leave();
            Ok(result.into_object(python))
        }
        End::Stopped => {
            errors::system_error(c"an endless loop came to its end");
            Err(Raised)
        }
    }
}

/// Runs a Python function whose arguments are bound already: the first locals of its code, in their order, `None` where the
/// variable is unbound.
///
/// # Errors
/// As [`run`]; also where `function` is no Python function.
pub fn call_function(
    python: &Python,
    function: &Object,
    code: &Prepared,
    bound_locals: Vec<Option<Object>>,
) -> std::result::Result<Object, Raised> {
    let parts = parts::Parts::of(python, function)?;
    let frame = Frame { code, globals: &parts.globals, builtins: &parts.builtins, closure: parts.closure.as_ref() };
    run(python, &frame, State { locals: bound_locals, ..State::default() })
}
