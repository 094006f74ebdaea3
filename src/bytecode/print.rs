//! Prints code as text: a listing with the names that operands index.

use std::fmt::{self, Display, Formatter};

use super::code::{Code, Constant, Literal, LocalKind};
use super::instruction::{Arguments, BytecodeInstruction, Op, Suspend};
use crate::embed::Python;

impl Display for Code {
    /// Prints the arguments and locals, the instructions with index and line, and the handlers.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.qualname)?;
        for (index, local) in self.locals.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let kind = match local.kind {
                LocalKind::Plain => "",
                LocalKind::Cell => " cell",
                LocalKind::Free => " free",
            };
            let end = if index + 1 == self.arguments.total() as usize { " |" } else { "" };
            write!(f, "{separator}{}{kind}{end}", local.name)?;
        }
        writeln!(f, ") stack {}", self.stack_size)?;
        let mut line = None;
        for (index, instruction) in self.instructions.iter().enumerate() {
            match instruction.line {
                Some(number) if line != Some(number) => write!(f, "{number:5}")?,
                _ => f.write_str("     ")?,
            }
            line = instruction.line;
            writeln!(f, " {index:4}  {}", self.shown(instruction))?;
        }
        for handler in &self.handlers {
            let lasti = if handler.lasti { " offset" } else { "" };
            writeln!(
                f,
                "handler {}..{} -> {} depth {}{lasti}",
                handler.start, handler.end, handler.target, handler.depth
            )?;
        }
        Ok(())
    }
}

impl Code {
    /// An instruction with the names of its operands.
    pub fn shown<'a>(&'a self, instruction: &'a BytecodeInstruction) -> impl Display + 'a {
        Shown { code: self, op: &instruction.op }
    }
}

struct Shown<'a> {
    code: &'a Code,
    op: &'a Op,
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let code = self.code;
        let name = |index: u32| code.names.get(index as usize).map_or("?", |name| &**name);
        let local = |index: u32| code.locals.get(index as usize).map_or("?", |local| &*local.name);
        match self.op {
            Op::LoadConst(index) => match code.consts.get(*index as usize) {
                Some(constant) => write!(f, "LoadConst {constant}"),
                None => write!(f, "LoadConst ?"),
            },
            Op::LoadFast(index) => write!(f, "LoadFast {}", local(*index)),
            Op::LoadFastAndClear(index) => write!(f, "LoadFastAndClear {}", local(*index)),
            Op::StoreFast(index) => write!(f, "StoreFast {}", local(*index)),
            Op::DeleteFast(index) => write!(f, "DeleteFast {}", local(*index)),
            Op::MakeCell(index) => write!(f, "MakeCell {}", local(*index)),
            Op::LoadClosure(index) => write!(f, "LoadClosure {}", local(*index)),
            Op::LoadDeref(index) => write!(f, "LoadDeref {}", local(*index)),
            Op::StoreDeref(index) => write!(f, "StoreDeref {}", local(*index)),
            Op::DeleteDeref(index) => write!(f, "DeleteDeref {}", local(*index)),
            Op::LoadClassDeref(index) => write!(f, "LoadClassDeref {}", local(*index)),
            Op::LoadFromDictOrDeref(index) => write!(f, "LoadFromDictOrDeref {}", local(*index)),
            Op::LoadFromDictOrGlobals(index) => write!(f, "LoadFromDictOrGlobals {}", name(*index)),
            Op::LoadName(index) => write!(f, "LoadName {}", name(*index)),
            Op::StoreName(index) => write!(f, "StoreName {}", name(*index)),
            Op::DeleteName(index) => write!(f, "DeleteName {}", name(*index)),
            Op::LoadGlobal(index) => write!(f, "LoadGlobal {}", name(*index)),
            Op::StoreGlobal(index) => write!(f, "StoreGlobal {}", name(*index)),
            Op::DeleteGlobal(index) => write!(f, "DeleteGlobal {}", name(*index)),
            Op::LoadAttr(index) => write!(f, "LoadAttr {}", name(*index)),
            Op::LoadMethod(index) => write!(f, "LoadMethod {}", name(*index)),
            Op::LoadSuperAttr { name: index, zero_arguments } => {
                write!(
                    f,
                    "LoadSuperAttr {}{}",
                    name(*index),
                    if *zero_arguments { "" } else { " of super(class, self)" }
                )
            }
            Op::LoadSuperMethod { name: index, zero_arguments } => {
                write!(
                    f,
                    "LoadSuperMethod {}{}",
                    name(*index),
                    if *zero_arguments { "" } else { " of super(class, self)" }
                )
            }
            Op::StoreAttr(index) => write!(f, "StoreAttr {}", name(*index)),
            Op::DeleteAttr(index) => write!(f, "DeleteAttr {}", name(*index)),
            Op::ImportName(index) => write!(f, "ImportName {}", name(*index)),
            Op::ImportFrom(index) => write!(f, "ImportFrom {}", name(*index)),
            Op::LoadSpecial(special) => write!(f, "LoadSpecial {special:?}"),
            Op::Unary(operator) => write!(f, "Unary {operator:?}"),
            Op::Binary { operator, in_place } => {
                write!(f, "Binary {}{}", operator.symbol(), if *in_place { "=" } else { "" })
            }
            Op::Compare(operator) => write!(f, "Compare {}", operator.symbol()),
            Op::Is { inverted } => f.write_str(if *inverted { "Is not" } else { "Is" }),
            Op::Contains { inverted } => f.write_str(if *inverted { "Contains not" } else { "Contains" }),
            Op::BuildSlice { step } => f.write_str(if *step { "BuildSlice 3" } else { "BuildSlice 2" }),
            Op::DictMerge { depth, callable } => write!(f, "DictMerge {depth} callable {callable}"),
            Op::Convert(conversion) => write!(f, "Convert {conversion:?}"),
            Op::BuildInterpolation { conversion, format } => {
                f.write_str("BuildInterpolation")?;
                if let Some(conversion) = conversion {
                    write!(f, " {conversion:?}")?;
                }
                f.write_str(if *format { " format" } else { "" })
            }
            Op::Call(arguments) => call(f, "Call", arguments),
            Op::CallMethod(arguments) => call(f, "CallMethod", arguments),
            Op::CallEx { keywords } => f.write_str(if *keywords { "CallEx keywords" } else { "CallEx" }),
            Op::SetFunctionAttribute(attribute) => write!(f, "SetFunctionAttribute {attribute:?}"),
            Op::UnpackEx { before, after } => write!(f, "UnpackEx {before} {after}"),
            Op::ForIter(target) => write!(f, "ForIter to {target}"),
            Op::Jump(target) => write!(f, "Jump to {target}"),
            Op::JumpIf { condition, target } => write!(f, "JumpIf {condition:?} to {target}"),
            Op::WithExceptStart { has_self } => {
                f.write_str(if *has_self { "WithExceptStart self" } else { "WithExceptStart" })
            }
            Op::Intrinsic1(intrinsic) => write!(f, "Intrinsic1 {intrinsic:?}"),
            Op::Intrinsic2(intrinsic) => write!(f, "Intrinsic2 {intrinsic:?}"),
            Op::Suspend(Suspend::Send(target)) => write!(f, "Send to {target}"),
            Op::Suspend(suspend) => write!(f, "{suspend:?}"),
            Op::Reraise(0) => f.write_str("Reraise"),
            // The other operations have at most one number as operand, and print as `Name` or `Name(1)`.
            op => f.write_str(&format!("{op:?}").replace('(', " ").replace(')', "")),
        }
    }
}

