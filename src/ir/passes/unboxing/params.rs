//! Turns block parameters into C numbers if they are boxes of C numbers on every path.
//!
//! Parameters that pass a number to one another, and the boxes that are passed, form a class. By the identity rule at
//! most one member of a class is used as an object: otherwise one number would be boxed at two places. If an object
//! from elsewhere is passed, no member may be used as an object: it would come out as another object than it went in.

use std::collections::{HashMap, HashSet};

use super::{boxed, constant};
use crate::ir::{Block, BlockCall, Dominators, Failure, Function, Inst, Instruction, Type, Value, ValueDef};

/// Runs this part; returns whether it changed anything.
pub(super) fn run(function: &mut Function, dominators: &Dominators) -> bool {
    let edges = edges(function, dominators);
    let mut candidates = candidates(function, dominators, &edges);
    loop {
        let refused = refused(function, dominators, &edges, &candidates);
        if refused.is_empty() {
            break;
        }
        candidates.retain(|value, _| !refused.contains(value));
    }
    if candidates.is_empty() {
        return false;
    }
    convert(function, &edges, &candidates);
    true
}

/// An edge: the block and the instruction that it leaves from, and its target.
struct Edge {
    block: Block,
    from: Inst,
    call: BlockCall,
}

fn edges(function: &Function, dominators: &Dominators) -> Vec<Edge> {
    let mut edges = Vec::new();
    for &block in dominators.reverse_postorder() {
        for &from in &function.blocks[block].insts {
            let data = &function.insts[from];
            let edge = |call: &BlockCall| Edge { block, from, call: call.clone() };
            edges.extend(data.instruction.targets().into_iter().map(edge));
        }
    }
    edges
}

/// Parameters that are exact numbers and are passed along reachable edges, with the C type of the number. A parameter that
/// is always the same number needs no C number: whoever uses it knows that.
fn candidates(function: &Function, dominators: &Dominators, edges: &[Edge]) -> HashMap<Value, Type> {
    let passed: HashSet<_> = edges.iter().map(|edge| edge.call.block).collect();
    let blocks = dominators.reverse_postorder().iter().filter(|block| passed.contains(block));
    blocks
        .flat_map(|&block| &function.blocks[block].params)
        .filter_map(|&param| {
            let ty = function.ty(param);
            let types = [(Type::FLOAT_EXACT, Type::C_DOUBLE), (Type::LONG_EXACT, Type::C_INT64)];
            let ctype = types.into_iter().find(|(object, _)| ty.is_subtype(object) && !ty.is_bottom())?.1;
            constant(&ctype, ty).is_none().then_some((param, ctype))
        })
        .collect()
}

/// The properties of a class of values.
#[derive(Default)]
struct ValueClass {
    members: Vec<Value>,
    /// Members that are used as objects.
    escaping: usize,
    /// Whether an object is passed that is not made here.
    has_objects: bool,
    /// Whether something needs the C number, or nothing needs the object.
    pays: bool,
    impossible: bool,
}

/// The candidates that can't become C numbers if all of them are to.
fn refused(
    function: &Function,
    dominators: &Dominators,
    edges: &[Edge],
    candidates: &HashMap<Value, Type>,
) -> HashSet<Value> {
    let mut classes = ValueClasses::default();
    for &param in candidates.keys() {
        classes.find(param);
    }
    // Values that are passed into a class, by that class's parameter.
    let mut objects = Vec::new();
    let mut impossible = Vec::new();
    for edge in edges {
        for (&arg, &param) in edge.call.args.iter().zip(&function.blocks[edge.call.block].params) {
            let Some(ctype) = candidates.get(&param) else { continue };
            let arg = function.unguarded(arg);
            if candidates.get(&arg) == Some(ctype) || boxed(function, ctype, arg).is_some() {
                classes.union(arg, param);
            } else if constant(ctype, function.ty(arg)).is_none() {
                let is_double = *ctype == Type::C_DOUBLE && function.ty(arg).is_subtype(&Type::FLOAT_EXACT);
                if is_double {
                    objects.push(param);
                } else {
                    impossible.push(param);
                }
            }
        }
    }
    let mut all: HashMap<Value, ValueClass> = HashMap::new();
    let uses = object_uses(function, dominators, candidates);
    for value in classes.values() {
        let class = all.entry(classes.find(value)).or_default();
        class.members.push(value);
        class.escaping += usize::from(uses.objects.contains(&value));
        class.pays |= uses.numbers.contains(&value) || !candidates.contains_key(&value);
        class.impossible |= uses.handled.contains(&value);
    }
    for param in objects {
        all.entry(classes.find(param)).or_default().has_objects = true;
    }
    for param in impossible {
        all.entry(classes.find(param)).or_default().impossible = true;
    }
    let is_refused = |class: &&ValueClass| {
        class.impossible || class.escaping > 1 || class.has_objects && class.escaping > 0 || !class.pays
    };
    let refused = all.values().filter(is_refused).flat_map(|class| class.members.iter().copied());
    refused.filter(|value| candidates.contains_key(value)).collect()
}

/// How values are used.
#[derive(Default)]
struct Uses {
    /// As objects.
    objects: HashSet<Value>,
    /// As C numbers.
    numbers: HashSet<Value>,
    /// As objects where an error is handled, so a failure to make one would be handled too.
    handled: HashSet<Value>,
}

