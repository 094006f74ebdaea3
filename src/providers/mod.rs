//! Sources of signatures beside METH_TYPED: callables of other libraries, which have no `PyMethodDef`.
//!
//! A provider recognises its callables and says what their C functions take, how objects become C values where that is not
//! for the kinds to say, and what must not change as long as a stub is used. All else is the original's: where a stub does
//! not take a call, the callable itself is called.

mod ctypes;

use std::num::NonZeroUsize;

use crate::embed::{Exception, Object, Python};
use crate::metadata::Overload;
use crate::runtime::stub::foreign::{ConvertArgument, ConvertResult, Watched};

/// All providers; a callable is the first one's that recognises it.
pub static PROVIDERS: &[&dyn Provider] = &[&ctypes::CtypesProvider];

/// A source of signatures.
pub trait Provider: Sync {
    /// The name that users know.
    fn name(&self) -> &'static str;

    /// What is known about a callable; `None` where it is none of this provider's.
    ///
    /// # Errors
    /// It is one, but has no stub, for this reason.
    fn recognize(&self, python: &Python, callable: &Object) -> Option<Result<ForeignFunction, NoFunction>>;
}

/// Why a provider's callable has no stub.
#[derive(Debug, thiserror::Error)]
pub enum NoFunction {
    /// Something of it is not as a stub needs it.
    #[error("{name}: {reason}")]
    Mismatch {
        /// The callable.
        name: String,
        /// What, and what to do.
        reason: String,
    },
    /// Python raised.
    #[error(transparent)]
    Python(#[from] Exception),
}

/// A C function behind a provider's callable.
pub struct ForeignFunction {
    /// Its name, for users.
    pub name: String,
    /// Where it is. It stays there as long as the callable lives and what is watched does not change.
    pub address: NonZeroUsize,
    /// What it takes and returns: parameters without names.
    pub overload: Overload,
    /// One for each parameter: what converts those of [`Kind::Foreign`](crate::metadata::Kind::Foreign).
    pub arguments: Vec<Option<Box<dyn ConvertArgument>>>,
    /// What converts a result of that kind.
    pub result: Option<Box<dyn ConvertResult>>,
    /// At most [`MAX_WATCHED`].
    pub watched: Vec<Watched>,
    /// What lives as long as the stub.
    pub holds: Vec<Object>,
}

/// The most words that one stub watches.
pub const MAX_WATCHED: usize = 8;

/// What is known about a callable that has no `PyMethodDef`; `None` where it is no provider's.
///
/// # Errors
/// As [`Provider::recognize`].
pub fn recognize(python: &Python, callable: &Object) -> Option<Result<ForeignFunction, NoFunction>> {
    PROVIDERS.iter().find_map(|provider| provider.recognize(python, callable))
}
