//! An interpreter of decoded bytecode: a stack, and a plain loop over the version-neutral instructions. The operations themselves are
//! in `semantics`, which compiled code calls too.
//!
//! Compiled code whose guards fail continues here, in the middle of a function; and tests compare with it. So it is
//! exact in results, exceptions and their context, the handled exception, reference counts after the return, and, apart
//! from the differences listed below, in the order in which objects die.
//!
//! [`Prepared`] is a [`Code`](crate::bytecode::Code) with the objects that running it needs; code that is refused is
//! refused when it is made. [`run`] starts at any instruction with the locals, the stack and the handled exception of an
//! [`InterpreterState`]. [`run_until`] stops after a number of instructions, with the state at that point.
//! [`call_function`] runs a function whose arguments are bound, as a call would.
//!
//! | file | content |
//! | --- | --- |
//! | `prepared` | code with its objects, and refusals |
//! | `activation` | a running function: locals, stack, the loop, unwinding to handlers |
//! | `step` | the dispatch |
//! | `parts` | the parts of a live function that a call needs |
//! | `operands` | operands and results of operations on the stack |
//! | `locals`, `calls`, `handlers` | instructions on locals, calls, and exceptions |
//! | `keywords` | tuples of names that are made once |
//! | `intercepted` | builtins that look at their caller's frame |
//!
//! The visible differences from CPython's own loop:
//!
//! - No frame is pushed: code that looks back (`sys._getframe(1)`, `warnings.warn(stacklevel=2)`) sees the caller's
//!   frame. Code that looks at its own frame is refused, except for `globals()`, `vars()`, `dir()` and `super()`, which
//!   are answered here. The frames in tracebacks are real, with line, position, globals and, once the function is left,
//!   its locals, but without `f_back`.
//! - Trace and profile functions and `sys.monitoring` don't see the function.
//! - The caller keeps its references to arguments during a call; CPython hands them over to a Python function.
//! - Calls recurse on the C stack: `RecursionError` is also raised near the end of the stack, not only at the limit.

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
pub use prepared::{NotInterpreted, Prepared, Reason};

/// The surroundings of a running function: its code, namespaces and closure.
#[derive(Clone, Copy, Debug)]
pub struct FunctionFrame<'a> {
    /// The code.
    pub code: &'a Prepared,
    /// The function's globals, a dict.
    pub globals: &'a Object,
    /// The function's builtins, a mapping.
    pub builtins: &'a Object,
    /// The function's closure, a tuple of cells.
    pub closure: Option<&'a Object>,
}

impl<'a> FunctionFrame<'a> {
    /// The namespaces in which it finds its names.
    pub(crate) fn namespaces(self) -> Namespaces<'a> {
        Namespaces { globals: self.globals, builtins: self.builtins }
    }

    /// The function as tracebacks show it.
    pub(crate) fn shown(self) -> ShownFunction<'a> {
        ShownFunction { code: self.code.code(), shown_code: &self.code.shown, globals: self.globals }
    }
}

/// The state of a function between two instructions.
#[derive(Debug, Default)]
pub struct InterpreterState {
    /// The next instruction.
    pub at: Target,
    /// The fast locals, `None` for unbound ones. If there are fewer than the code has, the missing ones are unbound.
    pub locals: Vec<Option<Object>>,
    /// The stack, `None` for null.
    pub stack: Vec<Option<Object>>,
    /// The handled exception, which `sys.exc_info()` returns; `None` leaves the thread's handled exception as it is.
    pub handled: Option<Object>,
}

/// How far [`run_until`] got.
#[derive(Debug)]
pub enum Progress {
    /// The function returned this.
    Returned(Object),
    /// All steps were executed.
    Stopped(InterpreterState),
}

/// Runs from a state to the end of the function. The result is what the function returns.
///
/// # Errors
/// The exception that leaves the function is set in the thread state, with its traceback. A state that does not fit the
/// code gives a `SystemError`.
pub fn run(python: &Python, frame: &FunctionFrame<'_>, state: InterpreterState) -> std::result::Result<Object, Raised> {
    match run_until(python, frame, state, u64::MAX)? {
        Progress::Returned(result) => Ok(result),
        Progress::Stopped(_) => {
            errors::system_error(c"an endless loop came to its end");
            Err(Raised)
        }
    }
}

/// Like [`run`], but stops before the next instruction once `steps` of them were executed. The handled exception is
/// then again the one from before the call; the state has the function's own.
///
/// # Errors
/// The errors of [`run`].
pub fn run_until(
    python: &Python,
    frame: &FunctionFrame<'_>,
    state: InterpreterState,
    steps: u64,
) -> std::result::Result<Progress, Raised> {
    let _depth = recursion::Depth::enter(python)?;
    // It is needed only for a state that is handed out.
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

/// Continues at the exception handler, after the instruction of the state has raised. The result is what the function
/// returns. The exception is set in the thread state; the stack of the state does not contain the operands of the
/// instruction.
///
/// # Errors
/// The errors of [`run`].
pub(crate) fn run_raised(
    python: &Python,
    frame: &FunctionFrame<'_>,
    state: InterpreterState,
) -> std::result::Result<Object, Raised> {
    // Counting this call may raise; then that exception takes the place of the current one.
    let pending = errors::take();
    let _depth = recursion::Depth::enter(python)?;
    let mut activation = Activation::new(python, *frame, state)?;
    pending.map(errors::restore);
    activation.goes_to_handler()?;
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

/// Runs a Python function whose arguments are bound already: they are the first locals of its code, in their order,
/// `None` for unbound variables.
///
/// # Errors
/// The errors of [`run`]; also an error if `function` is not a Python function.
pub fn call_function(
    python: &Python,
    function: &Object,
    code: &Prepared,
    bound_locals: Vec<Option<Object>>,
) -> std::result::Result<Object, Raised> {
    let parts = parts::Parts::of(python, function)?;
    let frame =
        FunctionFrame { code, globals: &parts.globals, builtins: &parts.builtins, closure: parts.closure.as_ref() };
    run(python, &frame, InterpreterState { locals: bound_locals, ..InterpreterState::default() })
}
