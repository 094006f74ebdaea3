//! Options of a [`Specializer`](crate::Specializer).

/// The C signature that a stub has, and who checks the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// The underlying function itself: C values in, a C value out, nothing checked.
    Native,
    /// `(PyObject *…) -> PyObject *`, with the receiver of a method descriptor first: for callers that have proven the
    /// types. It borrows its arguments, and returns a new reference, or null with an exception set.
    Boxed,
    /// The original's own METH_ convention: it can take the place of its `ml_meth`. A stub of a function is bound as
    /// the original is and ignores the `self` that is passed. If the original takes a tuple, the stub takes an array.
    /// The stub of METH_VARARGS | METH_KEYWORDS is METH_FASTCALL | METH_KEYWORDS. So is that of a METH_VARARGS
    /// function; that of a METH_VARARGS method descriptor is METH_FASTCALL.
    Guarded,
    /// The vectorcall convention: it can take the place of the original's vectorcall function.
    Vectorcall,
    /// For functions without a wrapper ([`Specializer::bind_stub`](crate::Specializer::bind_stub)): METH_NOARGS,
    /// METH_O, METH_FASTCALL, or METH_FASTCALL | METH_KEYWORDS, as the signature needs. Arguments that the stub's
    /// guards refuse are checked and converted by CPython's own parser, with its exceptions.
    Checked,
}

/// How a [`Specializer`](crate::Specializer) works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Whether the code generator verifies its input, which makes compiling a third slower. On in debug builds.
    pub verify_code: bool,
    /// Whether stubs check the promises of signatures at each call of an underlying function: that it never raises,
    /// runs no Python code, returns borrowed references or new ones, is pure. For tests of extensions: such stubs are
    /// slow, and also call the wrapper of a method that is pure or returns a borrowed reference.
    ///
    /// A broken promise is a `SystemError` that names the method and both values. A method is not accused if the stub
    /// can't be certain: references are counted only if they are to an argument or to the wrapper's result, and new
    /// ones only for pure methods; side effects are not compared. Native stubs and functions without a wrapper are not
    /// checked.
    pub verify: bool,
    /// Whether stubs count their calls ([`Specializer::stats`](crate::Specializer::stats)). That costs three more
    /// instructions per call, and a look at the arguments of a call that takes the fallback. Native stubs do not count.
    pub count_calls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { verify_code: cfg!(debug_assertions), verify: false, count_calls: false }
    }
}

/// Options of a function for Python ([`Specializer::function_with`](crate::Specializer::function_with)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FunctionOptions {
    /// Whether the GIL is released around the underlying function. `Some(false)` keeps it. With `None` and `Some(true)`
    /// the signature decides, since only the signature knows what a function can do without the GIL.
    pub release_gil: Option<bool>,
}

impl FunctionOptions {
    /// Whether the GIL is kept whatever the signature says.
    pub(crate) fn keeps_gil(&self) -> bool {
        self.release_gil == Some(false)
    }
}
