//! Times calls of the demo's functions in all five ways, in turns, and the cost of making stubs.

use std::time::Instant;

use super::runs::{Case, Run, Way};
use crate::embed::{Object, Python};
use crate::{Entry, Error, Options, Specializer, Stub};

/// Nanoseconds per call.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The function.
    pub case: Case,
    /// The way in which it was called.
    pub way: Way,
    /// The median of the rounds.
    pub median: f64,
    /// The 10th and 90th percentile of the rounds.
    pub spread: (f64, f64),
    /// The rounds, in the order in which they were timed.
    pub rounds: Vec<f64>,
}

/// One way compared to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The median of the rounds' ratios.
    pub median: f64,
    /// The 10th and 90th percentile of them.
    pub spread: (f64, f64),
}

/// Nanoseconds of something that happens once per stub, shape or process.
#[derive(Clone, Debug, PartialEq)]
pub struct Once {
    /// `compile_shape`, `make_stub` or `startup`.
    pub case: &'static str,
    /// `warm` or `cold`.
    pub how: &'static str,
    /// The median of the rounds; `startup` has one round.
    pub median: f64,
    /// The 10th and 90th percentile of the rounds.
    pub spread: (f64, f64),
}

impl Measurement {
    /// The ratio of this measurement to another one of the same run, round by round: a slow round slows both.
    pub fn ratio(&self, to: &Self) -> Ratio {
        let ratios = self.rounds.iter().zip(&to.rounds).map(|(this, other)| this / other);
        let (median, spread) = summarize(ratios.collect());
        Ratio { median, spread }
    }
}

/// The number of calls in one stretch. Some processors run a loop of C calls at one of two speeds, a third apart, and
/// change between them every few milliseconds; a round of many short stretches has both.
const STRETCH: i64 = 10_000;

/// Times every run. In each round every way of every case takes its turn, again and again, until each has made `calls`
/// calls, so a slow moment of the machine affects all of them. There is at least one round, of at least one call.
pub fn measure(runs: &[Run], rounds: usize, calls: i64) -> Vec<Measurement> {
    let (rounds, calls) = (rounds.max(1), calls.max(1));
    let mut samples = vec![Vec::with_capacity(rounds); runs.len()];
    for run in runs {
        run.calls(calls.min(STRETCH));
    }
    for _ in 0..rounds {
        let mut nanoseconds = vec![0; runs.len()];
        let mut left = calls;
        while left > 0 {
            let stretch = left.min(STRETCH);
            left -= stretch;
            for (run, nanoseconds) in runs.iter().zip(&mut nanoseconds) {
                let start = Instant::now();
                run.calls(stretch);
                *nanoseconds += start.elapsed().as_nanos();
            }
        }
        for (nanoseconds, samples) in nanoseconds.into_iter().zip(&mut samples) {
            // A clock that did not advance in between would make the ratios meaningless.
            samples.push(nanoseconds.max(1) as f64 / calls as f64);
        }
    }
    let measurement = |(run, rounds): (&Run, Vec<f64>)| {
        let (median, spread) = summarize(rounds.clone());
        Measurement { case: run.case, way: run.way, median, spread, rounds }
    };
    runs.iter().zip(samples).map(measurement).collect()
}

/// The median of at least one sample, and where the lowest and the highest tenth begin.
fn summarize(mut samples: Vec<f64>) -> (f64, (f64, f64)) {
    samples.sort_by(f64::total_cmp);
    let tenth = samples.len() / 10;
    (samples[samples.len() / 2], (samples[tenth], samples[samples.len() - 1 - tenth]))
}

/// Times one-time costs: a new shape, one more stub of a known shape, and a specializer. Call it first in a process,
/// since the start of a specializer is cold only once.
///
/// # Errors
/// If a stub can't be made.
pub fn measure_once(python: &Python, module: &Object) -> Result<(Specializer, Vec<Once>), Error> {
    const ROUNDS: usize = 101;
    let start = Instant::now();
    let specializer = Specializer::new(python, Options::default())?;
    let startup = start.elapsed().as_nanos() as f64;
    specializer.adopt(python, module)?;
    let (inc, half) = (module.attr(python, "inc")?, module.attr(python, "half")?);
    let once = |case, how, samples| {
        let (median, spread) = summarize(samples);
        Once { case, how, median, spread }
    };
    let timed = |stub: &mut dyn FnMut() -> Result<Stub, Error>| -> Result<(f64, Stub), Error> {
        let start = Instant::now();
        let stub = stub()?;
        Ok((start.elapsed().as_nanos() as f64, stub))
    };
    let (mut shapes, mut stubs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // A fresh specializer does not know the shape; everything else in the process is warm from another one.
        let fresh = Specializer::new(python, Options::default())?;
        fresh.adopt(python, module)?;
        let _warm = fresh.stub(python, &half, Entry::Guarded)?;
        let (first, _keep) = timed(&mut || fresh.stub(python, &inc, Entry::Guarded))?;
        let (further, _keep) = timed(&mut || fresh.stub(python, &inc, Entry::Guarded))?;
        shapes.push(first);
        stubs.push(further);
    }
    let all = vec![
        once("compile_shape", "warm", shapes),
        once("make_stub", "warm", stubs),
        once("startup", "cold", vec![startup]),
    ];
    Ok((specializer, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measurement(way: Way, rounds: &[f64]) -> Measurement {
        let (median, spread) = summarize(rounds.to_vec());
        Measurement { case: Case::Inc, way, median, spread, rounds: rounds.to_vec() }
    }

    #[test]
    fn a_spread_leaves_out_the_fastest_and_the_slowest_tenth() {
        let rounds: Vec<_> = (0..20).rev().map(f64::from).collect();
        assert_eq!(summarize(rounds), (10.0, (2.0, 17.0)));
        assert_eq!(summarize(vec![7.0]), (7.0, (7.0, 7.0)));
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // Both are three times as slow in one round; the ratio does not change.
        let stub = measurement(Way::Guarded, &[1.0, 3.0, 1.0]);
        let original = measurement(Way::Vectorcall, &[2.0, 6.0, 2.0]);
        assert_eq!(stub.ratio(&original), Ratio { median: 0.5, spread: (0.5, 0.5) });
    }
}