fn call(f: &mut Formatter<'_>, name: &str, arguments: &Arguments) -> fmt::Result {
    write!(f, "{name} {}", arguments.count)?;
    for keyword in &arguments.keywords {
        write!(f, " {keyword}=")?;
    }
    Ok(())
}

impl Display for Constant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => literal.fmt(f),
            Self::Live(object) => {
                let python = Python::attach();
                match object.repr(&python) {
                    // A code object's text has its address, which differs from run to run.
                    Ok(text) => match (text.find(" at 0x"), text.find(", file ")) {
                        (Some(start), Some(end)) if start < end => write!(f, "{}{}", &text[..start], &text[end..]),
                        _ => f.write_str(&text),
                    },
                    Err(exception) => write!(f, "<{exception}>"),
                }
            }
        }
    }
}

impl Display for Literal {
    /// Prints the literal as Python writes it, except for the choice of escapes.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Ellipsis => f.write_str("Ellipsis"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(digits) => f.write_str(digits),
            Self::Float(value) if value.is_infinite() => f.write_str(if *value > 0.0 { "1e999" } else { "-1e999" }),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Str(text) => quoted(f, "", text.chars().map(|char| (u32::from(char), Some(char)))),
            Self::Bytes(bytes) => {
                quoted(f, "b", bytes.iter().map(|&byte| (byte.into(), byte.is_ascii().then(|| char::from(byte)))))
            }
            Self::Tuple(items) => {
                f.write_str("(")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str(if items.len() == 1 { ",)" } else { ")" })
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// A string with single quotes; characters that don't print as escapes.
fn quoted(f: &mut Formatter<'_>, prefix: &str, chars: impl Iterator<Item = (u32, Option<char>)>) -> fmt::Result {
    write!(f, "{prefix}'")?;
    for (number, char) in chars {
        match char {
            Some('\n') => f.write_str("\\n")?,
            Some('\r') => f.write_str("\\r")?,
            Some('\t') => f.write_str("\\t")?,
            Some(char @ ('\'' | '\\')) => write!(f, "\\{char}")?,
            Some(char) if !char.is_control() => write!(f, "{char}")?,
            _ if number < 256 => write!(f, "\\x{number:02x}")?,
            _ => write!(f, "\\u{number:04x}")?,
        }
    }
    f.write_str("'")
}
