//! `bench`: only the demo's table.

use std::io::Write;

use typedcall::demo::{self, Measurement, Once};
use typedcall::embed::Python;

use crate::cli::Bench;
use crate::failure::CommandFailure;
use crate::{table, temporary};

/// Runs the command.
pub fn run(arguments: &Bench, out: &mut dyn Write) -> Result<(), CommandFailure> {
    let python = Python::attach();
    let folder = temporary::folder()?;
    let module = demo::load(&python, folder.path())?;
    let (specializer, once) = demo::measure_once(&python, &module)?;
    let runs = demo::runs(&python, &specializer, &module, folder.path())?;
    // Everything in it is loaded by now.
    temporary::remove(folder)?;
    let (rounds, calls) = (arguments.rounds, arguments.calls);
    let measurements = demo::measure(&runs, rounds as usize, i64::from(calls));
    if !arguments.json {
        return Ok(table::print(out, rounds, calls, &measurements, &once)?);
    }
    // One row per line, so that two files are easy to compare.
    Ok(writeln!(out, "[\n  {}\n]", rows(&measurements, &once).join(",\n  "))?)
}

fn rows(measurements: &[Measurement], once: &[Once]) -> Vec<String> {
    // To a hundredth of a nanosecond: more is noise. The names need no escapes.
    let row = |case: &str, how: &str, median: f64, (low, high): (f64, f64)| {
        format!(r#"{{"case": "{case}", "how": "{how}", "ns": {median:.2}, "low": {low:.2}, "high": {high:.2}}}"#)
    };
    let calls = measurements.iter().map(|each| row(each.case.name(), each.way.name(), each.median, each.spread));
    let once = once.iter().map(|each| row(each.case, each.how, each.median, each.spread));
    calls.chain(once).collect()
}
