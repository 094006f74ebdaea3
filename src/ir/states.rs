//! The frame states of a function. A state links to a parent and lists the slots that differ from the parent's. So the
//! size of the states depends on the number of changes, not on the number of locals times instructions.

use cranelift_entity::PrimaryMap;

use super::entities::{State, Value};
use super::state::{FrameState, Slot};

/// The frame states of a function, by number.
///
/// A reader gets a state in full, as a [`FrameState`]. A state is never changed alone: [`FrameStates::derive`] makes
/// another state from it, and [`FrameStates::replace`] replaces a slot by the same new one wherever it occurs, in all
/// states.
#[derive(Clone, Debug, Default)]
pub struct FrameStates {
    states: PrimaryMap<State, LinkedState>,
    /// The state that was added last, in full, with its number; `None` if it has to be read again.
    last: Option<(State, FrameState)>,
}

/// A state as it is stored.
#[derive(Clone, Debug)]
struct LinkedState {
    at: u32,
    /// The number of locals; their slots come first.
    locals: usize,
    /// The number of slots in all.
    slots: usize,
    /// The state that has the slots that are not listed; without a parent, they are empty.
    parent: Option<State>,
    /// The slots that differ from the parent's, and all that the parent does not have.
    listed: Vec<(u32, Slot)>,
    /// The number of slots that it and its parents list, up to the state in full: at most the number of its slots. That
    /// bounds the work of a reader.
    weight: usize,
}

impl FrameStates {
    /// Adds a state. Its parent is the state that was added before it.
    pub fn push(&mut self, state: FrameState) -> State {
        let last = match self.last.take() {
            Some(last) => Some(last),
            None => self.states.last().map(|(last, _)| (last, self.get(last))),
        };
        let linked = match last {
            Some((parent, before)) => self.linked(&state, parent, &before),
            None => in_full(&state),
        };
        let number = self.states.push(linked);
        self.last = Some((number, state));
        number
    }

    /// A state, in full.
    pub fn get(&self, state: State) -> FrameState {
        let slots = self.slots(state);
        let LinkedState { at, locals, .. } = self.states[state];
        let cloned = |slots: &[&Slot]| slots.iter().map(|&slot| slot.clone()).collect();
        FrameState { at, locals: cloned(&slots[..locals]), stack: cloned(&slots[locals..]) }
    }

    /// The index of the next instruction in a state.
    pub fn at(&self, state: State) -> u32 {
        self.states[state].at
    }

    /// The values in a state: locals, then stack.
    pub fn values(&self, state: State) -> Vec<Value> {
        self.slots(state).into_iter().filter_map(Slot::value).collect()
    }

    /// The states, by number.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = State> + use<> {
        self.states.keys()
    }

    /// The number of slots that all states list: their size.
    pub fn listed(&self) -> usize {
        self.states.values().map(|state| state.listed.len()).sum()
    }

    /// A state with some slots changed. If nothing changes, it is the same state.
    pub fn derive(&mut self, state: State, change: impl FnMut(&mut Slot)) -> State {
        let mut after = self.get(state);
        after.slots_mut().for_each(change);
        self.child(state, after)
    }

    /// Adds a state as a child of another. If both are the same, no state is added.
    pub fn child(&mut self, parent: State, state: FrameState) -> State {
        let before = self.get(parent);
        if state == before {
            return parent;
        }
        let linked = self.linked(&state, parent, &before);
        let number = self.states.push(linked);
        self.last = Some((number, state));
        number
    }

    /// Replaces slots by others, the same ones in all states. Empty slots stay empty.
    pub fn replace(&mut self, mut change: impl FnMut(&mut Slot)) {
        self.last = None;
        self.states.values_mut().flat_map(|state| &mut state.listed).for_each(|(_, slot)| change(slot));
    }

    /// Replaces values by others in all states.
    pub fn replace_values(&mut self, mut change: impl FnMut(&mut Value)) {
        self.replace(|slot| {
            if let Slot::Value(value) = slot {
                change(value);
            }
        });
    }

    /// The slots of a state, in their order.
    fn slots(&self, state: State) -> Vec<&Slot> {
        let count = self.states[state].slots;
        let mut slots: Vec<Option<&Slot>> = vec![None; count];
        let mut next = Some(state);
        while let Some(of) = next {
            let linked = &self.states[of];
            for (index, slot) in &linked.listed {
                if let Some(place) = slots.get_mut(*index as usize) {
                    place.get_or_insert(slot);
                }
            }
            next = linked.parent;
        }
        slots.into_iter().map(|slot| slot.unwrap_or(&Slot::Empty)).collect()
    }

    /// A state as its difference from another, or in full if that takes less space in the long run.
    fn linked(&self, state: &FrameState, parent: State, before: &FrameState) -> LinkedState {
        if state.locals.len() != before.locals.len() {
            return in_full(state);
        }
        let known = before.slots().count();
        let is_listed = |(index, (slot, before)): &(usize, (&Slot, &Slot))| *index >= known || slot != before;
        let padded = before.slots().chain(std::iter::repeat(&Slot::Empty));
        let listed: Vec<_> = state.slots().zip(padded).enumerate().filter(is_listed).map(numbered).collect();
        let (of_parent, slots) = (&self.states[parent], state.slots().count());
        let weight = of_parent.weight + listed.len();
        if weight > slots {
            return in_full(state);
        }
        // A state that lists nothing is skipped.
        let parent = of_parent.parent.filter(|_| of_parent.listed.is_empty()).unwrap_or(parent);
        LinkedState { at: state.at, locals: state.locals.len(), slots, parent: Some(parent), listed, weight }
    }
}

/// A state that lists all its slots.
fn in_full(state: &FrameState) -> LinkedState {
    let all = state.slots().map(|slot| (slot, &Slot::Empty)).enumerate();
    let listed: Vec<_> = all.filter(|(_, (slot, empty))| slot != empty).map(numbered).collect();
    LinkedState {
        at: state.at,
        locals: state.locals.len(),
        slots: state.slots().count(),
        parent: None,
        listed,
        weight: 0,
    }
}

fn numbered((index, (slot, _)): (usize, (&Slot, &Slot))) -> (u32, Slot) {
    (u32::try_from(index).expect("a function has fewer locals"), slot.clone())
}

/// The same states, in full, under the same numbers.
impl PartialEq for FrameStates {
    fn eq(&self, other: &Self) -> bool {
        self.states.len() == other.states.len() && self.keys().all(|state| self.get(state) == other.get(state))
    }
}
