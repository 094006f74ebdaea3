//! The base of all emission: the builder, the layout, the symbols, and short sequences of instructions.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, InstBuilder, MemFlagsData, StackSlot, StackSlotData, StackSlotKind, Type, Value, types,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;

use crate::cpython::{Layout, Refcount};
use crate::lower::machine::{CType, c_signature, table_signature};
use crate::lower::symbol::{Symbol, Symbols};

/// Emits into a function that the caller builds. The layout of the objects and the addresses are given, not looked up.
pub struct Emitter<'e, 'f> {
    /// The function under construction.
    pub builder: &'e mut FunctionBuilder<'f>,
    /// The objects' layout.
    pub layout: &'e Layout,
    /// The addresses of CPython's functions and types.
    pub symbols: &'e mut dyn Symbols,
    /// The platform's convention for C functions.
    pub call_conv: CallConv,
}

/// Memory that exists and is aligned: every access of compiled code is to a live object, a cell or its own stack.
pub(in crate::lower) const TRUSTED: MemFlagsData = MemFlagsData::trusted();

pub(in crate::lower) const POINTER_BYTES: i32 = 8;
const POINTER_ALIGN_SHIFT: u8 = 3;

impl Emitter<'_, '_> {
    pub(in crate::lower) fn load(&mut self, ty: Type, base: Value, offset: i32) -> Value {
        self.builder.ins().load(ty, TRUSTED, base, offset)
    }

    pub(in crate::lower) fn address(&mut self, symbol: Symbol) -> Value {
        self.symbols.address(self.builder, symbol)
    }

    pub(in crate::lower) fn null(&mut self) -> Value {
        self.builder.ins().iconst(types::I64, 0)
    }

    /// Calls the C function at `target`. The result is its result, or the first part of it for a span.
    pub(in crate::lower) fn call(
        &mut self,
        target: Value,
        parameters: &[CType],
        result: Option<CType>,
        arguments: &[Value],
    ) -> Option<Value> {
        self.call_for_parts(target, parameters, result, arguments).first().copied()
    }

    /// Calls the C function at `target`. The result is all parts of its result. `arguments` has all parts of the
    /// parameters.
    pub(in crate::lower) fn call_for_parts(
        &mut self,
        target: Value,
        parameters: &[CType],
        result: Option<CType>,
        arguments: &[Value],
    ) -> Vec<Value> {
        let signature = c_signature(self.call_conv, parameters, result);
        let signature = self.builder.import_signature(signature);
        let call = self.builder.ins().call_indirect(signature, target, arguments);
        self.builder.inst_results(call).to_vec()
    }

    /// Calls a function of the table that has a result.
    pub(in crate::lower) fn call_symbol(&mut self, symbol: Symbol, arguments: &[Value]) -> Value {
        self.call_function(symbol, arguments).expect("a call with a result type has a result")
    }

    /// Calls a function of the table.
    pub(in crate::lower) fn call_function(&mut self, symbol: Symbol, arguments: &[Value]) -> Option<Value> {
        let target = self.address(symbol);
        self.call_function_at(target, symbol, arguments)
    }

    /// Calls a function of the table whose address is `target`.
    pub(in crate::lower) fn call_function_at(
        &mut self,
        target: Value,
        symbol: Symbol,
        arguments: &[Value],
    ) -> Option<Value> {
        let function = symbol.signature().expect("what is called is a function");
        debug_assert_eq!(function.parameters.len(), arguments.len(), "{symbol:?}");
        let signature = table_signature(self.call_conv, &function);
        let signature = self.builder.import_signature(signature);
        let call = self.builder.ins().call_indirect(signature, target, arguments);
        self.builder.inst_results(call).first().copied()
    }

    /// A block for the code that follows the current one; it is off the likely path if the current one is.
    pub(in crate::lower) fn block(&mut self) -> Block {
        let block = self.builder.create_block();
        if self.builder.current_block().is_some_and(|current| self.builder.func.layout.is_cold(current)) {
            self.builder.set_cold_block(block);
        }
        block
    }

    /// A block that the likely path does not enter.
    pub(in crate::lower) fn cold_block(&mut self) -> Block {
        let block = self.builder.create_block();
        self.builder.set_cold_block(block);
        block
    }

    /// Continues if `condition` holds, else goes to `otherwise`.
    pub(in crate::lower) fn require(&mut self, condition: Value, otherwise: Block) {
        let next = self.block();
        self.builder.ins().brif(condition, next, &[], otherwise, &[]);
        self.enter(next);
    }

    /// Continues if `condition` does not hold, else goes to `otherwise`.
    pub(in crate::lower) fn refuse(&mut self, condition: Value, otherwise: Block) {
        let next = self.block();
        self.builder.ins().brif(condition, otherwise, &[], next, &[]);
        self.enter(next);
    }

