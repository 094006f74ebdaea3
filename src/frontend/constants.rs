//! The types of constants: the leaf of their class, and the object itself, labelled by its text or `repr`.
//!
//! A label appears in IR, so it is the same in every run: it contains no address, and the items of sets are sorted.

use std::num::NonZeroUsize;

use pyo3_ffi as ffi;

use crate::bytecode::{Code, Constant, Literal};
use crate::embed::{Object, Python};
use crate::ir::{ConstObject, ConstValue, Type};

/// Makes the types of a code object's constants.
pub(super) struct Constants {
    /// Set if the code is live: then its constants have addresses.
    python: Option<Python>,
}

impl Constants {
    /// The constants of a code object.
    pub(super) fn of(code: &Code) -> Self {
        let is_live = code.object.is_some() || code.consts.iter().any(|item| matches!(item, Constant::Live(_)));
        // A live constant proves that there is an interpreter to attach to.
        Self { python: is_live.then(Python::attach) }
    }

    /// The type of a constant.
    pub(super) fn ty(&self, constant: &Constant) -> Type {
        match (constant, &self.python) {
            (Constant::Literal(literal), _) => leaf_of_literal(literal).constant(self.named(literal)),
            (Constant::Live(object), Some(python)) => live(python, object),
            // `of` has attached if anything is live.
            (Constant::Live(_), None) => Type::OBJECT,
        }
    }

    /// The type of `None`.
    pub(super) fn none(&self) -> Type {
        Type::NONE_TYPE.constant(self.named(&Literal::None))
    }

    /// A literal as an object. In live code the singletons have an address.
    fn named(&self, literal: &Literal) -> ConstObject {
        let label = label_of_literal(literal);
        let singleton = match literal {
            Literal::None => ffi::Py_None,
            Literal::Bool(true) => ffi::Py_True,
            Literal::Bool(false) => ffi::Py_False,
            Literal::Ellipsis => ffi::Py_Ellipsis,
            _ => return ConstObject::symbolic(label).with_value(value_of_literal(literal)),
        };
        // SAFETY: these functions return the address of a static object, whether there is an interpreter or not.
        let address = self.python.as_ref().map_or(0, |_| unsafe { singleton() } as usize);
        let object = match NonZeroUsize::new(address) {
            Some(address) => ConstObject::at(label, address),
            None => ConstObject::symbolic(label),
        };
        object.with_value(value_of_literal(literal))
    }
}

fn leaf_of_literal(literal: &Literal) -> Type {
    match literal {
        Literal::None => Type::NONE_TYPE,
        Literal::Bool(_) => Type::BOOL,
        Literal::Int(_) => Type::LONG_EXACT,
        Literal::Float(_) => Type::FLOAT_EXACT,
        Literal::Str(_) => Type::UNICODE_EXACT,
        Literal::Bytes(_) => Type::BYTES_EXACT,
        Literal::Tuple(_) => Type::TUPLE_EXACT,
        Literal::Ellipsis | Literal::Other(_) => Type::OTHER,
    }
}

fn value_of_literal(literal: &Literal) -> ConstValue {
    match literal {
        Literal::None => ConstValue::None,
        Literal::Bool(truth) => ConstValue::Bool(*truth),
        Literal::Int(digits) => digits.parse().map_or(ConstValue::Object, ConstValue::Int),
        Literal::Float(number) => ConstValue::Float(number.to_bits()),
        Literal::Str(text) => ConstValue::Text(text.as_str().into()),
        Literal::Bytes(_) | Literal::Tuple(_) | Literal::Ellipsis | Literal::Other(_) => ConstValue::Object,
    }
}

fn label_of_literal(literal: &Literal) -> String {
    match literal {
        Literal::Str(text) => text.clone(),
        other => repr_of_literal(other),
    }
}

/// The text of a simple literal as Python writes it.
fn repr_of_literal(literal: &Literal) -> String {
    match literal {
        Literal::None => "None".to_owned(),
        Literal::Ellipsis => "Ellipsis".to_owned(),
        Literal::Bool(true) => "True".to_owned(),
        Literal::Bool(false) => "False".to_owned(),
        Literal::Int(digits) => digits.clone(),
        Literal::Float(number) => format!("{number:?}"),
        Literal::Str(text) => repr_of_str(text),
        Literal::Bytes(bytes) => format!("b'{}'", bytes.escape_ascii()),
        Literal::Tuple(items) => tuple(items.iter().map(repr_of_literal).collect()),
        Literal::Other(text) => text.clone(),
    }
}

fn repr_of_str(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
}

fn tuple(items: Vec<String>) -> String {
    match &items[..] {
        [one] => format!("({one},)"),
        _ => format!("({})", items.join(", ")),
    }
}

/// The type of a live object. The code object keeps it alive.
fn live(python: &Python, object: &Object) -> Type {
    let class = class(object);
    let label = match object.as_str(python) {
        Some(text) if class == ConstantClass::Leaf(Type::UNICODE_EXACT) => text,
        _ => repr(python, object),
    };
    let leaf = match class {
        ConstantClass::Leaf(leaf) => leaf,
        ConstantClass::Code | ConstantClass::FrozenSet | ConstantClass::Other => Type::OTHER,
    };
    match NonZeroUsize::new(object.as_ptr() as usize) {
        Some(address) => leaf.constant(ConstObject::at(label, address).with_value(live_value(python, object))),
        None => leaf,
    }
}

