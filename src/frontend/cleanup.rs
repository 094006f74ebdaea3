//! Cleans up after the single pass that builds the function. It drops parameters that are the same value on all paths,
//! unused parameters and unreachable blocks. Then it numbers blocks and values anew, in the order of the text.
//!
//! A parameter whose arguments are all one value, or the parameter itself, is that value. Dropping it may make more
//! parameters of this kind. In code without jumps into loops, such as Python's, the parameters that remain are needed
//! (Braun et al.: Simple and Efficient Construction of Static Single Assignment Form, 2013).

use cranelift_entity::{EntityRef, PrimaryMap, SecondaryMap};

use crate::ir::{Block, BlockCall, BlockData, Function, Instruction, Slot, Type, Value, ValueDef};

/// Runs the cleanup.
pub(super) fn run(function: &mut Function) {
    drop_unreachable(function);
    let mut edges = Edges::of(function);
    let mut same = find_same(function, &mut edges);
    apply(function, &mut same);
    let used = find_used(function);
    drop_parameters(function, &used);
    drop_unused_null(function);
    renumber(function);
}

/// Removes unreachable blocks from the layout.
fn drop_unreachable(function: &mut Function) {
    let mut reached = SecondaryMap::<Block, bool>::with_capacity(function.blocks.len());
    let mut pending: Vec<_> = function.entry().into_iter().collect();
    while let Some(block) = pending.pop() {
        if !std::mem::replace(&mut reached[block], true) {
            pending.extend(function.successors(block).iter().map(|call| call.block));
        }
    }
    function.layout.retain(|&block| reached[block]);
}

/// Visits the block calls of the blocks in the layout.
fn for_each_call(function: &Function, mut visit: impl FnMut(&BlockCall)) {
    for (_, _, data) in function.instructions() {
        data.instruction.targets().into_iter().for_each(&mut visit);
    }
}

/// The arguments of parameters.
struct Edges {
    /// By parameter: its arguments.
    arguments: SecondaryMap<Value, Vec<Value>>,
    /// By parameter: the parameters that it is passed for.
    passed_for: SecondaryMap<Value, Vec<Value>>,
}

impl Edges {
    fn of(function: &Function) -> Self {
        let mut edges = Self { arguments: SecondaryMap::new(), passed_for: SecondaryMap::new() };
        for_each_call(function, |call| {
            for (&param, &arg) in function.blocks[call.block].params.iter().zip(&call.args) {
                edges.arguments[param].push(arg);
                if matches!(function.values[arg].def, ValueDef::Param(..)) {
                    edges.passed_for[arg].push(param);
                }
            }
        });
        edges
    }
}

/// By value: its replacement; the value itself if there is none.
struct Same(Vec<Value>);

impl Same {
    /// The final replacement of a value.
    fn find(&mut self, value: Value) -> Value {
        let mut root = value;
        while self.0[root.index()] != root {
            root = self.0[root.index()];
        }
        let mut at = value;
        while at != root {
            at = std::mem::replace(&mut self.0[at.index()], root);
        }
        root
    }
}

fn find_same(function: &Function, edges: &mut Edges) -> Same {
    let mut same = Same((0..function.values.len()).map(Value::new).collect());
    let params = function.layout.iter().flat_map(|&block| function.blocks[block].params.iter().copied());
    // The last one is processed first, so this makes that the first in the text.
    let mut pending: Vec<_> = params.collect();
    pending.reverse();
    while let Some(param) = pending.pop() {
        if same.find(param) != param {
            continue;
        }
        let mut only = None;
        let is_needed = edges.arguments[param].iter().any(|&arg| {
            let arg = same.find(arg);
            arg != param && *only.get_or_insert(arg) != arg
        });
        if let Some(only) = only.filter(|_| !is_needed) {
            same.0[param.index()] = only;
            // The parameters that it was passed for get `only` now.
            let passed_for = std::mem::take(&mut edges.passed_for[param]);
            pending.extend(&passed_for);
            edges.passed_for[only].extend(passed_for);
        }
    }
    same
}

/// Applies the replacements; states get null as an empty slot.
fn apply(function: &mut Function, same: &mut Same) {
    for data in function.insts.values_mut() {
        data.instruction.for_each_operand(|value| *value = same.find(*value));
    }
    let is_null: SecondaryMap<Value, bool> = nulls(function);
    function.states.replace(|slot| {
        if let Slot::Value(value) = slot {
            *value = same.find(*value);
            if is_null[*value] {
                *slot = Slot::Empty;
            }
        }
    });
}

