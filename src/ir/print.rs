//! Prints the text form of functions. A function of one block without parameters prints as its instructions alone, so
//! that call sites look like listings. Others print their blocks: `bb0(v0:Object):`, then indented instructions.
//!
//! An instruction that may fail says what happens then, `fallback` or `exit`. The alternate form, `{:#}`, has the frame
//! states too: ` at 4(v0 _ | v1)` after an instruction is the state before instruction 4 of the bytecode, with locals,
//! a bar, and the stack; `_` is null, and a type with one value stands for that constant. ` error 4(v0 _)` is the state
//! in which CPython continues at a handler if the instruction raises. ` releases v7 v8` are the values that the
//! function gives up if it is left at the instruction, in that order.

use std::fmt;

use super::entities::{Block, Inst, Value};
use super::function::{Function, InstData};
use super::instruction::{BlockCall, Failure, Instruction};
use super::state::{FrameState, Slot};
use crate::text::cursor::{Cursor, quote};

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_bare = self.prints_bare();
        for &block in &self.layout {
            if !is_bare {
                self.print_block_header(f, block)?;
            }
            for &inst in &self.blocks[block].insts {
                write!(f, "{}{}", if is_bare { "" } else { "  " }, self.display_inst(&self.insts[inst]))?;
                if f.alternate() {
                    self.print_leaving(f, inst)?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

impl Function {
    /// Whether it prints without a header. Without one, only `bb0` can be read back.
    fn prints_bare(&self) -> bool {
        match self.layout[..] {
            [block] => block == Block::from_u32(0) && self.blocks[block].params.is_empty(),
            _ => false,
        }
    }

    /// Prints how the function is left at an instruction.
    fn print_leaving(&self, f: &mut fmt::Formatter<'_>, inst: Inst) -> fmt::Result {
        if let Some(state) = self.state(inst) {
            write!(f, " at {state}")?;
        }
        if let Some(state) = self.error_state(inst) {
            write!(f, " error {state}")?;
        }
        match &self.releases[inst][..] {
            [] => Ok(()),
            released => {
                f.write_str(" releases")?;
                print_values(f, released)
            }
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

impl fmt::Display for FrameState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = |slots: &[Slot]| slots.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let (locals, stack) = (slots(&self.locals), slots(&self.stack));
        let bar = if stack.is_empty() { "" } else { " | " };
        write!(f, "{}({locals}{bar}{stack})", self.at)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("_"),
            Self::Value(value) => write!(f, "{value}"),
            Self::Constant(ty) => write!(f, "{ty}"),
        }
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Operate { operation, args } = self {
            write!(f, "{operation}")?;
            return print_values(f, args);
        }
        f.write_str(self.name())?;
        match self {
            Self::Operate { .. } => Ok(()),
            Self::LoadConst | Self::LoadSelf | Self::LoadContext | Self::Exit | Self::Unreachable => Ok(()),
            Self::Assume { assumption } => write!(f, "<{assumption}>"),
            Self::Arithmetic { operator, lhs, rhs } => write!(f, "<{}> {lhs} {rhs}", quote(operator.symbol(), '"')),
            Self::CompareNumbers { operator, lhs, rhs } => write!(f, "<{}> {lhs} {rhs}", quote(operator.symbol(), '"')),
            Self::LoadArg { index } => write!(f, "<{index}>"),
            Self::VectorCall { callable, args, keywords } | Self::VectorCallStatic { callable, args, keywords } => {
                write!(f, "<{}", args.len())?;
                keywords.iter().try_for_each(|name| write!(f, ", {}=", print_keyword(name)))?;
                write!(f, "> {callable}")?;
                print_values(f, args)
            }
            Self::CallCFunction { callee, args } => {
                write!(f, "<{}>", quote(&callee.text, '"'))?;
                print_values(f, args)
            }
            Self::Guard { ty, value, failure } | Self::Unbox { ctype: ty, value, failure } => {
                write!(f, "<{ty}> {value}{failure}")
            }
            Self::UnboxReal { ctype, value } => write!(f, "<{ctype}> {value}"),
            Self::ToForeign { callee, parameter, value } => {
                write!(f, "<{}, {parameter}> {value}", quote(&callee.text, '"'))
            }
            Self::FromForeign { callee, value } => write!(f, "<{}> {value}", quote(&callee.text, '"')),
            Self::MethodSelf { method: value }
            | Self::GuardFinite { value }
            | Self::NullIfNone { value }
            | Self::Box { value }
            | Self::Incref { value }
            | Self::Decref { value }
            | Self::Return { value } => write!(f, " {value}"),
            Self::Jump { target } => write!(f, " {target}"),
            Self::Branch { condition, then, otherwise } => write!(f, " {condition} {then} {otherwise}"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "",
            Self::Fallback => " fallback",
            Self::Exit => " exit",
        })
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

/// A keyword may be any string; one that is not an identifier is quoted.
fn print_keyword(name: &str) -> String {
    let mut cursor = Cursor::new(name);
    let is_word = !cursor.word().is_empty() && cursor.is_at_end();
    if is_word { name.to_owned() } else { quote(name, '"') }
}

fn print_values(f: &mut fmt::Formatter<'_>, values: &[Value]) -> fmt::Result {
    values.iter().try_for_each(|value| write!(f, " {value}"))
}
