//! The entities of a function: small indices into its maps.

use cranelift_entity::entity_impl;

/// A value in SSA form; prints as `v6`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(u32);
entity_impl!(Value, "v");

/// A basic block; prints as `bb0`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block(u32);
entity_impl!(Block, "bb");

/// An instruction; prints as `inst3`, but not in IR text, which names no instructions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Inst(u32);
entity_impl!(Inst, "inst");

/// A frame state; never prints, since IR text writes a state where it is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State(u32);
entity_impl!(State, "state");

/// A callable whose signature is known; prints as `callee3`, but not in IR text, which has its name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CalleeRef(u32);
entity_impl!(CalleeRef, "callee");
