//! A stub's call site: the overloads that it dispatches to, their IR before and after specialization, and its plan.

use std::sync::Arc;

use super::arm::plan_arm;
use super::audit::Promises;
use super::frame::{Binding, Convention, Frame};
use super::plan::{Arm, Given, Plan};
use crate::ir::dispatch::never_taken_by;
use crate::ir::passes::{self, NotSpecialized};
use crate::ir::{
    Callee, CalleeTarget, Callees, ConstObject, ConstValue, Function, Instruction, Type, assume_arguments,
    assume_types, call_site,
};
use crate::lower::convention::MethodConvention;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{DefaultValue, Kind, Overload, Signature};

/// The callee of a stub, and how the stub is called.
#[derive(Clone, Debug)]
pub struct CallSite {
    /// The callee's qualified name.
    pub name: String,
    /// How the stub is called.
    pub frame: Frame,
    /// The known facts about the callee.
    pub signature: Arc<Signature>,
    /// The function that the stub's code calls.
    pub target: CalleeTarget,
    /// The positions of the overloads that the stub is made for, at least one, in their order.
    pub overloads: Vec<u16>,
    /// Whether the code checks the callee's promises.
    pub audited: bool,
    /// Whether calls are counted.
    pub counted: bool,
    /// The one call that the stub is made for; `None` if it is made for every call that its overloads take.
    pub call: Option<Arc<Call>>,
}

/// One call, as far as it is known when its stub is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Call {
    /// The proven types of the arguments: the receiver of a method descriptor first, then those given by position, then
    /// those given by name. An argument may be known only as a [`Type::OBJECT`]; the stub checks the rest.
    pub arguments: Vec<Type>,
    /// The names of the last arguments.
    pub keywords: Vec<Arc<str>>,
}

/// The IR of a call, and its callee.
struct CallIr {
    function: Function,
    callees: Callees,
}

/// The same call after the passes.
struct Specialized {
    function: Function,
    callees: Callees,
    /// Why the call stayed a call of a Python object, if it did.
    left_alone: Option<NotSpecialized>,
}

impl CallSite {
    /// The first overload that the stub is made for.
    pub fn overload(&self) -> &Overload {
        &self.signature.overloads[usize::from(self.overloads[0])]
    }

    /// The same call site, which keeps the GIL whatever the signature says, if `keeps_gil` is set. This gives another
    /// signature, and thus another shape.
    pub(crate) fn keeping_gil(mut self, keeps_gil: bool) -> Self {
        if keeps_gil && self.signature.releases_gil() {
            for overload in &mut Arc::make_mut(&mut self.signature).overloads {
                overload.effects.nogil = false;
            }
        }
        self
    }

    /// The IR of the call before anything is known about the callee, once for each overload. If the stub's caller has
    /// proven the types of the arguments, they are in it.
    pub fn generic(&self) -> Vec<Function> {
        if let Some(call) = &self.call {
            return vec![self.generic_call(call).function];
        }
        self.overloads.iter().map(|overload| self.generic_arm(*overload).function).collect()
    }

    /// The IR of the calls of the underlying functions, once for each overload.
    pub fn specialized(&self) -> Vec<Function> {
        if let Some(call) = &self.call {
            return vec![self.specialize(self.generic_call(call)).function];
        }
        let specialize = |overload: &u16| self.specialize(self.generic_arm(*overload)).function;
        self.overloads.iter().map(specialize).collect()
    }

    /// Runs the passes over a call.
    fn specialize(&self, mut call: CallIr) -> Specialized {
        let left_alone = passes::run(&mut call.function, &call.callees).pop();
        // CPython's own converters take an int for a float, and there is no wrapper that could decide otherwise.
        if matches!(self.frame.binding, Binding::Bare | Binding::Foreign { .. }) {
            passes::convert_ints::run(&mut call.function);
        }
        let CallIr { function, callees } = call;
        debug_assert_eq!(function.verify_calls(&callees), Ok(()), "{function}");
        debug_assert_eq!(function.verify_references(&callees), Ok(()), "references of\n{function:#}");
        Specialized { function, callees, left_alone }
    }

