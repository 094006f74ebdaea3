//! Turns loads whose result is known into constants: globals, attributes of modules, methods of built-in types. If the
//! result may change, an `Assume` before it leaves the function when it has changed.
//!
//! If a method is known, its receiver is known too, or known to be absent, so its call becomes a plain call.

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

/// The result of a load, if it is known; for a method also its receiver.
fn look_up(function: &Function, knowledge: &Knowledge<'_>, inst: Inst) -> Option<(Found, Option<Value>)> {
    let Instruction::Operate { operation, args } = &function.insts[inst].instruction else { return None };
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
    let may_assume = || !knowledge.avoided.at(function, inst, ExitReason::Assumption);
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

/// Replaces every `MethodSelf` of a method by its receiver.
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

/// Turns a call of a method whose receiver is known, or known to be absent, into a plain call. Returns whether it did.
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
