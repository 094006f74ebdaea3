//! What is known about the functions that call sites name.

use std::collections::BTreeMap;
use std::sync::Arc;

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
    /// Its name as a callee, whose target is an underlying function that never raises.
    pub callee: Arc<str>,
    /// Its result is the other's only where it is finite.
    pub finite: bool,
}

/// The callables whose signatures are known, by qualified name (`str.upper`, `demo.inc`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callees {
    by_name: BTreeMap<Arc<str>, Callee>,
    below: BTreeMap<Arc<str>, Below>,
}

impl Callees {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, or replaces the one of that name.
    pub fn insert(&mut self, name: impl Into<Arc<str>>, callee: Callee) {
        self.by_name.insert(name.into(), callee);
    }

    /// Says which function is below the one of that name. It is a callee of its own.
    pub fn set_below(&mut self, name: impl Into<Arc<str>>, below: Below) {
        self.below.insert(name.into(), below);
    }

    /// The function below the one of that name.
    pub fn below(&self, name: &str) -> Option<&Below> {
        self.below.get(name)
    }

    /// The callable of that qualified name.
    pub fn get(&self, name: &str) -> Option<&Callee> {
        self.by_name.get(name)
    }

    /// The callable and the overload that a `CallCFunction` names: `demo.inc`, `demo.abs#1`.
    pub fn overload(&self, name: &str) -> Option<(&Callee, &Overload)> {
        // The name as a whole first: nothing forbids a `#` in the name of a callable.
        let (callee, index) = match (self.get(name), name.rsplit_once('#')) {
            (Some(callee), _) => (callee, 0),
            (None, Some((name, index))) => (self.get(name)?, index.parse().ok()?),
            (None, None) => return None,
        };
        Some((callee, callee.signature.overloads.get(index)?))
    }

    /// The name that a `CallCFunction` uses for an overload of a callable.
    pub fn overload_name(&self, name: &str, index: usize) -> Arc<str> {
        match self.get(name) {
            Some(callee) if callee.signature.overloads.len() > 1 => format!("{name}#{index}").into(),
            _ => name.into(),
        }
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Callee)> {
        self.by_name.iter()
    }
}
