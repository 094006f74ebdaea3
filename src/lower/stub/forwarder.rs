//! Stubs that only pass on their arguments: a jump, encoded by hand.
//!
//! A stub needs no frame if its original takes objects, returns an object, checks nothing, and reports errors as every
//! `ml_meth` does: the arguments move to the places that the underlying function expects, and that function returns to
//! the stub's caller. Cranelift makes no tail calls in the system's convention. A forwarder is never on the stack, so
//! its code may be freed while the call runs.

use std::fmt::Write;

use super::cell::{CellField, CellRegister, CellSource};
use super::frame::{Binding, Convention};
use super::plan::Plan;
use crate::cpython::Layout;
use crate::ir::{Called, CalleeTarget, Callees, InstData, Instruction, Value};
use crate::lower::convention::MethodConvention;
use crate::lower::machine::CType;
use crate::lower::symbol::{AddressTable, Symbol};
use crate::metadata::{Kind, Raises};

/// A stub that only passes on its arguments. See the module's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarder {
    /// Whether it counts its calls.
    counts: bool,
    /// The argument register that holds the cell.
    cell: u8,
    /// The source of each argument of the underlying function.
    sources: Vec<Source>,
}

/// The source of an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// An argument register of the stub.
    Register(u8),
    /// The object that the original is bound to, in the cell.
    Receiver,
}

/// x86-64's registers of integer arguments in the System V convention: number in the encoding, and name.
const REGISTERS: [(u8, &str); 6] = [(7, "rdi"), (6, "rsi"), (2, "rdx"), (1, "rcx"), (8, "r8"), (9, "r9")];
/// The register that holds the target: it carries no argument.
const RAX: u8 = 0;

impl Forwarder {
    /// The forwarder for `plan`; `None` if the plan needs more than moves and a jump.
    pub fn of(plan: &Plan) -> Option<Self> {
        let frame = &plan.frame;
        let cell = match frame.cell {
            CellSource::Receiver => 0,
            CellSource::Thunk(CellRegister::Integer(register)) => register,
            CellSource::Thunk(CellRegister::Float) => return None,
        };
        let [arm] = &plan.arms[..] else { return None };
        if arm.audit.is_some() || arm.checks_receiver || matches!(frame.binding, Binding::Foreign { .. }) {
            return None;
        }
        let instructions: Vec<_> = arm.function.instructions().map(|(_, _, data)| data).collect();
        let [loads @ .., InstData { instruction: Instruction::CallCFunction { callee, args }, result, .. }, last] =
            &instructions[..]
        else {
            return None;
        };
        let passes_on = result.is_some_and(|value| last.instruction == Instruction::Return { value });
        if !passes_on || !returns_as_methods_do(&arm.callees, callee) {
            return None;
        }
        let source = |value: Value| match arm.function.definition(value)? {
            Instruction::LoadSelf if frame.passes_receiver() => Some(Source::Register(0)),
            Instruction::LoadSelf => Some(Source::Receiver),
            Instruction::LoadArg { index } => match frame.convention {
                Convention::Objects { .. } => {
                    let first = u8::from(frame.binding == Binding::Method);
                    Some(Source::Register(first + u8::try_from(*index).ok()?))
                }
                Convention::Method(MethodConvention::O) => Some(Source::Register(1)),
                Convention::Method(_) | Convention::Vectorcall => None,
            },
            _ => None,
        };
        let is_load =
            |data: &&InstData| matches!(data.instruction, Instruction::LoadSelf | Instruction::LoadArg { .. });
        let only_loads = loads.iter().all(is_load);
        // In all other conventions the caller passes the number of arguments, and that has to be checked.
        let counted = !matches!(
            frame.convention,
            Convention::Objects { .. } | Convention::Method(MethodConvention::NoArgs | MethodConvention::O)
        );
        let sources = args.iter().map(|value| source(*value)).collect::<Option<Vec<_>>>()?;
        // The cell keeps the object that the original is bound to, and Python code may drop the cell during the call.
        let needs_cell = arm.runs_python() && sources.contains(&Source::Receiver);
        let forwarder = Self { counts: plan.counts_calls(), cell, sources };
        let jump = only_loads && !counted && !needs_cell && !plan.counts_recursion(arm);
        (jump && forwarder.moves_in_order()).then_some(forwarder)
    }

