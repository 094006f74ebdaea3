//! The plan of a stub: what its code does, step by step, as plain data that prints.
//!
//! The planner decides, the emitter walks the plan. A plan holds nothing that differs between two stubs of a shape, so
//! equal plans have equal code.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::audit::Promises;
use super::cell::{CellRegister, CellSource};
use super::machine::CType;
use crate::ir::Value;
use crate::metadata::cursor::print_float;
use crate::metadata::{Kind, PythonType, Raises, Scalar};

/// How a stub is called, and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// How it is called.
    pub frame: Frame,
    /// At least one, tried in order: the first whose guards hold does the call.
    pub arms: Vec<Arm>,
}

/// What a stub does for one overload. Guards that fail lead to the next arm, those of the last one to the fallback.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arm {
    /// The overload's position in the signature.
    pub overload: u16,
    /// Number of arguments, the receiver of a method not counted.
    pub arity: u16,
    /// How many of them, the last ones, the original gets by name where the call falls back from C arguments.
    pub keywords: u16,
    /// How the call gives them.
    pub given: Given,
    /// What the callee promises, where that is to be checked.
    pub audit: Option<Promises>,
    /// What it does, in order; ends with [`Step::Return`].
    pub steps: Vec<Step>,
}

/// How a call gives an arm its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Given {
    /// All by position, or the call is none of this arm's.
    ByPosition,
    /// All by position on the likely path. Else `runtime::matching` finds those given by name, and defaults.
    Matched,
    /// As [`Given::Matched`], but some cannot be given by position.
    AlwaysMatched,
}

/// How a stub is called and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The C signature of the stub.
    pub convention: Convention,
    /// The C signature of the original's `ml_meth`.
    pub original: MethodConvention,
    /// Whether the original is a function or a method of a type.
    pub binding: Binding,
    /// Where the code finds its cell.
    pub cell: CellSource,
}

/// The C signature of a stub, up to the register that may bring its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Convention {
    /// `(PyObject *…) -> PyObject *`: one pointer for each argument, the receiver of a method first. The caller has
    /// proven what the guards would check.
    Objects {
        /// Number of pointers, the receiver of a method counted.
        count: u16,
    },
    /// That of a `ml_meth`.
    Method(MethodConvention),
    /// `(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) -> PyObject *`.
    Vectorcall,
}

/// The C signature of a `ml_meth` (CPython's `Include/methodobject.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MethodConvention {
    /// `METH_NOARGS`: `(self, NULL)`.
    NoArgs,
    /// `METH_O`: `(self, arg)`.
    O,
    /// `METH_FASTCALL`: `(self, args, nargs)`.
    FastCall,
    /// `METH_FASTCALL | METH_KEYWORDS`: `(self, args, nargs, kwnames)`.
    FastCallKeywords,
    /// `METH_METHOD | METH_FASTCALL | METH_KEYWORDS`: `(self, defining class, args, nargs, kwnames)`.
    Method,
    /// `METH_VARARGS`: `(self, tuple)`. Stubs call it; none has it.
    VarArgs,
    /// `METH_VARARGS | METH_KEYWORDS`: `(self, tuple, dict or NULL)`. Stubs call it; none has it.
    VarArgsKeywords,
    /// Another one, which stubs neither have nor call.
    Other,
}

/// What the original is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binding {
    /// A built-in function: its receiver is `m_self`.
    Function,
    /// A method descriptor: its receiver is the first argument.
    Method,
    /// There is no original, only the underlying function: where guards fail, CPython's own parser reads the arguments.
    Bare,
}

/// The objects that a guard lets through.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Admitted {
    /// The type.
    pub class: Class,
    /// Instances of subclasses too.
    pub subclasses: bool,
    /// Null too.
    pub null: bool,
}

/// A type that a guard looks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// One of CPython's own.
    Python(PythonType),
    /// One of an extension, which lives as long as the extension's methods do.
    User {
        /// Its name.
        name: Arc<str>,
        /// The `PyTypeObject`.
        address: NonZeroUsize,
    },
}

/// What a C function sees of an object without a copy: a pointer and a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// The UTF-8 of a string.
    Text,
    /// The bytes of a `bytes` object.
    Bytes,
}

/// An object of which a call takes over a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stolen {
    /// The object.
    pub value: Value,
    /// Whether it may be null.
    pub or_null: bool,
}

