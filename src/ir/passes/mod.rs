//! The passes: each a file, each a function from IR to better IR, in one list.

pub mod dead_code;
pub mod specialize_calls;

use std::fmt;

use super::callee::Callees;
use super::entities::Inst;
use super::function::Function;
use super::world::{Unknown, World};

/// A pass.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// As its file is called.
    pub name: &'static str,
    /// Changes the function; adds the calls that it had to leave alone.
    pub run: fn(&mut Function, &Knowledge<'_>, &mut Vec<NotSpecialized>),
}

/// What passes know about the world outside of a function.
#[derive(Clone, Copy)]
pub struct Knowledge<'a> {
    /// The functions that can be called directly.
    pub callees: &'a Callees,
    /// The objects that names lead to.
    pub world: &'a dyn World,
}

impl<'a> Knowledge<'a> {
    /// Of callees, and of nothing else.
    pub fn of(callees: &'a Callees) -> Self {
        Self { callees, world: &Unknown }
    }
}

impl fmt::Debug for Knowledge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Knowledge").field("callees", self.callees).finish_non_exhaustive()
    }
}

/// A call that stayed as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotSpecialized {
    /// The call.
    pub inst: Inst,
    /// Why.
    pub reason: String,
}

/// The passes over a stub's call, in the order in which they run.
pub fn passes() -> [Pass; 2] {
    [
        Pass { name: "specialize_calls", run: specialize_calls::run },
        Pass { name: "dead_code", run: |function, _, _| dead_code::run(function) },
    ]
}

/// Runs all passes over a stub's call that the verifier accepts.
///
/// # Panics
/// In debug builds, when the function is not correct after a pass.
pub fn run(function: &mut Function, callees: &Callees) -> Vec<NotSpecialized> {
    let mut left_alone = Vec::new();
    for pass in passes() {
        (pass.run)(function, &Knowledge::of(callees), &mut left_alone);
        // A function that was wrong before a pass is no fault of the pass, but nobody may go on with it either.
        debug_assert_eq!(function.verify(), Ok(()), "after {}:\n{function}", pass.name);
    }
    left_alone
}