    /// The plan of the stub. An overload has an arm if it can be lowered, and if its guards accept no call that may
    /// have been a call of an earlier overload. Other calls of it take the fallback.
    ///
    /// # Errors
    /// The reason of the first overload, if no overload has an arm.
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
        if let Some(call) = &self.call {
            return self.plan_call(call);
        }
        let this = self.at(overload);
        if let (Some(name), false) = (keyword_only(this).first(), self.frame.original.takes_keywords()) {
            let reason = format!("{name} is given by name only, and {} passes no names", self.frame.original.name());
            return Err(Unsupported::new(this.to_string(), reason));
        }
        let earlier = self.signature.overloads[..usize::from(overload)].iter();
        // If the caller has proven the types of one overload, no other ones have to be told apart from it.
        let by_name = self.frame.original.takes_keywords();
        if !matches!(self.frame.convention, Convention::Objects { .. })
            && let Some(taker) = earlier.clone().find(|earlier| !never_taken_by(this, earlier, by_name))
        {
            let reason = format!("the same arguments may be a call of {taker}, which comes first");
            return Err(Unsupported::new(this.to_string(), reason));
        }
        let Specialized { function, callees, left_alone } = self.specialize(self.generic_arm(overload));
        if let Some(call) = left_alone {
            return Err(Unsupported::new(this.to_string(), call.reason));
        }
        let mut arm = plan_arm(function, callees, &self.frame, overload, arity(this))?;
        arm.given = self.given(overload);
        arm.held = held_defaults(this);
        arm.keywords = u16::try_from(keyword_only(this).len()).expect("an overload has at most 16 parameters");
        arm.audit = self.audit(this);
        arm.counted = self.counted;
        Ok(arm)
    }

    /// The arm for one call, of any of the overloads.
    fn plan_call(&self, call: &Call) -> Result<Arm, Unsupported> {
        let Specialized { function, callees, left_alone } = self.specialize(self.generic_call(call));
        if let Some(left) = left_alone {
            return Err(Unsupported::new(format!("the call of {}", self.name), left.reason));
        }
        let called = function.instructions().find_map(|(_, _, data)| match &data.instruction {
            Instruction::CallCFunction { callee, .. } => Some(callee.overload),
            _ => None,
        });
        let overload = called.unwrap_or(0);
        let arity = call.arguments.len().saturating_sub(usize::from(self.frame.objects(0)));
        let count = |count: usize| {
            let many = || Unsupported::new(format!("a call of {count} arguments"), "no overload has so many");
            u16::try_from(count).map_err(|_| many())
        };
        let mut arm = plan_arm(function, callees, &self.frame, overload, count(arity)?)?;
        arm.keywords = count(call.keywords.len())?;
        arm.audit = self.audit(self.at(overload));
        // A receiver with a kind is proven or guarded to be of it; any other one must be an instance of the
        // descriptor's type.
        let receiver = self.at(overload).parameters.iter().find(|parameter| parameter.receiver);
        arm.checks_receiver =
            self.frame.binding == Binding::Method && receiver.is_none_or(|receiver| receiver.kind == Kind::Object);
        arm.counted = self.counted;
        Ok(arm)
    }

    /// The promises to check. A wrapper keeps its own promises, so they need no check. A function without a wrapper
    /// cannot be compared.
    fn audit(&self, overload: &Overload) -> Option<Promises> {
        let has_wrapper = matches!(self.frame.binding, Binding::Function | Binding::Method);
        let audited = self.audited && self.target == CalleeTarget::Underlying && has_wrapper;
        audited.then(|| Promises::of(overload))
    }

    /// How the calls of an overload give its arguments.
    pub fn given(&self, overload: u16) -> Given {
        let by_array = match self.frame.convention {
            Convention::Objects { .. } => false,
            Convention::Method(method) => method.array_at().is_some(),
            Convention::Vectorcall => true,
        };
        let by_name = self.frame.original.takes_keywords();
        let mut given = Given::ByPosition;
        // METH_NOARGS and METH_O always pass the same number of arguments, by position.
        let fixed = matches!(self.frame.original, MethodConvention::NoArgs | MethodConvention::O);
        for (_, parameter) in self.at(overload).arguments().filter(|_| by_array && !fixed) {
            if parameter.keyword_only {
                return Given::AlwaysMatched;
            }
            if parameter.default.is_some() || (by_name && parameter.name.is_some()) {
                given = Given::Matched;
            }
        }
        given
    }

    /// The IR of the calls of one overload, with that overload as its only callee.
    fn generic_arm(&self, overload: u16) -> CallIr {
        let this = self.at(overload);
        let is_alone = self.signature.overloads.len() == 1;
        let label = if is_alone { self.name.as_str().into() } else { format!("{}#{overload}", self.name).into() };
        let (callees, callable) = self.callee(label, Signature { overloads: vec![this.clone()] });
        let mut function = call_site(callable, arity(this), &keyword_only(this));
        if matches!(self.frame.convention, Convention::Objects { .. }) {
            assume_arguments(&mut function, this);
        }
        CallIr { function, callees }
    }

    /// The IR of the one call that the stub is made for, with all overloads of its callee.
    fn generic_call(&self, call: &Call) -> CallIr {
        let receivers = usize::from(self.frame.objects(0));
        let count = u16::try_from(call.arguments.len().saturating_sub(receivers)).unwrap_or(u16::MAX);
        let (callees, callable) = self.callee(self.name.as_str().into(), Signature::clone(&self.signature));
        let mut function = call_site(callable, count, &call.keywords);
        assume_types(&mut function, &call.arguments, receivers);
        CallIr { function, callees }
    }

    /// The only callee, and its constant in IR. The label is for readers.
    fn callee(&self, label: Arc<str>, signature: Signature) -> (Callees, Type) {
        let mut callees = Callees::new();
        let callee = callees.insert(label.clone(), Callee { signature, target: self.target });
        let constant = match self.frame.binding {
            // Foreign functions have no type of their own: nothing in IR looks at a callee's type.
            Binding::Function | Binding::Bare | Binding::Foreign { .. } => Type::C_FUNCTION,
            Binding::Method => Type::METHOD_DESCR,
        };
        let object = ConstObject::symbolic(label).with_value(ConstValue::Callee(callee));
        (callees, constant.constant(object))
    }

    fn at(&self, overload: u16) -> &Overload {
        &self.signature.overloads[usize::from(overload)]
    }
}

/// The names of the arguments that can be given by name only: the last ones.
pub fn keyword_only(overload: &Overload) -> Vec<Arc<str>> {
    let only = overload.arguments().filter(|(_, parameter)| parameter.keyword_only);
    only.filter_map(|(_, parameter)| parameter.name.as_deref()).map(Into::into).collect()
}

/// The number of arguments of a call of an overload.
pub fn arity(overload: &Overload) -> u16 {
    u16::try_from(overload.arguments().count()).expect("an overload has at most 16 parameters")
}

/// How many arguments of an overload may be left out for the object in a variable.
fn held_defaults(overload: &Overload) -> u16 {
    let in_variable = |default: &Option<DefaultValue>| matches!(default, Some(DefaultValue::Object { .. }));
    let count = overload.arguments().filter(|(_, parameter)| in_variable(&parameter.default)).count();
    u16::try_from(count).expect("an overload has at most 16 parameters")
}
