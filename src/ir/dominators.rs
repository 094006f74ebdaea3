//! Which blocks are passed on every way to another: computed simply, by sets, for functions of a few blocks.

use std::collections::{HashMap, HashSet};

use super::entities::Block;
use super::function::Function;

/// For each block that the entry reaches, the blocks that dominate it, itself included.
#[derive(Debug)]
pub(super) struct Dominators {
    of: HashMap<Block, HashSet<Block>>,
}

impl Dominators {
    pub(super) fn compute(function: &Function, entry: Block) -> Self {
        let mut of = HashMap::from([(entry, HashSet::from([entry]))]);
        // Sets only shrink once there, and a block gets one as soon as a predecessor has one: this ends.
        loop {
            let mut changed = false;
            for &block in &function.layout {
                let Some(dominators) = of.get(&block).cloned() else { continue };
                for successor in successors(function, block).filter(|&successor| successor != entry) {
                    let mut through = dominators.clone();
                    through.insert(successor);
                    let narrowed = match of.get(&successor) {
                        None => through,
                        Some(known) => {
                            let mut both: HashSet<Block> = known.intersection(&through).copied().collect();
                            both.insert(successor);
                            both
                        }
                    };
                    if of.get(&successor) != Some(&narrowed) {
                        of.insert(successor, narrowed);
                        changed = true;
                    }
                }
            }
            if !changed {
                return Self { of };
            }
        }
    }

    /// Whether every way to `block` passes `other`; true for a block that is never reached.
    pub(super) fn dominates(&self, other: Block, block: Block) -> bool {
        self.of.get(&block).is_none_or(|dominators| dominators.contains(&other))
    }
}

fn successors(function: &Function, block: Block) -> impl Iterator<Item = Block> {
    let last = function.blocks[block].insts.last();
    let targets = last.map(|&inst| function.insts[inst].instruction.targets()).unwrap_or_default();
    // A target that does not exist is for the verifier to report.
    targets.into_iter().map(|call| call.block).filter(|&block| function.blocks.get(block).is_some())
}
