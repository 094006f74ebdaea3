//! Exits: a table of the points at which a function may be left, and the cold paths to them.
//!
//! A cold path stores the values that the exit needs as words in the function's array of words, and passes the number of
//! the exit to the runtime. The table says what each word contains, and who owns it; so a path has no code that counts
//! references or makes objects. The word of a local or of a value on the stack has the index of its slot. A value that
//! many exits of a block need is stored once, before the check of the next one.

use std::collections::HashMap;
use std::fmt;

use cranelift_codegen::ir::{Block as Label, InstBuilder, types};

use super::block::Lowering;
use super::reference::Reference;
use crate::ir::{BlockCall, ConstObject, ExitReason, FrameState, Inst, Slot, State, Value};
use crate::lower::emit::admitted::View;
use crate::lower::emit::emitter::{POINTER_BYTES, TRUSTED};
use crate::lower::symbol::Symbol;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{Kind, Scalar};

/// The number of exits of a block that store a value themselves; for the next one it is stored in the block.
const STORED_BY_EXITS: u32 = 2;

/// The address and the length of text or bytes.
const WORDS_OF_A_VIEW: usize = 2;

/// A point at which the function may be left. The function's array of words has its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitPoint {
    /// The reason for leaving there.
    pub reason: ExitReason,
    /// Index of the bytecode instruction that comes next, or that raised; `None` if none of the bytecode raised: memory
    /// has run out. Then the exception leaves the function.
    pub at: Option<u32>,
    /// Whether that instruction has raised, and its exception is set.
    pub raised: bool,
    /// The fast locals.
    pub locals: Vec<ExitSlot>,
    /// The stack, from the bottom up.
    pub stack: Vec<ExitSlot>,
    /// The words of objects that the function gives up there, apart from those that it hands over, in this order. They
    /// may be null.
    pub released: Vec<usize>,
}

/// A local or a value on the stack at an exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitSlot {
    /// Null.
    Empty,
    /// This object.
    Constant(ConstObject),
    /// The content of the word with this index.
    Word {
        /// Its index.
        index: usize,
        /// The type of its content.
        value: ExitValue,
    },
}

/// The type of a word's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitValue {
    /// An object whose reference the function hands over, or null.
    Owned,
    /// An object that others own, or null.
    Borrowed,
    /// A C number, in its low bytes, to be boxed.
    Number(Scalar),
    /// UTF-8 text; its length is in the next word.
    Text,
    /// Bytes; their number is in the next word.
    Bytes,
}

#[cfg(debug_assertions)]
impl ExitPoint {
    /// Makes [`Mistake::DoubleAsInt`](crate::ir::Mistake::DoubleAsInt).
    pub(crate) fn take_doubles_for_ints(&mut self) {
        for slot in self.locals.iter_mut().chain(&mut self.stack) {
            if let ExitSlot::Word { value: value @ ExitValue::Number(Scalar::F64), .. } = slot {
                *value = ExitValue::Number(Scalar::I64);
            }
        }
    }
}

impl fmt::Display for ExitPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots = |slots: &[ExitSlot]| slots.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let (locals, stack) = (slots(&self.locals), slots(&self.stack));
        let bar = if stack.is_empty() { "" } else { " | " };
        let at = self.at.map(|at| format!(" {at}")).unwrap_or_default();
        write!(f, "{}{at}({locals}{bar}{stack})", self.reason)?;
        match &self.released[..] {
            [] => Ok(()),
            words => {
                let words: Vec<_> = words.iter().map(|word| format!("word{word}")).collect();
                write!(f, " gives up {}", words.join(", "))
            }
        }
    }
}

