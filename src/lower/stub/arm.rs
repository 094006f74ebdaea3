//! From IR to an arm; refuses IR that cannot be lowered, with the reason.

use super::frame::{Binding, Convention, Frame};
use super::plan::{Arm, Given};
use crate::ir::{
    Called, CalleeTarget, Callees, Failure, Function, Inst, Instruction, ResultRule, Type, Value, ValueDef,
};
use crate::lower::convention::MethodConvention;
use crate::lower::emit::admitted::{Admitted, View};
use crate::lower::emit::prototype::{c_constant, c_prototype};
use crate::lower::emit::surroundings::EmittedFunction;
use crate::lower::machine::CType;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{Kind, Overload, Raises};

/// Plans a straight-line call site after its call was specialized and its references counted. The result is the arm for
/// one overload, called with `arity` arguments. The function must be one that [`Function::verify_calls`] accepts:
/// whether values are defined and have the right types is not checked again.
///
/// # Errors
/// The first instruction that has no code, with the reason.
pub fn plan_arm(
    function: Function,
    callees: Callees,
    frame: &Frame,
    overload: u16,
    arity: u16,
) -> Result<Arm, Unsupported> {
    if let Convention::Method(method) = frame.convention
        && !method.passes(usize::from(arity))
    {
        let what = format!("a call of {arity} arguments");
        return Err(Unsupported::new(what, format!("{} passes another number of arguments", method.name())));
    }
    let [block] = function.layout[..] else {
        return Err(Unsupported::new("a function of several blocks", "only straight-line call sites are lowered"));
    };
    let check = ArmCheck { function: &function, callees: &callees, frame, arity };
    let insts = &function.blocks[block].insts;
    for &inst in insts {
        check.instruction(inst)?;
    }
    check.references(insts)?;
    let runs_python = insts.iter().any(|&inst| check.runs_python(inst));
    Ok(Arm {
        overload,
        arity,
        keywords: 0,
        given: Given::ByPosition,
        held: 0,
        checks_receiver: false,
        audit: None,
        counted: false,
        calls_python: runs_python,
        function,
        callees,
    })
}

struct ArmCheck<'a> {
    function: &'a Function,
    callees: &'a Callees,
    frame: &'a Frame,
    arity: u16,
}

impl<'a> ArmCheck<'a> {
    /// Whether an instruction has code in a stub.
    fn instruction(&self, inst: Inst) -> Result<(), Unsupported> {
        let instruction = &self.function.insts[inst].instruction;
        let name = instruction.name();
        let refuse = |what: String, reason: &str| Err(Unsupported::new(what, reason));
        match instruction {
            Instruction::LoadConst => {
                let ty = self.result_type(inst)?;
                if c_constant(ty).is_none() && !ty.is_subtype(&Type::NONE_TYPE) {
                    let reason = "a stub has no constant but None; the call that uses it was not specialized";
                    return refuse(format!("the constant {ty}"), reason);
                }
            }
            Instruction::LoadArg { index } if *index >= self.arity => {
                return refuse(format!("LoadArg<{index}>"), &format!("the call has {} arguments", self.arity));
            }
            Instruction::LoadArg { .. } | Instruction::LoadSelf | Instruction::LoadContext => {}
            Instruction::Guard { failure: Failure::Exit, .. } | Instruction::Unbox { failure: Failure::Exit, .. } => {
                return refuse(format!("the exit of {name}"), "a stub leaves through its fallback");
            }
            Instruction::Guard { ty, .. } => {
                Admitted::of(ty)?;
            }
            Instruction::NullIfNone { .. } => {}
            Instruction::Unbox { ctype, .. } | Instruction::UnboxReal { ctype, .. } => {
                if ctype.scalar().is_none() && View::of(ctype).is_none() {
                    return refuse(format!("{name}<{ctype}>"), "no C value of an object");
                }
            }
            Instruction::Box { value } => {
                let ty = self.function.ty(*value);
                if ty.scalar().is_none() && View::of(ty).is_none() {
                    return refuse(format!("Box of {ty}"), "no C value of an object");
                }
            }
            Instruction::ToForeign { callee, parameter, .. } => {
                foreign_parameter(self.callees, callee, *parameter)?;
            }
            Instruction::FromForeign { callee, .. } => {
                foreign_result(self.callees, callee)?;
            }
            Instruction::CallCFunction { callee, args } => self.call(inst, callee, args)?,
            Instruction::Incref { .. } | Instruction::Decref { .. } | Instruction::Return { .. } => {}
            Instruction::VectorCall { .. } | Instruction::VectorCallStatic { .. } => {
                return refuse(name.to_owned(), "the call was not specialized");
            }
            Instruction::Jump { .. } | Instruction::Branch { .. } => {
                return refuse(name.to_owned(), "only straight-line call sites are lowered");
            }
            Instruction::Operate { .. }
            | Instruction::MethodSelf { .. }
            | Instruction::Assume { .. }
            | Instruction::GuardFinite { .. }
            | Instruction::Arithmetic { .. }
            | Instruction::CompareNumbers { .. }
            | Instruction::Exit
            | Instruction::Unreachable => return refuse(name.to_owned(), "a stub is a call, and no other operation"),
        }
        Ok(())
    }

