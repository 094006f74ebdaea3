//! CPython's instructions one by one, with complete operands and without caches.

use super::error::Problem;
use crate::bytecode::opcodes::{Opcode, Opcodes};

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawInstruction {
    pub(crate) opcode: Opcode,
    pub(crate) operand: u32,
    /// Byte offset of the first `EXTENDED_ARG` before it, which is the target of jumps.
    pub(crate) start: u32,
    /// Byte offset.
    pub(crate) offset: u32,
    /// Byte offset after it and its caches. Jumps count from here.
    pub(crate) end: u32,
    /// Its line.
    pub(crate) line: Option<u32>,
}

/// A problem with an instruction whose name is not known yet, or that has none.
pub(in crate::bytecode) struct RawError {
    pub(in crate::bytecode) offset: u32,
    pub(in crate::bytecode) opcode: String,
    pub(in crate::bytecode) problem: Problem,
}

/// Takes `co_code` apart; `lines` has a line for each code unit.
pub(super) fn read(opcodes: &Opcodes, code: &[u8], lines: &[Option<u32>]) -> Result<Vec<RawInstruction>, RawError> {
    let mut instructions = Vec::with_capacity(code.len() / 4);
    let (mut unit, mut start, mut operand) = (0usize, None, 0u32);
    while let Some(&[number, low]) = code.get(unit * 2..unit * 2 + 2) {
        // An offset of a code object fits, since CPython's are ints.
        let offset = u32::try_from(unit * 2).unwrap_or(u32::MAX);
        let error = |name: &str, problem| RawError { offset, opcode: name.to_owned(), problem };
        let opcode = opcodes.opcode(number).map_err(|name| {
            let number = format!("opcode {number}");
            error(name.unwrap_or(&number), Problem::UnknownOpcode { version: opcodes.version })
        })?;
        let line = lines.get(unit).copied().flatten();
        unit += 1 + opcodes.caches(number) as usize;
        if opcode == Opcode::EXTENDED_ARG {
            start = start.or(Some(offset));
            operand = operand << 8 | u32::from(low);
            continue;
        }
        let end = u32::try_from(unit * 2).unwrap_or(u32::MAX);
        let start = start.take().unwrap_or(offset);
        let operand = std::mem::take(&mut operand) << 8 | u32::from(low);
        instructions.push(RawInstruction { opcode, operand, start, offset, end, line });
    }
    match instructions.last() {
        Some(last) if last.end as usize == code.len() => Ok(instructions),
        last => {
            let offset = last.map_or(0, |last| last.offset);
            let opcode = last.map_or("an empty code object", |last| last.opcode.name()).to_owned();
            Err(RawError { offset, opcode, problem: Problem::OffTheEnd })
        }
    }
}