fn object_uses(function: &Function, dominators: &Dominators, candidates: &HashMap<Value, Type>) -> Uses {
    let mut uses = Uses::default();
    let mut as_object = |value: Value, handled: bool| {
        uses.objects.insert(value);
        if handled {
            uses.handled.insert(value);
        }
    };
    let mut numbers = HashSet::new();
    for &block in dominators.reverse_postorder() {
        for &inst in &function.blocks[block].insts {
            let data = &function.insts[inst];
            let mut passed = |call: &BlockCall| {
                for (&arg, param) in call.args.iter().zip(&function.blocks[call.block].params) {
                    if !candidates.contains_key(param) {
                        as_object(function.unguarded(arg), false);
                    }
                }
            };
            let targets = data.instruction.targets();
            if !targets.is_empty() {
                targets.into_iter().for_each(&mut passed);
                continue;
            }
            match &data.instruction {
                // Only the uses of its result count.
                Instruction::Guard { .. } => {}
                Instruction::Unbox { ctype, value, .. } => {
                    let value = function.unguarded(*value);
                    if candidates.get(&value).is_none_or(|wanted| wanted == ctype) {
                        numbers.insert(value);
                    } else {
                        as_object(value, data.error.is_some());
                    }
                }
                other => {
                    for operand in other.operands() {
                        as_object(function.unguarded(operand), data.error.is_some());
                    }
                }
            }
        }
    }
    uses.numbers = numbers;
    // Only parameters need a box of their own; the others have one.
    uses.handled.retain(|value| matches!(function.values[*value].def, ValueDef::Param(..)));
    uses
}

/// Sets of values, as a forest of parents.
#[derive(Default)]
struct ValueClasses {
    parent: HashMap<Value, Value>,
}

impl ValueClasses {
    fn find(&mut self, value: Value) -> Value {
        let mut root = value;
        while let Some(&parent) = self.parent.get(&root)
            && parent != root
        {
            root = parent;
        }
        self.parent.insert(root, root);
        self.parent.insert(value, root);
        root
    }

    fn union(&mut self, one: Value, other: Value) {
        let (one, other) = (self.find(one), self.find(other));
        self.parent.insert(one, other);
    }

    fn values(&self) -> Vec<Value> {
        self.parent.keys().copied().collect()
    }
}

/// Turns the parameters, and the arguments for them, into C numbers. A use of the object gets a box at the block's
/// start, which the placement moves.
fn convert(function: &mut Function, edges: &[Edge], candidates: &HashMap<Value, Type>) {
    for edge in edges {
        let params = function.blocks[edge.call.block].params.clone();
        let mut args = edge.call.args.clone();
        for (arg, param) in args.iter_mut().zip(params) {
            let Some(ctype) = candidates.get(&param) else { continue };
            let origin = function.unguarded(*arg);
            *arg = if candidates.get(&origin) == Some(ctype) {
                origin
            } else if let Some(number) = boxed(function, ctype, origin) {
                number
            } else {
                let constant = constant(ctype, function.ty(origin));
                let (instruction, ty) = match constant {
                    Some(constant) => (Instruction::LoadConst, constant),
                    None => (Instruction::unbox(ctype.clone(), origin, Failure::Exit), ctype.clone()),
                };
                insert_at_end(function, edge.block, instruction, ty)
            };
        }
        pass(function, edge, args);
    }
    let mut boxes: Vec<(Value, Value)> = Vec::new();
    let mut sorted: Vec<_> = candidates.iter().collect();
    sorted.sort_by_key(|(param, _)| **param);
    for (&param, ctype) in sorted {
        let object = function.ty(param).clone();
        function.values[param].ty = ctype.clone();
        let inst = function.add_inst(Instruction::Box { value: param }, Some(object));
        let ValueDef::Param(block, _) = function.values[param].def else { continue };
        function.blocks[block].insts.insert(0, inst);
        boxes.extend(function.insts[inst].result.map(|object| (param, object)));
    }
    // The parameter itself stays where a C number is needed: as an argument of another such parameter.
    let boxes: HashMap<_, _> = boxes.into_iter().collect();
    use_boxes(function, candidates, &boxes);
}

/// A new value, defined before the end of a block.
fn insert_at_end(function: &mut Function, block: Block, instruction: Instruction, ty: Type) -> Value {
    let inst = function.add_inst(instruction, Some(ty));
    let place = function.blocks[block].insts.len() - 1;
    function.blocks[block].insts.insert(place, inst);
    function.insts[inst].result.expect("an instruction added with a type has a result")
}

fn pass(function: &mut Function, edge: &Edge, args: Vec<Value>) {
    let data = &mut function.insts[edge.from];
    let replace = |target: &mut BlockCall| {
        if *target == edge.call {
            target.args.clone_from(&args);
        }
    };
    data.instruction.for_each_target(replace);
}

/// Replaces uses of an object by the box of the parameter.
fn use_boxes(function: &mut Function, candidates: &HashMap<Value, Type>, boxes: &HashMap<Value, Value>) {
    let swap = |value: &mut Value| {
        if let Some(object) = boxes.get(value) {
            *value = *object;
        }
    };
    let params: HashMap<Block, Vec<Value>> =
        function.blocks.iter().map(|(block, data)| (block, data.params.clone())).collect();
    let swap_args = |call: &mut BlockCall| {
        for (arg, param) in call.args.iter_mut().zip(&params[&call.block]) {
            if !candidates.contains_key(param) {
                swap(arg);
            }
        }
    };
    for data in function.insts.values_mut() {
        if data.instruction.is_terminator() && !data.instruction.targets().is_empty() {
            // A condition is a truth value, and never boxed.
            data.instruction.for_each_target(swap_args);
            continue;
        }
        let is_its_box = matches!(&data.instruction, Instruction::Box { value } if boxes.contains_key(value));
        if !is_its_box {
            data.instruction.for_each_operand(swap);
        }
    }
    // In states too: if the box is not on every path, the placement uses the number.
    function.states.replace_values(swap);
}
