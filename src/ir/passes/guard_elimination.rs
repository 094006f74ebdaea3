//! Removes guards and assumptions that are known to hold. Those that a loop would check in each round are checked once
//! before the loop (`hoisting`).
//!
//! A guard on a built-in type holds for ever. A guard on another class, and an assumption, holds until Python code may
//! have run: by an instruction, or by the death of an object.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::ir::lifetimes::Lifetimes;
use crate::ir::typing::dies_unseen;
use crate::ir::{Analyses, Assumption, Block, Change, Dominators, Function, Inst, Instruction, Type, Value};

use super::specialize_calls::is_lasting;
use super::{Knowledge, PassRun};

mod hoisting;

/// Runs the pass.
pub fn run(function: &mut Function, knowledge: &Knowledge<'_>, run: &mut PassRun) -> Change {
    let analyses = &mut run.analyses;
    let mut change = told(drop_guards(function, analyses), analyses);
    let hoisted = told(hoisting::run(function, knowledge, analyses), analyses);
    if hoisted.is_any() {
        change |= hoisted | told(drop_guards(function, analyses), analyses);
    }
    change | told(drop_short_lived(function, knowledge, analyses), analyses)
}

/// The same change, after the analyses that it makes stale are forgotten.
fn told(change: Change, analyses: &mut Analyses) -> Change {
    analyses.forget(change);
    change
}

/// Removes guards on built-in types if the operand passed the same guard on every path, or is proven to be of the type.
fn drop_guards(function: &mut Function, analyses: &mut Analyses) -> Change {
    let Some(dominators) = analyses.dominators(function) else { return Change::Nothing };
    let mut passed: HashMap<Value, Vec<(Block, Type, Value)>> = HashMap::new();
    let mut replaced = HashMap::new();
    for &block in dominators.reverse_postorder() {
        let mut kept = Vec::new();
        for inst in std::mem::take(&mut function.blocks[block].insts) {
            let data = &function.insts[inst];
            let (Instruction::Guard { ty, value, .. }, Some(result)) = (&data.instruction, data.result) else {
                kept.push(inst);
                continue;
            };
            if !is_lasting(ty) {
                kept.push(inst);
                continue;
            }
            let value = replaced.get(value).copied().unwrap_or(*value);
            let from = function.unguarded(value);
            let known = passed.get(&from).into_iter().flatten();
            let proven = known
                .filter(|(at, proven, _)| proven.is_subtype(ty) && dominators.dominates(*at, block))
                .map(|(_, _, checked)| *checked)
                .find(|&checked| function.ty(checked).is_subtype(function.ty(result)));
            let itself = Some(value).filter(|&value| function.ty(value).is_subtype(ty));
            match itself.or(proven) {
                Some(same) => {
                    replaced.insert(result, same);
                }
                None => {
                    passed.entry(from).or_default().push((block, ty.clone(), result));
                    kept.push(inst);
                }
            }
        }
        function.blocks[block].insts = kept;
    }
    forget(function, &replaced);
    Change::of_instructions(!replaced.is_empty())
}

fn forget(function: &mut Function, replaced: &HashMap<Value, Value>) {
    function.replace_all(replaced);
    for &value in replaced.keys() {
        if let crate::ir::ValueDef::Result(inst) = function.values[value].def {
            function.insts[inst].result = None;
        }
        function.forget_value(value);
    }
}

/// A fact that holds until Python code runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Fact {
    Assumed(Assumption),
    Checked(Value, Type),
}

fn fact(function: &Function, inst: Inst) -> Option<Fact> {
    match &function.insts[inst].instruction {
        Instruction::Assume { assumption } => Some(Fact::Assumed(assumption.clone())),
        Instruction::Guard { ty, value, .. } if !is_lasting(ty) => Some(Fact::Checked(*value, ty.clone())),
        _ => None,
    }
}

