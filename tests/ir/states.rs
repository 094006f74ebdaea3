//! Frame states: each lists what differs from its parent, and reads as if it listed all.

use typedcall::ir::{FrameState, FrameStates, Slot, State, Value};

/// A generator of numbers, so that each run is the same.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % bound
    }

    fn slot(&mut self) -> Slot {
        match self.below(4) {
            0 => Slot::Empty,
            _ => Slot::Value(Value::from_u32(u32::try_from(self.below(20)).expect("a small number"))),
        }
    }
}

/// What is expected of one state after another: all of them, in full.
struct Model {
    states: FrameStates,
    full: Vec<(State, FrameState)>,
}

impl Model {
    fn check(&self) {
        for (state, full) in &self.full {
            assert_eq!(self.states.get(*state), *full);
            assert_eq!(self.states.at(*state), full.at);
            assert_eq!(self.states.values(*state), full.values().collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_state_reads_as_what_was_added_whatever_came_before_it() {
    let mut random = Random(1);
    for round in 0..200 {
        let mut model = Model { states: FrameStates::default(), full: Vec::new() };
        let locals = usize::try_from(random.below(12)).expect("a small number");
        let mut current = FrameState { at: 0, locals: vec![Slot::Empty; locals], stack: Vec::new() };
        for at in 0..40 {
            current.at = at;
            for _ in 0..random.below(3) {
                let index = random.below(12) as usize;
                if let Some(local) = current.locals.get_mut(index) {
                    *local = random.slot();
                }
            }
            match random.below(3) {
                0 => drop(current.stack.pop()),
                1 => current.stack.push(random.slot()),
                _ => {}
            }
            let state = match random.below(8) {
                // Of any that there is, as passes make them.
                0 if !model.full.is_empty() => {
                    let (of, full) = model.full[random.below(model.full.len() as u64) as usize].clone();
                    let (gone, new) = (random.slot(), random.slot());
                    let change = |slot: &mut Slot| {
                        if *slot == gone {
                            slot.clone_from(&new);
                        }
                    };
                    let mut changed = full;
                    changed.slots_mut().for_each(change);
                    let state = model.states.derive(of, change);
                    assert_eq!(state == of, changed == model.states.get(of));
                    model.full.push((state, changed));
                    continue;
                }
                _ => model.states.push(current.clone()),
            };
            model.full.push((state, current.clone()));
            // A value is replaced wherever it stands.
            if random.below(10) == 0 {
                let old = Value::from_u32(u32::try_from(random.below(20)).expect("a small number"));
                let new = Value::from_u32(u32::try_from(random.below(20)).expect("a small number"));
                let replace = |slot: &mut Slot| {
                    if *slot == Slot::Value(old) {
                        *slot = Slot::Value(new);
                    }
                };
                model.states.replace(replace);
                model.full.iter_mut().for_each(|(_, full)| full.slots_mut().for_each(replace));
                current.slots_mut().for_each(replace);
            }
        }
        model.check();
        // Equal is what reads the same, however it came to be.
        let mut copy = FrameStates::default();
        for state in model.states.keys() {
            copy.push(model.states.get(state));
        }
        assert!(copy == model.states, "round {round}");
    }
}

/// Two hundred locals, each assigned once: what the states take grows with the assignments, not with these times the locals.
#[test]
fn states_take_room_for_what_changes() {
    let listed = |count: u32| {
        let mut states = FrameStates::default();
        let mut current = FrameState { at: 0, locals: vec![Slot::Empty; count as usize], stack: Vec::new() };
        for at in 0..count {
            current.at = 2 * at;
            states.push(current.clone());
            current.locals[at as usize] = Slot::Value(Value::from_u32(at));
            current.at += 1;
            states.push(current.clone());
        }
        // All are bound now; more assignments go on.
        for at in 0..count {
            current.at = 2 * count + at;
            current.locals[at as usize] = Slot::Value(Value::from_u32(count + at));
            states.push(current.clone());
        }
        states.listed()
    };
    let (few, many) = (listed(50), listed(200));
    assert!(many < 8 * 200, "{many} slots for 600 states");
    assert!(many < 5 * few, "{many} and {few}");
}
