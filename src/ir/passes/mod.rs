//! The passes, in one list: each is a file, and a function from IR to better IR.

mod avoided;
pub mod convert_ints;
pub mod dead_code;
pub mod error_checks;
pub mod guard_elimination;
pub mod load_elimination;
pub mod refcounts;
pub mod specialize_calls;
pub mod type_propagation;
pub mod unboxing;

use std::fmt;

pub use avoided::Avoided;

use super::analyses::{Analyses, Change};
use super::callee::Callees;
use super::entities::Inst;
use super::function::Function;
use super::instruction::Failure;
use super::world::{Unknown, World};

/// A pass.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// The name of its file.
    pub name: &'static str,
    /// The log target for its result.
    pub target: &'static str,
    /// Changes the function and returns what it changed; adds the calls that it had to leave alone.
    pub run: fn(&mut Function, &Knowledge<'_>, &mut PassRun) -> Change,
}

/// The state that is kept between passes over a function.
#[derive(Debug, Default)]
pub struct PassRun {
    /// The analyses of the function, as long as they are valid.
    pub analyses: Analyses,
    /// The calls that were left alone.
    pub left_alone: Vec<NotSpecialized>,
}

/// The passes' knowledge about the world outside a function.
#[derive(Clone, Copy)]
pub struct Knowledge<'a> {
    /// The functions that can be called directly.
    pub callees: &'a Callees,
    /// The objects that names refer to.
    pub world: &'a dyn World,
    /// What happens if a guard fails that a pass adds: the stub's or the function's way out.
    pub failure: Failure,
    /// The expectations of an earlier version that failed too often.
    pub avoided: &'a Avoided,
    /// A mistake that is made on purpose.
    #[cfg(debug_assertions)]
    pub mistake: Option<super::Mistake>,
}

impl<'a> Knowledge<'a> {
    /// The knowledge for a stub's call: callees, and nothing else. Its guards leave through the fallback.
    pub fn of(callees: &'a Callees) -> Self {
        Self { failure: Failure::Fallback, ..Self::of_function(callees, &Unknown) }
    }

    /// The knowledge for a whole function: its guards leave through exits.
    pub fn of_function(callees: &'a Callees, world: &'a dyn World) -> Self {
        Self {
            callees,
            world,
            failure: Failure::Exit,
            avoided: Avoided::NOTHING,
            #[cfg(debug_assertions)]
            mistake: None,
        }
    }
}

impl fmt::Debug for Knowledge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Knowledge")
            .field("callees", self.callees)
            .field("avoided", self.avoided)
            .finish_non_exhaustive()
    }
}

/// A call that was left unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotSpecialized {
    /// The call.
    pub inst: Inst,
    /// The reason.
    pub reason: String,
}

/// The passes over a stub's call, in the order in which they run.
pub fn passes() -> [Pass; 3] {
    [
        Pass {
            name: "specialize_calls",
            target: "typedcall::ir::passes::specialize_calls",
            run: specialize_calls::run,
        },
        Pass { name: "dead_code", target: "typedcall::ir::passes::dead_code", run: dead_code::run },
        REFCOUNTS,
    ]
}

/// Makes references explicit, last.
const REFCOUNTS: Pass = Pass {
    name: "refcounts",
    target: "typedcall::ir::passes::refcounts",
    run: |function, knowledge, run| refcounts::run(function, knowledge.world, &mut run.analyses),
};

/// How often loads and calls are looked at: each time, more may be known about what is loaded from a result.
const ROUNDS: usize = 8;

/// The passes over a whole function, in the order in which they run. The first three run again as long as they change
/// something.
pub fn function_passes() -> [Pass; 9] {
    [
        Pass {
            name: "type_propagation",
            target: "typedcall::ir::passes::type_propagation",
            run: type_propagation::run,
        },
        Pass {
            name: "load_elimination",
            target: "typedcall::ir::passes::load_elimination",
            run: |function, knowledge, _| load_elimination::run(function, knowledge),
        },
        Pass {
            name: "specialize_calls",
            target: "typedcall::ir::passes::specialize_calls",
            run: specialize_calls::run,
        },
        Pass {
            name: "guard_elimination",
            target: "typedcall::ir::passes::guard_elimination",
            run: guard_elimination::run,
        },
        Pass {
            name: "unboxing",
            target: "typedcall::ir::passes::unboxing",
            run: |function, knowledge, run| unboxing::run(function, knowledge, &mut run.analyses),
        },
        Pass {
            name: "guard_elimination",
            target: "typedcall::ir::passes::guard_elimination",
            run: guard_elimination::run,
        },
        Pass {
            name: "error_checks",
            target: "typedcall::ir::passes::error_checks",
            run: |function, knowledge, _| error_checks::run(function, knowledge),
        },
        Pass { name: "dead_code", target: "typedcall::ir::passes::dead_code", run: dead_code::run },
        REFCOUNTS,
    ]
}

/// The number of passes of [`function_passes`] that run again.
const REPEATED: usize = 3;

/// Runs all passes over a function that the verifier accepts. Returns the calls that stay calls of Python objects.
///
/// # Panics
/// In debug builds, if the function is not correct after a pass.
pub fn run_function(function: &mut Function, knowledge: &Knowledge<'_>) -> Vec<NotSpecialized> {
    run_function_observed(function, knowledge, |_, _, _| ())
}

/// The same, and shows the function after each pass, and whether the pass changed it.
///
/// # Panics
/// In debug builds, if the function is not correct after a pass.
pub fn run_function_observed(
    function: &mut Function,
    knowledge: &Knowledge<'_>,
    mut observe: impl FnMut(&Pass, &Function, bool),
) -> Vec<NotSpecialized> {
    let mut run = PassRun::default();
    let passes = function_passes();
    let (repeated, once) = passes.split_at(REPEATED);
    let mut apply = |function: &mut Function, run: &mut PassRun, pass: &Pass| {
        let change = (pass.run)(function, knowledge, run);
        run.analyses.forget(change);
        // If the function was wrong before the pass, the pass is not to blame; but the function must not be used.
        debug_assert_eq!(function.verify_calls(knowledge.callees), Ok(()), "after {}:\n{function:#}", pass.name);
        if change.is_any() {
            log::trace!(target: pass.target, "{function:#}");
        }
        observe(pass, function, change.is_any());
        change
    };
    for _ in 0..ROUNDS {
        let change = repeated.iter().fold(Change::Nothing, |change, pass| change | apply(function, &mut run, pass));
        if !change.is_any() {
            break;
        }
    }
    for pass in once {
        #[cfg(debug_assertions)]
        if pass.name == REFCOUNTS.name
            && let Some(mistake) = knowledge.mistake
        {
            run.analyses.forget(mistake.before_references(function));
        }
        apply(function, &mut run, pass);
    }
    debug_assert_eq!(function.verify_references(knowledge.callees), Ok(()), "references of\n{function:#}");
    #[cfg(debug_assertions)]
    if let Some(mistake) = knowledge.mistake {
        mistake.after_passes(function);
    }
    run.left_alone
}

/// Runs all passes over a stub's call that the verifier accepts.
///
/// # Panics
/// In debug builds, if the function is not correct after a pass.
pub fn run(function: &mut Function, callees: &Callees) -> Vec<NotSpecialized> {
    let mut run = PassRun::default();
    for pass in passes() {
        let change = (pass.run)(function, &Knowledge::of(callees), &mut run);
        run.analyses.forget(change);
        // If the function was wrong before the pass, the pass is not to blame; but the function must not be used.
        debug_assert_eq!(function.verify(), Ok(()), "after {}:\n{function}", pass.name);
    }
    run.left_alone
}
