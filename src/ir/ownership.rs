//! Ownership of references: which values are references of the function's own, and which borrow a reference that others
//! own.

use std::collections::HashSet;

use super::entities::{Block, Value};
use super::function::{Function, ValueDef};
use super::instruction::{BlockCall, Instruction, ResultRule};
use super::types::Type;

/// The values that own a reference.
///
/// Results own their references. Constants are kept alive by the function's code, arguments and the receiver by the
/// caller. A guard has its operand's owner. A block parameter owns a reference, unless all values passed for it are
/// kept alive by others.
#[derive(Debug, PartialEq)]
pub(super) struct Ownership {
    owned_params: HashSet<Value>,
}

impl Ownership {
    /// The ownership of a function.
    pub(super) fn compute(function: &Function) -> Self {
        let mut ownership = Self { owned_params: HashSet::new() };
        // A parameter that is passed on only to itself, or around a loop, is not an owner because of that.
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

    /// The value whose reference keeps this one alive; `None` if the function need not keep it alive, or it is not an
    /// object.
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

    /// Whether a parameter gets a reference.
    pub(super) fn takes(&self, param: Value) -> bool {
        self.owned_params.contains(&param)
    }

    /// The values that an edge hands over: each argument whose parameter gets a reference.
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
