//! `explain`: all stages of one method, or of one Python function.

mod function;

use std::io::Write;

use typedcall::embed::Python;
use typedcall::{Options, Specializer};

use crate::cli::{EntryName, Explain};
use crate::failure::CommandFailure;
use crate::{modules, stages, style};

/// Runs the command.
pub fn run(arguments: &Explain, out: &mut dyn Write) -> Result<(), CommandFailure> {
    let python = Python::attach();
    modules::prepare(&python, &arguments.path)?;
    let specializer = Specializer::new(&python, Options::default())?;
    if let Some((file, name)) = function::in_file(&arguments.callable)? {
        if arguments.signature.is_some() {
            return Err(CommandFailure::other("--signature is for MODULE.NAME: functions in Python need none"));
        }
        if arguments.entry.is_some() {
            return Err(CommandFailure::other("--entry is for MODULE.NAME: functions in Python have no stub"));
        }
        let (function, aside) = modules::function_in_file(&python, file, name)?;
        let explanation = specializer.explain(&python, &function)?;
        if !aside.is_empty() {
            writeln!(out, "{name} is a {aside}\n")?;
        }
        return function::print(out, &explanation);
    }
    let callable = modules::resolve(&python, &arguments.callable)?;
    if let Some(signature) = &arguments.signature {
        specializer.declare(&python, &callable, signature).map_err(|error| match error {
            error @ (typedcall::Error::Signature(_) | typedcall::Error::Mismatch { .. }) => {
                CommandFailure::other(format!("--signature {signature:?}: {error}"))
            }
            error => error.into(),
        })?;
    }
    let signature = specializer.signature(&python, &callable)?;
    let stub = specializer.stub(&python, &callable, arguments.entry.unwrap_or(EntryName::Guarded).into())?;
    let entry = format!("{:?}", stub.entry()).to_lowercase();
    writeln!(out, "{}\n", style::title(format_args!("{}, {entry} stub", stub.name())))?;
    stages::print(out, &signature, &stub)
}
