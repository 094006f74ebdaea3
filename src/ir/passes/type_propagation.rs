//! Propagates types to a fixed point: the possible values of each value, also around loops.
//!
//! It starts from "no value" and widens, block by block in reverse postorder, along the edges that can be taken, until
//! nothing changes. Then it writes down the types that became narrower. A value that can only be one truth value, and
//! has no other effect, becomes a constant. A guard that nothing passes becomes an exit, and the instructions after it
//! are removed.

use cranelift_entity::SecondaryMap;
use std::collections::HashSet;

use crate::ir::typing::result_type;
use crate::ir::{Block, BlockCall, Change, Function, Inst, Instruction, Leaves, Spec, Type, Value};

use super::{Knowledge, PassRun};

/// Runs the pass.
pub fn run(function: &mut Function, knowledge: &Knowledge<'_>, run: &mut PassRun) -> Change {
    let Some(entry) = function.entry() else { return Change::Nothing };
    let Some(dominators) = run.analyses.dominators(function) else { return Change::Nothing };
    let mut types =
        TypeSolver { function, known: SecondaryMap::with_default(Type::BOTTOM), reached: HashSet::from([entry]) };
    for &param in &function.blocks[entry].params {
        types.known[param] = function.ty(param).clone();
    }
    loop {
        let mut changed = false;
        for &block in dominators.reverse_postorder() {
            changed |= types.reached.contains(&block) && types.visit(block);
        }
        if !changed {
            break;
        }
    }
    let TypeSolver { known, reached, .. } = types;
    let mut change = Change::Nothing;
    for (value, data) in function.values.iter_mut() {
        // An unreachable value keeps its type.
        if !known[value].is_bottom() && known[value].is_subtype(&data.ty) && known[value] != data.ty {
            data.ty = known[value].clone();
            change |= Change::Instructions;
        }
    }
    change |= leave_ways_not_taken(function, &reached);
    change |= end_at_impossible_results(function, &known);
    let insts: Vec<Inst> = function.instructions().map(|(_, inst, _)| inst).collect();
    for inst in insts {
        let Some(result) = function.insts[inst].result else { continue };
        let is_operation = matches!(function.insts[inst].instruction, Instruction::Operate { .. });
        let is_truth = matches!(function.ty(result).spec(), Some(Spec::Bool(_)));
        if is_operation && is_truth && function.effects(knowledge.callees, inst).is_pure() {
            let data = &mut function.insts[inst];
            data.instruction = Instruction::LoadConst;
            data.state = None;
            data.error = None;
            change |= Change::Instructions;
        }
    }
    change
}

/// Removes branches that are never taken, and their blocks. The values that they pass were not counted, so they may not
/// be of the types that were found.
fn leave_ways_not_taken(function: &mut Function, reached: &HashSet<Block>) -> Change {
    let before = function.layout.len();
    function.layout.retain(|block| reached.contains(block));
    let mut change = Change::of_blocks(function.layout.len() != before);
    for index in 0..function.layout.len() {
        let Some(&last) = function.blocks[function.layout[index]].insts.last() else { continue };
        let Instruction::Branch { condition, then, otherwise } = &function.insts[last].instruction else { continue };
        if let Some(Spec::Bool(truth)) = function.ty(*condition).spec() {
            let target = if *truth { then } else { otherwise }.clone();
            function.insts[last].instruction = Instruction::Jump { target };
            change = Change::Blocks;
        }
    }
    change
}

/// Ends blocks after the first instruction that can have no result. The instructions after it were not visited.
fn end_at_impossible_results(function: &mut Function, known: &SecondaryMap<Value, Type>) -> Change {
    let mut change = Change::Nothing;
    for block in function.layout.clone() {
        let insts = &function.blocks[block].insts;
        let is_impossible = |inst: &Inst| function.insts[*inst].result.is_some_and(|result| known[result].is_bottom());
        let Some(place) = insts.iter().position(is_impossible) else { continue };
        let inst = insts[place];
        let next = insts.get(place + 1).map(|&next| &function.insts[next].instruction);
        let is_guard = matches!(function.insts[inst].instruction, Instruction::Guard { .. });
        let leaves = is_guard && function.insts[inst].instruction.leaves() == Leaves::Exit;
        if !leaves && next == Some(&Instruction::Unreachable) {
            continue;
        }
        change = Change::Blocks;
        if leaves {
            let state = function.insts[inst].state;
            let exit = function.add_inst(Instruction::Exit, None);
            function.insts[exit].state = state;
            function.blocks[block].insts.truncate(place);
            function.blocks[block].insts.push(exit);
        } else {
            let end = function.add_inst(Instruction::Unreachable, None);
            function.blocks[block].insts.truncate(place + 1);
            function.blocks[block].insts.push(end);
        }
    }
    change
}

struct TypeSolver<'a> {
    function: &'a Function,
    known: SecondaryMap<Value, Type>,
    reached: HashSet<Block>,
}

impl TypeSolver<'_> {
    /// Visits a block; returns whether a type became wider.
    fn visit(&mut self, block: Block) -> bool {
        let mut changed = false;
        for &inst in &self.function.blocks[block].insts {
            let data = &self.function.insts[inst];
            if let Some(result) = data.result {
                let ty = self.result(&data.instruction, self.function.ty(result));
                changed |= self.widen(result, &ty);
            }
            // It has no result so far, so nothing after it is reached.
            if data.result.is_some_and(|result| self.known[result].is_bottom()) {
                break;
            }
            changed |= match &data.instruction {
                Instruction::Branch { condition, then, otherwise } => {
                    let (yes, no) = match self.known[*condition].spec() {
                        Some(Spec::Bool(truth)) => (*truth, !truth),
                        _ => (true, true),
                    };
                    (yes && self.go(then)) | (no && self.go(otherwise))
                }
                other => other.targets().into_iter().fold(false, |changed, target| self.go(target) | changed),
            };
        }
        changed
    }

    fn go(&mut self, call: &BlockCall) -> bool {
        let mut changed = self.reached.insert(call.block);
        for (&arg, &param) in call.args.iter().zip(&self.function.blocks[call.block].params) {
            let ty = self.known[arg].clone();
            changed |= self.widen(param, &ty);
        }
        changed
    }

    fn widen(&mut self, value: Value, ty: &Type) -> bool {
        let wider = self.known[value].union(ty);
        let changed = wider != self.known[value];
        self.known[value] = wider;
        changed
    }

    /// The result type of an instruction whose result is declared with this type.
    fn result(&self, instruction: &Instruction, declared: &Type) -> Type {
        let known = |value: &Value| self.known[*value].clone();
        if instruction.operands().iter().any(|operand| self.known[*operand].is_bottom()) {
            return Type::BOTTOM;
        }
        match instruction {
            Instruction::Guard { ty, value, .. } => known(value).intersection(ty),
            Instruction::NullIfNone { value } => known(value).null_for_none(),
            Instruction::Operate { operation, args } => {
                let types: Vec<_> = args.iter().map(known).collect();
                let ty = result_type(operation, &types).unwrap_or_else(|| declared.clone());
                declared.intersection(&ty)
            }
            _ => declared.clone(),
        }
    }
}
