//! The text form of functions. A function of one block without parameters prints as its instructions alone, so that
//! call sites read as listings; others print their blocks: `bb0(v0:Object):`, then indented instructions.

use std::fmt;

use super::entities::{Block, Value};
use super::function::{Function, InstData};
use super::instruction::{BlockCall, Instruction};
use crate::metadata::cursor::{Cursor, quote};

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_bare = self.prints_bare();
        for &block in &self.layout {
            if !is_bare {
                self.print_block_header(f, block)?;
            }
            for &inst in &self.blocks[block].insts {
                writeln!(f, "{}{}", if is_bare { "" } else { "  " }, self.display_inst(&self.insts[inst]))?;
            }
        }
        Ok(())
    }
}

impl Function {
    /// Without its header only `bb0` can be read back.
    fn prints_bare(&self) -> bool {
        match self.layout[..] {
            [block] => block == Block::from_u32(0) && self.blocks[block].params.is_empty(),
            _ => false,
        }
    }

    fn print_block_header(&self, f: &mut fmt::Formatter<'_>, block: Block) -> fmt::Result {
        let params: Vec<_> = self.blocks[block].params.iter().map(|&value| self.typed(value)).collect();
        if params.is_empty() { writeln!(f, "{block}:") } else { writeln!(f, "{block}({}):", params.join(" ")) }
    }

    fn typed(&self, value: Value) -> String {
        format!("{value}:{}", self.ty(value))
    }

    /// One instruction as text, with its result.
    pub fn display_inst(&self, data: &InstData) -> String {
        match data.result {
            Some(result) => format!("{} = {}", self.typed(result), data.instruction),
            None => data.instruction.to_string(),
        }
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::LoadConst | Self::LoadSelf | Self::LoadContext => Ok(()),
            Self::LoadArg { index } => write!(f, "<{index}>"),
            Self::VectorCall { callable, args, keywords } | Self::VectorCallStatic { callable, args, keywords } => {
                write!(f, "<{}", args.len())?;
                keywords.iter().try_for_each(|name| write!(f, ", {}=", print_keyword(name)))?;
                write!(f, "> {callable}")?;
                print_values(f, args)
            }
            Self::CallCFunction { callee, args } => {
                write!(f, "<{}>", quote(callee, '"'))?;
                print_values(f, args)
            }
            Self::Guard { ty, value } | Self::Unbox { ctype: ty, value } => write!(f, "<{ty}> {value}"),
            Self::ToForeign { callee, parameter, value } => write!(f, "<{}, {parameter}> {value}", quote(callee, '"')),
            Self::FromForeign { callee, value } => write!(f, "<{}> {value}", quote(callee, '"')),
            Self::NullIfNone { value }
            | Self::Box { value }
            | Self::Incref { value }
            | Self::Decref { value }
            | Self::Return { value } => write!(f, " {value}"),
            Self::Jump { target } => write!(f, " {target}"),
            Self::Branch { condition, then, otherwise } => write!(f, " {condition} {then} {otherwise}"),
        }
    }
}

impl fmt::Display for BlockCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.block)?;
        if self.args.is_empty() {
            return Ok(());
        }
        let args: Vec<_> = self.args.iter().map(ToString::to_string).collect();
        write!(f, "({})", args.join(" "))
    }
}

/// A keyword may be any string; one that is no identifier is quoted.
fn print_keyword(name: &str) -> String {
    let mut cursor = Cursor::new(name);
    let is_word = !cursor.word().is_empty() && cursor.is_at_end();
    if is_word { name.to_owned() } else { quote(name, '"') }
}

fn print_values(f: &mut fmt::Formatter<'_>, values: &[Value]) -> fmt::Result {
    values.iter().try_for_each(|value| write!(f, " {value}"))
}
