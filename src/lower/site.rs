//! A stub's call site: the overloads that it dispatches to, their IR before and after specialization, its plan.

use std::sync::Arc;

use super::checked::convert_ints;
use super::plan::{Arm, Binding, Convention, Frame, Plan};
use super::planner::{Unsupported, plan_arm};
use crate::ir::dispatch::never_taken_by;
use crate::ir::{Callee, CalleeTarget, Callees, ConstObject, Function, Type, assume_arguments, call_site, passes};
use crate::metadata::{Overload, Signature};

/// What a stub calls, and how it is called.
#[derive(Clone, Debug)]
pub struct CallSite {
    /// The callee's qualified name.
    pub name: String,
    /// How the stub is called.
    pub frame: Frame,
    /// What is known about the callee.
    pub signature: Arc<Signature>,
    /// What the stub's code calls.
    pub target: CalleeTarget,
    /// The positions of the overloads that the stub is made for, at least one, in their order.
    pub overloads: Vec<u16>,
}

impl CallSite {
    /// The first overload that the stub is made for.
    pub fn overload(&self) -> &Overload {
        &self.signature.overloads[usize::from(self.overloads[0])]
    }

    /// The IR of the call before anything is known about the callee, once for each overload. Where the stub's caller has
    /// proven the types of the arguments, they are in it.
    pub fn generic(&self) -> Vec<Function> {
        self.overloads.iter().map(|overload| self.generic_arm(*overload)).collect()
    }

    /// The IR of the calls of the underlying functions, once for each overload.
    pub fn specialized(&self) -> Vec<Function> {
        let specialize = |overload: &u16| {
            let mut function = self.generic_arm(*overload);
            passes::run(&mut function, &self.callees(*overload));
            function
        };
        self.overloads.iter().map(specialize).collect()
    }

    /// What the stub's code does. An overload has an arm where it can be lowered and no call that its guards let through
    /// may have been one of an earlier overload; other calls of it take the fallback.
    ///
    /// # Errors
    /// Why no overload has an arm: the first one's reason.
    pub fn plan(&self) -> Result<Plan, Unsupported> {
        let mut first_error = None;
        let mut arms = Vec::new();
        for overload in &self.overloads {
            match self.plan_arm(*overload) {
                Ok(arm) => arms.push(arm),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        match first_error {
            Some(error) if arms.is_empty() => Err(error),
            _ => Ok(Plan { frame: self.frame, arms }),
        }
    }

    /// The overloads whose calls take the fallback, with the reasons.
    pub fn without_arm(&self) -> Vec<(u16, Unsupported)> {
        self.overloads.iter().filter_map(|overload| Some((*overload, self.plan_arm(*overload).err()?))).collect()
    }

    fn plan_arm(&self, overload: u16) -> Result<Arm, Unsupported> {
        let this = self.at(overload);
        let earlier = self.signature.overloads[..usize::from(overload)].iter();
        // A stub that is made for one overload has no others to keep apart.
        if self.overloads.len() > 1
            && let Some(taker) = earlier.clone().find(|earlier| !never_taken_by(this, earlier))
        {
            let reason = format!("the same arguments may be a call of {taker}, which comes first");
            return Err(Unsupported::new(this.to_string(), reason));
        }
        let mut function = self.generic_arm(overload);
        let callees = self.callees(overload);
        if let Some(call) = passes::run(&mut function, &callees).pop() {
            return Err(Unsupported::new(this.to_string(), call.reason));
        }
        let mut arm = plan_arm(&function, &callees, &self.frame, overload, arity(this))?;
        if self.frame.binding == Binding::Bare {
            convert_ints(&mut arm);
        }
        Ok(arm)
    }

    fn generic_arm(&self, overload: u16) -> Function {
        let constant = match self.frame.binding {
            Binding::Function | Binding::Bare => Type::C_FUNCTION,
            Binding::Method => Type::METHOD_DESCR,
        };
        let callable = constant.constant(ConstObject::symbolic(self.callee_name(overload)));
        let this = self.at(overload);
        let mut function = call_site(callable, arity(this));
        if matches!(self.frame.convention, Convention::Objects { .. }) {
            assume_arguments(&mut function, this);
        }
        function
    }

    /// The one callee of an arm.
    fn callees(&self, overload: u16) -> Callees {
        let signature = Signature { overloads: vec![self.at(overload).clone()] };
        let mut callees = Callees::new();
        callees.insert(self.callee_name(overload), Callee { signature, target: self.target });
        callees
    }

    /// As IR names an overload.
    fn callee_name(&self, overload: u16) -> String {
        if self.signature.overloads.len() > 1 { format!("{}#{overload}", self.name) } else { self.name.clone() }
    }

    fn at(&self, overload: u16) -> &Overload {
        &self.signature.overloads[usize::from(overload)]
    }
}

/// The number of arguments of a call of an overload.
pub fn arity(overload: &Overload) -> u16 {
    u16::try_from(overload.arguments().count()).expect("an overload has at most 16 parameters")
}
