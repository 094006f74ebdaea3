//! Prints counts.

use std::io::Write;

use serde_json::json;

use super::count::Counts;
use crate::failure::Failure;
use crate::style;

/// For people.
pub fn text(out: &mut dyn Write, what: &str, counts: &Counts, name_refused: bool) -> Result<(), Failure> {
    writeln!(out, "{}", style::title(format_args!("{what}: {} files", counts.files)))?;
    writeln!(out, "  functions                 {:>7}", counts.functions)?;
    writeln!(out, "  class bodies and modules  {:>7}  not counted below", counts.namespaces)?;
    line(out, "built", counts.built, counts.functions)?;
    let mut refused: Vec<_> = counts.refused.iter().collect();
    refused.sort_by_key(|(_, places)| std::cmp::Reverse(places.len()));
    for (reason, places) in refused {
        line(out, reason, places.len(), counts.functions)?;
        for place in places.iter().filter(|_| name_refused) {
            writeln!(out, "    {}", style::dim(place))?;
        }
    }
    for (path, reason) in &counts.not_compiled {
        writeln!(out, "  {}: {reason}", style::error(path.display()))?;
    }
    for broken in &counts.broken {
        writeln!(out, "  {}", style::error(broken))?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, name: &str, count: usize, all: usize) -> Result<(), Failure> {
    Ok(writeln!(out, "  {name:<36} {count:>6} {:>6.2} %", 100.0 * count as f64 / all.max(1) as f64)?)
}

/// For scripts.
pub fn json(out: &mut dyn Write, counts: &Counts) -> Result<(), Failure> {
    let refused: serde_json::Map<_, _> =
        counts.refused.iter().map(|(reason, places)| ((*reason).to_owned(), json!(places.len()))).collect();
    let all = json!({
        "files": counts.files,
        "functions": counts.functions,
        "namespaces": counts.namespaces,
        "built": counts.built,
        "refused": refused,
        "broken": counts.broken,
    });
    serde_json::to_writer_pretty(&mut *out, &all).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