/// The value of a live object, if it is of exactly one of the types that have values.
pub(crate) fn live_value(_: &Python, object: &Object) -> ConstValue {
    let pointer = object.as_ptr();
    // SAFETY: the thread is attached and the object alive; classes and singletons are static.
    unsafe {
        let class = ffi::Py_TYPE(pointer);
        let is = |other: *mut ffi::PyTypeObject| std::ptr::eq(class, other);
        if pointer == ffi::Py_None() {
            ConstValue::None
        } else if is(&raw mut ffi::PyBool_Type) {
            ConstValue::Bool(pointer == ffi::Py_True())
        } else if is(&raw mut ffi::PyLong_Type) {
            let mut overflow = 0;
            let number = ffi::PyLong_AsLongLongAndOverflow(pointer, &raw mut overflow);
            if overflow == 0 { ConstValue::Int(number) } else { ConstValue::Object }
        } else if is(&raw mut ffi::PyFloat_Type) {
            ConstValue::Float(ffi::PyFloat_AsDouble(pointer).to_bits())
        } else if is(&raw mut ffi::PyUnicode_Type) {
            let mut length = 0;
            let start = ffi::PyUnicode_AsUTF8AndSize(pointer, &raw mut length);
            if start.is_null() {
                // A str with surrogates is not valid UTF-8.
                ffi::PyErr_Clear();
                return ConstValue::Object;
            }
            let bytes = std::slice::from_raw_parts(start.cast::<u8>(), length.unsigned_abs());
            std::str::from_utf8(bytes).map_or(ConstValue::Object, |text| ConstValue::Text(text.into()))
        } else {
            ConstValue::Object
        }
    }
}

/// The classes of constants.
#[derive(Clone, Debug, PartialEq)]
enum ConstantClass {
    /// A class that has a leaf in the lattice.
    Leaf(Type),
    /// `code`
    Code,
    /// `frozenset`
    FrozenSet,
    /// Another class.
    Other,
}

fn class(object: &Object) -> ConstantClass {
    // SAFETY: the object is alive; classes and `None` are static.
    unsafe {
        let class = ffi::Py_TYPE(object.as_ptr());
        let is = |other: *mut ffi::PyTypeObject| std::ptr::eq(class, other);
        if object.as_ptr() == ffi::Py_None() {
            ConstantClass::Leaf(Type::NONE_TYPE)
        } else if is(&raw mut ffi::PyLong_Type) {
            ConstantClass::Leaf(Type::LONG_EXACT)
        } else if is(&raw mut ffi::PyUnicode_Type) {
            ConstantClass::Leaf(Type::UNICODE_EXACT)
        } else if is(&raw mut ffi::PyTuple_Type) {
            ConstantClass::Leaf(Type::TUPLE_EXACT)
        } else if is(&raw mut ffi::PyFloat_Type) {
            ConstantClass::Leaf(Type::FLOAT_EXACT)
        } else if is(&raw mut ffi::PyBytes_Type) {
            ConstantClass::Leaf(Type::BYTES_EXACT)
        } else if is(&raw mut ffi::PyBool_Type) {
            ConstantClass::Leaf(Type::BOOL)
        } else if is(&raw mut ffi::PyCode_Type) {
            ConstantClass::Code
        } else if is(&raw mut ffi::PyFrozenSet_Type) {
            ConstantClass::FrozenSet
        } else if ffi::PyType_Check(object.as_ptr()) != 0 {
            ConstantClass::Leaf(Type::TYPE)
        } else {
            ConstantClass::Other
        }
    }
}

/// `repr`, but the same text in every run.
fn repr(python: &Python, object: &Object) -> String {
    match class(object) {
        ConstantClass::Leaf(leaf) if leaf == Type::TUPLE_EXACT => tuple(items(python, object)),
        ConstantClass::Leaf(leaf) if leaf == Type::TYPE => named(python, object, "__qualname__").unwrap_or_default(),
        ConstantClass::FrozenSet => {
            let mut items = items(python, object);
            items.sort();
            format!("frozenset({{{}}})", items.join(", "))
        }
        ConstantClass::Code => format!("<code object {}>", named(python, object, "co_qualname").unwrap_or_default()),
        ConstantClass::Leaf(_) | ConstantClass::Other => match object.repr(python) {
            Ok(text) if !text.contains(" at 0x") => text,
            // Ints of thousands of digits have no `repr`.
            _ => format!("<{}>", class_name(python, object)),
        },
    }
}

fn class_name(python: &Python, object: &Object) -> String {
    let class = object.attr(python, "__class__").ok();
    class.and_then(|class| named(python, &class, "__qualname__")).unwrap_or_default()
}

fn named(python: &Python, object: &Object, attribute: &str) -> Option<String> {
    object.attr(python, attribute).ok()?.as_str(python)
}

/// The texts of the items of a tuple or frozenset.
fn items(python: &Python, collection: &Object) -> Vec<String> {
    let mut items = Vec::new();
    // SAFETY: the thread is attached and the collection alive; PySequence_Fast gives a list or tuple, which keeps its
    // items alive.
    unsafe {
        let Ok(fast) = python.owned(ffi::PySequence_Fast(collection.as_ptr(), c"not iterable".as_ptr())) else {
            return items;
        };
        for index in 0..ffi::PySequence_Size(fast.as_ptr()) {
            // The index is within the bounds, so there is an item.
            items.extend(python.owned(ffi::PySequence_GetItem(fast.as_ptr(), index)).map(|item| repr(python, &item)));
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_print_as_in_python() {
        let pair = Literal::Tuple(vec![Literal::Int("1".to_owned()), Literal::Str("it's".to_owned())]);
        assert_eq!(label_of_literal(&pair), "(1, 'it\\'s')");
        assert_eq!(label_of_literal(&Literal::Tuple(vec![Literal::None])), "(None,)");
        assert_eq!(label_of_literal(&Literal::Float(1.0)), "1.0");
        assert_eq!(label_of_literal(&Literal::Str("it's".to_owned())), "it's");
    }
}
