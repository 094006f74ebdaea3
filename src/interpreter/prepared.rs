//! Code with the objects that running it needs, made once; and the reasons for refusing code.

use std::fmt;
use std::sync::Arc;

use pyo3_ffi as ffi;

use crate::bytecode::{Code, Constant, Intrinsic1, Literal, Op, Target};
use crate::embed::{Exception, Object, Python};

use super::keywords::keyword_names;
use crate::thread::traceback::ShownCode;

/// A code object that is ready to run, on any thread of the interpreter that it was made in.
#[derive(Debug)]
pub struct Prepared {
    code: Code,
    /// The interned names, as in [`Code::names`].
    pub(super) names: Vec<Object>,
    /// The constants, as in [`Code::consts`].
    pub(super) consts: Vec<Object>,
    /// For each instruction, the tuple of the keywords that it passes.
    pub(super) keywords: Vec<Option<Object>>,
    /// Functions that look at the frame of their caller.
    pub(super) looking: Looking,
    /// The code object of the frames in tracebacks.
    pub(super) shown: ShownCode,
}

/// Builtin functions that look at the frame of their caller; the interpreter answers them itself.
#[derive(Debug)]
pub(super) struct Looking {
    pub globals: Object,
    pub vars: Object,
    pub dir: Object,
}

/// The error that code is not interpreted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NotInterpreted {
    /// The function's qualified name.
    pub function: Arc<str>,
    /// The line of the source, if it is known.
    pub line: Option<u32>,
    /// The reason.
    pub reason: Reason,
}

impl fmt::Display for NotInterpreted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.function)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// The reason why code is not interpreted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It is the code of a generator or a coroutine.
    #[error("it is a generator or a coroutine, which CPython itself must run")]
    Suspends,
    /// It is the code of a class body or a module.
    #[error("its names are in a namespace: it is a class body or a module, which CPython itself must run")]
    Namespace,
    /// It calls a function that looks at the frame of its caller.
    #[error("it may call `{0}`, which looks at the frame of its caller")]
    LooksAtFrame(Arc<str>),
    /// A constant cannot be made without a live code object.
    #[error("the constant `{0}` has no value outside of a live code object")]
    Constant(String),
    /// It is not code that the decoder makes.
    #[error("{0}")]
    Malformed(&'static str),
    /// Its stack depths are inconsistent.
    #[error("{0}")]
    Stack(crate::bytecode::StackError),
    /// Making an object failed.
    #[error("{0}")]
    Exception(Exception),
}

impl Prepared {
    /// Makes the objects that running the code needs.
    ///
    /// # Errors
    /// The reason why the code is not interpreted.
    pub fn new(python: &Python, code: Code) -> Result<Self, NotInterpreted> {
        let refusal = |line, reason| NotInterpreted { function: code.qualname.clone(), line, reason };
        let raised = |exception| refusal(Some(code.first_line), Reason::Exception(exception));
        check(&code).map_err(|(line, reason)| refusal(line, reason))?;
        let names = code.names.iter().map(|name| intern(python, name)).collect::<Result<_, _>>().map_err(raised)?;
        let consts = code
            .consts
            .iter()
            .map(|constant| match constant {
                Constant::Live(object) => Ok(object.clone_ref(python)),
                Constant::Literal(literal) => {
                    value(python, literal).map_err(|reason| refusal(Some(code.first_line), reason))
                }
            })
            .collect::<Result<_, _>>()?;
        let keywords = code
            .instructions
            .iter()
            .map(|instruction| match &instruction.op {
                Op::Call(arguments) | Op::CallMethod(arguments) => keyword_names(python, &arguments.keywords),
                _ => Ok(None),
            })
            .collect::<Result<_, _>>()
            .map_err(raised)?;
        let looking = Looking::new(python).map_err(raised)?;
        // Its module is imported before any code runs.
        crate::semantics::names::lazy_import_type(python);
        Ok(Self { code, names, consts, keywords, looking, shown: ShownCode::default() })
    }

    /// The same; a literal of a snippet is here the very object that its code has.
    pub(crate) fn new_live(python: &Python, code: Code) -> Result<Self, NotInterpreted> {
        let mut prepared = Self::new(python, code)?;
        for (constant, object) in prepared.code.consts.iter_mut().zip(&prepared.consts) {
            if matches!(constant, Constant::Literal(_)) {
                *constant = Constant::Live(object.clone_ref(python));
            }
        }
        Ok(prepared)
    }

    /// The code.
    pub fn code(&self) -> &Code {
        &self.code
    }
}

impl Looking {
    fn new(python: &Python) -> Result<Self, Exception> {
        let builtins = python.import("builtins")?;
        let function = |name| builtins.attr(python, name);
        Ok(Self { globals: function("globals")?, vars: function("vars")?, dir: function("dir")? })
    }
}

/// An interned `str`.
pub(crate) fn intern(python: &Python, text: &str) -> Result<Object, Exception> {
    let mut pointer = python.text(text)?.into_ptr();
    // SAFETY: the thread is attached; the reference goes in, and that to the interned string comes out.
    unsafe {
        ffi::PyUnicode_InternInPlace(&mut pointer);
        python.owned(pointer)
    }
}

/// Names of globals whose builtin values look at the frame of their caller.
const LOOKING_GLOBALS: [&str; 3] = ["locals", "eval", "exec"];
/// Attributes that look at the frame of their caller.
const LOOKING_ATTRIBUTES: [&str; 3] = ["_getframe", "_getframemodulename", "currentframe"];

