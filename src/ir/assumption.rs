//! Assumptions of compiled code: facts that may change. When one is broken, the code that relies on it is left.

use std::fmt;
use std::sync::Arc;

use super::constant::ConstObject;
use crate::text::cursor::quote;

/// A fact that was true when the IR was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Assumption {
    /// The function's globals bind a name to this object.
    Global {
        /// The name.
        name: Arc<str>,
        /// The object that it is bound to.
        value: ConstObject,
    },
    /// The function's globals don't bind a name, and its builtins bind it to this object.
    Builtin {
        /// The name.
        name: Arc<str>,
        /// The object that it is bound to.
        value: ConstObject,
    },
    /// A module, whose type is exactly the type of modules, has this object as an attribute in its dict.
    ModuleAttribute {
        /// The module.
        module: ConstObject,
        /// The attribute.
        name: Arc<str>,
        /// Its value.
        value: ConstObject,
    },
    /// Looking up an attribute on a class, along its bases, gives this object.
    TypeAttribute {
        /// The class.
        class: ConstObject,
        /// The attribute.
        name: Arc<str>,
        /// Its value.
        value: ConstObject,
    },
}

impl Assumption {
    /// Its kind as text, and its labels: the object that is looked into, if there is one; the name; the value.
    pub(super) fn parts(&self) -> (&'static str, Vec<&str>) {
        match self {
            Self::Global { name, value } => ("global", vec![name, &value.label]),
            Self::Builtin { name, value } => ("builtin", vec![name, &value.label]),
            Self::ModuleAttribute { module, name, value } => ("module", vec![&module.label, name, &value.label]),
            Self::TypeAttribute { class, name, value } => ("type", vec![&class.label, name, &value.label]),
        }
    }

    /// The inverse of [`Self::parts`]; objects become symbolic.
    pub(super) fn from_parts(kind: &str, labels: &[String]) -> Option<Self> {
        let object = |label: &String| ConstObject::symbolic(label.as_str());
        let name = |label: &String| Arc::from(label.as_str());
        Some(match (kind, labels) {
            ("global", [of, value]) => Self::Global { name: name(of), value: object(value) },
            ("builtin", [of, value]) => Self::Builtin { name: name(of), value: object(value) },
            ("module", [module, of, value]) => {
                Self::ModuleAttribute { module: object(module), name: name(of), value: object(value) }
            }
            ("type", [class, of, value]) => {
                Self::TypeAttribute { class: object(class), name: name(of), value: object(value) }
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, labels) = self.parts();
        f.write_str(kind)?;
        labels.iter().try_for_each(|label| write!(f, " {}", quote(label, '"')))
    }
}
