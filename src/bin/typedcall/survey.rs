//! `survey`: how much of a body of Python code is compiled.

mod code;
mod count;
mod files;
mod report;

use std::io::Write;

use typedcall::embed::Python;

use crate::cli::Survey;
use crate::failure::Failure;

/// Runs the command.
pub fn run(arguments: &Survey, out: &mut dyn Write) -> Result<(), Failure> {
    let python = Python::attach();
    let compiler = code::Compiler::new(&python)?;
    let (what, files) = files::find(&python, &arguments.path)?;
    let mut counts = count::Counts::default();
    for path in files.iter().step_by(arguments.every as usize) {
        match compiler.codes(&python, path) {
            Ok(codes) => counts.add_file(&python, path, &codes),
            Err(exception) => counts.not_compiled.push((path.clone(), exception.to_string())),
        }
    }
    if arguments.json { report::json(out, &counts) } else { report::text(out, &what, &counts, arguments.refused) }
}
