//! The Cranelift values of IR's values: one each, two for a pointer with a length.

use cranelift_codegen::ir::Value;
use cranelift_entity::SecondaryMap;

use crate::ir;
use crate::lower::unsupported::Unsupported;

/// The values of a function that are defined so far.
#[derive(Default)]
pub(in crate::lower) struct Values {
    first: SecondaryMap<ir::Value, Option<Value>>,
    length: SecondaryMap<ir::Value, Option<Value>>,
}

impl Values {
    /// The value; the pointer, if there are two.
    pub fn find(&self, value: ir::Value) -> Option<Value> {
        self.first[value]
    }

    /// The same as [`Values::find`].
    ///
    /// # Errors
    /// If the value is not defined.
    pub fn defined(&self, value: ir::Value) -> Result<Value, Unsupported> {
        self.find(value).ok_or_else(|| Unsupported::new(value.to_string(), "it is used before it is defined"))
    }

    /// The length that belongs to a pointer.
    pub fn length(&self, value: ir::Value) -> Option<Value> {
        self.length[value]
    }

    /// All parts of a value: two for text and bytes.
    ///
    /// # Errors
    /// If the value is not defined.
    pub fn parts(&self, value: ir::Value) -> Result<Vec<Value>, Unsupported> {
        let first = self.defined(value)?;
        Ok(std::iter::once(first).chain(self.length(value)).collect())
    }

    /// Defines a value.
    pub fn set(&mut self, value: ir::Value, first: Value) {
        self.first[value] = Some(first);
    }

    /// Defines a value by all its parts.
    pub fn set_parts(&mut self, value: ir::Value, parts: &[Value]) {
        self.first[value] = parts.first().copied();
        self.length[value] = parts.get(1).copied();
    }
}
