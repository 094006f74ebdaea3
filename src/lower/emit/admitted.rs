//! The objects that guards accept, and the views of objects that C functions get without a copy.

use crate::ir::{ConstClass, Spec, Type};
use crate::lower::unsupported::Unsupported;
use crate::metadata::{PythonType, TypePlace};

/// The objects that a guard accepts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Admitted {
    /// The type.
    pub class: Class,
    /// Whether instances of subclasses are accepted too.
    pub subclasses: bool,
    /// Whether null is accepted too.
    pub null: bool,
}

/// A type that a guard tests for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// One of CPython's own.
    Python(PythonType),
    /// A type of an extension: the `PyTypeObject`, or the variable that holds it.
    User(TypePlace),
}

/// The part of an object that a C function sees without a copy: a pointer and a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::lower) enum View {
    /// The UTF-8 of a string.
    Text,
    /// The bytes of a `bytes` object.
    Bytes,
}

impl Admitted {
    /// The objects that a guard for this type accepts.
    ///
    /// # Errors
    /// If no guard tests for the type.
    pub fn of(ty: &Type) -> Result<Self, Unsupported> {
        let null = !ty.is_object();
        let objects = if null { ty.without(&Type::NULLPTR) } else { ty.clone() };
        let unsupported = |reason| Err(Unsupported::new(format!("Guard<{ty}>"), reason));
        let class_at = |class: &ConstClass, subclasses| match class.place {
            Some(place) => Ok(Self { class: Class::User(place), subclasses, null }),
            None => unsupported("only the name of the class is known, not its place"),
        };
        match objects.spec() {
            Some(Spec::Class(class)) => return class_at(class, false),
            Some(Spec::Instance(class)) => return class_at(class, true),
            Some(_) => return unsupported("no constant is checked"),
            None => {}
        }
        for (subclasses, of) in [(false, Type::python_exact as fn(PythonType) -> Type), (true, Type::python)] {
            if let Some(class) = PythonType::ALL.into_iter().find(|class| of(*class) == objects) {
                return Ok(Self { class: Class::Python(class), subclasses, null });
            }
        }
        unsupported("only one type is checked, with its subclasses or without")
    }
}

impl View {
    /// The view that a C value of this type is.
    pub(in crate::lower) fn of(ctype: &Type) -> Option<Self> {
        if ctype.is_bottom() {
            None
        } else if ctype.is_subtype(&Type::C_STR) {
            Some(Self::Text)
        } else {
            ctype.is_subtype(&Type::C_BUFFER).then_some(Self::Bytes)
        }
    }
}
