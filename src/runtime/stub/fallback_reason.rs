//! Why calls of stubs take the fallback.

/// Why a call took the fallback. With several overloads it is what kept the call from the one that it came closest to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum FallbackReason {
    /// Arguments are given by name that have no such name, are given twice, or are not all there.
    Keywords,
    /// There are too many arguments, or too few.
    Arity,
    /// The receiver or an argument is of a type that the guards do not admit: another one, or a subclass.
    Type,
    /// The types are right, and a value is not: an int that does not fit or is long, text with a NUL or without UTF-8.
    Value,
    /// What the stub was made for has changed since.
    Changed,
    /// None of these.
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