    /// Whether the arguments can be moved one after the other, without overwriting one that is still to be read.
    fn moves_in_order(&self) -> bool {
        self.sources.len() <= REGISTERS.len()
            && self.sources.iter().enumerate().all(|(to, _)| {
                self.sources[to + 1..].iter().all(|later| match later {
                    Source::Register(from) => usize::from(*from) != to,
                    Source::Receiver => usize::from(self.cell) != to,
                })
            })
    }

    /// The machine code for x86-64.
    pub fn encode(&self, layout: &Layout, addresses: &AddressTable) -> Vec<u8> {
        let mut code = Vec::new();
        if self.counts {
            // REX.W B8: mov rax, imm64; REX.W FF /0: inc qword [rax]
            code.extend([0x48, 0xb8]);
            code.extend(addresses.get(Symbol::Hits).get().to_le_bytes());
            code.extend([0x48, 0xff, 0x00]);
        }
        let cell = REGISTERS[usize::from(self.cell)].0;
        load(&mut code, RAX, cell, CellField::Target.offset(layout));
        for (to, from) in self.sources.iter().enumerate() {
            let to = REGISTERS[to].0;
            match from {
                Source::Receiver => load(&mut code, to, cell, CellField::Receiver.offset(layout)),
                Source::Register(from) if REGISTERS[usize::from(*from)].0 == to => {}
                Source::Register(from) => {
                    let from = REGISTERS[usize::from(*from)].0;
                    // REX.W 89 /r: mov r/m64, r64
                    code.extend([0x48 | (from >> 3) << 2 | to >> 3, 0x89, 0xc0 | (from & 7) << 3 | (to & 7)]);
                }
            }
        }
        // FF /4: jmp rax
        code.extend([0xff, 0xe0]);
        code
    }

    /// The machine code as text.
    pub fn disassembly(&self, layout: &Layout, addresses: &AddressTable) -> String {
        let cell = REGISTERS[usize::from(self.cell)].1;
        let count = format!("  movabsq ${:#x}, %rax\n  incq (%rax)\n", addresses.get(Symbol::Hits));
        let mut text = if self.counts { count } else { String::new() };
        text += &format!("  movq {:#x}(%{cell}), %rax\n", CellField::Target.offset(layout));
        for (to, from) in self.sources.iter().enumerate() {
            let to_name = REGISTERS[to].1;
            let line = match from {
                Source::Receiver => {
                    writeln!(text, "  movq {:#x}(%{cell}), %{to_name}", CellField::Receiver.offset(layout))
                }
                Source::Register(from) if usize::from(*from) == to => Ok(()),
                Source::Register(from) => {
                    writeln!(text, "  movq %{}, %{to_name}", REGISTERS[usize::from(*from)].1)
                }
            };
            line.expect("a string takes whatever is written to it");
        }
        text.push_str("  jmp *%rax\n");
        text
    }
}

/// Whether a callee returns as a `ml_meth` does, to its caller's caller: it returns an object that it owns, or null for
/// an error; and it takes over no references.
fn returns_as_methods_do(callees: &Callees, callee: &Called) -> bool {
    callees.overload(callee).is_some_and(|(found, overload)| {
        let effects = &overload.effects;
        found.target == CalleeTarget::Underlying
            && CType::of_result(&overload.result) == Some(CType::Pointer)
            && !matches!(overload.result, Kind::Foreign(_))
            && !effects.borrowed_result
            && !effects.nogil
            && effects.steals == 0
            && matches!(overload.raises, Raises::Never | Raises::Null)
    })
}

/// REX.W 8B /r with a 32-bit displacement: mov r64, [base + offset]. None of the argument registers needs a SIB byte.
fn load(code: &mut Vec<u8>, to: u8, base: u8, offset: i32) {
    code.extend([0x48 | (to >> 3) << 2 | base >> 3, 0x8b, 0x80 | (to & 7) << 3 | (base & 7)]);
    code.extend(offset.to_le_bytes());
}
