//! Calls: by vectorcall, of methods that were looked up, and of C functions directly.

use std::sync::Arc;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value as Register, types};

use super::block::Lowering;
use super::recipe::Outcome;
use super::reference::Reference;
use crate::ir::{Called, CalleeTarget, Inst, Value};
use crate::lower::emit::emitter::POINTER_BYTES;
use crate::lower::emit::prototype::c_prototype;
use crate::lower::machine::CType;
use crate::lower::symbol::Symbol;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{Kind, Overload, Raises};

/// `PY_VECTORCALL_ARGUMENTS_OFFSET`: the callee may write to the word in front of the arguments.
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

    /// A call of what a method was looked up as: with its receiver, where there is one.
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
        // The receiver, or the word in front of the other arguments.
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
        let target = self.emitter.address(Symbol::Vectorcall);
        let object = self.emitter.call_pointers(target, &[callable, start, count, names]);
        self.outcome(inst, Outcome::Object, Some(object))
    }

    /// A direct call.
    pub(super) fn call_c_function(&mut self, inst: Inst, callee: &Called, args: &[Value]) -> Result<(), Unsupported> {
        let (found, overload) = self.callees.overload(callee).ok_or_else(|| {
            Unsupported::new(format!("CallCFunction<\"{callee}\">"), "no callee of that name was given")
        })?;
        match found.target {
            CalleeTarget::Underlying => self.call_underlying(inst, callee, overload, args),
            CalleeTarget::Method => self.call_ml_meth(inst, callee, overload, args),
            CalleeTarget::Class => {
                Err(Unsupported::new(format!("CallCFunction<\"{callee}\">"), "a class has no C function"))
            }
        }
    }

    fn call_underlying(
        &mut self,
        inst: Inst,
        callee: &Called,
        overload: &Overload,
        args: &[Value],
    ) -> Result<(), Unsupported> {
        let (parameters, result) = c_prototype(overload)?;
        if parameters.len() != args.len() {
            let reason = format!("the call passes {} values", args.len());
            return Err(Unsupported::new(overload.to_string(), reason));
        }
        let mut passed = Vec::new();
        for (arg, parameter) in args.iter().zip(&parameters) {
            let parts = self.parts(*arg)?;
            if parts.len() != parameter.parts() {
                return Err(Unsupported::new(format!("{arg} as an argument of {callee}"), "it is of another kind"));
            }
            passed.extend(parts);
        }
        let counts = !overload.effects.no_python;
        let raised = if counts || overload.raises != Raises::Never {
            self.raised(inst)
        } else {
            // Nothing goes there.
            self.emitter.builder.create_block()
        };
        if counts {
            self.emitter.enter_call(raised);
        }
        let target = self.address(Reference::Callee(callee.clone()));
        let parts = self.emitter.call_underlying(target, (&parameters, result), &passed, overload.effects.nogil);
        if counts {
            self.emitter.leave_call();
        }
        let is_owned = !overload.effects.borrowed_result;
        self.emitter.check_error(parts.first().copied().zip(result), overload.raises, is_owned, raised);
        if let Some(into) = self.function.insts[inst].result.filter(|_| overload.result != Kind::Void) {
            self.values.set_parts(into, &parts);
        }
        Ok(())
    }

    fn call_ml_meth(
        &mut self,
        inst: Inst,
        callee: &Called,
        overload: &Overload,
        args: &[Value],
    ) -> Result<(), Unsupported> {
        let unsupported = |reason: String| Unsupported::new(format!("CallCFunction<\"{callee}\">"), reason);
        let call = self.references.method(callee).ok_or_else(|| unsupported("it has no METH_ function".into()))?;
        let (receiver, args) = match (call.is_bound, args) {
            (true, args) => (self.address(Reference::Receiver(callee.clone())), args),
            (false, [receiver, args @ ..]) => (self.get(*receiver)?, args),
            (false, []) => return Err(unsupported("the call has no receiver".into())),
        };
        if !call.is_possible() || !call.convention.passes(args.len()) {
            let name = call.convention.name();
            return Err(unsupported(format!("{name} is not called with {} arguments", args.len())));
        }
        let args: Result<Vec<_>, _> = args.iter().map(|arg| self.get(*arg)).collect();
        let raised = self.raised(inst);
        // As CPython's own vectorcalls of such functions do (Objects/methodobject.c, descrobject.c).
        let counts = !overload.effects.no_python;
        if counts {
            self.emitter.enter_call(raised);
        }
        let target = self.address(Reference::Callee(callee.clone()));
        let object = self.emitter.call_method(target, call.convention, receiver, None, &args?);
        if counts {
            self.emitter.leave_call();
        }
        self.emitter.check_error(Some((object, CType::Pointer)), overload.raises, true, raised);
        self.values.set(self.result(inst)?, object);
        Ok(())
    }
}

/// How many of the arguments have no names.
fn positional(args: &[Value], keywords: &[Arc<str>]) -> Result<i64, Unsupported> {
    args.len()
        .checked_sub(keywords.len())
        .and_then(|count| i64::try_from(count).ok())
        .ok_or_else(|| Unsupported::new("a call", "it has more names than arguments"))
}
