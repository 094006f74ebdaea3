//! The functions that call sites name, and what is known about them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use cranelift_entity::PrimaryMap;

use super::constant::ConstValue;
use super::entities::CalleeRef;
use super::types::Type;
use crate::metadata::{Overload, Signature};

/// A callable whose signature is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callee {
    /// Its overloads.
    pub signature: Signature,
    /// The C function that a direct call reaches.
    pub target: CalleeTarget,
}

/// The C function that a direct call of a callable reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalleeTarget {
    /// The underlying function of each overload, on C values.
    Underlying,
    /// Only the wrapper, `ml_meth`, on objects, in its METH_ convention.
    Method,
    /// No C function: a class, since the function that makes its instances is not reachable. Its overloads give the
    /// type of the result.
    Class,
}

/// A C function on C numbers that does the work of one on objects: `sqrt` of the C library for `math.sqrt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalleeBelow {
    /// Its callee; the target is an underlying function that never raises.
    pub callee: CalleeRef,
    /// Whether its result is right only if it is finite.
    pub finite: bool,
}

/// An overload of a callee, as an instruction names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Called {
    /// The callee; `None` in IR that was read from text, which has only the names.
    pub callee: Option<CalleeRef>,
    /// Its overload.
    pub overload: u16,
    /// The text form: the qualified name, with `#1` after it for overload 1 if there are several.
    pub text: Arc<str>,
}

impl Called {
    /// A reference that was read from text.
    pub fn read(text: impl Into<Arc<str>>) -> Self {
        Self { callee: None, overload: 0, text: text.into() }
    }
}

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The callables whose signatures are known, each with a qualified name of its own (`str.upper`, `demo.inc`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callees {
    all: PrimaryMap<CalleeRef, Named>,
    by_name: BTreeMap<Arc<str>, CalleeRef>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    name: Arc<str>,
    callee: Callee,
    below: Option<CalleeBelow>,
}

impl Callees {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a callable, or replaces the one with this name.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, callee: Callee) -> CalleeRef {
        let name = name.into();
        let named = Named { name: name.clone(), callee, below: None };
        match self.by_name.get(&name) {
            Some(&known) => {
                self.all[known] = named;
                known
            }
            None => {
                let added = self.all.push(named);
                self.by_name.insert(name, added);
                added
            }
        }
    }

    /// Sets the function below a callable. It is a callee of its own.
    pub fn set_below(&mut self, of: CalleeRef, below: CalleeBelow) {
        self.all[of].below = Some(below);
    }

    /// The function below a callable.
    pub fn below(&self, of: CalleeRef) -> Option<&CalleeBelow> {
        self.all[of].below.as_ref()
    }

    /// The callable of that qualified name.
    pub fn find(&self, name: &str) -> Option<CalleeRef> {
        self.by_name.get(name).copied()
    }

    /// The data of a callable.
    pub fn get(&self, callee: CalleeRef) -> &Callee {
        &self.all[callee].callee
    }

    /// Its qualified name.
    pub fn name(&self, callee: CalleeRef) -> &Arc<str> {
        &self.all[callee].name
    }

    /// The callable that a constant is.
    pub fn of_constant(&self, ty: &Type) -> Option<CalleeRef> {
        let object = ty.const_object()?;
        match object.value {
            ConstValue::Callee(callee) => Some(callee),
            // In IR that was read from text, the name identifies the callee. Otherwise an object may have the same
            // label as a callee without being it.
            ConstValue::Object if object.address.is_none() => {
                let kinds = [Type::C_FUNCTION, Type::METHOD_DESCR, Type::TYPE];
                self.find(&object.label).filter(|_| kinds.iter().any(|kind| ty.is_subtype(kind)))
            }
            _ => None,
        }
    }

    /// An overload of a callable, for an instruction.
    pub fn called(&self, callee: CalleeRef, overload: usize) -> Called {
        let Named { name, callee: known, .. } = &self.all[callee];
        let is_alone = known.signature.overloads.len() < 2;
        let text = if is_alone { name.clone() } else { format!("{name}#{overload}").into() };
        Called { callee: Some(callee), overload: u16::try_from(overload).unwrap_or(u16::MAX), text }
    }

    /// The callable and the overload that an instruction calls.
    pub fn overload(&self, called: &Called) -> Option<(&Callee, &Overload)> {
        let (callee, index) = match called.callee {
            Some(callee) => (callee, usize::from(called.overload)),
            None => self.read(&called.text)?,
        };
        let callee = &self.all.get(callee)?.callee;
        Some((callee, callee.signature.overloads.get(index)?))
    }

    /// Resolves a text such as `demo.inc` or `demo.abs#1`. The whole text is tried as a name first, since a name may
    /// contain a `#`.
    fn read(&self, text: &str) -> Option<(CalleeRef, usize)> {
        if let Some(callee) = self.find(text) {
            return Some((callee, 0));
        }
        let (name, index) = text.rsplit_once('#')?;
        Some((self.find(name)?, index.parse().ok()?))
    }

    /// All callables, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Callee)> {
        self.by_name.iter().map(|(name, &callee)| (name, self.get(callee)))
    }
}
