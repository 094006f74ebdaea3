//! The table of the cost of calls.

use std::io::{self, Write};

use typedcall::demo::{Case, LoopTime, Measurement, Once, Way};

use crate::style;

/// Width of the column of names, of those of ways, and of those of ratios.
const NAME: usize = 13;
const WAY: usize = 13;
const RATIO: usize = 20;
const LOOP: usize = 16;

/// The ratios in the table: those for which the library promises bounds.
const RATIOS: [(Way, Way); 2] = [(Way::Guarded, Way::Vectorcall), (Way::Native, Way::Direct)];

/// Prints the one-time costs, then the cost of each call, each with its spread.
pub fn print(
    out: &mut dyn Write,
    rounds: u32,
    calls: u32,
    measurements: &[Measurement],
    once: &[Once],
) -> io::Result<()> {
    writeln!(out, "{}", style::heading("microseconds, once"))?;
    for each in once {
        let spread = format!("{}-{}", micros(each.spread.0), micros(each.spread.1));
        let spread = if each.spread.0 == each.spread.1 { String::new() } else { spread };
        let what = match each.case {
            "compile_shape" => "a stub of a new shape, all else warm",
            "make_stub" => "one more stub of a known shape, warm",
            _ => "the library's start, cold: the process's first",
        };
        let median = micros(each.median);
        writeln!(out, "{:<NAME$}{median:>WAY$}  {}  {what}", each.case, style::dim(format_args!("{spread:<13}")))?;
    }
    let title = format!("\nnanoseconds per call: medians of {rounds} rounds of {calls} calls");
    writeln!(out, "{}", style::heading(title))?;
    writeln!(out, "{}", style::dim("second line: 10th and 90th percentile"))?;
    let ways = Way::ALL.map(|way| format!("{:>WAY$}", way.name())).concat();
    let ratios = RATIOS.map(|(of, to)| format!("{:>RATIO$}", format!("{}/{}", of.name(), to.name()))).concat();
    writeln!(out, "{}", style::heading(format_args!("{:<NAME$}{ways}{ratios}", "")))?;
    for case in Case::ALL {
        let of = |way| measurements.iter().find(|each| each.case == case && each.way == way);
        let (mut medians, mut spreads) = (format!("{:<NAME$}", case.name()), format!("{:<NAME$}", ""));
        let mut column = |width: usize, median: f64, (low, high): (f64, f64)| {
            medians += &format!("{median:>width$.2}");
            spreads += &format!("{:>width$}", format!("{low:.2}-{high:.2}"));
        };
        for each in Way::ALL.into_iter().filter_map(of) {
            column(WAY, each.median, each.spread);
        }
        for (this, other) in RATIOS.into_iter().filter_map(|(this, other)| of(this).zip(of(other))) {
            let ratio = this.ratio(other);
            column(RATIO, ratio.median, ratio.spread);
        }
        writeln!(out, "{medians}\n{}", style::dim(spreads))?;
    }
    Ok(())
}

/// Prints the times of the loops.
pub fn print_loops(out: &mut dyn Write, loops: &[LoopTime]) -> io::Result<()> {
    writeln!(
        out,
        "{}",
        style::heading("\nnanoseconds per iteration of a loop in Python: interpreted, compiled, and in C")
    )?;
    let head = ["python", "typedcall", "c"].map(|way| format!("{way:>WAY$}")).concat();
    let ratios = ["python/typedcall", "typedcall/c"].map(|ratio| format!("{ratio:>RATIO$}")).concat();
    writeln!(out, "{}", style::heading(format_args!("{:<LOOP$}{head}{ratios}", "")))?;
    for ways in loops.chunks(3) {
        let [python, compiled, c] = ways else { continue };
        let times = [python, compiled, c].map(|each| format!("{:>WAY$.2}", each.least)).concat();
        let ratios =
            [python.least / compiled.least, compiled.least / c.least].map(|ratio| format!("{ratio:>RATIO$.2}"));
        writeln!(out, "{:<LOOP$}{times}{}", python.case, ratios.concat())?;
    }
    Ok(())
}

fn micros(ns: f64) -> String {
    format!("{:.2}", ns / 1000.0)
}
