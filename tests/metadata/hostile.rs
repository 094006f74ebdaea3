//! The reader answers for any contents of memory: valid containers are mutated until every way to reject one was
//! reached often. `cargo test --test metadata hostile -- --nocapture` prints the counts.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use crate::support::mutation::{Branch, RECIPES, branch, each_byte, each_field};
use crate::support::victim::{Random, Victim};
use typedcall::metadata::abi::{METH_TYPED, kind};
use typedcall::metadata::{Rule, read_def};

/// How often every rejection must be reached.
const LEAST: usize = 1_000;
/// The number of mutated containers.
const TOTAL: usize = 1_000_000;

/// The results for mutated containers.
#[derive(Default)]
struct Counts {
    all: usize,
    accepted: usize,
    plain: usize,
    rejected: BTreeMap<Branch, usize>,
}

impl Counts {
    fn read(&mut self, victim: &Victim) {
        self.all += 1;
        match read_def(victim.def()) {
            Ok(Some(_)) => self.accepted += 1,
            Ok(None) => self.plain += 1,
            Err(rejected) => *self.rejected.entry(branch(&rejected)).or_default() += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.all += other.all;
        self.accepted += other.accepted;
        self.plain += other.plain;
        for (branch, count) in other.rejected {
            *self.rejected.entry(branch).or_default() += count;
        }
    }
}

/// A worker's share: every recipe `LEAST / workers` times and more, then fields and bytes of new containers.
fn mutate(seed: u64, workers: usize) -> Counts {
    let (mut random, mut victim, mut counts) = (Random::new(seed), Victim::new(), Counts::default());
    for recipe in RECIPES {
        for _ in 0..LEAST.div_ceil(workers) {
            victim.fill(&mut random);
            (recipe.apply)(&mut victim, &mut random);
            let rejected = read_def(victim.def()).expect_err(recipe.field);
            assert_eq!(branch(&rejected), (recipe.field.to_owned(), recipe.rule), "{rejected}");
            counts.read(&victim);
        }
    }
    while counts.all < TOTAL.div_ceil(workers) {
        victim.fill(&mut random);
        each_field(&mut victim, &mut random, |victim| counts.read(victim));
        each_byte(&mut victim, &mut random, 12, |victim| counts.read(victim));
    }
    counts
}

#[test]
fn what_is_mutated_was_good() {
    let (mut random, mut victim) = (Random::new(1), Victim::new());
    for _ in 0..20_000 {
        victim.fill(&mut random);
        let method = read_def(victim.def()).unwrap_or_else(|rejected| panic!("{rejected}"));
        assert_eq!(method.expect("it has metadata").name, "method_é");
    }
}

#[test]
fn every_rule_has_a_mutation_that_breaks_it() {
    let broken: BTreeSet<Rule> = RECIPES.iter().map(|recipe| recipe.rule).collect();
    let missing: Vec<Rule> = Rule::ALL.iter().copied().filter(|rule| !broken.contains(rule)).collect();
    // The first is no error of the memory that is read, the second is about tables; see `reader.rs`.
    assert_eq!(missing, [Rule::NoWay, Rule::EndlessTable]);
    let branches: BTreeSet<(&str, Rule)> = RECIPES.iter().map(|recipe| (recipe.field, recipe.rule)).collect();
    assert_eq!(branches.len(), RECIPES.len(), "each branch once");
}

/// The reader's answer for a victim after a change.
fn changed(change: impl FnOnce(&mut Victim)) -> Result<bool, String> {
    let (mut random, mut victim) = (Random::new(7), Victim::new());
    victim.fill(&mut random);
    victim.block().head.signature_count = 1;
    change(&mut victim);
    read_def(victim.def()).map(|method| method.is_some()).map_err(|rejected| rejected.field)
}

#[test]
fn a_name_at_the_start_of_a_page_whose_predecessor_is_unmapped_has_no_metadata() {
    let at_the_start = |flags: i32| {
        changed(|victim| {
            let front = victim.front();
            victim.put(front, b"name\0");
            (victim.block().name_pointer, victim.block().flags) = (front, flags);
        })
    };
    assert_eq!(at_the_start(8), Ok(false));
    assert_eq!(at_the_start(8 | METH_TYPED), Err("ml_flags".to_owned()), "a flag without any container");
    // Only part of the footer can be read.
    let within = changed(|victim| {
        let name = victim.front() + 16;
        victim.put(name, b"name\0");
        victim.move_name(name, 40);
        victim.block().flags = 8;
    });
    assert_eq!(within, Ok(false));
}

#[test]
fn absurd_counts_are_not_followed() {
    for count in [17, 1 << 20, u32::MAX] {
        assert_eq!(changed(|victim| victim.block().head.signature_count = count), Err("signature_count".to_owned()));
        let values = changed(|victim| victim.block().functions[0].value_count = count.saturating_add(1));
        assert_eq!(values, Err("signatures[0].value_count".to_owned()));
    }
}

#[test]
fn arrays_without_an_end_run_into_nothing() {
    let pointers = changed(|victim| {
        let last = victim.end() - 8;
        let pointer = victim.block().pointers[0].to_ne_bytes();
        victim.put(last, &pointer);
        (victim.block().head.signatures, victim.block().head.signature_count) = (last, 16);
    });
    assert_eq!(pointers, Err("signatures[1]".to_owned()));
    let values = changed(|victim| {
        let last = victim.end() - 48;
        victim.put(last, &[0; 48]);
        victim.put(last, &[kind::VOID as u8, 0]);
        (victim.block().functions[0].values, victim.block().functions[0].value_count) = (last, 17);
    });
    assert_eq!(values, Err("signatures[0].values[1]".to_owned()));
}

#[test]
fn what_points_at_itself_is_read_once() {
    // The array of pointers is its own first element, and the values are the container.
    let signatures = changed(|victim| {
        let own = &raw const victim.block().pointers as usize;
        victim.block().pointers = [own; 3];
    });
    assert_eq!(signatures, Err("signatures[0].reserved".to_owned()));
    let head = changed(|victim| {
        let own = &raw const victim.block().head as usize;
        victim.block().head.signatures = own;
    });
    assert!(head.is_err(), "{head:?}");
    // The same signature for every overload is a repetition, not a contradiction.
    let overloads = changed(|victim| {
        let block = victim.block();
        (block.pointers, block.head.signature_count) = ([block.pointers[0]; 3], 3);
    });
    assert_eq!(overloads, Ok(true));
}

#[test]
fn misaligned_pointers_are_not_followed() {
    for by in 1..8 {
        assert_eq!(changed(|victim| victim.block().head.signatures += by), Err("signatures".to_owned()));
        assert_eq!(changed(|victim| victim.block().pointers[0] += by), Err("signatures[0]".to_owned()));
        let values = changed(|victim| victim.block().functions[0].values += by);
        assert_eq!(values, Err("signatures[0].values".to_owned()));
    }
}

#[test]
fn a_million_mutated_containers_are_no_fault_and_take_every_way_to_be_rejected() {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(8);
    let mut counts = Counts::default();
    let shares: Vec<_> = (0..workers).map(|seed| thread::spawn(move || mutate(seed as u64 + 2, workers))).collect();
    for share in shares {
        counts.add(share.join().expect("no worker panics"));
    }
    println!("{:<26} {:<24} {:>8}", "field", "rule", "rejected");
    for ((field, rule), count) in &counts.rejected {
        println!("{field:<26} {:<24} {count:>8}", format!("{rule:?}"));
    }
    let rejected: usize = counts.rejected.values().sum();
    println!("{} containers: {rejected} rejected, {} accepted, {} plain", counts.all, counts.accepted, counts.plain);
    assert!(counts.all >= TOTAL);
    let known: BTreeSet<Branch> = RECIPES.iter().map(|recipe| (recipe.field.to_owned(), recipe.rule)).collect();
    assert_eq!(counts.rejected.keys().cloned().collect::<BTreeSet<_>>(), known, "no branch is unknown");
    for (branch, count) in counts.rejected {
        assert!(count >= LEAST, "{branch:?} was taken {count} times");
    }
}
