//! The reasons why calls of stubs take the fallback.

/// The reason why a call took the fallback. With several overloads it is the reason for the one that the call came
/// closest to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum FallbackReason {
    /// An argument's name is unknown or given twice, or an argument is missing.
    Keywords,
    /// There are too many arguments, or too few.
    Arity,
    /// The receiver or an argument is of a type that the guards do not accept: another one, or a subclass.
    Type,
    /// The types are right, and a value is not: an int that does not fit or is long, text with a NUL or without UTF-8.
    Value,
    /// The prototype that the stub was made for has changed since.
    Changed,
    /// Another reason.
    Other,
}

impl FallbackReason {
    /// Every reason, in the order of [`Stats::fallbacks`](crate::Stats::fallbacks).
    pub const ALL: [Self; 6] = [Self::Keywords, Self::Arity, Self::Type, Self::Value, Self::Changed, Self::Other];

    /// Its name: `keywords`, `arity`, `type`, `value`, `changed`, `other`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keywords => "keywords",
            Self::Arity => "arity",
            Self::Type => "type",
            Self::Value => "value",
            Self::Changed => "changed",
            Self::Other => "other",
        }
    }
}
