//! What one asks a [`Specializer`](crate::Specializer) for.

/// The C signature that a stub has, and who checks the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// The underlying function itself: C values in, a C value out, nothing checked.
    Native,
    /// `(PyObject *…) -> PyObject *`, the receiver of a method descriptor first: for callers that have proven the
    /// types. Borrows its arguments, returns a new reference, or null with an exception set.
    Boxed,
    /// The original's own METH_ convention, a drop-in for its `ml_meth`. A stub of a function is bound as the original is:
    /// what is passed as `self` is not looked at. Where the original takes a tuple the stub takes an array: METH_VARARGS
    /// with METH_KEYWORDS has a METH_FASTCALL | METH_KEYWORDS stub. So has METH_VARARGS alone where it is a function; where
    /// it is a method descriptor, a METH_FASTCALL one.
    Guarded,
    /// The vectorcall convention, a drop-in for the original's vectorcall function.
    Vectorcall,
    /// For functions without a wrapper ([`Specializer::bind_stub`](crate::Specializer::bind_stub)): METH_NOARGS, METH_O, METH_FASTCALL, or METH_FASTCALL |
    /// METH_KEYWORDS, whichever the signature needs. All that a stub's guards do not admit is checked and converted by
    /// CPython's own parser, with its exceptions.
    Checked,
}

/// How a [`Specializer`](crate::Specializer) works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Whether the code generator verifies its input. A stub compiles slower by a third; on in debug builds.
    pub verify_code: bool,
    /// Whether stubs check what signatures promise, each time that they call an underlying function: that it never
    /// raises, runs no Python code, returns borrowed references or new ones, is pure. For tests of extensions: such stubs
    /// are slow, and call a method that is pure or returns a borrowed reference through its wrapper too. A promise
    /// that is not kept is a `SystemError` that names the method and both values. What can't be told is not held against a
    /// method: references are counted where they are to
    /// an argument or to what the wrapper returned, new ones of pure methods only; side effects are not compared. Native stubs and functions without a wrapper
    /// are not checked.
    pub verify: bool,
    /// Whether stubs count their calls ([`Specializer::stats`](crate::Specializer::stats)): three more instructions a call,
    /// and a look at the arguments of one that takes the fallback. Native stubs do not count.
    pub count_calls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { verify_code: cfg!(debug_assertions), verify: false, count_calls: false }
    }
}

/// How a function for Python is made ([`Specializer::function_with`](crate::Specializer::function_with)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FunctionOptions {
    /// Whether the GIL is released around the underlying function: `Some(false)` never does; without it, and with
    /// `Some(true)`, it is as the signature says, for only the signature knows what a function can do without the GIL.
    pub release_gil: Option<bool>,
}

impl FunctionOptions {
    /// Whether what the signature says of the GIL is left out.
    pub(crate) fn keeps_gil(&self) -> bool {
        self.release_gil == Some(false)
    }
}
