//! The rules that metadata can break, each with a number: the same numbers and texts as in `include/typedcall_read.h`.

use std::fmt;

use crate::cpython::memory::Fault;

/// Makes the enum, its list and its texts from one table.
macro_rules! rules {
    ($($rule:ident $text:literal;)*) => {
        /// A rule of the ABI that metadata breaks. [`Rejected::reason`](super::Rejected) has the details.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule {
            $(#[doc = $text] $rule,)*
        }

        impl Rule {
            /// Every rule, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$rule,)*];

            /// Its number in C; 0 means no rule.
            pub const fn number(self) -> u32 {
                self as u32 + 1
            }

            /// The rule in general words.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$rule => $text,)*
                }
            }
        }
    };
}

rules! {
    Unreadable "it leads to memory that can't be read";
    Unterminated "the text does not end within its bound";
    NoWay "the system offers no safe way to look";
    EndlessTable "the method table does not end within its bound";
    NoContainer "the flag is set, but no container stands before the name";
    UnknownVersion "the version is unknown";
    WrongSize "the size is no multiple of 8 within its bounds";
    WrongSelf "it is not the address of the container";
    NotZero "it is not in use here: it must be 0";
    WrongCount "the count is not within its bounds";
    Null "null";
    Misaligned "it is not aligned to 8 bytes";
    SignatureUnreadable "the signature can't be read";
    NotUtf8 "not UTF-8";
    NoIdentifier "no identifier";
    NoKind "0 is no kind";
    UnknownKind "unknown kind";
    VoidParameter "a parameter can't be void";
    ContextResult "a result can't be the context";
    UnknownBits "unknown bits";
    UnknownConvention "unknown error convention";
    NoSubclasses "subclasses are for Python types and user types only";
    NotMade "the type is not made yet";
    TypeUnreadable "the type can't be read";
    TypeNameUnreadable "the type's name can't be read";
    NoTypeName "no name of a type";
    ReceiverNamed "the receiver is always named self";
    ContextNamed "the context has no name";
    NotOptional "a default of None, but not optional";
    NoDefault "the kind has no such default";
    NoTruthValue "a truth value is 0 or 1";
    OutOfRange "the number does not fit the kind";
    ContextReceiver "the context can't be the receiver";
    SpecialNullable "the receiver and the context can't be None";
    SpecialKeyword "the receiver and the context can't be passed by name";
    SpecialDefault "the receiver and the context can't have a default";
    SelfNotReceiver "a parameter named self is always the receiver";
    Nameless "a keyword-only parameter needs a name";
    NotNullable "the kind can't be None";
    NoneNotNullable "the default None needs a parameter that admits it";
    SecondReceiver "a second receiver";
    SecondContext "a second context";
    SecondName "a second parameter of the same name";
    PositionalAfterKeyword "a positional parameter after a keyword-only one";
    RequiredAfterDefault "a parameter without a default after one with a default";
    WrongConvention "the result can't report an error so";
    NotBorrowed "only an object can be borrowed";
    NotStealable "only an object can be stolen";
    NothingToSteal "there is no such parameter to steal";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl From<&Fault> for Rule {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::Unreadable { .. } | Fault::Unwritable { .. } => Self::Unreadable,
            Fault::Unterminated { .. } => Self::Unterminated,
            Fault::NoWay { .. } => Self::NoWay,
        }
    }
}
