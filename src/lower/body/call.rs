//! Vectorcalls, calls of methods that were looked up, and the arguments of direct calls of C functions.

use std::sync::Arc;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Register, types};

use super::block::Lowering;
use super::recipe::Outcome;
use super::reference::Reference;
use crate::ir::{Called, Inst, Value};
use crate::lower::emit::emitter::POINTER_BYTES;
use crate::lower::emit::surroundings::MethodSite;
use crate::lower::symbol::Symbol;
use crate::lower::unsupported::Unsupported;

/// `PY_VECTORCALL_ARGUMENTS_OFFSET`: the callee may write to the word before the arguments.
const ARGUMENTS_OFFSET: i64 = i64::MIN;

impl Lowering<'_, '_, '_> {
    /// A call of an object.
    pub(super) fn vectorcall(
        &mut self,
        inst: Inst,
        callable: Value,
        args: &[Value],
        keywords: &[Arc<str>],
    ) -> Result<(), Unsupported> {
        let callable = self.get(callable)?;
        let positional = positional(args, keywords)?;
        let mut objects = vec![self.emitter.null()];
        for arg in args {
            objects.push(self.get(*arg)?);
        }
        let array = self.spill(&objects);
        let start = self.emitter.builder.ins().iadd_imm_s(array, i64::from(POINTER_BYTES));
        let count = self.emitter.builder.ins().iconst(types::I64, positional | ARGUMENTS_OFFSET);
        self.finish_vectorcall(inst, callable, start, count, keywords)
    }

    /// A call of the result of a method lookup: with its receiver, if there is one.
    pub(super) fn call_method_pair(
        &mut self,
        inst: Inst,
        method: Value,
        receiver: Value,
        args: &[Value],
        keywords: &[Arc<str>],
    ) -> Result<(), Unsupported> {
        let (callable, object) = (self.get(method)?, self.get(receiver)?);
        let positional = positional(args, keywords)?;
        let mut objects = vec![self.emitter.null(), object];
        for arg in args {
            objects.push(self.get(*arg)?);
        }
        let array = self.spill(&objects);
        // The array begins with the receiver; without one, with the word before the other arguments.
        let with = self.emitter.builder.ins().iadd_imm_s(array, i64::from(POINTER_BYTES));
        let without = self.emitter.builder.ins().iadd_imm_s(array, i64::from(2 * POINTER_BYTES));
        let more = self.emitter.builder.ins().iconst(types::I64, (positional + 1) | ARGUMENTS_OFFSET);
        let fewer = self.emitter.builder.ins().iconst(types::I64, positional | ARGUMENTS_OFFSET);
        let has_receiver = self.emitter.builder.ins().icmp_imm_s(IntCC::NotEqual, object, 0);
        let start = self.emitter.builder.ins().select(has_receiver, with, without);
        let count = self.emitter.builder.ins().select(has_receiver, more, fewer);
        self.finish_vectorcall(inst, callable, start, count, keywords)
    }

    fn finish_vectorcall(
        &mut self,
        inst: Inst,
        callable: Register,
        start: Register,
        count: Register,
        keywords: &[Arc<str>],
    ) -> Result<(), Unsupported> {
        let names = match keywords {
            [] => self.emitter.null(),
            names => self.address(Reference::Names(names.to_vec())),
        };
        let object = self.emitter.call_symbol(Symbol::Vectorcall, &[callable, start, count, names]);
        self.outcome(inst, Outcome::Object, Some(object))
    }

    /// The arguments for a direct call of a `ml_meth` with these values.
    pub(super) fn method_site(&mut self, callee: &Called, args: &[Value]) -> Result<MethodSite, Unsupported> {
        let unsupported = |reason: String| Unsupported::new(format!("CallCFunction<\"{callee}\">"), reason);
        let call = self.references.method(callee).ok_or_else(|| unsupported("it has no METH_ function".into()))?;
        let convention = call.convention;
        let (receiver, receivers) = match (call.is_bound, args) {
            (true, _) => (self.address(Reference::Receiver(callee.clone())), 0),
            (false, [receiver, ..]) => (self.get(*receiver)?, 1),
            (false, []) => return Err(unsupported("the call has no receiver".into())),
        };
        let count = args.len() - receivers;
        if !call.is_possible() || !convention.passes(count) {
            return Err(unsupported(format!("{} is not called with {count} arguments", convention.name())));
        }
        Ok(MethodSite { convention, receiver, receivers })
    }
}

/// The number of arguments without names.
fn positional(args: &[Value], keywords: &[Arc<str>]) -> Result<i64, Unsupported> {
    args.len()
        .checked_sub(keywords.len())
        .and_then(|count| i64::try_from(count).ok())
        .ok_or_else(|| Unsupported::new("a call", "it has more names than arguments"))
}
