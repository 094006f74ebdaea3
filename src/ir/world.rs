//! The questions that passes may ask about the running program. Answers are constants, each with the assumption that it
//! needs.

use super::assumption::Assumption;
use super::constant::ConstObject;
use super::types::Type;
use crate::cpython::{Collector, DeathOrder};

/// An answer that a pass got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The type of the one object that was found.
    pub ty: Type,
    /// The assumption that it needs; `None` if it can't change.
    pub assumption: Option<Assumption>,
}

/// The objects that a function's names refer to. Implemented over a live interpreter, and over a few lines of text for
/// golden tests.
pub trait World {
    /// The object that a global's name is bound to, in the function's globals or its builtins.
    fn global(&self, name: &str) -> Option<Found>;

    /// An attribute that `getattr` finds on an object without running Python code, for example in the dict of a module.
    fn attribute(&self, object: &ConstObject, ty: &Type, name: &str) -> Option<Found>;

    /// The method that `object.name(…)` finds on the class for every object of a type. It is called with the object as
    /// its first argument.
    fn method(&self, receiver: &Type, name: &str) -> Option<Found>;

    /// The order in which objects die.
    fn death_order(&self) -> DeathOrder {
        DeathOrder::default()
    }

    /// The points at which garbage is collected.
    fn collector(&self) -> Collector {
        Collector::default()
    }
}

/// A world without any known facts.
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
