//! Who owns the references to the objects of a function: which values are references of its own, and which only stand for
//! those of others.

use std::collections::HashSet;

use super::entities::{Block, Value};
use super::function::{Function, ValueDef};
use super::instruction::{BlockCall, Instruction, ResultRule};
use super::types::Type;

/// The values that own a reference.
///
/// Results own theirs; constants are kept alive by the function's code, arguments and the receiver by its caller. A guard
/// is its operand. A parameter of a block owns a reference, unless all that is ever passed for it is of the second kind.
#[derive(Debug, PartialEq)]
pub(super) struct Ownership {
    owned_params: HashSet<Value>,
}

impl Ownership {
    /// That of a function.
    pub(super) fn compute(function: &Function) -> Self {
        let mut ownership = Self { owned_params: HashSet::new() };
        // A parameter that is passed on to itself, or around a loop, is no owner by that alone.
        loop {
            let before = ownership.owned_params.len();
            for &block in &function.layout {
                for call in function.successors(block) {
                    for (&arg, &param) in call.args.iter().zip(&function.blocks[call.block].params) {
                        if is_reference(function.ty(param)) && ownership.owner(function, arg).is_some() {
                            ownership.owned_params.insert(param);
                        }
                    }
                }
            }
            if ownership.owned_params.len() == before {
                return ownership;
            }
        }
    }

    /// The value whose reference keeps this one alive; `None` where the function need not keep it, or it is no object.
    pub(super) fn owner(&self, function: &Function, value: Value) -> Option<Value> {
        let mut value = value;
        while let Some(Instruction::Guard { value: same, .. } | Instruction::NullIfNone { value: same }) =
            function.definition(value)
        {
            value = *same;
        }
        let owns = match function.values[value].def {
            ValueDef::Result(inst) => {
                function.insts[inst].instruction.result_rule() != ResultRule::Borrowed
                    && is_reference(function.ty(value))
            }
            ValueDef::Param(..) => self.owned_params.contains(&value),
            ValueDef::Unused => false,
        };
        owns.then_some(value)
    }

    /// Whether a parameter is handed a reference.
    pub(super) fn takes(&self, param: Value) -> bool {
        self.owned_params.contains(&param)
    }

    /// What an edge hands over: each argument whose parameter takes a reference.
    pub(super) fn handed_over<'a>(
        &'a self,
        function: &'a Function,
        call: &'a BlockCall,
    ) -> impl Iterator<Item = Value> + 'a {
        let params = &function.blocks[call.block].params;
        call.args.iter().zip(params).filter(|(_, param)| self.takes(**param)).map(|(&arg, _)| arg)
    }

    /// The parameters of a block that own a reference.
    pub(super) fn params<'a>(&'a self, function: &'a Function, block: Block) -> impl Iterator<Item = Value> + 'a {
        function.blocks[block].params.iter().copied().filter(|&param| self.takes(param))
    }
}

/// Whether values of the type are references: objects, some of them perhaps null.
fn is_reference(ty: &Type) -> bool {
    ty.is_object_or_null() && ty.may_overlap(&Type::OBJECT)
}
