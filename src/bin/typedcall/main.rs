//! The command line tool: shows the library's work, on the demo's extension or on any module.

mod bench;
mod cli;
mod demo;
mod explain;
mod failure;
mod fuzz;
mod inspect;
mod modules;
mod stages;
mod stdout;
mod style;
mod survey;
mod table;
mod temporary;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use failure::CommandFailure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The library warns once if executable memory is refused; users should see that without asking.
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    let mut out = anstream::stdout().lock();
    let outcome = match cli.command.unwrap_or(Command::Demo(cli::Demo { all: false })) {
        Command::Demo(arguments) => demo::run(&arguments, &mut out),
        Command::Inspect(arguments) => inspect::run(&arguments, &mut out),
        Command::Explain(arguments) => explain::run(&arguments, &mut out),
        Command::Bench(arguments) => bench::run(&arguments, &mut out),
        Command::Survey(arguments) => survey::run(&arguments, &mut out),
        Command::Fuzz(arguments) => fuzz::run(&arguments, &mut out),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output, such as `head`, has closed the pipe.
        Err(CommandFailure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            anstream::eprintln!("{}: {failure}", style::error("typedcall"));
            failure.exit_code()
        }
    }
}
