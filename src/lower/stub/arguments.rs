//! The arguments that a stub gets from its caller, and the blocks to which it exits.

use cranelift_codegen::ir::{Block, Value};

/// `PY_VECTORCALL_ARGUMENTS_OFFSET` takes the top bit of `nargsf`; the bits below it are the count.
pub(super) const ARGUMENTS_COUNT_MASK: i64 = i64::MAX;

/// The arguments that a stub gets from its caller.
pub(super) struct StubArguments {
    pub(super) cell: Value,
    /// The C arguments without the cell, as the fallback passes them on.
    pub(super) raw: Vec<Value>,
    /// The object that the original is called on; `None` if the cell has it, or the array begins with it.
    pub(super) receiver: Option<Value>,
    /// The place of the positional arguments.
    pub(super) objects: Objects,
}

/// The place of a stub's positional arguments.
pub(super) enum Objects {
    /// In registers, one each.
    Values(Vec<Value>),
    /// In an array.
    Array {
        start: Value,
        /// Their number.
        count: Value,
        /// The names of the arguments after them, unless those are known to be null.
        names: Option<Value>,
    },
}

/// The blocks to which a stub exits.
#[derive(Clone, Copy)]
pub(super) struct Exits {
    /// With a result, as this block's parameter; null means that an exception is set.
    pub(super) result: Block,
    /// With an exception set.
    pub(super) error: Block,
    /// With the original call.
    pub(super) fallback: Block,
    /// To the next arm; for the last arm, to the original call.
    pub(super) next_arm: Block,
}
