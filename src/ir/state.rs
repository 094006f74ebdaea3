//! What the interpreter of decoded bytecode needs to go on from a point of the function. How a function keeps its states is in
//! `states`.

use super::entities::Value;
use super::types::Type;

/// The state of the interpreter before an instruction.
///
/// Where a guard with a state fails, the function leaves through an *exit*: the interpreter goes on with the instruction
/// at `at`, and what it returns is the function's result. So all that happened up to the guard must be what the bytecode
/// before `at` does, no more and no less. A state also says which objects the function keeps alive at this point, as
/// CPython's frame does, and which line it is at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameState {
    /// Index of the instruction that comes next.
    pub at: u32,
    /// The fast locals; empty for one that is unbound.
    pub locals: Vec<Slot>,
    /// The stack, its bottom first; empty for null.
    pub stack: Vec<Slot>,
}

/// A local or a value on the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Slot {
    /// Null: an unbound local, or a null on the stack.
    #[default]
    Empty,
    /// A value: an object, null or not, or a C number that is boxed on the way out.
    Value(Value),
    /// The one object of this type, which needs no instruction.
    Constant(Type),
}

impl Slot {
    /// The value in it, if there is one.
    pub fn value(&self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Empty | Self::Constant(_) => None,
        }
    }
}

impl FrameState {
    /// The values in it: locals, then stack.
    pub fn values(&self) -> impl Iterator<Item = Value> {
        self.slots().filter_map(Slot::value)
    }

    /// The slots: locals, then stack.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.locals.iter().chain(&self.stack)
    }

    /// The same, to replace them.
    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.locals.iter_mut().chain(&mut self.stack)
    }
}
