//! The conventions of `ml_meth`s.

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
    /// `METH_VARARGS`: `(self, tuple)`. Stubs call such functions; no stub has this convention.
    VarArgs,
    /// `METH_VARARGS | METH_KEYWORDS`: `(self, tuple, dict or NULL)`. Stubs call such functions; no stub has this
    /// convention.
    VarArgsKeywords,
    /// Any other convention. Stubs neither have nor call it.
    Other,
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

    /// Whether a call can pass this number of positional arguments.
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

    /// The position of the argument array among the C arguments. Its length is the next C argument, and the names are
    /// the one after that.
    pub(super) fn array_at(self) -> Option<usize> {
        match self {
            Self::FastCall | Self::FastCallKeywords | Self::Other => Some(1),
            Self::Method => Some(2),
            Self::NoArgs | Self::O | Self::VarArgs | Self::VarArgsKeywords => None,
        }
    }

    /// The name of its macro in CPython.
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