/// One step of a stub. Steps name values as the IR does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The object that the method is called on.
    Receiver {
        /// What it is named.
        into: Value,
    },
    /// A positional argument.
    Argument {
        /// What it is named.
        into: Value,
        /// Counted from 0.
        index: u16,
    },
    /// The per-thread context.
    Context {
        /// What it is named.
        into: Value,
    },
    /// A C number, known when the code is made.
    Constant {
        /// What it is named.
        into: Value,
        /// Its C type.
        scalar: Scalar,
        /// The number as a C value: an integer extended to 64 bits, the bits of a `double`.
        bits: u64,
    },
    /// A new reference to `None`.
    None {
        /// What it is named.
        into: Value,
    },
    /// Leaves this arm unless the value is of exactly this type.
    Guard {
        /// The same value, under a new name.
        into: Value,
        /// What is looked at.
        from: Value,
        /// What passes.
        admitted: Admitted,
    },
    /// Null in the place of `None`.
    NullIfNone {
        /// The object or null.
        into: Value,
        /// The object.
        from: Value,
    },
    /// Where the text or the bytes of an exact `str` or `bytes` lie, and how many bytes they are; leaves through the
    /// fallback where there are none that a C function may get.
    View {
        /// The pointer and the length.
        into: Value,
        /// The object.
        from: Value,
        /// What is looked at.
        view: View,
        /// Null and 0 of null, which the object may be.
        or_null: bool,
    },
    /// The C number in an exact int, float or bool; leaves through the fallback where it does not fit.
    Unbox {
        /// The number.
        into: Value,
        /// The object.
        from: Value,
        /// The C type.
        scalar: Scalar,
    },
    /// The C number in an exact float, or in an exact int, as CPython's own converters take it; leaves through the fallback
    /// for others.
    UnboxReal {
        /// The number.
        into: Value,
        /// The object.
        from: Value,
        /// `f32` or `f64`.
        scalar: Scalar,
    },
    /// Calls the underlying function, and leaves with its error where it reports one.
    Call {
        /// Its result, if it has one.
        into: Option<Value>,
        /// The C arguments.
        arguments: Vec<(Value, CType)>,
        /// The objects that it takes over a reference to: references taken behind everything that may leave the stub.
        steals: Vec<Stolen>,
        /// What the C function returns; `None` for `void`.
        result: Option<CType>,
        /// Whether the object that it returns is borrowed.
        borrowed: bool,
        /// Whether the GIL is released around it.
        nogil: bool,
        /// How it reports an error.
        raises: Raises,
        /// Whether it may run Python code, which may drop the stub.
        runs_python: bool,
    },
    /// Calls the original's `ml_meth` with these objects.
    CallMethod {
        /// Its result.
        into: Value,
        /// What it is called on; `None` for what the original is bound to.
        receiver: Option<Value>,
        /// The positional arguments.
        arguments: Vec<Value>,
        /// How it reports an error.
        raises: Raises,
        /// Whether it may run Python code, which may drop the stub.
        runs_python: bool,
    },
    /// The object of a C number; leaves with an error where memory runs out.
    Box {
        /// The object.
        into: Value,
        /// The number.
        from: Value,
        /// The C type.
        scalar: Scalar,
    },
    /// The object of a string or of bytes, `None` of a null pointer; leaves with an exception where memory runs out, or
    /// where text is no UTF-8.
    BoxView {
        /// The object.
        into: Value,
        /// The string, or the bytes with their length.
        from: Value,
        /// Which of them.
        view: View,
    },
    /// A reference more.
    Incref {
        /// The object.
        value: Value,
    },
    /// Leaves with a result.
    Return {
        /// The result.
        value: Value,
        /// Whether the stub has a reference to hand over; else it takes one first.
        owned: bool,
    },
}

impl Plan {
    /// Whether the stub may run Python code, which may drop it.
    pub fn runs_python(&self) -> bool {
        self.arms.iter().any(Arm::runs_python)
    }

