//! [`Signature`]: what is known about a callable at the level of C, as plain data.
//!
//! A signature is one or more [`Overload`]s, tried in order. Each lists the C values that the underlying function
//! takes, in the order of its C arguments, its result, how it reports an error, and what a call of it can do.
//! [`Overload::check`] is the one place that decides which combinations make sense; the text form (`text.rs`) and the
//! readers of binary metadata all use it.

use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;

use crate::cpython::PythonType;

/// The most parameters that one overload may have, with `self` and `context`.
pub const MAX_PARAMETERS: usize = 16;

/// The most overloads under one name.
pub const MAX_OVERLOADS: usize = 16;

/// All that is known about a callable: its overloads, tried in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// At least one, at most [`MAX_OVERLOADS`].
    pub overloads: Vec<Overload>,
}

/// The C-level signature of one underlying function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Overload {
    /// In the order of the C arguments, at most [`MAX_PARAMETERS`].
    pub parameters: Vec<Parameter>,
    /// The result of the C function; never [`Kind::Context`].
    pub result: Kind,
    /// How the C function reports an error.
    pub raises: Raises,
    /// The effects that a call can have.
    pub effects: Effects,
}

/// One C argument of an underlying function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// The name for keyword arguments; a receiver is always named `self`, a context has no name.
    pub name: Option<String>,
    /// The C value that is passed.
    pub kind: Kind,
    /// The object that the method is called on (`self`), not one of the call's arguments.
    pub receiver: bool,
    /// `None` is accepted, and passed as a null pointer.
    pub nullable: bool,
    /// May be passed by name only.
    pub keyword_only: bool,
    /// The value that is passed if the caller leaves the argument out; `Some` makes the parameter optional.
    pub default: Option<DefaultValue>,
}

/// A kind of C value, with the Python values that it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A C number or truth value.
    Scalar(Scalar),
    /// `PyObject *`, of any type.
    Object,
    /// `PyObject *`, of a type that CPython itself defines.
    Python {
        /// The type.
        class: PythonType,
        /// Whether instances of subclasses are accepted (`+` in the text form).
        subclasses: bool,
    },
    /// `PyObject *`, of a type that an extension defines (`type:module.Name` in the text form).
    User {
        /// The type.
        class: UserType,
        /// Whether instances of subclasses are accepted.
        subclasses: bool,
    },
    /// `const char *` and `Py_ssize_t`: UTF-8 with its length in bytes, two C arguments.
    Cstr,
    /// `const void *` and `Py_ssize_t`: a contiguous buffer with its length in bytes, two C arguments.
    Buffer,
    /// A C value that only the callable's provider can convert from and to an object. Prototypes of C libraries have
    /// these, methods of extensions do not.
    Foreign(ForeignKind),
    /// No value; results only.
    Void,
    /// `typedcall_context *`, the per-thread context; parameters only.
    Context,
}

/// A C number or truth value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the variants are the C types of the same names")]
pub enum Scalar {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    /// `Py_ssize_t`, `intptr_t`.
    Isize,
    /// `size_t`, `uintptr_t`.
    Usize,
    F32,
    F64,
    /// C's `bool` (`_Bool`).
    CBool,
}

/// A kind of C value that its provider converts. The provider, not the kind, decides what is passed for an object, and
/// which object is made of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ForeignKind {
    /// `void *`, a pointer to anything (`ptr` in the text form).
    Pointer,
    /// `char` (`char`).
    Char,
    /// `wchar_t` (`wchar`).
    Wchar,
    /// `PyObject *`, if objects of some types stand for others (`pyobject`).
    Object,
    /// `double`, as an object that is not a `float` (`cdouble`).
    Double,
    /// `float`, as an object that is not a `float` (`cfloat`).
    Float,
}

/// A type that an extension defines. Two with the same place are equal, whatever name the type in the variable had when
/// it was read.
#[derive(Clone, Debug, Eq)]
pub struct UserType {
    /// `module.Name`, with at least one dot.
    pub name: String,
    /// Where the type is found; `None` if only its name is known.
    pub place: Option<TypePlace>,
    /// What is known of the type if it is one of CPython's own; `None` for all others, whatever their names.
    pub builtin: Option<BuiltinType>,
}

