//! A stub's call site: its IR before and after specialization.

use std::sync::Arc;

use crate::error::Error;
use crate::ir::{Callee, CalleeTarget, Callees, ConstObject, Function, Type, assume_arguments, call_site, passes};
use crate::lower::{Binding, Convention, Frame, Plan, Unsupported, plan};
use crate::metadata::{Overload, Signature};
use crate::registry::KnownMethod;

/// What a stub calls, and how it is called.
#[derive(Clone, Debug)]
pub struct CallSite {
    /// The callee's qualified name.
    pub name: String,
    /// How the stub is called.
    pub frame: Frame,
    known: Arc<KnownMethod>,
    overload: usize,
}

impl CallSite {
    /// The call site of a stub for one overload of a method.
    pub fn new(name: String, known: Arc<KnownMethod>, overload: usize, frame: Frame) -> Self {
        Self { name, frame, known, overload }
    }

    /// The overload that the stub is made for.
    pub fn overload(&self) -> &Overload {
        &self.known.signature.overloads[self.overload]
    }

    /// Its position among the overloads.
    pub fn overload_index(&self) -> usize {
        self.overload
    }

    /// What the stub's code calls.
    pub fn target(&self) -> CalleeTarget {
        self.known.target
    }

    /// The IR of the call before anything is known about the callee. Where the stub's caller has proven the types of
    /// the arguments, they are in it.
    pub fn generic(&self) -> Function {
        let constant = match self.frame.binding {
            Binding::Function => Type::C_FUNCTION,
            Binding::Method => Type::METHOD_DESCR,
        };
        let callable = constant.constant(ConstObject::symbolic(self.name.as_str()));
        let mut function = call_site(callable, self.frame.arity);
        if self.frame.convention == Convention::Objects {
            assume_arguments(&mut function, self.overload());
        }
        function
    }

    /// The IR of the call of the underlying function.
    pub fn specialized(&self) -> Function {
        let mut function = self.generic();
        passes::run(&mut function, &self.callees());
        function
    }

    /// What the stub's code does.
    ///
    /// # Errors
    /// Signatures that stubs cannot do yet.
    pub fn plan(&self) -> Result<Plan, Error> {
        let unsupported = |source| Error::Unsupported { name: self.name.clone(), source };
        let mut function = self.generic();
        let callees = self.callees();
        if let Some(call) = passes::run(&mut function, &callees).pop() {
            return Err(unsupported(Unsupported::new(self.overload().to_string(), call.reason)));
        }
        plan(&function, &callees, self.frame).map_err(unsupported)
    }

    /// An error that names the callee.
    pub fn mismatch(&self, reason: impl Into<String>) -> Error {
        Error::Mismatch { name: self.name.clone(), reason: reason.into() }
    }

    fn callees(&self) -> Callees {
        let signature = Signature { overloads: vec![self.overload().clone()] };
        let mut callees = Callees::new();
        callees.insert(self.name.as_str(), Callee { signature, target: self.known.target });
        callees
    }
}
