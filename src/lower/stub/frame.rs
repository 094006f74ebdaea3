//! How a stub is called, and what its original is: the C signatures of both.

use std::fmt;

use super::cell::{CellRegister, CellSource};
use crate::lower::convention::MethodConvention;

/// How a stub is called, and what its original is.
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

/// The C signature of a stub, apart from the register that may bring its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Convention {
    /// `(PyObject *…) -> PyObject *`: one pointer for each argument, the receiver of a method first. The caller has
    /// proven everything that the guards would check.
    Objects {
        /// Number of pointers, including the receiver of a method.
        count: u16,
    },
    /// The signature of a `ml_meth`.
    Method(MethodConvention),
    /// `(PyObject *callable, PyObject *const *args, size_t nargsf, PyObject *kwnames) -> PyObject *`.
    Vectorcall,
}

/// The object that the original is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binding {
    /// A built-in function: its receiver is `m_self`.
    Function,
    /// A method descriptor: its receiver is the first argument.
    Method,
    /// There is no original, only the underlying function: if guards fail, CPython's own parser reads the arguments.
    Bare,
    /// A provider's callable, which has no `ml_meth`: if guards fail, it is called by its vectorcall.
    Foreign {
        /// Number of words that must be unchanged since the stub was made.
        watched: u8,
    },
}

impl Frame {
    /// The number of objects in a call with this number of arguments, including the receiver of a method.
    pub fn objects(&self, arity: u16) -> u16 {
        arity + u16::from(self.binding == Binding::Method)
    }

    /// Whether the stub's first argument is the object that the call is made on; else the cell has it.
    pub(super) fn passes_receiver(&self) -> bool {
        match self.binding {
            Binding::Function | Binding::Foreign { .. } => false,
            Binding::Method => true,
            // Without a thunk, the cell is passed as `self`.
            Binding::Bare => self.cell != CellSource::Receiver && matches!(self.convention, Convention::Method(_)),
        }
    }

    /// The receiver of a method, if it is the first C argument.
    pub(super) fn bound_receiver<V: Copy>(&self, raw: &[V]) -> Option<V> {
        let passed = self.passes_receiver() && self.convention != Convention::Vectorcall;
        raw.first().copied().filter(|_| passed)
    }

    /// Number of receivers that the array of arguments begins with.
    pub(super) fn receivers_in_array(&self) -> u16 {
        if self.convention == Convention::Vectorcall { self.objects(0) } else { 0 }
    }

    /// The number of arguments as the convention counts them: with the receiver, or without it.
    pub(super) fn entry_arity(&self, arity: u16) -> u16 {
        match self.convention {
            Convention::Method(_) => arity,
            Convention::Objects { .. } | Convention::Vectorcall => self.objects(arity),
        }
    }

    /// Number of C arguments of the stub, without the cell.
    pub fn c_arguments(&self) -> usize {
        match self.convention {
            Convention::Objects { count } => usize::from(count),
            Convention::Method(method) => method.c_arguments(),
            Convention::Vectorcall => 4,
        }
    }

    /// The register in which a thunk passes the cell to a stub of this frame.
    pub fn thunk_register(&self) -> CellRegister {
        CellRegister::after(self.c_arguments())
    }
}

impl MethodConvention {
    /// The convention of a stub for an original of this convention. Direct calls never make a tuple, so such a stub
    /// takes an array.
    pub fn of_stub(self, binding: Binding) -> Self {
        match (self, binding) {
            // The function itself has to refuse keywords, with its own message.
            (Self::VarArgs, Binding::Function) | (Self::VarArgsKeywords, _) => Self::FastCallKeywords,
            (Self::VarArgs, Binding::Method) => Self::FastCall,
            (own, _) => own,
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.binding {
            Binding::Function => "a function",
            Binding::Method => "a method",
            Binding::Bare => "a function without a wrapper",
            Binding::Foreign { .. } => "a foreign function",
        })?;
        if let Binding::Foreign { watched } = self.binding {
            write!(formatter, " with {watched} watched words")?;
        }
        match self.cell {
            CellSource::Receiver => formatter.write_str(", cell: self"),
            CellSource::Thunk(CellRegister::Integer(number)) => {
                write!(formatter, ", cell: integer register {number}")
            }
            CellSource::Thunk(CellRegister::Float) => formatter.write_str(", cell: float register 0"),
        }
    }
}
