//! What a stub gets from its caller, and where it leaves to.

use cranelift_codegen::ir::{Block, Value};

/// `PY_VECTORCALL_ARGUMENTS_OFFSET` takes the top bit of `nargsf`: what is below it counts.
pub(super) const ARGUMENTS_COUNT_MASK: i64 = i64::MAX;

/// What a stub gets from its caller.
pub(super) struct Arguments {
    pub(super) cell: Value,
    /// The C arguments before the cell, as the fallback passes them on.
    pub(super) raw: Vec<Value>,
    /// The object that the original is called on; `None` for what its cell knows, or what the array begins with.
    pub(super) receiver: Option<Value>,
    /// Where the positional arguments are.
    pub(super) objects: Objects,
}

/// Where a stub finds its positional arguments.
pub(super) enum Objects {
    /// In registers, one each.
    Values(Vec<Value>),
    /// In an array.
    Array {
        start: Value,
        /// How many there are.
        count: Value,
        /// The names of those behind them, where that is not known to be null.
        names: Option<Value>,
    },
}

/// Where a stub leaves to.
#[derive(Clone, Copy)]
pub(super) struct Exits {
    /// With a result, as this block's parameter; null means that an exception is set.
    pub(super) result: Block,
    /// With an exception set.
    pub(super) error: Block,
    /// With the original call.
    pub(super) fallback: Block,
    /// To the next arm; with the original call from the last one.
    pub(super) next_arm: Block,
}
