//! What is known about the functions that call sites name.

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
    /// What a direct call reaches.
    pub target: CalleeTarget,
}

/// What a direct call of a callable reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalleeTarget {
    /// The underlying function of each overload, on C values.
    Underlying,
    /// Only the wrapper behind `ml_meth`, on objects, in its METH_ shape.
    Method,
    /// Nothing: a class, of which nobody has the function that makes its instances. Its overloads say what comes out.
    Class,
}

/// A C function below one on objects, on C numbers: `sqrt` of the C library below `math.sqrt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// The callee that it is, whose target is an underlying function that never raises.
    pub callee: CalleeRef,
    /// Its result is the other's only where it is finite.
    pub finite: bool,
}

/// An overload of a callee, as an instruction has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Called {
    /// The callee; `None` in IR that was read from text, which has the names alone.
    pub callee: Option<CalleeRef>,
    /// Its overload.
    pub overload: u16,
    /// How it prints: the qualified name, `#1` after it for overload 1 where there are several.
    pub text: Arc<str>,
}

impl Called {
    /// As a text has it.
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
    below: Option<Below>,
}

impl Callees {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, or replaces the one of that name.
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

    /// Says which function is below one. It is a callee of its own.
    pub fn set_below(&mut self, of: CalleeRef, below: Below) {
        self.all[of].below = Some(below);
    }

    /// The function below one.
    pub fn below(&self, of: CalleeRef) -> Option<&Below> {
        self.all[of].below.as_ref()
    }

    /// The callable of that qualified name.
    pub fn find(&self, name: &str) -> Option<CalleeRef> {
        self.by_name.get(name).copied()
    }

    /// What is known of a callable.
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
            // In IR that was read from text, its name says which. Other objects may have a callee's name for their label: a
            // text that says just that.
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

    /// What a text means: `demo.inc`, `demo.abs#1`. The name as a whole first: nothing forbids a `#` in it.
    fn read(&self, text: &str) -> Option<(CalleeRef, usize)> {
        if let Some(callee) = self.find(text) {
            return Some((callee, 0));
        }
        let (name, index) = text.rsplit_once('#')?;
        Some((self.find(name)?, index.parse().ok()?))
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Callee)> {
        self.by_name.iter().map(|(name, &callee)| (name, self.get(callee)))
    }
}
