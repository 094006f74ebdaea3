//! What guards let through, and what C functions see of objects without a copy.

use crate::ir::{ConstClass, Spec, Type};
use crate::lower::unsupported::Unsupported;
use crate::metadata::{PythonType, TypePlace};

/// The objects that a guard lets through.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Admitted {
    /// The type.
    pub class: Class,
    /// Instances of subclasses too.
    pub subclasses: bool,
    /// Null too.
    pub null: bool,
}

/// A type that a guard looks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// One of CPython's own.
    Python(PythonType),
    /// One of an extension: the `PyTypeObject`, or the variable that holds it.
    User(TypePlace),
}

/// What a C function sees of an object without a copy: a pointer and a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::lower) enum View {
    /// The UTF-8 of a string.
    Text,
    /// The bytes of a `bytes` object.
    Bytes,
}

impl Admitted {
    /// What a guard for this type lets through.
    ///
    /// # Errors
    /// Types that no guard looks for.
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
    /// What a C value of this type is a view of.
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
