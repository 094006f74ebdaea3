//! Constant objects: what a Python object that is known when the IR is built is, and how it prints.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::entities::CalleeRef;
use super::types::Type;
use crate::metadata::TypePlace;

/// A Python object known when the IR is built; symbolic unless it has an address.
///
/// Two symbolic objects of one label and value are the same object. The text form shows the label only, so that it repeats
/// from one run to the next; what an object *is* says its value, and never its label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConstObject {
    /// How it prints: the text of a string, the qualified name of a callable.
    pub label: Arc<str>,
    /// What is known of it.
    pub value: ConstValue,
    /// Address of the object, where it is live. Whoever sets it keeps the object alive as long as the IR and its code.
    pub address: Option<NonZeroUsize>,
}

/// What a constant object is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConstValue {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An exact int of 64 bits.
    Int(i64),
    /// An exact float, by its bits.
    Float(u64),
    /// An exact str that is valid UTF-8.
    Text(Arc<str>),
    /// A callable whose signature is known.
    Callee(CalleeRef),
    /// Some other object.
    Object,
}

impl ConstObject {
    /// An object known by name only.
    pub fn symbolic(label: impl Into<Arc<str>>) -> Self {
        Self { label: label.into(), value: ConstValue::Object, address: None }
    }

    /// A live object.
    pub fn at(label: impl Into<Arc<str>>, address: NonZeroUsize) -> Self {
        Self { label: label.into(), value: ConstValue::Object, address: Some(address) }
    }

    /// The same object, of which this is known.
    pub fn with_value(self, value: ConstValue) -> Self {
        Self { value, ..self }
    }

    /// The symbolic object of one of these leaves that a text means by a label: `"3"` is the int 3 where only an int is
    /// possible. What reads text asks this, and nobody else.
    pub fn read(leaves: &Type, label: impl Into<Arc<str>>) -> Self {
        let label: Arc<str> = label.into();
        let is = |wanted: &Type| !leaves.is_bottom() && leaves.is_subtype(wanted);
        let value = if is(&Type::LONG_EXACT) {
            let number = label.parse::<i64>().ok().filter(|number| *number.to_string() == *label);
            number.map(ConstValue::Int)
        } else if is(&Type::FLOAT_EXACT) {
            // Rust reads more than Python writes.
            let is_number = label.chars().all(|character| "+-.0123456789einfa".contains(character));
            label.parse::<f64>().ok().filter(|_| is_number).map(|number| ConstValue::Float(number.to_bits()))
        } else if is(&Type::BOOL) {
            [true, false].into_iter().find(|truth| *label == *python_bool(*truth)).map(ConstValue::Bool)
        } else if is(&Type::NONE_TYPE) {
            Some(ConstValue::None)
        } else if is(&Type::UNICODE_EXACT) {
            Some(ConstValue::Text(label.clone()))
        } else {
            None
        };
        Self { label, value: value.unwrap_or(ConstValue::Object), address: None }
    }

    /// Whether both are certainly one object.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self.address, other.address) {
            (Some(mine), Some(theirs)) => mine == theirs,
            (None, None) => (&self.label, &self.value) == (&other.label, &other.value),
            _ => false,
        }
    }

    /// Whether both are certainly two objects.
    pub(super) fn is_distinct(&self, other: &Self) -> bool {
        matches!((self.address, other.address), (Some(mine), Some(theirs)) if mine != theirs)
    }
}

/// A class whose instances are meant, known when the IR is built; symbolic unless it has a place.
///
/// Two symbolic classes of one label are the same class, and so is what one variable holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConstClass {
    /// How it prints: the qualified name.
    pub label: Arc<str>,
    /// Whether it is one of CPython's own, in its module `builtins`: its instances keep it as their class.
    pub is_builtin: bool,
    /// Where it is found, if it is live.
    pub place: Option<TypePlace>,
}

impl ConstClass {
    /// The class of this qualified name.
    pub fn new(name: impl Into<Arc<str>>, place: Option<TypePlace>) -> Self {
        let label: Arc<str> = name.into();
        Self { is_builtin: label.starts_with("builtins."), label, place }
    }

    /// Whether both are certainly one class.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.place == other.place && (self.place.is_some() || self.label == other.label)
    }

    /// Whether both are certainly two classes. Two variables may hold the same one.
    pub(super) fn is_distinct(&self, other: &Self) -> bool {
        let (Some(TypePlace::Object(mine)), Some(TypePlace::Object(theirs))) = (self.place, other.place) else {
            return false;
        };
        mine != theirs
    }
}

/// As Python writes a truth value.
fn python_bool(truth: bool) -> &'static str {
    if truth { "True" } else { "False" }
}
