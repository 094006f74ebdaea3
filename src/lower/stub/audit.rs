//! Audited arms: the code around the call that has `runtime::stub::audit` check the callee's promises.

use cranelift_codegen::ir::{Block, InstBuilder, Value, types};

use crate::lower::emit::emitter::Emitter;
use crate::lower::machine::CType;
use crate::lower::symbol::Symbol;
use crate::metadata::{Overload, Raises};

/// The promises of an underlying function, as a set of bits that the code passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Promises(u64);

impl Promises {
    /// The effect `pure`.
    pub const PURE: u64 = 1;
    /// The effect `no_python`.
    pub const NO_PYTHON: u64 = 2;
    /// The effect `borrowed_result`.
    pub const BORROWED_RESULT: u64 = 4;
    /// The promise never to raise.
    pub const NEVER_RAISES: u64 = 8;
    /// Not a promise, but needed to check some: the result is an object.
    pub const OBJECT_RESULT: u64 = 16;
    /// The effect `nogil`.
    pub const NOGIL: u64 = 32;

    /// The promises of a signature.
    pub fn of(overload: &Overload) -> Self {
        let effects = overload.effects;
        let bits = [
            (effects.pure, Self::PURE),
            (effects.no_python, Self::NO_PYTHON),
            (effects.borrowed_result, Self::BORROWED_RESULT),
            (overload.raises == Raises::Never, Self::NEVER_RAISES),
            (overload.result.is_object(), Self::OBJECT_RESULT),
            (effects.nogil, Self::NOGIL),
        ];
        Self(bits.into_iter().filter(|(promised, _)| *promised).fold(0, |all, (_, bit)| all | bit))
    }

    /// Whether a bit is in the set.
    pub fn has(self, bit: u64) -> bool {
        self.0 & bit != 0
    }

    /// Whether the wrapper is called too, for comparison.
    pub fn need_wrapper(self) -> bool {
        self.has(Self::PURE | Self::BORROWED_RESULT)
    }
}

/// An audit under way in the code of one arm.
#[derive(Clone, Copy)]
pub(super) struct Audit {
    promises: Promises,
    cell: Value,
    /// The address of the `Record` on the stub's stack.
    record: Value,
}

/// The size of a `Record` of `runtime::stub::audit`, in pointers.
pub(crate) const RECORD_WORDS: usize = 25;

impl Emitter<'_, '_> {
    /// Records the state before the call. `objects` are the arguments of the call; the last ones have `names` (a tuple
    /// or null). `wrapper_result` is the wrapper's result for the same arguments (null if it raised), if it was called.
    pub(super) fn begin_audit(
        &mut self,
        promises: Promises,
        cell: Value,
        objects: &[Value],
        names: Value,
        wrapper_result: Option<Value>,
    ) -> Audit {
        let slot = self.stack_slot(RECORD_WORDS);
        let audit = Audit { promises, cell, record: self.stack_address(slot) };
        let array = self.spill(objects);
        let count = i64::try_from(objects.len()).expect("a call has at most 17 arguments");
        let count = self.builder.ins().iconst(types::I64, count);
        let wrapper_result = wrapper_result.unwrap_or_else(|| self.null());
        self.call_audit(Symbol::AuditBegin, &audit, &[array, count, names, wrapper_result]);
        audit
    }

    /// Makes all checks that are possible right after the call. The result is a status that is not 0 if a promise is
    /// broken.
    pub(super) fn end_audit(&mut self, audit: &Audit, result: Option<(Value, CType)>) -> Value {
        let result = match result {
            Some((object, CType::Pointer)) => object,
            _ => self.null(),
        };
        let status = self.call_audit(Symbol::AuditEnd, audit, &[result]);
        status.expect("a call with a result type has a result")
    }

    /// Continues after the block `raised`, to which a call goes that raised: compares the exceptions, and goes to
    /// `error`.
    pub(super) fn finish_raised(&mut self, audit: &Audit, raised: Block, error: Block) {
        let next = self.block();
        self.builder.ins().jump(next, &[]);
        self.enter(raised);
        self.call_audit(Symbol::AuditRaised, audit, &[]);
        self.builder.ins().jump(error, &[]);
        self.enter(next);
    }

    /// Compares the results: the same object, or null if it is not as promised.
    pub(super) fn finish_audit(&mut self, audit: &Audit, object: Value) -> Value {
        let object = self.call_audit(Symbol::AuditReturned, audit, &[object]);
        object.expect("a call with a result type has a result")
    }

    fn call_audit(&mut self, symbol: Symbol, audit: &Audit, rest: &[Value]) -> Option<Value> {
        let promises = self.builder.ins().iconst(types::I64, audit.promises.0 as i64);
        let mut arguments = vec![audit.cell, promises, audit.record];
        arguments.extend_from_slice(rest);
        self.call_function(symbol, &arguments)
    }
}
