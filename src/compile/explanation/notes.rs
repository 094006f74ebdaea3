//! Notes on single lines.

use crate::bytecode::Code;
use crate::ir::passes::NotSpecialized;
use crate::ir::{Callees, Function, Inst, Instruction, Operation, Slot, Type, Value};

/// A note on one instruction of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line; `None` if the bytecode has none.
    pub line: Option<u32>,
    /// Whether it was specialized.
    pub specialized: bool,
    /// The instruction, and the reason if it was not specialized.
    pub text: String,
}

/// The notes on a function after all passes, in the order of the lines.
pub(super) fn collect(code: &Code, function: &Function, callees: &Callees, left_alone: &[NotSpecialized]) -> Vec<Note> {
    let subject = Subject { code, function };
    let mut notes: Vec<_> = function
        .instructions()
        .filter_map(|(_, inst, data)| {
            let reason = left_alone.iter().find(|call| call.inst == inst).map(|call| &call.reason);
            let (specialized, text) = match (&data.instruction, reason) {
                (Instruction::CallCFunction { callee, .. }, _) => {
                    let name = callee.callee.map_or(&callee.text, |known| callees.name(known));
                    let signature = callees.overload(callee).map(|(_, overload)| overload.to_string());
                    (true, format!("{name} is called directly: {}", signature.unwrap_or_default()))
                }
                (instruction, Some(reason)) => (false, format!("{} stays a call: {reason}", instruction.name())),
                (Instruction::Operate { operation, args }, None) => {
                    let is_lookup = matches!(operation, Operation::LoadGlobal(_));
                    let effects = function.effects(callees, inst);
                    let is_left = is_lookup || effects.runs_python || effects.collects;
                    // A poll in a loop can't be specialized.
                    if !is_left || *operation == Operation::Poll {
                        return None;
                    }
                    let reason = subject.reason(inst, operation, args);
                    (false, format!("{operation} is done by Python: {reason}"))
                }
                _ => return None,
            };
            Some(Note { line: subject.line(inst), specialized, text })
        })
        .collect();
    notes.sort_by_key(|note| note.line);
    notes.dedup();
    notes
}

struct Subject<'a> {
    code: &'a Code,
    function: &'a Function,
}

impl Subject<'_> {
    fn line(&self, inst: Inst) -> Option<u32> {
        let at = self.function.place(inst)?;
        self.code.instructions.get(at as usize)?.line
    }

    /// The reason, from what is known of the operands.
    fn reason(&self, inst: Inst, operation: &Operation, args: &[Value]) -> String {
        if matches!(operation, Operation::LoadGlobal(_)) {
            return "what the name stands for is not known when the function is compiled".to_owned();
        }
        let mut known: Vec<String> = Vec::new();
        for &arg in args {
            let ty = self.function.ty(arg);
            let what = self.name(inst, arg).unwrap_or_else(|| "an operand".to_owned());
            let text = match ty {
                _ if Type::OBJECT.is_subtype(ty) => format!("{what} may be any object"),
                _ if ty.const_object().is_some() => continue,
                // Cells, and the nulls in them: a user could not give these another type.
                _ if ty.is_subtype(&Type::OTHER.union(&Type::NULLPTR)) => continue,
                _ => format!("{what} is {ty}"),
            };
            if !known.contains(&text) {
                known.push(text);
            }
        }
        if !known.is_empty() {
            known.join(", ")
        } else if args.is_empty() {
            "it is no call of a C function".to_owned()
        } else {
            "whatever its operands are".to_owned()
        }
    }

    /// The name of a value in the source: that of a local, or of the thing that was loaded.
    fn name(&self, inst: Inst, value: Value) -> Option<String> {
        let locals = self.function.state(inst)?.locals;
        let holds = |slot: &Slot| slot.value().is_some_and(|held| held == value);
        if let Some(local) = locals.iter().position(holds).and_then(|index| self.code.locals.get(index)) {
            return Some(local.name.to_string());
        }
        match self.function.definition(value)? {
            Instruction::Guard { value, .. } => self.name(inst, *value),
            Instruction::Operate { operation: Operation::LoadGlobal(name), .. } => Some(name.to_string()),
            Instruction::Operate { operation: Operation::GetAttr(name), args } => {
                Some(format!("{}.{name}", self.name(inst, *args.first()?)?))
            }
            Instruction::Operate { operation, .. } => Some(format!("the result of {operation}")),
            Instruction::CallCFunction { callee, .. } => Some(format!("the result of {callee}")),
            call @ (Instruction::VectorCall { .. } | Instruction::VectorCallStatic { .. }) => {
                Some(format!("the result of {}", call.name()))
            }
            _ => None,
        }
    }
}
