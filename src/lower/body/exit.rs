//! Exits: the values that the interpreter gets at each exit, and the cold paths of exits and errors.

use std::fmt;

use cranelift_codegen::ir::{Block as Label, InstBuilder, Value as Register, types};

use super::block::Lowering;
use super::reference::Reference;
use crate::ir::{BlockCall, ConstObject, ExitReason, Inst, Slot, State, Value};
use crate::lower::emit::admitted::View;
use crate::lower::symbol::Symbol;
use crate::lower::unsupported::Unsupported;
use crate::metadata::{Kind, Scalar};

/// A point at which the function may be left for the interpreter. The code stores the values of the state as words, in
/// their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitPoint {
    /// The reason for leaving there.
    pub reason: ExitReason,
    /// Index of the bytecode instruction that comes next.
    pub at: u32,
    /// The fast locals.
    pub locals: Vec<ExitSlot>,
    /// The stack, from the bottom up.
    pub stack: Vec<ExitSlot>,
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
    /// An object, borrowed, or null.
    Object,
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
        write!(f, "{} {}({locals}{bar}{stack})", self.reason, self.at)
    }
}

impl fmt::Display for ExitSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("_"),
            Self::Constant(object) => write!(f, "{:?}", object.label),
            Self::Word { index, value } => match value {
                ExitValue::Object => write!(f, "word{index}"),
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
    end: PathEnd,
    /// The reasons for taking it; each reason has its own entry.
    entries: Vec<(ExitReason, Label)>,
}

/// The destination of a cold path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PathEnd {
    /// Out of the function with an exception set, or to the interpreter and its exception handler.
    Raised,
    /// The same, with an exception that was raised before and gets no entry in its traceback.
    RaisedAgain,
    /// To the interpreter.
    Exit(State),
}

