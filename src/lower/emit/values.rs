//! The Cranelift values of an arm's values: one each, two for a pointer with a length.

use cranelift_codegen::ir::Value;
use cranelift_entity::SecondaryMap;

use crate::ir;
use crate::lower::machine::CType;

/// What is known of an arm's values so far.
#[derive(Default)]
pub(in crate::lower) struct Values {
    first: SecondaryMap<ir::Value, Option<Value>>,
    length: SecondaryMap<ir::Value, Option<Value>>,
}

impl Values {
    /// The value, the pointer of two.
    pub fn get(&self, value: ir::Value) -> Value {
        self.first[value].expect("the verifier has seen every use behind its definition")
    }

    /// The same, of a value that may not be defined.
    pub fn find(&self, value: ir::Value) -> Option<Value> {
        self.first[value]
    }

    /// The length beside a pointer.
    pub fn length(&self, value: ir::Value) -> Option<Value> {
        self.length[value]
    }

    /// All parts of an argument of this type.
    pub fn parts(&self, value: ir::Value, ty: CType) -> impl Iterator<Item = Value> {
        let length = match ty {
            CType::Span => Some(self.length(value).expect("what is passed as two values is two")),
            _ => None,
        };
        std::iter::once(self.get(value)).chain(length)
    }

    /// Defines a value.
    pub fn set(&mut self, value: ir::Value, first: Value) {
        self.first[value] = Some(first);
    }

    /// Defines a value of all its parts.
    pub fn set_parts(&mut self, value: ir::Value, parts: &[Value]) {
        self.first[value] = parts.first().copied();
        self.length[value] = parts.get(1).copied();
    }
}