/// Removes assumptions, and guards on classes that may change. A fact that holds at the end of all predecessors of a
/// block holds at its start.
fn drop_short_lived(function: &mut Function, knowledge: &Knowledge<'_>, analyses: &mut Analyses) -> Change {
    if !function.instructions().any(|(_, inst, _)| fact(function, inst).is_some()) {
        return Change::Nothing;
    }
    let Some(dominators) = analyses.dominators(function) else { return Change::Nothing };
    let stale = Stale::compute(function, knowledge, &dominators, &analyses.lifetimes(function));
    let mut at_end: HashMap<Block, HashSet<Fact>> = HashMap::new();
    let order = dominators.reverse_postorder().to_vec();
    let mut predecessors: HashMap<Block, Vec<(Block, bool)>> = HashMap::new();
    for &block in &order {
        for call in function.successors(block) {
            let ends = stale.edges.contains(&(block, call.block));
            predecessors.entry(call.block).or_default().push((block, ends));
        }
    }
    let at_start = |block: Block, at_end: &HashMap<Block, HashSet<Fact>>| {
        let mut common: Option<HashSet<Fact>> = None;
        for (from, ends) in predecessors.get(&block).into_iter().flatten() {
            // A block that was not visited yet restricts nothing; this block will be visited again.
            let Some(facts) = at_end.get(from) else { continue };
            let facts = if *ends { HashSet::new() } else { facts.clone() };
            common = Some(match common {
                Some(common) => common.intersection(&facts).cloned().collect(),
                None => facts,
            });
        }
        common.unwrap_or_default()
    };
    loop {
        let mut changed = false;
        for &block in &order {
            let mut facts = at_start(block, &at_end);
            stale.follow(function, block, &mut facts, |_, _| ());
            changed |= at_end.get(&block) != Some(&facts);
            at_end.insert(block, facts);
        }
        if !changed {
            break;
        }
    }
    let mut known = HashMap::new();
    for &block in &order {
        let mut facts = at_start(block, &at_end);
        stale.follow(function, block, &mut facts, |inst, holds| {
            if holds {
                known.insert(inst, block);
            }
        });
    }
    let mut replaced = HashMap::new();
    let checked: Vec<(Block, Inst)> = function.instructions().map(|(block, inst, _)| (block, inst)).collect();
    let mut first: HashMap<Fact, Vec<(Block, Value)>> = HashMap::new();
    for (block, inst) in checked {
        let Some(fact @ Fact::Checked(..)) = fact(function, inst) else { continue };
        let Some(result) = function.insts[inst].result else { continue };
        let earlier = first.entry(fact).or_default();
        let same = earlier.iter().find(|(at, _)| dominators.dominates(*at, block));
        match same {
            Some((_, same)) if known.contains_key(&inst) => {
                replaced.insert(result, *same);
            }
            _ => {
                known.remove(&inst);
                earlier.push((block, result));
            }
        }
    }
    let change = Change::of_instructions(!known.is_empty());
    for (inst, block) in known {
        function.blocks[block].insts.retain(|&other| other != inst);
    }
    forget(function, &replaced);
    change
}

/// The places where Python code may have run.
struct Stale {
    insts: HashSet<Inst>,
    /// The edges on which an object dies.
    edges: HashSet<(Block, Block)>,
    starts: HashSet<Block>,
}

impl Stale {
    fn compute(function: &Function, knowledge: &Knowledge<'_>, dominators: &Dominators, lifetimes: &Lifetimes) -> Self {
        let mut stale = Self { insts: HashSet::new(), edges: HashSet::new(), starts: HashSet::new() };
        let is_seen = |value: &Value| !dies_unseen(function.ty(*value));
        for &block in dominators.reverse_postorder() {
            let mut live = lifetimes.live_out(function, block);
            for call in function.successors(block) {
                let kept: BTreeSet<Value> = lifetimes.live_in(call.block).collect();
                let mut dying = live.difference(&kept).filter(|value| is_seen(value));
                if dying.next().is_some() {
                    stale.edges.insert((block, call.block));
                }
            }
            for &inst in function.blocks[block].insts.iter().rev() {
                let after = live.clone();
                let result = function.insts[inst].result.filter(|&value| {
                    lifetimes.ownership.owner(function, value) == Some(value) && !after.contains(&value)
                });
                lifetimes.step(function, inst, &mut live);
                let dying = live.difference(&after).copied().chain(result);
                let dies = dying.into_iter().any(|value| is_seen(&value));
                // A value that the end of a block hands over does not die there.
                let ends = function.insts[inst].instruction.is_terminator();
                if function.may_run_python(knowledge.callees, inst, knowledge.world.collector()) || dies && !ends {
                    stale.insts.insert(inst);
                }
            }
            let unused =
                lifetimes.ownership.params(function, block).any(|param| !live.contains(&param) && is_seen(&param));
            if unused {
                stale.starts.insert(block);
            }
        }
        stale
    }

    /// Follows a block with the facts that hold, and returns for each check whether it is known to hold.
    fn follow(&self, function: &Function, block: Block, facts: &mut HashSet<Fact>, mut see: impl FnMut(Inst, bool)) {
        if self.starts.contains(&block) {
            facts.clear();
        }
        for &inst in &function.blocks[block].insts {
            let fact = fact(function, inst);
            if let Some(fact) = &fact {
                see(inst, facts.contains(fact));
            }
            if self.insts.contains(&inst) {
                facts.clear();
            } else if let Some(fact) = fact {
                facts.insert(fact);
            }
        }
    }
}