impl fmt::Display for ExitSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("_"),
            Self::Constant(object) => write!(f, "{:?}", object.label),
            Self::Word { index, value } => match value {
                ExitValue::Owned => write!(f, "word{index}"),
                ExitValue::Borrowed => write!(f, "word{index}:borrowed"),
                ExitValue::Number(scalar) => write!(f, "word{index}:{}", Kind::Scalar(*scalar)),
                ExitValue::Text => write!(f, "word{index}:text"),
                ExitValue::Bytes => write!(f, "word{index}:bytes"),
            },
        }
    }
}

/// A cold path that is emitted after all other code.
pub(super) struct Pending {
    inst: Inst,
    state: Option<State>,
    raised: bool,
    /// The point, with the reason of the first entry.
    point: ExitPoint,
    /// The values that the path stores, each from this word on.
    stores: Vec<(usize, Value)>,
    /// The reasons for taking it; each reason has its own entry.
    entries: Vec<(ExitReason, Label)>,
}

/// The words of a function while a block is emitted.
#[derive(Default)]
pub(super) struct ExitWords {
    /// The value that each word contains, if that is known.
    contents: HashMap<usize, Value>,
    /// How many exits of the block store a value in a word.
    stored: HashMap<(usize, Value), u32>,
}

impl Lowering<'_, '_, '_> {
    /// The label to which an instruction goes with an exception set.
    pub(super) fn raised(&mut self, inst: Inst) -> Result<Label, Unsupported> {
        let data = &self.function.insts[inst];
        let reason = if data.error.is_some() { data.instruction.error_reason() } else { ExitReason::Raised };
        self.cold_path(inst, data.error.or(data.state), true, reason)
    }

    /// The label to which an instruction goes if its check fails.
    pub(super) fn exit(&mut self, inst: Inst) -> Result<Label, Unsupported> {
        let data = &self.function.insts[inst];
        let unsupported = |reason: &str| Unsupported::new(data.instruction.name(), reason);
        let state =
            data.state.ok_or_else(|| unsupported("it has no state to leave with: the front end gives it one"))?;
        let reason = data.instruction.exit_reason().ok_or_else(|| unsupported("it checks nothing"))?;
        self.cold_path(inst, Some(state), false, reason)
    }

    /// Instructions of one block share a cold path if they leave with the same state, and give up the same values.
    fn cold_path(
        &mut self,
        inst: Inst,
        state: Option<State>,
        raised: bool,
        reason: ExitReason,
    ) -> Result<Label, Unsupported> {
        let is_same = |pending: &Pending| {
            (pending.state, pending.raised) == (state, raised) && self.releases(pending.inst) == self.releases(inst)
        };
        let known = self.pending.iter().skip(self.pending_of_block).position(is_same);
        let number = match known {
            Some(number) => self.pending_of_block + number,
            None => {
                let (point, values) = self.exit_point(inst, state, raised, reason)?;
                let is_missing = |(index, value): &(usize, Value)| self.exit_words.contents.get(index) != Some(value);
                let stores = values.into_iter().filter(is_missing).collect();
                self.pending.push(Pending { inst, state, raised, point, stores, entries: Vec::new() });
                self.pending.len() - 1
            }
        };
        let entries = &mut self.pending[number].entries;
        if let Some((_, label)) = entries.iter().find(|(known, _)| *known == reason) {
            return Ok(*label);
        }
        let label = self.emitter.cold_block();
        entries.push((reason, label));
        Ok(label)
    }

    /// Called before an instruction is emitted: stores the values that it needs for its exit, and that many exits before
    /// it have stored themselves.
    pub(super) fn store_for_exits(&mut self, inst: Inst) -> Result<(), Unsupported> {
        let data = &self.function.insts[inst];
        if !data.instruction.may_end_early() {
            return Ok(());
        }
        let raises = data.error.or(data.state).map(|state| (state, true));
        let leaves = data.state.filter(|_| data.instruction.exit_reason().is_some()).map(|state| (state, false));
        let Some((state, raised)) = leaves.or(raises) else { return Ok(()) };
        let (_, values) = self.exit_point(inst, Some(state), raised, ExitReason::Raised)?;
        for (index, value) in values {
            // A guard's own state may mention its result.
            if self.exit_words.contents.get(&index) == Some(&value) || self.values.find(value).is_none() {
                continue;
            }
            let stored = self.exit_words.stored.entry((index, value)).or_default();
            *stored += 1;
            if *stored > STORED_BY_EXITS {
                self.store_words(index, value)?;
                self.exit_words.contents.insert(index, value);
            }
        }
        Ok(())
    }

    /// Forgets what the words contain.
    pub(super) fn forget_words(&mut self) {
        self.exit_words = ExitWords::default();
    }

    fn store_words(&mut self, index: usize, value: Value) -> Result<(), Unsupported> {
        let parts = self.parts(value)?;
        let array = self.exit_array(index + parts.len());
        for (index, part) in (index..).zip(parts) {
            let offset = i32::try_from(index).expect("few words") * POINTER_BYTES;
            self.emitter.builder.ins().store(TRUSTED, part, array, offset);
        }
        Ok(())
    }

    /// Emits all cold paths.
    pub(super) fn cold_paths(&mut self) -> Result<(), Unsupported> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let leave = self.emitter.cold_block();
        let number = self.emitter.builder.append_block_param(leave, types::I64);
        while let Some(pending) = self.pending.pop() {
            self.lead_to_exit(&pending, leave)?;
        }
        self.emitter.builder.switch_to_block(leave);
        let (unit, version) = (self.address(Reference::Unit), self.address(Reference::Version));
        let words = self.exit_array(0);
        let result = self.call_runtime(Symbol::Leave, &[unit, version, number, words]);
        let result = result.expect("a call with a result type has a result");
        self.emitter.builder.ins().return_(&[result]);
        Ok(())
    }

    fn lead_to_exit(&mut self, pending: &Pending, leave: Label) -> Result<(), Unsupported> {
        let numbers: Vec<_> = pending
            .entries
            .iter()
            .map(|(reason, label)| (*label, self.exit_number(ExitPoint { reason: *reason, ..pending.point.clone() })))
            .collect();
        let number = match numbers[..] {
            [(label, number)] => {
                self.emitter.builder.switch_to_block(label);
                self.emitter.builder.ins().iconst(types::I64, number)
            }
            _ => {
                let shared = self.emitter.cold_block();
                for (label, number) in numbers {
                    self.emitter.builder.switch_to_block(label);
                    let number = self.emitter.builder.ins().iconst(types::I64, number);
                    self.emitter.builder.ins().jump(shared, &[number.into()]);
                }
                self.emitter.builder.switch_to_block(shared);
                self.emitter.builder.append_block_param(shared, types::I64)
            }
        };
        for (index, value) in &pending.stores {
            self.store_words(*index, *value)?;
        }
        self.emitter.builder.ins().jump(leave, &[number.into()]);
        Ok(())
    }

    fn exit_number(&mut self, point: ExitPoint) -> i64 {
        let number = self.exits.iter().position(|known| *known == point).unwrap_or_else(|| {
            self.exits.push(point);
            self.exits.len() - 1
        });
        i64::try_from(number).expect("few exits")
    }

    /// The entry of an exit in the table, and the values of its words.
    fn exit_point(
        &self,
        inst: Inst,
        state: Option<State>,
        raised: bool,
        reason: ExitReason,
    ) -> Result<(ExitPoint, Vec<(usize, Value)>), Unsupported> {
        let at = state.map(|state| self.function.states.at(state));
        let FrameState { locals, stack, .. } = state.map(|state| self.function.states.get(state)).unwrap_or_default();
        let slots = locals.len() + stack.len();
        let mut words = PointWords { values: Vec::new(), next: slots, owned: self.releases(inst).to_vec() };
        let mut all = Vec::with_capacity(slots);
        for (index, slot) in locals.iter().chain(&stack).enumerate() {
            all.push(self.exit_slot(index, slot, &mut words)?);
        }
        let stack = all.split_off(locals.len());
        let mut released = Vec::new();
        for value in std::mem::take(&mut words.owned) {
            // A number that was an object when the passes looked has no references; nor has null.
            let ty = self.function.ty(value);
            if ty.is_object_or_null() && !ty.is_bottom() && self.values.find(value).is_some() {
                released.push(words.after_slots(value, 1));
            }
        }
        Ok((ExitPoint { reason, at, raised, locals: all, stack, released }, words.values))
    }

    /// The content of a slot. A value in two slots has one word; a number becomes one object.
    fn exit_slot(&self, index: usize, slot: &Slot, words: &mut PointWords) -> Result<ExitSlot, Unsupported> {
        let value = match slot {
            Slot::Empty => return Ok(ExitSlot::Empty),
            Slot::Constant(ty) => {
                let object = ty
                    .const_object()
                    .ok_or_else(|| Unsupported::new(format!("the constant {ty} of a state"), "it is not one object"))?;
                return Ok(ExitSlot::Constant(object.clone()));
            }
            Slot::Value(value) => *value,
        };
        let ty = self.function.ty(value);
        let holds = match (ty.scalar(), view_of(ty)) {
            (Some(scalar), _) => ExitValue::Number(scalar),
            (None, Some(view)) => view,
            (None, None) if ty.is_object_or_null() => {
                // It is the same object, and has the same owner.
                let owner = self.function.unguarded(value);
                let owner = words.owned.iter().position(|owned| *owned == owner);
                match owner {
                    Some(position) => {
                        words.owned.remove(position);
                        ExitValue::Owned
                    }
                    None => ExitValue::Borrowed,
                }
            }
            (None, None) => {
                let reason = "it is neither an object nor a number";
                return Err(Unsupported::new(format!("{value}:{ty} in a state"), reason));
            }
        };
        let known = words.values.iter().find(|(_, known)| *known == value).map(|(index, _)| *index);
        let index = match (known, holds) {
            (Some(index), _) => index,
            (None, ExitValue::Text | ExitValue::Bytes) => words.after_slots(value, WORDS_OF_A_VIEW),
            (None, _) => words.put(index, value),
        };
        Ok(ExitSlot::Word { index, value: holds })
    }

    /// Goes to a block of the function.
    pub(super) fn jump(&mut self, target: &BlockCall) -> Result<(), Unsupported> {
        let (label, args) = self.block_call(target)?;
        self.emitter.builder.ins().jump(label, &args);
        Ok(())
    }

    /// Gives up a reference; does nothing for null.
    pub(super) fn decref(&mut self, value: Value) {
        let ty = self.function.ty(value);
        // A number that was an object when the passes looked has no references; nor has null.
        if !ty.is_object_or_null() || ty.is_bottom() {
            return;
        }
        let Some(object) = self.values.find(value) else { return };
        self.emitter.decref_or_null(object, !ty.is_object());
    }
}

/// The words of one exit, while they are handed out.
struct PointWords {
    /// The words that are in use, each with its value.
    values: Vec<(usize, Value)>,
    /// The first word after those of the slots that is not in use.
    next: usize,
    /// The values that the function owns, and has not handed over yet.
    owned: Vec<Value>,
}

impl PointWords {
    /// Puts a value into the word of its slot.
    fn put(&mut self, index: usize, value: Value) -> usize {
        self.values.push((index, value));
        index
    }

    /// Puts a value of this many words after the slots.
    fn after_slots(&mut self, value: Value, count: usize) -> usize {
        let index = self.next;
        self.next += count;
        self.put(index, value)
    }
}

/// The content of the two words of a text or of bytes.
fn view_of(ty: &crate::ir::Type) -> Option<ExitValue> {
    View::of(ty).map(|view| match view {
        View::Text => ExitValue::Text,
        View::Bytes => ExitValue::Bytes,
    })
}