/// What is known of one of CPython's own types. The instances of all of them stay of their class, whatever code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BuiltinType {
    /// `frozenset`, which returns an exact instance of it unchanged, if called with one.
    FrozenSet,
    /// Any other.
    Other,
}

impl PartialEq for UserType {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place && (self.place.is_some() || self.name == other.name)
    }
}

impl Hash for UserType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place.hash(state);
        if self.place.is_none() {
            self.name.hash(state);
        }
    }
}

/// The place where a signature's type is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TypePlace {
    /// The `PyTypeObject` itself. A user of the address must own a reference to the type.
    Object(NonZeroUsize),
    /// The extension's `PyTypeObject *` variable. The type is the one that the variable holds at the time of a call, as
    /// for the extension's own wrapper: a module that is imported a second time makes a new type.
    Variable(NonZeroUsize),
}

/// The value for an argument that the caller leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DefaultValue {
    /// For integer kinds.
    Int(i128),
    /// For `f32` and `f64`: the bits of the `f64`, so that equal means identical.
    Float(u64),
    /// For `cbool`.
    Bool(bool),
    /// For `cstr`.
    Str(String),
    /// `None`, for nullable parameters: a null pointer.
    None,
    /// An object that lives in the extension (`<object>` in the text form).
    Object {
        /// Address of the `PyObject *` variable that holds it, if the signature was read from memory.
        address: Option<NonZeroUsize>,
    },
}

/// How a C function reports that it has raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Raises {
    /// It never raises.
    Never,
    /// By a null pointer.
    Null,
    /// By -1, when `PyErr_Occurred()` agrees.
    MinusOne,
    /// By a C `int` status other than 0; the call has no other result.
    Nonzero,
    /// Only `PyErr_Occurred()` tells.
    Check,
}

/// The effects that a call can have, beyond computing its result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Effects {
    /// Runs no Python code, not even a destructor, and does not release the GIL, which would let other threads run it.
    pub no_python: bool,
    /// May be dropped when its result is unused, and merged with an equal call.
    pub pure: bool,
    /// The GIL may be released around the call.
    pub nogil: bool,
    /// The resulting object is borrowed: the caller must take a reference to keep it.
    pub borrowed_result: bool,
    /// Bit n: the call takes over a reference to parameter n (counted from 0, with `self` and `context`).
    pub steals: u16,
}

impl Signature {
    /// Whether the GIL is released around calls of an overload.
    pub fn releases_gil(&self) -> bool {
        self.overloads.iter().any(|overload| overload.effects.nogil)
    }
}

impl Overload {
    /// The C arguments that come from the call's own arguments, with their positions: all but `self` and `context`.
    pub fn arguments(&self) -> impl Iterator<Item = (usize, &Parameter)> {
        self.parameters
            .iter()
            .enumerate()
            .filter(|(_, parameter)| !parameter.receiver && parameter.kind != Kind::Context)
    }

    /// Whether the underlying function takes the object that the method is called on.
    pub fn has_receiver(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.receiver)
    }

    /// Whether the underlying function takes the context.
    pub fn has_context(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.kind == Kind::Context)
    }
}

impl Parameter {
    /// A required, positional parameter without a name.
    pub fn positional(kind: Kind) -> Self {
        Self { name: None, kind, receiver: false, nullable: false, keyword_only: false, default: None }
    }
}

impl Kind {
    /// A kind for exactly this type of CPython's.
    pub const fn exact(class: PythonType) -> Self {
        Self::Python { class, subclasses: false }
    }

    /// Whether the C value is a `PyObject *`.
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object | Self::Python { .. } | Self::User { .. })
    }
}

impl Scalar {
    /// Size in bytes on a 64-bit platform.
    pub const fn bytes(self) -> u8 {
        match self {
            Self::I8 | Self::U8 | Self::CBool => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::Isize | Self::Usize | Self::F64 => 8,
        }
    }

    /// Whether it is a signed integer.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64 | Self::Isize)
    }

    /// Whether it is an integer, signed or not (`cbool` is not).
    pub const fn is_integer(self) -> bool {
        !matches!(self, Self::F32 | Self::F64 | Self::CBool)
    }

    /// The least and the greatest integer of this kind; `None` for other kinds.
    pub const fn integer_range(self) -> Option<(i128, i128)> {
        if !self.is_integer() {
            return None;
        }
        let bits = self.bytes() as u32 * 8;
        Some(if self.is_signed() { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) })
    }
}
