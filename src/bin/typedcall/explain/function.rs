//! The stages of a Python function, as text.

use std::io::Write;

use typedcall::{Explanation, Note, Stages};

use crate::failure::CommandFailure;
use crate::stages::{part, without_unwinding};
use crate::style;

/// File and function, if the callable has the form `FILE.py:FUNCTION`.
pub fn in_file(callable: &str) -> Result<Option<(&str, &str)>, CommandFailure> {
    match callable.rsplit_once(':') {
        Some(("", _)) => {
            Err(CommandFailure::other(format!("{callable}: no file before the colon; the name is FILE.py:FUNCTION")))
        }
        Some((file, function)) if !function.is_empty() => Ok(Some((file, function))),
        _ if callable.trim_end_matches(':').ends_with(".py") => {
            Err(CommandFailure::other(format!("{callable}: which of its functions? The name is FILE.py:FUNCTION")))
        }
        _ => Ok(None),
    }
}

/// Prints how a function is compiled.
pub fn print(out: &mut dyn Write, explanation: &Explanation) -> Result<(), CommandFailure> {
    writeln!(out, "{}\n", style::title(&explanation.name))?;
    if let Err(reason) = &explanation.stages {
        part(out, "not compiled; it still runs in CPython", &reason.to_string())?;
    }
    let source: String = explanation.source.iter().map(|(number, line)| format!("{number:5}  {line}\n")).collect();
    part(out, "source", if source.is_empty() { "not found" } else { &source })?;
    part(out, "bytecode", &explanation.bytecode)?;
    let Ok(stages) = &explanation.stages else { return Ok(()) };
    part(out, "IR", &stages.ir)?;
    for (pass, ir) in &stages.passes {
        match ir {
            Some(ir) => part(out, &format!("IR after {pass}"), ir)?,
            None => writeln!(out, "{}\n", style::dim(format_args!("-- {pass} changes nothing")))?,
        }
    }
    match &stages.code {
        Ok(code) => {
            part(out, "CLIF", &code.clif)?;
            part(out, "machine code", &without_unwinding(&code.machine_code))?;
        }
        Err(unsupported) => part(out, "no code", &unsupported.to_string())?,
    }
    if !stages.exits.is_empty() {
        let exits: String = stages.exits.iter().map(|site| format!("{site}\n")).collect();
        part(out, "where the code may be left before its end, and why", &exits)?;
    }
    part(out, "line by line", &line_by_line(&explanation.source, stages))?;
    let calls = stages.calls;
    writeln!(out, "{} of {} calls are direct calls of C functions", calls.direct, calls.all)?;
    Ok(())
}

/// The source, with notes below each line: `+` for what was specialized, `-` for what was not.
fn line_by_line(source: &[(u32, String)], stages: &Stages) -> String {
    let show = |note: &Note| {
        let mark = if note.specialized { style::good("+") } else { style::error("-") };
        format!("       {mark} {}\n", note.text)
    };
    let is_shown = |line: Option<u32>| source.iter().any(|(number, _)| line == Some(*number));
    let mut text = String::new();
    for (number, line) in source {
        text += &format!("{number:5}  {line}\n");
        text.extend(stages.notes.iter().filter(|note| note.line == Some(*number)).map(show));
    }
    for note in stages.notes.iter().filter(|note| !is_shown(note.line)) {
        let line = note.line.map_or_else(|| "without a line".to_owned(), |line| format!("line {line}"));
        text += &format!("{line}\n{}", show(note));
    }
    text
}
