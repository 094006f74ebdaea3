//! The results of the matrix, as tables.

use std::collections::{BTreeMap, BTreeSet};

use typedcall::{Entry, Error};

use super::axes::{Axes, Case};
use super::extension::Compared;

/// How a stub was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Through {
    Boxed,
    Guarded,
    Vectorcall,
    Native,
    /// As a function that Python calls.
    Python,
}

impl From<Entry> for Through {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Boxed => Self::Boxed,
            Entry::Guarded => Self::Guarded,
            Entry::Vectorcall => Self::Vectorcall,
            Entry::Native => Self::Native,
            Entry::Checked => unreachable!("it has no wrapper to be compared with: see bind.rs"),
        }
    }
}

/// The number of differences of one kind that are shown.
const SHOWN: usize = 4;

/// Stubs that can't exist: a part of the given reason, with the explanation.
const EXPECTED_REFUSALS: [(&str, &str); 0] = [];

#[derive(Default)]
struct Count {
    stubs: u64,
    calls: u64,
    fast: u64,
}

/// Differences of one kind.
struct Difference {
    count: u64,
    parameters: BTreeSet<String>,
    examples: Vec<String>,
}

/// The counts of compared, different and refused stubs.
#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<Through, Count>,
    differences: u64,
    kinds_of_difference: BTreeMap<(String, Through), Difference>,
    refusals: BTreeMap<(Through, String), (u64, String)>,
}

impl Tally {
    /// Records a comparison.
    pub fn compared(&mut self, axes: &Axes, case: &Case, through: Through, compared: Compared) {
        let count = self.counts.entry(through).or_default();
        count.stubs += 1;
        count.calls += compared.calls;
        count.fast += compared.fast;
        if let Some(difference) = compared.difference {
            self.differences += 1;
            let what = difference.split(" (").next().unwrap_or_default();
            let variant = &axes.variants[case.variant];
            let kind = variant.kind.as_ref().map_or("nothing".to_owned(), ToString::to_string);
            let parameter = format!("{kind}{}", if variant.nullable { "?" } else { "" });
            let fresh = || Difference { count: 0, parameters: BTreeSet::new(), examples: Vec::new() };
            let known = self.kinds_of_difference.entry((what.to_owned(), through)).or_insert_with(fresh);
            known.count += 1;
            // One example of each parameter.
            if known.parameters.insert(parameter) && known.examples.len() < SHOWN {
                let (shape, holder) = (case.shape, case.holder);
                known.examples.push(format!("{} as {shape:?} of a {holder:?}: {difference}", axes.overload(case)));
            }
        }
    }

    /// Records that there is no stub.
    pub fn refused(&mut self, axes: &Axes, case: &Case, through: Through, error: &Error) {
        let reason = match error {
            Error::Unsupported { source, .. } => source.reason.clone(),
            Error::Mismatch { reason, .. } => reason.clone(),
            other => other.to_string(),
        };
        // The part before it names the method.
        let reason = reason.rsplit(": ").next().unwrap_or_default().to_owned();
        let text = || format!("{} as {:?} of a {:?}", axes.overload(case), case.shape, case.holder);
        self.refusals.entry((through, reason)).or_insert_with(|| (0, text())).0 += 1;
    }

    /// Prints all tables.
    pub fn print(&self, axes: &Axes, functions: usize) {
        println!("{:>10} combinations", axes.combinations);
        for ((stage, reason), count) in &axes.left_out {
            println!("{count:>10} {stage}: {reason}");
        }
        println!("{:>10} methods made, on {functions} C functions", axes.cases.len());
        let left_out: u64 = axes.left_out.values().sum();
        assert_eq!(left_out + axes.cases.len() as u64, axes.combinations, "something was left out in silence");
        println!("\n{:<12}{:>10}{:>12}{:>12}", "through", "stubs", "calls", "no wrapper");
        for (through, Count { stubs, calls, fast }) in &self.counts {
            println!("{:<12}{stubs:>10}{calls:>12}{fast:>12}", format!("{through:?}"));
        }
        for ((through, reason), (count, example)) in &self.refusals {
            println!("{count:>10} no stub, {through:?}: {reason} (such as {example})");
        }
        for ((what, through), Difference { count, parameters, examples }) in &self.kinds_of_difference {
            let parameters: Vec<_> = parameters.iter().map(String::as_str).collect();
            println!("{count:>10} differ, {through:?}, {what}: {}", parameters.join(" "));
            examples.iter().for_each(|example| println!("           {example}"));
        }
    }

    /// Fails if anything differed, or if a stub was refused for an unknown reason.
    pub fn assert_all_agree(&self) {
        let is_expected = |reason: &str| EXPECTED_REFUSALS.iter().any(|(part, _)| reason.contains(part));
        let unexpected: Vec<_> = self.refusals.keys().filter(|(_, reason)| !is_expected(reason)).collect();
        assert_eq!(self.differences, 0, "stubs differ from their wrappers");
        assert!(unexpected.is_empty(), "stubs are refused: {unexpected:?}");
    }
}
