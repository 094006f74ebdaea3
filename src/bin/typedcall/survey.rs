//! `survey`: how many functions of a body of Python code have IR.

mod code;
mod count;
mod files;
mod report;
mod world;

use std::io::Write;

use typedcall::embed::Python;

use crate::cli::Survey;
use crate::failure::CommandFailure;

/// Runs the command.
pub fn run(arguments: &Survey, out: &mut dyn Write) -> Result<(), CommandFailure> {
    let python = Python::attach();
    let compiler = code::FileCompiler::new(&python)?;
    let (what, files) = files::find(&python, &arguments.path)?;
    let library = world::KnownLibrary::new(&python)?;
    let mut counter = count::Counter::new(&library);
    // A panic is counted, and its text shown with the place.
    std::panic::set_hook(Box::new(|_| {}));
    for path in files.iter().step_by(arguments.every as usize) {
        match compiler.codes(&python, path) {
            Ok(codes) => counter.add_file(&python, path, &codes),
            Err(exception) => counter.counts.not_compiled.push((path.clone(), exception.to_string())),
        }
    }
    let counts = counter.counts;
    if arguments.json {
        report::json(out, &counts)?;
    } else {
        report::text(out, &what, &counts, arguments.refused)?;
    }
    if counts.files == 0 {
        return Err(CommandFailure::other("no file could be compiled: the reasons are in the output"));
    }
    Ok(())
}