    /// Whether an arm's call counts against the recursion limit, as CPython's own vectorcall of the original does
    /// (`ml_meth` leaves that to its caller). A call that runs no Python code cannot recurse.
    pub fn counts_recursion(&self, arm: &Arm) -> bool {
        let original = self.frame.original;
        let counted = match (self.frame.convention, self.frame.binding) {
            // The original is called with a tuple, which counts; the stub, with an array, which does not.
            (Convention::Method(_), Binding::Function) => original.takes_tuple(),
            (Convention::Method(_), Binding::Method) => false,
            (_, Binding::Bare) => false,
            (_, Binding::Method) => true,
            (_, Binding::Function) => {
                original.takes_tuple() || matches!(original, MethodConvention::NoArgs | MethodConvention::O)
            }
        };
        counted && arm.runs_python()
    }

    /// Whether an arm's arguments may be given by name, or left out.
    pub fn matches_arguments(&self) -> bool {
        self.arms.iter().any(|arm| arm.given != Given::ByPosition)
    }
}

impl Arm {
    /// Whether it may run Python code.
    pub fn runs_python(&self) -> bool {
        // What checks a promise has its own ways.
        self.audit.is_some()
            || self.steps.iter().any(|step| match step {
                Step::Call { runs_python: true, .. } | Step::CallMethod { runs_python: true, .. } => true,
                // What was returned beside an exception is given up, and its destructor may be anything.
                Step::Call { raises: Raises::Check, result: Some(CType::Pointer), .. }
                | Step::CallMethod { raises: Raises::Check, .. } => true,
                // A thread's first context is kept in a dict: 3.11 may collect garbage when one is made.
                Step::Context { .. } => true,
                // So it may when an exception for text that is no UTF-8 is made.
                Step::BoxView { .. } => true,
                _ => false,
            })
    }
}

impl Frame {
    /// Number of objects that a call of so many arguments passes, the receiver of a method counted.
    pub fn objects(&self, arity: u16) -> u16 {
        arity + u16::from(self.binding == Binding::Method)
    }

    /// Whether the stub's first argument is the object that the call is made on; else its cell knows that.
    pub(super) fn passes_receiver(&self) -> bool {
        match self.binding {
            Binding::Function => false,
            Binding::Method => true,
            // Without a thunk, what is passed as `self` is the cell.
            Binding::Bare => self.cell != CellSource::Receiver && matches!(self.convention, Convention::Method(_)),
        }
    }

    /// The receiver of a method, where it is the first C argument.
    pub(super) fn bound_receiver<V: Copy>(&self, raw: &[V]) -> Option<V> {
        let passed = self.passes_receiver() && self.convention != Convention::Vectorcall;
        raw.first().copied().filter(|_| passed)
    }

    /// Number of receivers that the array of arguments begins with.
    pub(super) fn receivers_in_array(&self) -> u16 {
        if self.convention == Convention::Vectorcall { self.objects(0) } else { 0 }
    }

    /// The number of arguments as the convention counts them: with the receiver, or without it.
    fn entry_arity(&self, arm: &Arm) -> u16 {
        match self.convention {
            Convention::Method(_) => arm.arity,
            Convention::Objects { .. } | Convention::Vectorcall => self.objects(arm.arity),
        }
    }

    /// Number of C arguments of the stub, the cell not counted.
    pub fn c_arguments(&self) -> usize {
        match self.convention {
            Convention::Objects { count } => usize::from(count),
            Convention::Method(method) => method.c_arguments(),
            Convention::Vectorcall => 4,
        }
    }

    /// The register in which a thunk passes the cell to a stub of this frame.
    pub fn thunk_register(&self) -> CellRegister {
        CellRegister::behind(self.c_arguments())
    }
}

impl MethodConvention {
    /// Number of C arguments.
    pub fn c_arguments(self) -> usize {
        match self {
            Self::NoArgs | Self::O | Self::VarArgs => 2,
            Self::FastCall | Self::VarArgsKeywords | Self::Other => 3,
            Self::FastCallKeywords => 4,
            Self::Method => 5,
        }
    }

    /// Whether a call can pass so many positional arguments.
    pub fn passes(self, arguments: usize) -> bool {
        match self {
            Self::NoArgs => arguments == 0,
            Self::O => arguments == 1,
            Self::FastCall
            | Self::FastCallKeywords
            | Self::Method
            | Self::VarArgs
            | Self::VarArgsKeywords
            | Self::Other => true,
        }
    }

    /// Whether a call may give arguments by name.
    pub fn takes_keywords(self) -> bool {
        matches!(self, Self::FastCallKeywords | Self::Method | Self::VarArgsKeywords)
    }

