//! `fuzz`: random Python functions, compiled and compared with CPython.
//!
//! The work is done in Python (`fuzz/*.py`), where programs are written, run and observed: `tree` has programs as trees, `generate`
//! writes them, `world` is what they see, `observe` and `compare` run them, `drive` has the processes and the report. `module`
//! gives it compiled functions.

mod module;

use std::io::Write;

use typedcall::demo;
use typedcall::embed::{Object, Python};

use crate::cli::Fuzz;
use crate::failure::CommandFailure;
use crate::temporary;

const TYPED: &str = include_str!("fuzz/typed.c");

/// The Python files, in the order in which they use each other. The first one is no module, but text for the others.
const FILES: [(&str, &str); 6] = [
    ("world", include_str!("fuzz/world.py")),
    ("tree", include_str!("fuzz/tree.py")),
    ("generate", include_str!("fuzz/generate.py")),
    ("observe", include_str!("fuzz/observe.py")),
    ("compare", include_str!("fuzz/compare.py")),
    ("drive", include_str!("fuzz/drive.py")),
];

const LOAD: &str = "
import sys, types
def load(name, source):
    made = sys.modules['typedcall_fuzz_' + name] = types.ModuleType('typedcall_fuzz_' + name)
    if name == 'world':
        made.SOURCE = source
    else:
        exec(compile(source, f'<typedcall fuzz, {name}.py>', 'exec'), made.__dict__)
    return made
";

/// Runs the command.
pub fn run(arguments: &Fuzz, out: &mut dyn Write) -> Result<(), CommandFailure> {
    let python = Python::attach();
    let folder = temporary::folder()?;
    let library = demo::compile(&python, folder.path(), "typedcall_fuzz_typed", TYPED)?;
    let typed = demo::import(&python, "typedcall_fuzz_typed", &library)?;
    temporary::remove(folder)?;
    let tool = module::make(&python, &typed)?;
    let names = python.namespace()?;
    python.run(LOAD, &names)?;
    let load = names.item(&python, "load").ok_or_else(|| python.take_exception())?;
    for (name, source) in FILES {
        load.call(&python, &[&python.text(name)?, &python.text(source)?])?;
    }
    names.set_item(&python, "tool", &tool)?;
    names.set_item(&python, "options", &options(&python, arguments, &names)?)?;
    out.flush()?;
    // It writes as it goes: a search may take hours.
    python.run(
        "import typedcall_fuzz_drive as drive\n\
         def write(text): sys.stdout.write(text); sys.stdout.flush()\n\
         failing = drive.main(tool, options, write)",
        &names,
    )?;
    let failing = names.item(&python, "failing").ok_or_else(|| python.take_exception())?.text(&python)?;
    match failing.as_str() {
        "0" => Ok(()),
        count => {
            Err(CommandFailure::other(format!("{count} programs behave otherwise than in CPython: they are above")))
        }
    }
}

/// The options as a dict.
fn options(python: &Python, arguments: &Fuzz, names: &Object) -> Result<Object, CommandFailure> {
    let Fuzz { seconds, count, seed, jobs, findings, shrink, patience, frames, show, reasons, .. } = arguments;
    let number = |number: &Option<u64>| number.map_or_else(|| "None".to_owned(), |number| number.to_string());
    // Without a bound, a minute.
    let seconds = if seconds.is_none() && count.is_none() { Some(60) } else { *seconds };
    let jobs = jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |count| count.get() as u64));
    let flag = |flag: &bool| if *flag { "True" } else { "False" };
    let mistake = mistake(arguments).map_or_else(|| "None".to_owned(), demo::literal);
    let text = format!(
        "dict(seconds={}, count={}, seed={seed}, jobs={jobs}, findings={findings}, shrink={shrink}, patience={patience}, \
         frames={}, show={}, reasons={}, mistake={mistake})",
        number(&seconds),
        number(count),
        flag(frames),
        flag(show),
        flag(reasons)
    );
    Ok(python.eval(&text, names)?)
}

/// The mistake that compiled code has on purpose.
#[cfg(debug_assertions)]
fn mistake(arguments: &Fuzz) -> Option<&str> {
    arguments.mistake.as_deref()
}

/// Release builds make none.
#[cfg(not(debug_assertions))]
fn mistake(_: &Fuzz) -> Option<&str> {
    None
}
