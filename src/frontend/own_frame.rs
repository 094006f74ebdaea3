//! Functions that look at the frame of their caller, recognised by their names. A compiled function has no such frame,
//! or one without locals.

use std::sync::Arc;

use super::flow::FlowGraph;
use super::refusal::{Refusal, RefusalReason};
use crate::bytecode::{Code, Name, Op};
use crate::ir::{Function, Instruction, Operation, Value};

/// Globals that do so with any arguments.
const GLOBALS: [&str; 6] = ["locals", "globals", "exec", "eval", "breakpoint", "_getframe"];

/// Attributes of `sys` and `inspect` that do so, with names that nothing else has.
const ATTRIBUTES: [&str; 3] = ["_getframe", "_getframemodulename", "currentframe"];

/// Other functions of `inspect`, with names that are also used elsewhere.
const OF_INSPECT: [&str; 2] = ["stack", "trace"];

/// Functions that do so if they are called without arguments.
const NAMES: [&str; 2] = ["vars", "dir"];

/// Whether the global of this name looks at the frame.
pub(super) fn is_global(name: &str) -> bool {
    GLOBALS.contains(&name) || ATTRIBUTES.contains(&name)
}

/// Whether the attribute of this name looks at the frame: of the global `module`, or of an unknown object.
pub(super) fn is_attribute(name: &str, module: Option<&str>) -> bool {
    ATTRIBUTES.contains(&name)
        || match module {
            Some("inspect") => OF_INSPECT.contains(&name),
            Some("builtins" | "__builtins__") => GLOBALS.contains(&name),
            _ => false,
        }
}

/// Refuses a function whose handlers look at the frame, by the names alone: the interpreter runs the handlers, and has
/// no frame either.
pub(super) fn check_handlers(code: &Code, flow: &FlowGraph) -> Result<(), Refusal> {
    let name = |name: &Name| code.names.get(*name as usize);
    let mut module = None;
    for (at, instruction) in (0..).zip(&code.instructions) {
        let looking = match &instruction.op {
            Op::LoadGlobal(global) => {
                module = name(global);
                module.filter(|name| is_global(name))
            }
            Op::LoadAttr(attribute) | Op::LoadMethod(attribute) | Op::ImportFrom(attribute) => {
                let module = module.take();
                name(attribute).filter(|name| is_attribute(name, module.map(|module| &**module)))
            }
            _ => {
                module = None;
                None
            }
        };
        if let Some(looking) = looking.filter(|_| !flow.is_reached(at)) {
            return Err(RefusalReason::OwnFrame(looking.clone()).at(code, at));
        }
    }
    Ok(())
}

/// Refuses a function that may call `vars` or `dir` without arguments: every use of them must be a call with arguments.
pub(super) fn check(code: &Code, function: &Function) -> Result<(), Refusal> {
    let mut suspects: Vec<(Value, Arc<str>)> = Vec::new();
    for (_, _, data) in function.instructions() {
        if let Instruction::Operate { operation: Operation::LoadGlobal(name), .. } = &data.instruction
            && NAMES.contains(&&**name)
        {
            suspects.extend(data.result.map(|value| (value, name.clone())));
        }
    }
    if suspects.is_empty() {
        return Ok(());
    }
    for (_, inst, data) in function.instructions() {
        let escaping: Vec<_> = match &data.instruction {
            Instruction::VectorCall { args, .. } if !args.is_empty() => args.clone(),
            // A method call of another object also counts its receiver.
            other => other.operands(),
        };
        let mut used = escaping.iter();
        if let Some((_, name)) = used.find_map(|used| suspects.iter().find(|(value, _)| value == used)) {
            let at = function.place(inst).unwrap_or(0);
            return Err(RefusalReason::OwnNames(name.clone()).at(code, at));
        }
    }
    Ok(())
}