    /// Whether the arguments come in a tuple.
    pub fn takes_tuple(self) -> bool {
        matches!(self, Self::VarArgs | Self::VarArgsKeywords)
    }

    /// The position of the argument array among the C arguments; their number is behind it, and the names behind that.
    pub(super) fn array_at(self) -> Option<usize> {
        match self {
            Self::FastCall | Self::FastCallKeywords | Self::Other => Some(1),
            Self::Method => Some(2),
            Self::NoArgs | Self::O | Self::VarArgs | Self::VarArgsKeywords => None,
        }
    }

    /// The convention of a stub for an original of this one. A tuple is never made where the call is direct, so that such a
    /// stub takes an array.
    pub fn of_stub(self, binding: Binding) -> Self {
        match (self, binding) {
            // The function itself is to refuse keywords, in the words that it has for them.
            (Self::VarArgs, Binding::Function) | (Self::VarArgsKeywords, _) => Self::FastCallKeywords,
            (Self::VarArgs, Binding::Method) => Self::FastCall,
            (own, _) => own,
        }
    }

    /// Its macro in CPython.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoArgs => "METH_NOARGS",
            Self::O => "METH_O",
            Self::FastCall => "METH_FASTCALL",
            Self::FastCallKeywords => "METH_FASTCALL|METH_KEYWORDS",
            Self::Method => "METH_METHOD|METH_FASTCALL|METH_KEYWORDS",
            Self::VarArgs => "METH_VARARGS",
            Self::VarArgsKeywords => "METH_VARARGS|METH_KEYWORDS",
            Self::Other => "another METH_ convention",
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = &self.frame;
        let entry = match frame.convention {
            Convention::Objects { .. } => "objects",
            Convention::Method(method) => method.name(),
            Convention::Vectorcall => "vectorcall",
        };
        let arities: Vec<_> = self.arms.iter().map(|arm| frame.entry_arity(arm).to_string()).collect();
        writeln!(formatter, "{entry}/{} of {frame}", arities.join("|"))?;
        for (position, arm) in self.arms.iter().enumerate() {
            if self.arms.len() > 1 {
                writeln!(formatter, "  arm {position}, overload {}:", arm.overload)?;
            }
            match arm.given {
                Given::ByPosition => {}
                Given::Matched => writeln!(formatter, "  other arguments: by names and defaults")?,
                Given::AlwaysMatched => writeln!(formatter, "  arguments: by names and defaults")?,
            }
            if arm.audit.is_some() {
                writeln!(formatter, "  audited:")?;
            }
            for step in &arm.steps {
                writeln!(formatter, "  {step}")?;
            }
        }
        match (self.frame.convention, self.frame.binding) {
            (_, Binding::Bare) => writeln!(formatter, "  fallback: CPython's parser, then the call"),
            (Convention::Objects { .. }, _) if self.arms[0].keywords > 0 => {
                writeln!(
                    formatter,
                    "  fallback: PyObject_Vectorcall of the original, {} by name",
                    self.arms[0].keywords
                )
            }
            (Convention::Objects { .. } | Convention::Vectorcall, _) => {
                writeln!(formatter, "  fallback: PyObject_Vectorcall of the original")
            }
            (Convention::Method(_), Binding::Function) if self.frame.original.takes_tuple() => {
                writeln!(formatter, "  fallback: PyObject_Vectorcall of the original")
            }
            (Convention::Method(_), Binding::Method) if self.frame.original.takes_tuple() => {
                writeln!(formatter, "  fallback: ml_meth of the original, with a tuple")
            }
            (Convention::Method(_), _) => writeln!(formatter, "  fallback: ml_meth of the original"),
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.binding {
            Binding::Function => "a function",
            Binding::Method => "a method",
            Binding::Bare => "a function without a wrapper",
        })?;
        match self.cell {
            CellSource::Receiver => formatter.write_str(", cell: self"),
            CellSource::Thunk(CellRegister::Integer(number)) => {
                write!(formatter, ", cell: integer register {number}")
            }
            CellSource::Thunk(CellRegister::Float) => formatter.write_str(", cell: float register 0"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receiver { into } => write!(formatter, "{into} = self"),
            Self::Argument { into, index } => write!(formatter, "{into} = argument {index}"),
            Self::Context { into } => write!(formatter, "{into} = context"),
            Self::Constant { into, scalar: scalar @ (Scalar::F32 | Scalar::F64), bits } => {
                write!(formatter, "{into} = {} {}", Kind::Scalar(*scalar), print_float(*bits))
            }
            Self::Constant { into, scalar, bits } if scalar.is_signed() => {
                write!(formatter, "{into} = {} {}", Kind::Scalar(*scalar), *bits as i64)
            }
            Self::Constant { into, scalar, bits } => write!(formatter, "{into} = {} {bits}", Kind::Scalar(*scalar)),
            Self::None { into } => write!(formatter, "{into} = None"),
            Self::Guard { into, from, admitted } => write!(formatter, "{into} = {from}, {admitted} or fallback"),
            Self::NullIfNone { into, from } => write!(formatter, "{into} = {from}, null if None"),
            Self::View { into, from, view, or_null } => {
                let or_null = if *or_null { "null or " } else { "" };
                write!(formatter, "{into} = {view} of {or_null}{from} or fallback")
            }
            Self::Unbox { into, from, scalar } => write!(formatter, "{into} = unbox {scalar} {from} or fallback"),
            Self::UnboxReal { into, from, scalar } => {
                write!(formatter, "{into} = unbox {scalar} float or int {from} or fallback")
            }
            Self::Call { into, arguments, steals, result, borrowed, nogil, raises, runs_python } => {
                write_into(formatter, *into)?;
                formatter.write_str("call target(")?;
                for (position, (value, ty)) in arguments.iter().enumerate() {
                    let separator = if position == 0 { "" } else { ", " };
                    write!(formatter, "{separator}{ty} {value}")?;
                }
                match result {
                    Some(result) => write!(formatter, ") -> {result}")?,
                    None => formatter.write_str(") -> void")?,
                }
                if *borrowed {
                    formatter.write_str(", borrowed")?;
                }
                for Stolen { value, or_null } in steals {
                    write!(formatter, ", steals {value}{}", if *or_null { " or null" } else { "" })?;
                }
                if *nogil {
                    formatter.write_str(", without the GIL")?;
                }
                write_outcome(formatter, *raises, *runs_python)
            }
            Self::CallMethod { into, receiver, arguments, raises, runs_python } => {
                write_into(formatter, Some(*into))?;
                formatter.write_str("call ml_meth(")?;
                match receiver {
                    Some(receiver) => write!(formatter, "{receiver}")?,
                    None => formatter.write_str("self")?,
                }
                for argument in arguments {
                    write!(formatter, ", {argument}")?;
                }
                formatter.write_str(") -> ptr")?;
                write_outcome(formatter, *raises, *runs_python)
            }
            Self::Box { into, from, scalar } => write!(formatter, "{into} = box {scalar} {from}"),
            Self::BoxView { into, from, view } => write!(formatter, "{into} = new object of {view} {from}"),
            Self::Incref { value } => write!(formatter, "take a reference to {value}"),
            Self::Return { value, owned: true } => write!(formatter, "return {value}"),
            Self::Return { value, owned: false } => write!(formatter, "return a new reference to {value}"),
        }
    }
}

impl fmt::Display for Admitted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.null {
            formatter.write_str("null or ")?;
        }
        let exactly = if self.subclasses { "" } else { "exactly " };
        match &self.class {
            Class::Python(class) => write!(formatter, "{exactly}{class}")?,
            Class::User { name, .. } => write!(formatter, "{exactly}{name}")?,
        }
        formatter.write_str(if self.subclasses { "+" } else { "" })
    }
}

impl fmt::Display for View {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "text",
            Self::Bytes => "bytes",
        })
    }
}

fn write_into(formatter: &mut fmt::Formatter<'_>, into: Option<Value>) -> fmt::Result {
    into.map_or(Ok(()), |into| write!(formatter, "{into} = "))
}

fn write_outcome(formatter: &mut fmt::Formatter<'_>, raises: Raises, runs_python: bool) -> fmt::Result {
    let raises = match raises {
        Raises::Never => "",
        Raises::Null => ", raises null",
        Raises::MinusOne => ", raises minus_one",
        Raises::Nonzero => ", raises nonzero",
        Raises::Check => ", raises check",
    };
    write!(formatter, "{raises}{}", if runs_python { ", may run Python" } else { "" })
}
