//! Dominators: the blocks that are on every path to another. Computes immediate dominators by iteration over the blocks
//! in reverse postorder (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm, 2001).

use std::collections::{HashMap, HashSet};

use cranelift_entity::{EntitySet, SecondaryMap};

use super::entities::Block;
use super::function::Function;

/// The immediate dominator of each reachable block.
#[derive(Debug, PartialEq)]
pub struct Dominators {
    /// Reachable blocks, each after all blocks that dominate it.
    order: Vec<Block>,
    /// The position of a block in `order`, if it is reachable.
    number: SecondaryMap<Block, Option<usize>>,
    /// By that position; the entry's immediate dominator is itself.
    immediate: Vec<usize>,
}

impl Dominators {
    /// The dominators of a function that starts in `entry`.
    pub fn compute(function: &Function, entry: Block) -> Self {
        let order = reverse_postorder(function, entry);
        let mut number = SecondaryMap::new();
        for (position, &block) in order.iter().enumerate() {
            number[block] = Some(position);
        }
        let mut predecessors = vec![Vec::new(); order.len()];
        for (from, &block) in order.iter().enumerate() {
            for successor in successors(function, block) {
                if let Some(successor) = number[successor] {
                    predecessors[successor].push(from);
                }
            }
        }
        let mut immediate: Vec<Option<usize>> = vec![None; order.len()];
        immediate[0] = Some(0);
        loop {
            let mut changed = false;
            for block in 1..order.len() {
                let known = predecessors[block].iter().copied().filter(|&from| immediate[from].is_some());
                let common = known.reduce(|one, other| common_dominator(&immediate, one, other));
                // In reverse postorder, at least one predecessor of each block comes before it.
                if common.is_some() && immediate[block] != common {
                    immediate[block] = common;
                    changed = true;
                }
            }
            if !changed {
                let immediate = immediate.into_iter().map(|dominator| dominator.unwrap_or(0)).collect();
                return Self { order, number, immediate };
            }
        }
    }

    /// Whether every path to `block` goes through `other`; true for an unreachable block.
    pub fn dominates(&self, other: Block, block: Block) -> bool {
        let Some(block) = self.number[block] else { return true };
        let Some(other) = self.number[other] else { return false };
        let mut at = block;
        // A dominator has a smaller number than its block; the entry's is itself.
        while at > other {
            at = self.immediate[at];
        }
        at == other
    }

    /// The closest block that dominates this one; `None` for the entry and for unreachable blocks.
    pub fn immediate(&self, block: Block) -> Option<Block> {
        let number = self.number[block]?;
        (number > 0).then(|| self.order[self.immediate[number]])
    }

    /// The closest block that dominates both. An unreachable block counts as dominated by all.
    pub fn common(&self, one: Block, other: Block) -> Block {
        let (Some(one_number), Some(other_number)) = (self.number[one], self.number[other]) else {
            return if self.number[one].is_some() { one } else { other };
        };
        let (mut one, mut other) = (one_number, other_number);
        while one != other {
            if one > other {
                one = self.immediate[one];
            } else {
                other = self.immediate[other];
            }
        }
        self.order[one]
    }

    /// For each block, the headers of the loops that contain it. A loop is the set of blocks from which a back-edge to
    /// its header is reached; a back-edge goes to a block that dominates its origin.
    pub fn loops(&self, function: &Function) -> HashMap<Block, HashSet<Block>> {
        let mut predecessors: HashMap<Block, Vec<Block>> = HashMap::new();
        for &block in &self.order {
            for successor in successors(function, block) {
                predecessors.entry(successor).or_default().push(block);
            }
        }
        let mut loops: HashMap<Block, HashSet<Block>> = HashMap::new();
        for &header in &self.order {
            let ends = predecessors.get(&header).into_iter().flatten();
            let mut open: Vec<_> = ends.copied().filter(|&end| self.dominates(header, end)).collect();
            if open.is_empty() {
                continue;
            }
            let mut body = HashSet::from([header]);
            while let Some(block) = open.pop() {
                if body.insert(block) {
                    open.extend(predecessors.get(&block).into_iter().flatten());
                }
            }
            for block in body {
                loops.entry(block).or_default().insert(header);
            }
        }
        loops
    }

    /// The reachable blocks, each after all blocks that dominate it.
    pub fn reverse_postorder(&self) -> &[Block] {
        &self.order
    }
}

fn common_dominator(immediate: &[Option<usize>], mut one: usize, mut other: usize) -> usize {
    let up = |block: usize| immediate[block].unwrap_or(0);
    while one != other {
        while one > other {
            one = up(one);
        }
        while other > one {
            other = up(other);
        }
    }
    one
}

/// The blocks reachable from `entry`, each before the blocks that it dominates.
pub(crate) fn reverse_postorder(function: &Function, entry: Block) -> Vec<Block> {
    let mut order = Vec::new();
    let mut seen = EntitySet::new();
    seen.insert(entry);
    let mut open = vec![(entry, successors(function, entry))];
    while let Some((block, left)) = open.last_mut() {
        match left.pop() {
            Some(successor) if seen.insert(successor) => open.push((successor, successors(function, successor))),
            Some(_) => {}
            None => {
                order.push(*block);
                open.pop();
            }
        }
    }
    order.reverse();
    order
}

fn successors(function: &Function, block: Block) -> Vec<Block> {
    // The verifier reports a target that does not exist.
    let exists = |block: &Block| function.blocks.get(*block).is_some();
    function.successors(block).into_iter().map(|call| call.block).filter(exists).collect()
}
