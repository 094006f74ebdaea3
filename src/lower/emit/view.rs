//! Views of the text and the bytes of objects, without a copy, and objects made from such views.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Value, types};

use super::admitted::View;
use super::emitter::Emitter;
use crate::cpython::TEXT_COMPACT_ASCII;
use crate::lower::symbol::Symbol;

impl Emitter<'_, '_> {
    /// The address of the text or the bytes of an object, and their number. The object is proven to be an exact `str`
    /// or `bytes`; if it may also be null, the view of null is null and 0.
    pub(in crate::lower) fn view(
        &mut self,
        object: Value,
        view: View,
        or_null: bool,
        fallback: Block,
    ) -> (Value, Value) {
        if !or_null {
            return self.view_of(object, view, fallback);
        }
        let (present, done) = (self.block(), self.block());
        let pointer = self.builder.append_block_param(done, types::I64);
        let length = self.builder.append_block_param(done, types::I64);
        let zero = self.null();
        self.builder.ins().brif(object, present, &[], done, &[zero.into(), zero.into()]);
        self.enter(present);
        let (start, count) = self.view_of(object, view, fallback);
        self.builder.ins().jump(done, &[start.into(), count.into()]);
        self.enter(done);
        (pointer, length)
    }

    fn view_of(&mut self, object: Value, view: View, fallback: Block) -> (Value, Value) {
        match view {
            View::Text => self.text(object, fallback),
            View::Bytes => {
                let start = self.builder.ins().iadd_imm_s(object, i64::from(self.layout.bytes_data));
                (start, self.load(types::I64, object, self.layout.bytes_size))
            }
        }
    }

    /// ASCII text is in the string object itself. Other strings keep their UTF-8 text after the first request for it.
    /// Strings without it, and strings that contain a NUL, are left to the original: not all converters take them.
    fn text(&mut self, object: Value, fallback: Block) -> (Value, Value) {
        let text = self.layout.text;
        let (ascii, other, found) = (self.block(), self.cold_block(), self.block());
        let pointer = self.builder.append_block_param(found, types::I64);
        let length = self.builder.append_block_param(found, types::I64);
        let state = self.load(types::I32, object, text.state);
        let wanted = i64::from(TEXT_COMPACT_ASCII);
        let bits = self.builder.ins().band_imm_u(state, wanted);
        let is_ascii = self.builder.ins().icmp_imm_u(IntCC::Equal, bits, wanted);
        self.builder.ins().brif(is_ascii, ascii, &[], other, &[]);

        self.enter(ascii);
        let start = self.builder.ins().iadd_imm_s(object, i64::from(text.ascii_data));
        let count = self.load(types::I64, object, text.length);
        self.builder.ins().jump(found, &[start.into(), count.into()]);

        self.enter(other);
        let slot = self.stack_slot(1);
        let count_at = self.stack_address(slot);
        let start = self.call_symbol(Symbol::Utf8, &[object, count_at]);
        self.require(start, fallback);
        let count = self.load(types::I64, count_at, 0);
        self.builder.ins().jump(found, &[start.into(), count.into()]);

        self.enter(found);
        // After the text there is a NUL.
        let first_nul = self.call_symbol(Symbol::StrLen, &[pointer]);
        let is_last = self.builder.ins().icmp(IntCC::Equal, first_nul, length);
        self.require(is_last, fallback);
        (pointer, length)
    }

    /// A new reference to the object of text or bytes, or to `None` for a null pointer; null, with an exception set, if
    /// it can't be made.
    pub(in crate::lower) fn box_view(&mut self, (pointer, length): (Value, Option<Value>), view: View) -> Value {
        let (present, absent, done) = (self.block(), self.cold_block(), self.block());
        let object = self.builder.append_block_param(done, types::I64);
        self.builder.ins().brif(pointer, present, &[], absent, &[]);

        self.enter(present);
        let made = match (view, length) {
            (View::Bytes, Some(length)) => {
                let symbol = Symbol::BytesFromStringAndSize;
                self.call_symbol(symbol, &[pointer, length])
            }
            // The only NUL of a text is the one at its end.
            (View::Text, _) | (View::Bytes, None) => self.call_symbol(Symbol::UnicodeFromString, &[pointer]),
        };
        self.builder.ins().jump(done, &[made.into()]);

        self.enter(absent);
        let none = self.address(Symbol::NoneObject);
        self.incref_immortal(none);
        self.builder.ins().jump(done, &[none.into()]);

        self.enter(done);
        object
    }
}
