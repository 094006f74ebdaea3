//! Constant objects: Python objects that are known when the IR is built, with what is known of them and how they print.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::entities::CalleeRef;
use super::types::Type;
use crate::metadata::{TypePlace, UserType};

/// A Python object that is known when the IR is built; symbolic unless it has an address.
///
/// Two symbolic objects with the same label and value are the same object. The text form shows only the label, so that
/// it is the same in every run. The value says what the object is; the label never does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConstObject {
    /// The text form: the text of a string, the qualified name of a callable.
    pub label: Arc<str>,
    /// The known facts about it.
    pub value: ConstValue,
    /// Address of the object, if it is live. Whoever sets it keeps the object alive as long as the IR and its code.
    pub address: Option<NonZeroUsize>,
}

/// The known facts about a constant object.
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
    /// Any other object.
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

    /// The same object, with this value.
    pub fn with_value(self, value: ConstValue) -> Self {
        Self { value, ..self }
    }

    /// The symbolic object of one of these leaves with a label that was read from text: `"3"` is the int 3 if only an
    /// int is possible. Only readers of text use this.
    pub fn read(leaves: &Type, label: impl Into<Arc<str>>) -> Self {
        let label: Arc<str> = label.into();
        let is = |wanted: &Type| !leaves.is_bottom() && leaves.is_subtype(wanted);
        let value = if is(&Type::LONG_EXACT) {
            let number = label.parse::<i64>().ok().filter(|number| *number.to_string() == *label);
            number.map(ConstValue::Int)
        } else if is(&Type::FLOAT_EXACT) {
            // Rust's parser accepts more than Python writes.
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

    /// Whether both are certainly the same object.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self.address, other.address) {
            (Some(mine), Some(theirs)) => mine == theirs,
            (None, None) => (&self.label, &self.value) == (&other.label, &other.value),
            _ => false,
        }
    }

    /// Whether both are certainly different objects.
    pub(super) fn is_distinct(&self, other: &Self) -> bool {
        matches!((self.address, other.address), (Some(mine), Some(theirs)) if mine != theirs)
    }
}

/// A class that is known when the IR is built, and stands for its instances; symbolic unless it has a place.
///
/// Two symbolic classes with the same label are the same class. So are two classes of the same variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConstClass {
    /// The text form: the qualified name.
    pub label: Arc<str>,
    /// Whether it is one of CPython's own classes in `builtins`, whose instances can't change their class.
    pub is_builtin: bool,
    /// The place where it is found, if it is live.
    pub place: Option<TypePlace>,
}

impl ConstClass {
    /// The class of this qualified name, which is none of CPython's own.
    pub fn new(name: impl Into<Arc<str>>, place: Option<TypePlace>) -> Self {
        Self { label: name.into(), is_builtin: false, place }
    }

    /// The class that a signature names.
    pub fn of(class: &UserType) -> Self {
        Self { label: class.name.as_str().into(), is_builtin: class.builtin.is_some(), place: class.place }
    }

    /// The symbolic class of this qualified name, which was read from text: in `builtins`, it is one of CPython's own.
    /// Only readers of text use this.
    pub fn read(name: impl Into<Arc<str>>) -> Self {
        let label: Arc<str> = name.into();
        Self { is_builtin: label.starts_with("builtins."), label, place: None }
    }

    /// Whether both are certainly the same class.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.place == other.place && (self.place.is_some() || self.label == other.label)
    }

    /// Whether both are certainly different classes. Two variables may hold the same class.
    pub(super) fn is_distinct(&self, other: &Self) -> bool {
        let (Some(TypePlace::Object(mine)), Some(TypePlace::Object(theirs))) = (self.place, other.place) else {
            return false;
        };
        mine != theirs
    }
}

/// A truth value as Python writes it.
fn python_bool(truth: bool) -> &'static str {
    if truth { "True" } else { "False" }
}
