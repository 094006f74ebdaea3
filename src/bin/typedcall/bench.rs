//! `bench`: only the demo's table.

use std::io::Write;

use typedcall::demo::{self, LoopTime, Measurement, Once};
use typedcall::embed::Python;

use crate::cli::Bench;
use crate::failure::CommandFailure;
use crate::{table, temporary};

/// How often each loop runs in each way, and its iterations.
const LOOP_ROUNDS: usize = 30;
const LOOP_ITERATIONS: i64 = 100_000;

/// Runs the command.
pub fn run(arguments: &Bench, out: &mut dyn Write) -> Result<(), CommandFailure> {
    let python = Python::attach();
    let folder = temporary::folder()?;
    let module = demo::load(&python, folder.path())?;
    let (specializer, once) = demo::measure_once(&python, &module)?;
    let loops = demo::measure_loops(&python, folder.path(), LOOP_ROUNDS, LOOP_ITERATIONS)?;
    let runs = demo::runs(&python, &specializer, &module, folder.path())?;
    // Everything in it is loaded by now.
    temporary::remove(folder)?;
    let (rounds, calls) = (arguments.rounds, arguments.calls);
    let measurements = demo::measure(&runs, rounds as usize, i64::from(calls));
    if !arguments.json {
        table::print(out, rounds, calls, &measurements, &once)?;
        return Ok(table::print_loops(out, &loops)?);
    }
    // One row per line, so that two files are easy to compare.
    Ok(writeln!(out, "[\n  {}\n]", rows(&measurements, &once, &loops).join(",\n  "))?)
}

fn rows(measurements: &[Measurement], once: &[Once], loops: &[LoopTime]) -> Vec<String> {
    // To a hundredth of a nanosecond: more is noise. The names need no escapes.
    let row = |case: &str, how: &str, median: f64, (low, high): (f64, f64)| {
        format!(r#"{{"case": "{case}", "how": "{how}", "ns": {median:.2}, "low": {low:.2}, "high": {high:.2}}}"#)
    };
    let calls = measurements.iter().map(|each| row(each.case.name(), each.way.name(), each.median, each.spread));
    let once = once.iter().map(|each| row(each.case, each.how, each.median, each.spread));
    let loops = loops
        .iter()
        .map(|each| format!(r#"{{"case": "{}", "how": "{}", "ns": {:.2}}}"#, each.case, each.how, each.least));
    calls.chain(once).chain(loops).collect()
}
