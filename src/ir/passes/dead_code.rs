//! Removes code without use: unreachable blocks, instructions without an effect whose results are not used, block
//! parameters that are not used or that are always the same value.
//!
//! Frame states use values too. A constant that only states use needs no instruction, since the state holds it itself.
//! At a return or a jump, a state keeps no number and no constant alive, since their death cannot be noticed.

use std::collections::{HashMap, HashSet};

use cranelift_entity::EntitySet;

use crate::ir::typing::dies_unseen;
use crate::ir::{Block, Callees, Change, Function, Inst, Instruction, Slot, State, Type, Value, ValueDef};

use super::{Knowledge, PassRun};

/// Runs the pass.
pub fn run(function: &mut Function, knowledge: &Knowledge<'_>, run: &mut PassRun) -> Change {
    let Some(entry) = function.entry() else { return Change::Nothing };
    let mut change = take_known_branches(function);
    run.analyses.forget(change);
    let Some(dominators) = run.analyses.dominators(function) else { return Change::Nothing };
    change |= leave_out_unreached(function, dominators.reverse_postorder());
    change |= drop_equal_params(function, entry);
    change |= forget_at_ends(function);
    change |= put_constants_into_states(function);
    change |= sweep(function, knowledge.callees);
    change | join_blocks(function, entry)
}

fn leave_out_unreached(function: &mut Function, reached: &[Block]) -> Change {
    if reached.len() == function.layout.len() {
        return Change::Nothing;
    }
    let reached: HashSet<Block> = reached.iter().copied().collect();
    function.layout.retain(|block| reached.contains(block));
    Change::Blocks
}

/// Turns a branch on a constant into a jump.
fn take_known_branches(function: &mut Function) -> Change {
    let mut change = Change::Nothing;
    for index in 0..function.layout.len() {
        let Some(&last) = function.blocks[function.layout[index]].insts.last() else { continue };
        let Instruction::Branch { condition, then, otherwise } = &function.insts[last].instruction else { continue };
        if let Some(crate::ir::Spec::Bool(truth)) = function.ty(*condition).spec() {
            let target = if *truth { then } else { otherwise }.clone();
            function.insts[last].instruction = Instruction::Jump { target };
            change = Change::Blocks;
        }
    }
    change
}

/// Replaces parameters for which one value is passed on every path by that value, which is then defined on every path.
fn drop_equal_params(function: &mut Function, entry: Block) -> Change {
    let mut change = Change::Nothing;
    loop {
        let mut passed: HashMap<Value, Option<Value>> = HashMap::new();
        for call in function.layout.iter().flat_map(|&block| function.successors(block)) {
            for (&arg, &param) in call.args.iter().zip(&function.blocks[call.block].params) {
                if arg == param {
                    continue;
                }
                let known = passed.entry(param).or_insert(Some(arg));
                if *known != Some(arg) {
                    *known = None;
                }
            }
        }
        let same = |(param, arg): (Value, Option<Value>)| {
            let arg = arg?;
            // The value's type must be as narrow. A parameter may be declared wider, since nothing relies on that, but
            // never narrower.
            function.ty(arg).is_subtype(function.ty(param)).then_some((param, arg))
        };
        let is_inner = |(param, _): &(Value, Value)| match function.values[*param].def {
            ValueDef::Param(block, _) => block != entry,
            _ => false,
        };
        let found: HashMap<Value, Value> = passed.into_iter().filter_map(same).filter(is_inner).collect();
        // A parameter that is passed for another one is done in the next round.
        let replaced: HashMap<Value, Value> =
            found.iter().filter(|(_, arg)| !found.contains_key(arg)).map(|(&param, &arg)| (param, arg)).collect();
        if replaced.is_empty() {
            return change;
        }
        change = Change::Instructions;
        drop_params(function, &replaced.keys().copied().collect());
        function.replace_all(&replaced);
        replaced.into_keys().for_each(|param| function.forget_value(param));
    }
}

/// Removes parameters, and the arguments passed for them.
fn drop_params(function: &mut Function, dropped: &HashSet<Value>) {
    let params: HashMap<Block, Vec<Value>> =
        function.blocks.iter().map(|(block, data)| (block, data.params.clone())).collect();
    let keep = |call: &mut crate::ir::BlockCall| {
        let params = &params[&call.block];
        if params.iter().any(|param| dropped.contains(param)) {
            let kept = call.args.iter().zip(params).filter(|(_, param)| !dropped.contains(param));
            call.args = kept.map(|(&arg, _)| arg).collect();
        }
    };
    for data in function.insts.values_mut() {
        data.instruction.for_each_target(keep);
    }
    for (block, before) in params.iter().filter(|(_, params)| params.iter().any(|param| dropped.contains(param))) {
        let left: Vec<Value> = before.iter().copied().filter(|param| !dropped.contains(param)).collect();
        for (position, &param) in left.iter().enumerate() {
            function.values[param].def = ValueDef::Param(*block, position);
        }
        function.blocks[*block].params = left;
    }
}