/// The null pointers among the constants.
fn nulls(function: &Function) -> SecondaryMap<Value, bool> {
    let mut is_null = SecondaryMap::new();
    for data in function.insts.values() {
        if let (Instruction::LoadConst, Some(result)) = (&data.instruction, data.result) {
            is_null[result] = *function.ty(result) == Type::NULLPTR;
        }
    }
    is_null
}

/// The values that instructions and states use. An argument of a parameter counts only if the parameter is used.
fn find_used(function: &Function) -> SecondaryMap<Value, bool> {
    let mut used = SecondaryMap::<Value, bool>::with_capacity(function.values.len());
    let edges = Edges::of(function);
    let mut pending = Vec::new();
    for (_, inst, data) in function.instructions() {
        pending.extend(data.instruction.own_operands());
        pending.extend(function.values_of_states(inst));
    }
    while let Some(value) = pending.pop() {
        if !std::mem::replace(&mut used[value], true) && matches!(function.values[value].def, ValueDef::Param(..)) {
            pending.extend(&edges.arguments[value]);
        }
    }
    used
}

/// Drops unused parameters, and their arguments.
fn drop_parameters(function: &mut Function, used: &SecondaryMap<Value, bool>) {
    let kept: SecondaryMap<Block, Vec<bool>> = {
        let mut kept = SecondaryMap::new();
        for &block in &function.layout {
            kept[block] = function.blocks[block].params.iter().map(|&param| used[param]).collect();
        }
        kept
    };
    for data in function.insts.values_mut() {
        let keep = |call: &mut BlockCall| {
            let mut kept = kept[call.block].iter();
            call.args.retain(|_| kept.next().copied().unwrap_or(false));
        };
        data.instruction.for_each_target(keep);
    }
    for &block in &function.layout {
        function.blocks[block].params.retain(|&param| used[param]);
    }
}

/// Drops the null pointer if all parameters that it was made for are gone.
fn drop_unused_null(function: &mut Function) {
    let Some(entry) = function.entry() else { return };
    let Some(&first) = function.blocks[entry].insts.first() else { return };
    let Some(null) = function.insts[first].result.filter(|&result| *function.ty(result) == Type::NULLPTR) else {
        return;
    };
    if !function.instructions().any(|(_, _, data)| data.instruction.operands().contains(&null)) {
        function.blocks[entry].insts.remove(0);
        function.insts[first].result = None;
        function.forget_value(null);
    }
}

/// Numbers blocks in the order of the layout, and values without those of removed parameters.
fn renumber(function: &mut Function) {
    let mut new_blocks = SecondaryMap::<Block, Block>::with_default(Block::new(0));
    for (number, &block) in function.layout.iter().enumerate() {
        new_blocks[block] = Block::new(number);
    }
    let mut is_param = SecondaryMap::<Value, bool>::with_capacity(function.values.len());
    for &block in &function.layout {
        for &param in &function.blocks[block].params {
            is_param[param] = true;
        }
    }
    // An instruction that is in no block any more may name removed values; nothing reads them.
    let mut new_values = SecondaryMap::<Value, Value>::with_default(Value::new(0));
    let mut values = PrimaryMap::new();
    for (value, data) in std::mem::take(&mut function.values) {
        let was_param = matches!(data.def, ValueDef::Param(..));
        if !was_param || is_param[value] {
            new_values[value] = values.push(data);
        }
    }
    function.values = values;
    for data in function.insts.values_mut() {
        data.result = data.result.map(|result| new_values[result]);
        data.instruction.for_each_operand(|value| *value = new_values[*value]);
        data.instruction.for_each_target(|call| call.block = new_blocks[call.block]);
    }
    function.states.replace_values(|value| *value = new_values[*value]);
    let mut blocks = PrimaryMap::<Block, BlockData>::new();
    for block in std::mem::take(&mut function.layout) {
        let mut data = std::mem::take(&mut function.blocks[block]);
        data.params.iter_mut().for_each(|param| *param = new_values[*param]);
        let number = blocks.push(data);
        for (position, &param) in blocks[number].params.iter().enumerate() {
            function.values[param].def = ValueDef::Param(number, position);
        }
        function.layout.push(number);
    }
    function.blocks = blocks;
}