impl Lowering<'_, '_, '_> {
    /// The label to which an instruction goes with an exception set.
    pub(super) fn raised(&mut self, inst: Inst) -> Label {
        self.cold_path(inst, PathEnd::Raised, self.error_reason(inst))
    }

    /// The label to which an instruction goes with an exception set that was raised before.
    pub(super) fn raised_again(&mut self, inst: Inst) -> Label {
        self.cold_path(inst, PathEnd::RaisedAgain, self.error_reason(inst))
    }

    fn error_reason(&self, inst: Inst) -> ExitReason {
        let data = &self.function.insts[inst];
        if data.error.is_some() { data.instruction.error_reason() } else { ExitReason::Raised }
    }

    /// The label to which an instruction goes if its check fails.
    pub(super) fn exit(&mut self, inst: Inst) -> Result<Label, Unsupported> {
        let data = &self.function.insts[inst];
        let unsupported = |reason: &str| Unsupported::new(data.instruction.name(), reason);
        let state =
            data.state.ok_or_else(|| unsupported("it has no state to leave with: the front end gives it one"))?;
        let reason = data.instruction.exit_reason().ok_or_else(|| unsupported("it checks nothing"))?;
        Ok(self.cold_path(inst, PathEnd::Exit(state), reason))
    }

    /// Instructions of one block share a cold path if they leave with the same states, and give up the same values.
    fn cold_path(&mut self, inst: Inst, end: PathEnd, reason: ExitReason) -> Label {
        let data = &self.function.insts[inst];
        let is_same = |pending: &Pending| {
            let known = &self.function.insts[pending.inst];
            let same_states = match end {
                PathEnd::Exit(_) => true,
                PathEnd::Raised | PathEnd::RaisedAgain => (known.state, known.error) == (data.state, data.error),
            };
            pending.end == end && same_states && self.releases(pending.inst) == self.releases(inst)
        };
        let known = self.pending.iter().skip(self.pending_of_block).position(is_same);
        let number = known.map(|number| self.pending_of_block + number).unwrap_or_else(|| {
            self.pending.push(Pending { inst, end, entries: Vec::new() });
            self.pending.len() - 1
        });
        let entries = &mut self.pending[number].entries;
        if let Some((_, label)) = entries.iter().find(|(known, _)| *known == reason) {
            return *label;
        }
        let label = self.emitter.cold_block();
        entries.push((reason, label));
        label
    }

    /// Emits all cold paths.
    pub(super) fn cold_paths(&mut self) -> Result<(), Unsupported> {
        while let Some(pending) = self.pending.pop() {
            match pending.end {
                PathEnd::Raised => self.leave_raised(&pending, false)?,
                PathEnd::RaisedAgain => self.leave_raised(&pending, true)?,
                PathEnd::Exit(state) => self.leave_by(&pending, state, Symbol::Leave, Symbol::GoOn)?,
            }
        }
        Ok(())
    }

    fn leave_raised(&mut self, pending: &Pending, again: bool) -> Result<(), Unsupported> {
        let data = &self.function.insts[pending.inst];
        if let Some(error) = data.error {
            let leave = if again { Symbol::LeaveRaisedAgain } else { Symbol::LeaveRaised };
            return self.leave_by(pending, error, leave, Symbol::GoOnRaised);
        }
        match data.state.filter(|_| !again) {
            Some(state) => {
                let (number, words) = self.pass_state(&pending.entries, state)?;
                let (unit, version) = (self.address(Reference::Unit), self.address(Reference::Version));
                let arguments = [unit, version, number, words];
                self.call_runtime(Symbol::AddTraceback, &arguments);
            }
            // All entries have the same reason.
            None => pending.entries.iter().for_each(|(_, label)| self.emitter.builder.switch_to_block(*label)),
        }
        self.release(pending.inst);
        let null = self.emitter.null();
        self.emitter.builder.ins().return_(&[null]);
        Ok(())
    }

    /// Enters a cold path. The result is the number of the exit for which it was entered, and the address of the words
    /// that it passes on.
    fn pass_state(
        &mut self,
        entries: &[(ExitReason, Label)],
        state: State,
    ) -> Result<(Register, Register), Unsupported> {
        let [(first, label), others @ ..] = entries else {
            return Err(Unsupported::new("an exit", "nothing leads to it"));
        };
        let (point, words) = self.exit_point(*first, state)?;
        let number = match others {
            [] => {
                self.emitter.builder.switch_to_block(*label);
                self.exit_number(point)
            }
            _ => {
                let shared = self.emitter.cold_block();
                let number = self.emitter.builder.append_block_param(shared, types::I64);
                for (reason, label) in entries {
                    self.emitter.builder.switch_to_block(*label);
                    let number = self.exit_number(ExitPoint { reason: *reason, ..point.clone() });
                    self.emitter.builder.ins().jump(shared, &[number.into()]);
                }
                self.emitter.builder.switch_to_block(shared);
                number
            }
        };
        let array = self.spill(&words);
        Ok((number, array))
    }

    fn exit_number(&mut self, point: ExitPoint) -> Register {
        let number = self.exits.iter().position(|known| *known == point).unwrap_or_else(|| {
            self.exits.push(point);
            self.exits.len() - 1
        });
        self.emitter.builder.ins().iconst(types::I64, i64::try_from(number).expect("few exits"))
    }

    /// Leaves for the interpreter in a state.
    fn leave_by(&mut self, pending: &Pending, state: State, leave: Symbol, go_on: Symbol) -> Result<(), Unsupported> {
        let (number, array) = self.pass_state(&pending.entries, state)?;
        let version = self.address(Reference::Version);
        // This takes two steps: the references that only this function still holds must be given up before the
        // interpreter continues, so that objects die at the same time as in CPython.
        let left = self.call_runtime(leave, &[version, number, array]).expect("a call with a result type has a result");
        self.release(pending.inst);
        let unit = self.address(Reference::Unit);
        let result = self.call_runtime(go_on, &[unit, left]).expect("a call with a result type has a result");
        self.emitter.builder.ins().return_(&[result]);
        Ok(())
    }

    /// Gives up what the function owns, on a path that leaves it early.
    fn release(&mut self, inst: Inst) {
        for value in self.releases(inst).to_vec() {
            self.decref(value);
        }
    }

    /// The description of an exit, and the words of its values.
    fn exit_point(&self, reason: ExitReason, state: State) -> Result<(ExitPoint, Vec<Register>), Unsupported> {
        let state = self.function.states.get(state);
        let mut words = Vec::new();
        let mut known = Vec::new();
        let mut slots =
            |slots: &[Slot]| slots.iter().map(|slot| self.exit_slot(slot, &mut words, &mut known)).collect();
        let locals: Result<Vec<_>, _> = slots(&state.locals);
        let stack: Result<Vec<_>, _> = slots(&state.stack);
        Ok((ExitPoint { reason, at: state.at, locals: locals?, stack: stack? }, words))
    }

    /// The content of a slot. An object in two slots has one word, so that it stays one object.
    fn exit_slot(
        &self,
        slot: &Slot,
        words: &mut Vec<Register>,
        known: &mut Vec<(Value, ExitSlot)>,
    ) -> Result<ExitSlot, Unsupported> {
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
        if let Some((_, slot)) = known.iter().find(|(of, _)| *of == value) {
            return Ok(slot.clone());
        }
        let ty = self.function.ty(value);
        let index = words.len();
        words.extend(self.parts(value)?);
        let holds = match (ty.scalar(), view_of(ty)) {
            (Some(scalar), _) => ExitValue::Number(scalar),
            (None, Some(value)) => value,
            (None, None) if ty.is_object_or_null() => ExitValue::Object,
            (None, None) => {
                let reason = "it is neither an object nor a number";
                return Err(Unsupported::new(format!("{value}:{ty} in a state"), reason));
            }
        };
        let slot = ExitSlot::Word { index, value: holds };
        known.push((value, slot.clone()));
        Ok(slot)
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

/// The content of the two words of a text or of bytes.
fn view_of(ty: &crate::ir::Type) -> Option<ExitValue> {
    View::of(ty).map(|view| match view {
        View::Text => ExitValue::Text,
        View::Bytes => ExitValue::Bytes,
    })
}