/// At a return, removes from a state the values whose death cannot be noticed; at a jump, all of them.
fn forget_at_ends(function: &mut Function) -> Change {
    let mut change = Change::Nothing;
    let ends: Vec<(Inst, State)> =
        function.instructions().filter_map(|(_, inst, data)| Some((inst, data.state?))).collect();
    for (inst, state) in ends {
        match function.insts[inst].instruction {
            Instruction::Jump { .. } => {
                function.insts[inst].state = None;
                change = Change::Instructions;
            }
            Instruction::Return { .. } => {
                let Function { states, values, .. } = &mut *function;
                let left = states.derive(state, |slot| {
                    let ty = slot.value().map(|value| &values[value].ty);
                    if !ty.is_some_and(|ty| ty.is_object_or_null() && !dies_unseen(ty)) {
                        *slot = Slot::Empty;
                    }
                });
                if left != state {
                    function.insts[inst].state = Some(left);
                    change = Change::Instructions;
                }
            }
            _ => {}
        }
    }
    change
}

/// Removes instructions and parameters that no instruction with an effect needs.
fn sweep(function: &mut Function, callees: &Callees) -> Change {
    let mut needed: EntitySet<Value> = EntitySet::new();
    let mut open: Vec<Value> = Vec::new();
    // The argument of a parameter is needed if the parameter is.
    let mut passed: HashMap<Value, Vec<Value>> = HashMap::new();
    for (_, inst, data) in function.instructions() {
        for call in data.instruction.targets() {
            for (&arg, &param) in call.args.iter().zip(&function.blocks[call.block].params) {
                passed.entry(param).or_default().push(arg);
            }
        }
        if !is_droppable(function, callees, inst) {
            add_used(function, inst, &mut open);
        }
    }
    while let Some(value) = open.pop() {
        if !needed.insert(value) {
            continue;
        }
        match function.values[value].def {
            ValueDef::Result(inst) => add_used(function, inst, &mut open),
            ValueDef::Param(..) => open.extend(passed.get(&value).into_iter().flatten()),
            ValueDef::Unused => {}
        }
    }
    let is_dead = |inst: &Inst| {
        is_droppable(function, callees, *inst)
            && function.insts[*inst].result.is_some_and(|value| !needed.contains(value))
    };
    let mut dead: EntitySet<Inst> = EntitySet::new();
    for inst in function.instructions().map(|(_, inst, _)| inst).filter(is_dead) {
        dead.insert(inst);
    }
    let params = function.layout.iter().flat_map(|&block| &function.blocks[block].params);
    let unused: HashSet<Value> = params.copied().filter(|param| !needed.contains(*param)).collect();
    for inst in dead.iter() {
        if let Some(result) = function.insts[inst].result.take() {
            function.forget_value(result);
        }
    }
    function.blocks.values_mut().for_each(|block| block.insts.retain(|inst| !dead.contains(*inst)));
    if !unused.is_empty() {
        drop_params(function, &unused);
        unused.iter().for_each(|&param| function.forget_value(param));
    }
    Change::of_instructions(!dead.is_empty() || !unused.is_empty())
}

fn is_droppable(function: &Function, callees: &Callees, inst: Inst) -> bool {
    let data = &function.insts[inst];
    data.result.is_some()
        && match &data.instruction {
            Instruction::Operate { .. } | Instruction::CallCFunction { .. } => {
                function.effects(callees, inst).is_pure()
            }
            _ => data.instruction.is_pure(),
        }
}

/// Adds the values that an instruction and its states use, without what it passes to blocks.
fn add_used(function: &Function, inst: Inst, used: &mut Vec<Value>) {
    let instruction = &function.insts[inst].instruction;
    instruction.visit_operands(|value| used.push(value));
    // What is passed comes last in the text.
    let passed: usize = instruction.targets().iter().map(|call| call.args.len()).sum();
    used.truncate(used.len() - passed);
    used.extend(function.values_of_states(inst));
}

fn put_constants_into_states(function: &mut Function) -> Change {
    let mut change = Change::Nothing;
    let mut states = std::mem::take(&mut function.states);
    let constant = |value: Value| match function.definition(value) {
        Some(Instruction::LoadConst) if function.ty(value).is_object() => {
            Some(Slot::Constant(function.ty(value).clone()))
        }
        Some(Instruction::LoadConst) if *function.ty(value) == Type::NULLPTR => Some(Slot::Empty),
        _ => None,
    };
    states.replace(|slot| {
        if let Some(constant) = slot.value().and_then(constant) {
            *slot = constant;
            change = Change::Instructions;
        }
    });
    function.states = states;
    change
}

/// Joins a block with the only block that jumps to it.
fn join_blocks(function: &mut Function, entry: Block) -> Change {
    let mut edges: HashMap<Block, usize> = HashMap::new();
    for call in function.layout.iter().flat_map(|&block| function.successors(block)) {
        *edges.entry(call.block).or_default() += 1;
    }
    let mut gone = HashSet::new();
    for block in function.layout.clone() {
        if gone.contains(&block) {
            continue;
        }
        loop {
            let insts = &function.blocks[block].insts;
            let Some(&last) = insts.last() else { break };
            let Instruction::Jump { target } = function.insts[last].instruction.clone() else { break };
            let is_alone = edges.get(&target.block) == Some(&1) && target.block != entry && target.block != block;
            if !is_alone {
                break;
            }
            function.blocks[block].insts.pop();
            let params = std::mem::take(&mut function.blocks[target.block].params);
            for (param, arg) in params.into_iter().zip(target.args) {
                function.replace_uses(param, arg);
                function.forget_value(param);
            }
            let mut rest = std::mem::take(&mut function.blocks[target.block].insts);
            function.blocks[block].insts.append(&mut rest);
            gone.insert(target.block);
        }
    }
    function.layout.retain(|block| !gone.contains(block));
    Change::of_blocks(!gone.is_empty())
}