    fn result_type(&self, inst: Inst) -> Result<&'a Type, Unsupported> {
        let data = &self.function.insts[inst];
        let result = data.result.map(|result| self.function.ty(result));
        result.ok_or_else(|| Unsupported::new(data.instruction.name(), "the instruction has no result to name"))
    }

    fn overload(&self, callee: &Called) -> Result<(CalleeTarget, &'a Overload), Unsupported> {
        let found = self.callees.overload(callee).map(|(found, overload)| (found.target, overload));
        found
            .ok_or_else(|| Unsupported::new(format!("CallCFunction<\"{callee}\">"), "no callee of that name was given"))
    }

    fn call(&self, inst: Inst, callee: &Called, args: &[Value]) -> Result<(), Unsupported> {
        let (target, overload) = self.overload(callee)?;
        let miscounted =
            || Err(Unsupported::new(overload.to_string(), format!("the call passes {} values", args.len())));
        match target {
            CalleeTarget::Underlying => {
                let (parameters, _) = c_prototype(overload)?;
                if parameters.len() != args.len() {
                    return miscounted();
                }
            }
            CalleeTarget::Class => {
                return Err(Unsupported::new(overload.to_string(), "a class has no C function"));
            }
            CalleeTarget::Method => {
                let original = self.frame.original;
                if original == MethodConvention::Other {
                    return Err(Unsupported::new("ml_meth", "its METH_ convention is not one that stubs call"));
                }
                if self.function.insts[inst].result.is_none() {
                    return Err(Unsupported::new("ml_meth", "a METH_ function always returns an object"));
                }
                match args.len().checked_sub(receivers(self.frame)) {
                    Some(count) if original.passes(count) => {}
                    _ => return miscounted(),
                }
            }
        }
        Ok(())
    }

    /// Whether the stub can count references as the function does. A stub gives nothing up: it returns what it owns. It
    /// adds a reference for a call that steals one, to what a callee only lent, and to what it returns.
    fn references(&self, insts: &[Inst]) -> Result<(), Unsupported> {
        let code = EmittedFunction::of(self.function, self.callees)?;
        let mut lent = Vec::new();
        for (position, &inst) in insts.iter().enumerate() {
            let data = &self.function.insts[inst];
            if let Some(&released) = self.function.releases[inst].first() {
                return Err(self.given_up(released));
            }
            match &data.instruction {
                Instruction::CallCFunction { callee, .. } if self.overload(callee)?.1.effects.borrowed_result => {
                    lent.extend(data.result.filter(|result| self.function.ty(*result).is_object()));
                }
                Instruction::Incref { .. } if code.taken_over.contains(inst) => {}
                Instruction::Incref { value } => {
                    let is_returned = insts[position + 1..].first().is_some_and(|&next| {
                        self.function.insts[next].instruction == Instruction::Return { value: *value }
                    });
                    let was_lent = lent.iter().position(|lent| lent == value).map(|place| lent.swap_remove(place));
                    if was_lent.is_none() && !is_returned {
                        let reason = "references are only taken right before the call that steals them";
                        return Err(Unsupported::new(self.function.display_inst(data), reason));
                    }
                }
                Instruction::Decref { value } => return Err(self.given_up(*value)),
                Instruction::Return { value } if lent.contains(&self.function.unguarded(*value)) => {
                    let reason = "a stub returns a reference of its own, and this one is only lent";
                    return Err(Unsupported::new(self.function.display_inst(data), reason));
                }
                _ => {}
            }
        }
        match insts.last().map(|&last| &self.function.insts[last].instruction) {
            Some(Instruction::Return { .. }) => Ok(()),
            _ => Err(Unsupported::new("a function that does not return", "a stub ends with Return")),
        }
    }

    /// The reason for refusing to give up a reference: a stub can do so only by returning it, so far.
    fn given_up(&self, value: Value) -> Unsupported {
        match self.function.values[value].def {
            ValueDef::Result(inst) if self.owns(inst) => Unsupported::new(
                self.function.display_inst(&self.function.insts[inst]),
                "its result would have to be given up before the return",
            ),
            ValueDef::Result(_) | ValueDef::Param(..) | ValueDef::Unused => {
                Unsupported::new("Decref", "a stub gives no reference up")
            }
        }
    }

    /// Whether the result of an instruction is a reference that the stub owns.
    fn owns(&self, inst: Inst) -> bool {
        match self.function.insts[inst].instruction.result_rule() {
            ResultRule::Always | ResultRule::ByCallee => true,
            ResultRule::Borrowed | ResultRule::Never => false,
        }
    }

    /// Whether an instruction may run Python code, which may drop the stub.
    fn runs_python(&self, inst: Inst) -> bool {
        match &self.function.insts[inst].instruction {
            Instruction::CallCFunction { callee, .. } => {
                self.callees.overload(callee).is_none_or(|(found, overload)| {
                    let object = found.target == CalleeTarget::Method
                        || CType::of_result(&overload.result) == Some(CType::Pointer);
                    // If a call releases the GIL, other threads may run Python code. And a result that came together
                    // with an exception is given up, and its destructor may be anything.
                    !overload.effects.no_python || overload.effects.nogil || overload.raises == Raises::Check && object
                })
            }
            // A thread's first context is kept in a dict: 3.11 may collect garbage when a dict is made.
            Instruction::LoadContext | Instruction::FromForeign { .. } => true,
            // The same may happen when the exception for text that is not UTF-8 is made.
            Instruction::Box { value } => self.function.ty(*value).scalar().is_none(),
            _ => false,
        }
    }
}

