//! Prints counts.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::json;

use super::count::Counts;
use crate::failure::CommandFailure;
use crate::style;

/// Prints the counts for people.
pub fn text(out: &mut dyn Write, what: &str, counts: &Counts, name_refused: bool) -> Result<(), CommandFailure> {
    let files = if counts.files == 1 { "file" } else { "files" };
    writeln!(out, "{}", style::title(format_args!("{what}: {} {files}", counts.files)))?;
    writeln!(out, "  {:<56} {:>6}", "functions", counts.functions)?;
    writeln!(out, "  {:<56} {:>6}", "class bodies and modules, not counted below", counts.namespaces)?;
    line(out, "functions with IR", counts.built, counts.functions)?;
    let mut refused: Vec<_> = counts.refused.iter().collect();
    refused.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    for (reason, places) in refused {
        line(out, reason, places.len(), counts.functions)?;
        for place in places.iter().filter(|_| name_refused) {
            writeln!(out, "    {}", style::dim(place))?;
        }
    }
    writeln!(out, "\n{}", style::heading(format_args!("calls in them: {}", counts.calls)))?;
    line(out, "direct, of a C function", counts.specialized, counts.calls)?;
    line(out, "of a known object", counts.known, counts.calls)?;
    most(out, &counts.known_by_name, counts.calls)?;
    line(out, "of callables known only at run time", counts.unknown.values().sum(), counts.calls)?;
    most(out, &counts.unknown, counts.calls)?;
    for (path, reason) in &counts.not_compiled {
        writeln!(out, "  {}: {reason}", style::error(path.display()))?;
    }
    for broken in &counts.broken {
        writeln!(out, "  {}", style::error(broken))?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, name: &str, count: usize, all: usize) -> Result<(), CommandFailure> {
    Ok(writeln!(out, "  {name:<56} {count:>6} {:>6.2} %", 100.0 * count as f64 / all.max(1) as f64)?)
}

/// The most lines of a list.
const MOST: usize = 12;

fn most(out: &mut dyn Write, counts: &BTreeMap<String, usize>, all: usize) -> Result<(), CommandFailure> {
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by_key(|&(name, count)| (std::cmp::Reverse(count), name));
    for (name, count) in sorted.iter().take(MOST) {
        line(out, &format!("  {name}"), **count, all)?;
    }
    let rest: usize = sorted.iter().skip(MOST).map(|(_, count)| **count).sum();
    if rest > 0 { line(out, "  others", rest, all) } else { Ok(()) }
}

/// Prints the counts for scripts.
pub fn json(out: &mut dyn Write, counts: &Counts) -> Result<(), CommandFailure> {
    let refused: serde_json::Map<_, _> =
        counts.refused.iter().map(|(reason, places)| ((*reason).to_owned(), json!(places.len()))).collect();
    let not_compiled: Vec<_> = counts
        .not_compiled
        .iter()
        .map(|(path, reason)| json!({"file": path.to_string_lossy(), "reason": reason}))
        .collect();
    let all = json!({
        "files": counts.files,
        "functions": counts.functions,
        "namespaces": counts.namespaces,
        "built": counts.built,
        "refused": refused,
        "calls": counts.calls,
        "specialized": counts.specialized,
        "known": counts.known,
        "broken": counts.broken,
        "not_compiled": not_compiled,
    });
    serde_json::to_writer_pretty(&mut *out, &all).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
