//! What passes may ask about the running program. Answers are constants, and what must stay true for them.

use super::assumption::Assumption;
use super::constant::ConstObject;
use super::types::Type;
use crate::cpython::{Collector, DeathOrder};

/// Something that a pass found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The type of the one object that was found.
    pub ty: Type,
    /// What must stay true for that; `None` where it can't change.
    pub assumption: Option<Assumption>,
}

/// The objects that a function's names lead to. Implemented over a live interpreter, and over a few lines of text for
/// golden tests.
pub trait World {
    /// What the name of a global is bound to, in the function's globals or its builtins.
    fn global(&self, name: &str) -> Option<Found>;

    /// An attribute that `getattr` finds on an object without running Python code: what is in the dict of a module, for
    /// example.
    fn attribute(&self, object: &ConstObject, ty: &Type, name: &str) -> Option<Found>;

    /// The method that `object.name(…)` finds for every object of a type, on its class: called with the object as its first
    /// argument.
    fn method(&self, receiver: &Type, name: &str) -> Option<Found>;

    /// In which order things die.
    fn death_order(&self) -> DeathOrder {
        DeathOrder::default()
    }

    /// Where garbage is collected.
    fn collector(&self) -> Collector {
        Collector::default()
    }
}

/// The world of which nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unknown;

impl World for Unknown {
    fn global(&self, _: &str) -> Option<Found> {
        None
    }

    fn attribute(&self, _: &ConstObject, _: &Type, _: &str) -> Option<Found> {
        None
    }

    fn method(&self, _: &Type, _: &str) -> Option<Found> {
        None
    }
}
