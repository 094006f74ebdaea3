//! Sources of signatures other than METH_TYPED: callables of other libraries, which have no `PyMethodDef`.
//!
//! A provider recognises its callables. It says what their C functions take, how objects become C values if the kinds
//! do not say it, and what must not change while a stub is used. A call that a stub does not take is a call of the
//! callable itself.

mod ctypes;

use std::num::NonZeroUsize;

use crate::embed::{Exception, Object, Python};
use crate::metadata::Overload;
use crate::runtime::stub::foreign::{ConvertArgument, ConvertResult, Watched};

/// All providers; a callable belongs to the first one that recognises it.
pub static PROVIDERS: &[&dyn Provider] = &[&ctypes::CtypesProvider];

/// A source of signatures.
pub trait Provider: Sync {
    /// The name that users know.
    fn name(&self) -> &'static str;

    /// The data about a callable; `None` if it is not this provider's.
    ///
    /// # Errors
    /// If it is this provider's, but can have no stub, for this reason.
    fn recognize(&self, python: &Python, callable: &Object) -> Option<Result<ForeignFunction, NoFunction>>;
}

/// The reason why a provider's callable has no stub.
#[derive(Debug, thiserror::Error)]
pub enum NoFunction {
    /// The callable does not have the form that a stub needs.
    #[error("{name}: {reason}")]
    Mismatch {
        /// The callable.
        name: String,
        /// The reason, and what to do.
        reason: String,
    },
    /// Python raised.
    #[error(transparent)]
    Python(#[from] Exception),
}

/// The C function of a provider's callable.
pub struct ForeignFunction {
    /// Its name, for users.
    pub name: String,
    /// Its address. It stays the same as long as the callable lives and the watched words do not change.
    pub address: NonZeroUsize,
    /// Its signature: parameters without names.
    pub overload: Overload,
    /// One for each parameter: the converter for one of [`Kind::Foreign`](crate::metadata::Kind::Foreign).
    pub arguments: Vec<Option<Box<dyn ConvertArgument>>>,
    /// The converter for a result of that kind.
    pub result: Option<Box<dyn ConvertResult>>,
    /// The words that must not change; at most [`MAX_WATCHED`].
    pub watched: Vec<Watched>,
    /// Objects that must live as long as the stub.
    pub holds: Vec<Object>,
}

/// The most words that one stub watches.
pub const MAX_WATCHED: usize = 8;

/// The data about a callable that has no `PyMethodDef`; `None` if no provider recognises it.
///
/// # Errors
/// The errors of [`Provider::recognize`].
pub fn recognize(python: &Python, callable: &Object) -> Option<Result<ForeignFunction, NoFunction>> {
    PROVIDERS.iter().find_map(|provider| provider.recognize(python, callable))
}