    /// Continues in a block to which no further branches will be added.
    pub(in crate::lower) fn enter(&mut self, block: Block) {
        self.builder.switch_to_block(block);
        self.builder.seal_block(block);
    }

    /// Stack space for `count` pointers or 64-bit numbers.
    pub(in crate::lower) fn stack_slot(&mut self, count: usize) -> StackSlot {
        self.stack_bytes(POINTER_BYTES as u32 * u32::try_from(count).expect("a call has at most 17 arguments"))
    }

    /// Stack space, aligned to pointers.
    pub(in crate::lower) fn stack_bytes(&mut self, bytes: u32) -> StackSlot {
        self.builder.create_sized_stack_slot(StackSlotData::new(
            StackSlotKind::ExplicitSlot,
            bytes,
            POINTER_ALIGN_SHIFT,
        ))
    }

    pub(in crate::lower) fn stack_address(&mut self, slot: StackSlot) -> Value {
        self.builder.ins().stack_addr(types::I64, slot, 0)
    }

    /// Writes `objects` to the stack, as the argument array of a vectorcall, in space of their own.
    pub(in crate::lower) fn spill(&mut self, objects: &[Value]) -> Value {
        let slot = self.stack_slot(objects.len().max(1));
        let array = self.stack_address(slot);
        for (index, object) in objects.iter().enumerate() {
            let offset = i32::try_from(index).expect("a call has at most 17 arguments") * POINTER_BYTES;
            self.builder.ins().store(TRUSTED, *object, array, offset);
        }
        array
    }

    /// Emits code that adds a reference to an object; immortal objects are left alone.
    pub fn incref(&mut self, object: Value) {
        let count_at = self.layout.ob_refcnt;
        match self.layout.refcount {
            Refcount::Plain => {
                let count = self.load(types::I64, object, count_at);
                let more = self.builder.ins().iadd_imm_s(count, 1);
                self.builder.ins().store(TRUSTED, more, object, count_at);
            }
            Refcount::ImmortalAllOnes | Refcount::ImmortalSign => {
                let count = self.load(types::I32, object, count_at);
                let more = self.builder.ins().iadd_imm_s(count, 1);
                let (store, done) = (self.block(), self.block());
                let mortal = match self.layout.refcount {
                    // All ones plus one is 0.
                    Refcount::ImmortalAllOnes => more,
                    _ => self.builder.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, count, 0),
                };
                self.builder.ins().brif(mortal, store, &[], done, &[]);
                self.enter(store);
                self.builder.ins().store(TRUSTED, more, object, count_at);
                self.builder.ins().jump(done, &[]);
                self.enter(done);
            }
        }
    }

    /// Adds a reference to an object that is immortal from 3.12 on: `None`, `True`, `False`, a small int.
    pub(in crate::lower) fn incref_immortal(&mut self, object: Value) {
        if !self.layout.has_immortals() {
            self.incref(object);
        }
    }

    /// Emits code that gives up a reference to an object. Giving up the last one deallocates the object, which may run
    /// any code.
    pub fn decref(&mut self, object: Value) {
        let count_at = self.layout.ob_refcnt;
        let (dealloc, done) = (self.cold_block(), self.block());
        let ty = match self.layout.refcount {
            Refcount::Plain => types::I64,
            Refcount::ImmortalAllOnes | Refcount::ImmortalSign => types::I32,
        };
        let count = self.load(ty, object, count_at);
        if self.layout.has_immortals() {
            // The sign bit of the low half is enough in all versions: 3.12's all ones are negative too.
            let immortal = self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, count, 0);
            self.refuse(immortal, done);
        }
        let less = self.builder.ins().iadd_imm_s(count, -1);
        self.builder.ins().store(TRUSTED, less, object, count_at);
        self.builder.ins().brif(less, done, &[], dealloc, &[]);
        self.enter(dealloc);
        self.call_function(Symbol::Dealloc, &[object]);
        self.builder.ins().jump(done, &[]);
        self.enter(done);
    }

    /// Adds a reference; if `or_null` is set, the object may be null, which needs none.
    pub(in crate::lower) fn incref_or_null(&mut self, object: Value, or_null: bool) {
        self.unless_null(object, or_null, Self::incref);
    }

    /// Gives a reference up; if `or_null` is set, the object may be null, which has none.
    pub(in crate::lower) fn decref_or_null(&mut self, object: Value, or_null: bool) {
        self.unless_null(object, or_null, Self::decref);
    }

    fn unless_null(&mut self, object: Value, or_null: bool, count: impl FnOnce(&mut Self, Value)) {
        if !or_null {
            return count(self, object);
        }
        let (present, done) = (self.block(), self.block());
        self.builder.ins().brif(object, present, &[], done, &[]);
        self.enter(present);
        count(self, object);
        self.builder.ins().jump(done, &[]);
        self.enter(done);
    }
}
