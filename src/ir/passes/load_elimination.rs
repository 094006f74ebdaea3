//! Loads whose result is known become constants: globals, attributes of modules, methods of built-in types. Where what
//! is known may change, an `Assume` in front of it leaves the function when it has.
//!
//! With them goes what hangs on a method: its receiver is known, or known to be none, and so the call is a plain one.

use std::collections::HashSet;
use std::sync::Arc;

use crate::ir::{Change, ExitReason, Found, Function, Inst, Instruction, Operation, Type, Value};

use super::Knowledge;

/// Runs the pass.
pub fn run(function: &mut Function, knowledge: &Knowledge<'_>) -> Change {
    let mut gone = HashSet::new();
    let mut change = Change::Nothing;
    for block in function.layout.clone() {
        let before = std::mem::take(&mut function.blocks[block].insts);
        let mut after = Vec::with_capacity(before.len());
        for inst in before {
            if let Some((found, receiver)) = look_up(function, knowledge, inst) {
                change = Change::Instructions;
                replace_load(function, inst, found, receiver, &mut after, &mut gone);
            }
            change |= Change::of_instructions(plain_call(function, inst));
            after.push(inst);
        }
        function.blocks[block].insts = after;
    }
    if !gone.is_empty() {
        function.blocks.values_mut().for_each(|block| block.insts.retain(|inst| !gone.contains(inst)));
    }
    change
}

/// What a load gives, where that is known; for a method also what it is called on.
fn look_up(function: &Function, knowledge: &Knowledge<'_>, inst: Inst) -> Option<(Found, Option<Value>)> {
    let data = &function.insts[inst];
    let Instruction::Operate { operation, args } = &data.instruction else { return None };
    let world = knowledge.world;
    let attribute = |object: Value, name: &str| {
        let ty = function.ty(object);
        Some((world.attribute(ty.const_object()?, ty, name)?, None))
    };
    let (found, receiver) = match (operation, &args[..]) {
        (Operation::LoadGlobal(name), []) => (world.global(name)?, None),
        (Operation::GetAttr(name), &[object]) => attribute(object, name)?,
        (Operation::LoadMethod(name), &[object]) => match world.method(function.ty(object), name) {
            Some(found) => (found, Some(object)),
            None => attribute(object, name)?,
        },
        _ => return None,
    };
    // What can't be left through an exit can't be assumed.
    let may_assume = || data.state.is_some() && !knowledge.avoided.at(function, inst, ExitReason::Assumption);
    let is_usable = found.ty.const_object().is_some() && (found.assumption.is_none() || may_assume());
    is_usable.then_some((found, receiver))
}

fn replace_load(
    function: &mut Function,
    inst: Inst,
    found: Found,
    receiver: Option<Value>,
    after: &mut Vec<Inst>,
    gone: &mut HashSet<Inst>,
) {
    if let Some(assumption) = found.assumption {
        let assume = function.add_inst(Instruction::Assume { assumption }, None);
        function.insts[assume].state = function.insts[inst].state;
        after.push(assume);
    }
    let data = &mut function.insts[inst];
    let is_method = matches!(&data.instruction, Instruction::Operate { operation, .. } if operation.gives_method());
    data.instruction = Instruction::LoadConst;
    data.state = None;
    data.error = None;
    let Some(result) = data.result else { return };
    function.values[result].ty = found.ty;
    if is_method {
        replace_receivers(function, result, receiver, gone);
    }
}

/// Puts what is known of a method's receiver in the place of every `MethodSelf` of it.
fn replace_receivers(function: &mut Function, method: Value, receiver: Option<Value>, gone: &mut HashSet<Inst>) {
    for inst in function.insts.keys() {
        let data = &mut function.insts[inst];
        if data.instruction != (Instruction::MethodSelf { method }) {
            continue;
        }
        let Some(result) = data.result else { continue };
        match receiver {
            Some(receiver) => {
                data.result = None;
                function.replace_uses(result, receiver);
                function.forget_value(result);
                gone.insert(inst);
            }
            None => {
                data.instruction = Instruction::LoadConst;
                data.state = None;
                function.values[result].ty = Type::NULLPTR;
            }
        }
    }
}

/// A call of a method whose receiver is known, or known to be none, is a plain call. Whether this is one.
fn plain_call(function: &mut Function, inst: Inst) -> bool {
    let Instruction::Operate { operation: Operation::CallMethod(_, keywords), args } =
        &function.insts[inst].instruction
    else {
        return false;
    };
    let (callable, receiver) = (args[0], args[1]);
    let keywords: Vec<Arc<str>> = keywords.clone();
    let ty = function.ty(receiver);
    let skipped = match () {
        () if ty.is_object() => 1,
        () if ty.is_subtype(&Type::NULLPTR) => 2,
        () => return false,
    };
    let args = args[skipped..].to_vec();
    function.insts[inst].instruction = match function.ty(callable).const_object() {
        Some(_) => Instruction::VectorCallStatic { callable, args, keywords },
        None => Instruction::VectorCall { callable, args, keywords },
    };
    true
}
