//! The code that only stubs of foreign functions have: the test of watched words, and conversions by the provider.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value, types};

use super::cell::CellField;
use crate::lower::emit::emitter::{Emitter, POINTER_BYTES, TRUSTED};
use crate::lower::machine::CType;
use crate::lower::symbol::Symbol;

impl Emitter<'_, '_> {
    /// Goes to `changed` if one of the cell's watched words has changed since the stub was made.
    pub(super) fn watch(&mut self, cell: Value, words: u8, changed: Block) {
        if words == 0 {
            return;
        }
        let array = self.load_field(cell, CellField::Watched);
        for word in 0..i32::from(words) {
            let entry = word * 2 * POINTER_BYTES;
            let at = self.load(types::I64, array, entry);
            let now = self.load(types::I64, at, 0);
            let then = self.load(types::I64, array, entry + POINTER_BYTES);
            let same = self.builder.ins().icmp(IntCC::Equal, now, then);
            self.require(same, changed);
        }
    }

    /// The C value that the provider makes from an object; goes to `fallback` if it makes none.
    pub(super) fn convert_argument(
        &mut self,
        cell: Value,
        object: Value,
        parameter: u16,
        ty: CType,
        fallback: Block,
    ) -> Value {
        let slot = self.stack_slot(1);
        let bits = self.stack_address(slot);
        let foreign = self.load_field(cell, CellField::Foreign);
        let position = self.builder.ins().iconst(types::I64, i64::from(parameter));
        let arguments = [foreign, position, object, bits];
        let refused = self.call_symbol(Symbol::ToForeign, &arguments);
        self.refuse(refused, fallback);
        let bits = self.stack_address(slot);
        // The machine is little-endian: the low bytes come first.
        self.builder.ins().load(ty.clif(), TRUSTED, bits, 0)
    }

    /// A new reference to the object that the provider makes from a result; null, with an exception set, if it raises.
    pub(super) fn convert_result(&mut self, cell: Value, value: Value, ty: CType) -> Value {
        let bits = match ty.clif() {
            types::I64 => value,
            types::F64 => self.builder.ins().bitcast(types::I64, MemFlagsData::new(), value),
            types::F32 => {
                let bits = self.builder.ins().bitcast(types::I32, MemFlagsData::new(), value);
                self.builder.ins().uextend(types::I64, bits)
            }
            narrow => {
                debug_assert!(narrow.is_int(), "the kinds that providers convert are pointers, characters and floats");
                self.builder.ins().uextend(types::I64, value)
            }
        };
        let foreign = self.load_field(cell, CellField::Foreign);
        self.call_symbol(Symbol::FromForeign, &[foreign, bits])
    }
}