/// Whether everything that instructions refer to exists and may be interpreted.
fn check(code: &Code) -> Result<(), (Option<u32>, Reason)> {
    let first = Some(code.first_line);
    if code.suspends() {
        return Err((first, Reason::Suspends));
    }
    let count = code.instructions.len();
    let is_instruction = |target: Target| (target as usize) < count;
    let handlers_fit = code.handlers.iter().all(|handler| is_instruction(handler.target));
    if !handlers_fit {
        return Err((first, Reason::Malformed("a handler is after the end of the code")));
    }
    for instruction in &code.instructions {
        check_operation(code, &instruction.op, is_instruction).map_err(|reason| (instruction.line, reason))?;
    }
    code.depths().map(drop).map_err(|error| (first, Reason::Stack(error)))
}

fn check_operation(code: &Code, op: &Op, is_instruction: impl Fn(Target) -> bool) -> Result<(), Reason> {
    let local = |local: u32| match (local as usize) < code.locals.len() {
        true => Ok(()),
        false => Err(Reason::Malformed("a local is not in the table of locals")),
    };
    let name =
        |name: u32| code.names.get(name as usize).ok_or(Reason::Malformed("a name is not in the table of names"));
    let target = |target| match is_instruction(target) {
        true => Ok(()),
        false => Err(Reason::Malformed("a jump goes past the end of the code")),
    };
    let unseen = |name: &Arc<str>, looking: &[&str]| match looking.contains(&&**name) {
        true => Err(Reason::LooksAtFrame(name.clone())),
        false => Ok(()),
    };
    match *op {
        Op::Suspend(_) | Op::Intrinsic1(Intrinsic1::StopIterationError | Intrinsic1::AsyncGenWrap) => {
            Err(Reason::Suspends)
        }
        Op::LoadClassDeref(_)
        | Op::LoadLocals
        | Op::LoadName(_)
        | Op::StoreName(_)
        | Op::DeleteName(_)
        | Op::SetupAnnotations
        | Op::Intrinsic1(Intrinsic1::Print | Intrinsic1::ImportStar) => Err(Reason::Namespace),
        Op::LoadFast(index)
        | Op::LoadFastAndClear(index)
        | Op::StoreFast(index)
        | Op::DeleteFast(index)
        | Op::MakeCell(index)
        | Op::LoadClosure(index)
        | Op::LoadDeref(index)
        | Op::StoreDeref(index)
        | Op::DeleteDeref(index)
        | Op::LoadFromDictOrDeref(index) => local(index),
        Op::CopyFreeVars(count) if count as usize > code.locals.len() => {
            Err(Reason::Malformed("more free variables than locals"))
        }
        Op::LoadConst(index) if index as usize >= code.consts.len() => {
            Err(Reason::Malformed("a constant is not in the table of constants"))
        }
        Op::LoadGlobal(index) => unseen(name(index)?, &LOOKING_GLOBALS),
        Op::LoadAttr(index) | Op::LoadMethod(index) | Op::ImportFrom(index) => {
            unseen(name(index)?, &LOOKING_ATTRIBUTES)
        }
        Op::LoadFromDictOrGlobals(index)
        | Op::StoreGlobal(index)
        | Op::DeleteGlobal(index)
        | Op::LoadSuperAttr { name: index, .. }
        | Op::LoadSuperMethod { name: index, .. }
        | Op::StoreAttr(index)
        | Op::DeleteAttr(index)
        | Op::ImportName(index) => name(index).map(drop),
        Op::ForIter(to) | Op::Jump(to) | Op::JumpIf { target: to, .. } => target(to),
        _ => Ok(()),
    }
}

/// The object of a literal.
fn value(python: &Python, literal: &Literal) -> Result<Object, Reason> {
    let made = |object: Result<Object, Exception>| object.map_err(Reason::Exception);
    // SAFETY: the thread is attached; the constants of the interpreter live for ever.
    let constant = |object: *mut ffi::PyObject| made(unsafe { python.owned(ffi::Py_NewRef(object)) });
    match literal {
        // SAFETY: a static.
        Literal::None => constant(unsafe { ffi::Py_None() }),
        // SAFETY: a static.
        Literal::Ellipsis => constant(unsafe { ffi::Py_Ellipsis() }),
        // SAFETY: statics.
        Literal::Bool(value) => constant(unsafe { if *value { ffi::Py_True() } else { ffi::Py_False() } }),
        Literal::Int(digits) => {
            let text = std::ffi::CString::new(&**digits).map_err(|_| Reason::Constant(digits.clone()))?;
            // SAFETY: the thread is attached; the call reads a C string.
            made(unsafe { python.owned(ffi::PyLong_FromString(text.as_ptr(), std::ptr::null_mut(), 10)) })
        }
        // SAFETY: the thread is attached.
        Literal::Float(value) => made(unsafe { python.owned(ffi::PyFloat_FromDouble(*value)) }),
        Literal::Str(text) => made(intern(python, text)),
        Literal::Bytes(bytes) => {
            let length = bytes.len() as ffi::Py_ssize_t;
            // SAFETY: the thread is attached; the bytes are copied.
            made(unsafe { python.owned(ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), length)) })
        }
        Literal::Tuple(items) => {
            let items = items.iter().map(|item| value(python, item)).collect::<Result<Vec<_>, _>>()?;
            made(super::keywords::tuple(python, items))
        }
        Literal::Other(text) => Err(Reason::Constant(text.clone())),
    }
}
