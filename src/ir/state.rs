//! The data that the interpreter of decoded bytecode needs to continue from a point of the function. `states` stores
//! the states of a function.

use super::entities::Value;
use super::types::Type;

/// The state of the interpreter before an instruction.
///
/// If a guard with a state fails, the function leaves through an *exit*: CPython continues with the instruction
/// at `at`, and its result is the function's result. So the effects up to the guard must be exactly those of the
/// bytecode before `at`. A state also says which objects the function keeps alive at this point, as CPython's frame
/// does, and which line it is at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameState {
    /// Index of the next instruction.
    pub at: u32,
    /// The fast locals; empty for an unbound one.
    pub locals: Vec<Slot>,
    /// The stack, from the bottom up; empty for null.
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
    /// The only object of this type, which needs no instruction.
    Constant(Type),
}

impl Slot {
    /// Its value, if there is one.
    pub fn value(&self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(*value),
            Self::Empty | Self::Constant(_) => None,
        }
    }
}

impl FrameState {
    /// Its values: locals, then stack.
    pub fn values(&self) -> impl Iterator<Item = Value> {
        self.slots().filter_map(Slot::value)
    }

    /// The slots: locals, then stack.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.locals.iter().chain(&self.stack)
    }

    /// The slots, for replacing them.
    pub fn slots_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.locals.iter_mut().chain(&mut self.stack)
    }
}
