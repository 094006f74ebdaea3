//! The types of `builtins` that signatures name as `type:builtins.Name`, with their addresses.

use std::num::NonZeroUsize;

use pyo3_ffi as ffi;

use crate::metadata::{BuiltinType, Kind, Signature, TypePlace};

/// Fills in the addresses of CPython's own types. Some of them, such as `dict_keys`, can't be imported by name.
pub(super) fn resolve(signature: &mut Signature) {
    for overload in &mut signature.overloads {
        let parameters = overload.parameters.iter_mut().map(|parameter| &mut parameter.kind);
        for kind in parameters.chain([&mut overload.result]) {
            if let Kind::User { class, .. } = kind
                && class.place.is_none()
            {
                class.place = class.name.strip_prefix("builtins.").and_then(address).map(TypePlace::Object);
                class.builtin = builtin(&class.name);
            }
        }
    }
}

/// What is known of a type that was found by its name: of CPython's own type of that name, if this is its place.
pub(crate) fn builtin_found(name: &str, place: NonZeroUsize) -> Option<BuiltinType> {
    name.strip_prefix("builtins.").and_then(address).filter(|own| *own == place).and_then(|_| builtin(name))
}

/// What is known of the type that the tables name.
fn builtin(name: &str) -> Option<BuiltinType> {
    match name.strip_prefix("builtins.")? {
        "frozenset" => Some(BuiltinType::FrozenSet),
        _ => Some(BuiltinType::Other),
    }
}

/// The address of a static type. `None` if CPython does not export it.
fn address(name: &str) -> Option<NonZeroUsize> {
    let address = match name {
        "bytearray" => &raw const ffi::PyByteArray_Type,
        "callable_iterator" => &raw const ffi::PyCallIter_Type,
        "classmethod" => &raw const ffi::PyClassMethod_Type,
        "complex" => &raw const ffi::PyComplex_Type,
        "dict_items" => &raw const ffi::PyDictItems_Type,
        "dict_keyiterator" => &raw const ffi::PyDictIterKey_Type,
        "dict_keys" => &raw const ffi::PyDictKeys_Type,
        "dict_values" => &raw const ffi::PyDictValues_Type,
        "enumerate" => &raw const ffi::PyEnum_Type,
        "filter" => &raw const ffi::PyFilter_Type,
        "frozenset" => &raw const ffi::PyFrozenSet_Type,
        "list_iterator" => &raw const ffi::PyListIter_Type,
        "list_reverseiterator" => &raw const ffi::PyListRevIter_Type,
        "map" => &raw const ffi::PyMap_Type,
        "memoryview" => &raw const ffi::PyMemoryView_Type,
        "object" => &raw const ffi::PyBaseObject_Type,
        "property" => &raw const ffi::PyProperty_Type,
        "range" => &raw const ffi::PyRange_Type,
        "set" => &raw const ffi::PySet_Type,
        "slice" => &raw const ffi::PySlice_Type,
        "staticmethod" => &raw const ffi::PyStaticMethod_Type,
        "tuple_iterator" => &raw const ffi::PyTupleIter_Type,
        "type" => &raw const ffi::PyType_Type,
        "zip" => &raw const ffi::PyZip_Type,
        _ => return None,
    };
    NonZeroUsize::new(address as usize)
}
