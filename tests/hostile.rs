//! Whatever memory holds, the reader answers: valid containers, mutated until every way to reject one was taken often.

mod support;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::thread;

use support::mutation::{Branch, RECIPES, branch, each_byte, each_field};
use support::victim::{Random, Victim};
use typedcall::metadata::{Rule, read_def};

/// How often every way to reject must be taken.
const LEAST: usize = 1_000;
/// How many mutated containers there are in all.
const TOTAL: usize = 1_000_000;

/// What became of mutated containers.
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

/// A worker's share: every recipe `LEAST / workers` times and more, then fields and bytes of ever new containers.
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
    // The first is no fault of what is read, the second one of tables, see tests/reader.rs.
    assert_eq!(missing, [Rule::NoWay, Rule::EndlessTable]);
    let branches: BTreeSet<(&str, Rule)> = RECIPES.iter().map(|recipe| (recipe.field, recipe.rule)).collect();
    assert_eq!(branches.len(), RECIPES.len(), "each branch once");
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