/// How many of the values that a `ml_meth` gets, counted from the first, are the object that it is called on.
pub(super) fn receivers(frame: &Frame) -> usize {
    match frame.binding {
        Binding::Method => 1,
        Binding::Function | Binding::Bare | Binding::Foreign { .. } => 0,
    }
}

/// The C type to which a foreign function's provider converts an argument.
pub(super) fn foreign_parameter(callees: &Callees, callee: &Called, parameter: u16) -> Result<CType, Unsupported> {
    foreign(callees, callee, |overload| {
        overload.parameters.get(usize::from(parameter)).map(|parameter| &parameter.kind)
    })
}

/// The C type of a foreign function's result, which its provider converts to an object.
pub(super) fn foreign_result(callees: &Callees, callee: &Called) -> Result<CType, Unsupported> {
    foreign(callees, callee, |overload| Some(&overload.result))
}

fn foreign(
    callees: &Callees,
    callee: &Called,
    kind: impl FnOnce(&Overload) -> Option<&Kind>,
) -> Result<CType, Unsupported> {
    let unknown = || Unsupported::new(format!("a value of {callee}"), "no foreign function of that name was given");
    let (_, overload) = callees.overload(callee).ok_or_else(unknown)?;
    kind(overload).and_then(CType::of_parameter).ok_or_else(unknown)
}
