//! Which blocks are passed on every way to another: immediate dominators, by iteration over the blocks in reverse
//! postorder (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm, 2001).

use std::collections::HashMap;

use super::entities::Block;
use super::function::Function;

/// The immediate dominator of each block that the entry reaches.
#[derive(Debug)]
pub struct Dominators {
    /// Reachable blocks, each after all that dominate it.
    order: Vec<Block>,
    /// Where a block is in `order`.
    number: HashMap<Block, usize>,
    /// By that number; the entry's is itself.
    immediate: Vec<usize>,
}

impl Dominators {
    /// Those of a function that starts in `entry`.
    pub fn compute(function: &Function, entry: Block) -> Self {
        let order = reverse_postorder(function, entry);
        let number: HashMap<_, _> = order.iter().enumerate().map(|(number, &block)| (block, number)).collect();
        let mut predecessors = vec![Vec::new(); order.len()];
        for (from, &block) in order.iter().enumerate() {
            for successor in successors(function, block) {
                predecessors[number[&successor]].push(from);
            }
        }
        let mut immediate: Vec<Option<usize>> = vec![None; order.len()];
        immediate[0] = Some(0);
        loop {
            let mut changed = false;
            for block in 1..order.len() {
                let known = predecessors[block].iter().copied().filter(|&from| immediate[from].is_some());
                let common = known.reduce(|one, other| common_dominator(&immediate, one, other));
                // In reverse postorder one predecessor of each block comes before it.
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

    /// Whether every way to `block` passes `other`; true for a block that is never reached.
    pub fn dominates(&self, other: Block, block: Block) -> bool {
        let Some(&block) = self.number.get(&block) else { return true };
        let Some(&other) = self.number.get(&other) else { return false };
        let mut at = block;
        // A dominator has a smaller number, and the entry's is itself.
        while at > other {
            at = self.immediate[at];
        }
        at == other
    }

    /// The blocks that the entry reaches, each after all that dominate it.
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

fn reverse_postorder(function: &Function, entry: Block) -> Vec<Block> {
    let mut order = Vec::new();
    let mut seen = std::collections::HashSet::from([entry]);
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
    // A target that does not exist is for the verifier to report.
    let exists = |block: &Block| function.blocks.get(*block).is_some();
    function.successors(block).into_iter().map(|call| call.block).filter(exists).collect()
}
