//! What instructions need from the code around them: a stub's arm, or a whole function.

use cranelift_codegen::ir::{Block, Value as Register};
use cranelift_entity::EntitySet;

use super::emitter::Emitter;
use super::values::Values;
use crate::ir::{Called, CalleeTarget, Callees, ConstObject, Function, Inst, Instruction, Value};
use crate::lower::convention::MethodConvention;
use crate::lower::machine::CType;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{Overload, Raises};

/// A function of IR that is emitted, with what its emission needs to know.
pub(in crate::lower) struct EmittedFunction<'c> {
    pub(in crate::lower) function: &'c Function,
    pub(in crate::lower) callees: &'c Callees,
    /// The references that callees take over: each `Incref` before a call that steals its value. The reference is added
    /// at the call itself, after everything that may leave before it.
    pub(in crate::lower) taken_over: EntitySet<Inst>,
}

/// How a `ml_meth` is called.
pub(in crate::lower) struct MethodSite {
    pub(in crate::lower) convention: MethodConvention,
    pub(in crate::lower) receiver: Register,
    /// How many of the call's values, counted from the first, are the receiver: none or one.
    pub(in crate::lower) receivers: usize,
}

/// The code around instructions.
pub(in crate::lower) trait Surroundings<'e, 'f: 'e> {
    /// The emitter.
    fn emitter(&mut self) -> &mut Emitter<'e, 'f>;

    /// The registers of the values so far.
    fn values(&mut self) -> &mut Values;

    /// The block to which an instruction goes if its check fails.
    fn fail(&mut self, inst: Inst) -> Result<Block, Unsupported>;

    /// The block to which an instruction goes with an exception set.
    fn error(&mut self, inst: Inst) -> Result<Block, Unsupported>;

    /// The block to which an instruction goes if it could not make its result; `None` if null is to be the result then.
    fn error_of_null(&mut self, inst: Inst) -> Result<Option<Block>, Unsupported> {
        self.error(inst).map(Some)
    }

    /// The address of an object.
    fn object(&mut self, object: &ConstObject) -> Result<Register, Unsupported>;

    /// The address of a callee's C function.
    fn target(&mut self, callee: &Called, target: CalleeTarget) -> Register;

    /// How the `ml_meth` of a callee is called with these values.
    fn method(&mut self, callee: &Called, overload: &Overload, args: &[Value]) -> Result<MethodSite, Unsupported>;

    /// Writes the arguments of the next call to the stack, as an array.
    fn argument_array(&mut self, objects: &[Register]) -> Register {
        self.emitter().spill(objects)
    }

    /// The class that a METH_METHOD function gets.
    fn defining_class(&mut self) -> Option<Register> {
        None
    }

    /// Whether a call counts against the recursion limit.
    fn counts_recursion(&self, overload: &Overload) -> bool;

    /// Called at the point where a call has passed all guards and will reach its C function.
    fn reach_call(&mut self) {}

    /// Called just before the call of the C function.
    fn begin_call(&mut self) {}

    /// Called just after the C function has returned this.
    fn end_call(&mut self, _result: Option<(Register, CType)>) {}

    /// Goes to the error if the C function has raised.
    fn check_error(
        &mut self,
        inst: Inst,
        result: Option<(Register, CType)>,
        raises: Raises,
        is_owned: bool,
    ) -> Result<(), Unsupported> {
        if raises != Raises::Never {
            let error = self.error(inst)?;
            self.emitter().check_error(result, raises, is_owned, error);
        }
        Ok(())
    }
}

impl<'c> EmittedFunction<'c> {
    /// The code of a function.
    ///
    /// # Errors
    /// If a call steals a value without a reference that was added for it.
    pub(in crate::lower) fn of(function: &'c Function, callees: &'c Callees) -> Result<Self, Unsupported> {
        let mut code = Self { function, callees, taken_over: EntitySet::new() };
        for &block in &function.layout {
            let insts = &function.blocks[block].insts;
            for (position, &inst) in insts.iter().enumerate() {
                for stolen in code.stolen(inst) {
                    let takes = |before: &&Inst| {
                        !code.taken_over.contains(**before)
                            && function.insts[**before].instruction == Instruction::Incref { value: stolen }
                    };
                    let Some(&taken) = insts[..position].iter().rev().find(takes) else {
                        let text = function.display_inst(&function.insts[inst]);
                        return Err(Unsupported::new(
                            text,
                            "references are only taken right before the call that steals them",
                        ));
                    };
                    code.taken_over.insert(taken);
                }
            }
        }
        Ok(code)
    }

    /// The values to which a call takes over a reference.
    fn stolen(&self, inst: Inst) -> Vec<Value> {
        match &self.function.insts[inst].instruction {
            Instruction::CallCFunction { callee, args } => match self.callees.overload(callee) {
                Some((found, overload)) if found.target == CalleeTarget::Underlying => stolen(overload, args).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The result of an instruction.
    pub(in crate::lower) fn result(&self, inst: Inst) -> Result<Value, Unsupported> {
        let data = &self.function.insts[inst];
        data.result.ok_or_else(|| Unsupported::new(data.instruction.name(), "it has no result"))
    }
}

/// The arguments to which a callee takes over a reference.
pub(super) fn stolen<'a>(overload: &'a Overload, args: &'a [Value]) -> impl Iterator<Item = Value> + 'a {
    let is_stolen = |position: usize| overload.effects.steals >> position & 1 == 1;
    args.iter().enumerate().filter(move |(position, _)| is_stolen(*position)).map(|(_, value)| *value)
}
