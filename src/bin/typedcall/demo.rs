//! `demo`: the main job on real input. It compiles, imports and adopts a C extension; shows a method from its signature
//! to specialized IR; calls it through its stub; and times it: on one screen. With `--all` it shows several methods
//! down to machine code, and more calls.

use std::io::Write;

use typedcall::demo::{self, Case};
use typedcall::embed::{Object, Python};
use typedcall::{Entry, Inspected, Specializer};

use crate::cli::Demo;
use crate::failure::CommandFailure;
use crate::{modules, stages, style, table, temporary};

/// Methods that are shown in full: a number, floats, an error, a context.
const SHOWN: [&str; 4] = ["inc", "add", "half", "thread"];

/// Calls of both original and stub, each with a remark.
const CALLS: [(&str, &str, &str); 9] = [
    ("inc", "(123456,)", "the fast path"),
    ("inc", "(True,)", "no exact int: fallback to the original"),
    ("inc", "(10**30,)", "does not fit: the original raises"),
    ("inc", "()", "wrong arity: CPython raises"),
    ("add", "(1.5, 2.25)", "the fast path"),
    ("add", "(1, 2)", "no floats: fallback to the original"),
    ("half", "(10,)", "the fast path"),
    ("half", "(3,)", "the underlying function raises"),
    ("thread", "()", "with the context"),
];

/// Rounds and calls of the table: a second or two.
const ROUNDS: u32 = 101;
const CALLS_A_ROUND: u32 = 100_000;

/// Runs the command.
pub fn run(arguments: &Demo, out: &mut dyn Write) -> Result<(), CommandFailure> {
    let python = Python::attach();
    let folder = temporary::folder()?;
    let module = demo::load(&python, folder.path())?;
    writeln!(out, "{}", style::title("typedcall calls C functions from Python at the speed of C"))?;
    writeln!(out, "compiled the extension {} at -O2, imported it into {}", demo::NAME, modules::version())?;
    let declared = typedcall::inspect(&python, &module)?;
    // Before anything else makes a specializer, since the start of the process's first one is timed.
    let (specializer, once) = demo::measure_once(&python, &module)?;
    let runs = demo::runs(&python, &specializer, &module, folder.path())?;
    methods(out, &python, &module, &declared)?;
    if arguments.all {
        for name in SHOWN {
            show(out, &python, &specializer, &module, name)?;
        }
        calls(out, &python, &specializer, &module, &CALLS)?;
        addresses(out, &python, &specializer, &module)?;
    } else {
        let name = SHOWN[0];
        summarize(out, &python, &specializer, &module, name)?;
        let of_it: Vec<_> = CALLS.into_iter().filter(|(of, ..)| *of == name).collect();
        calls(out, &python, &specializer, &module, &of_it)?;
    }
    // Everything in it is loaded by now.
    temporary::remove(folder)?;
    if cfg!(debug_assertions) {
        writeln!(
            out,
            "This is a debug build of the tool: calls are timed in loops of C at -O2 as in any other build, only what \
             happens once is slower.\n"
        )?;
    }
    let measurements = demo::measure(&runs, ROUNDS as usize, i64::from(CALLS_A_ROUND));
    Ok(table::print(out, ROUNDS, CALLS_A_ROUND, &measurements, &once)?)
}

/// Lists the methods as `declared`, before they were adopted.
fn methods(
    out: &mut dyn Write,
    python: &Python,
    module: &Object,
    declared: &[Inspected],
) -> Result<(), CommandFailure> {
    writeln!(
        out,
        "adopted its typed methods: read their metadata and cleared the METH_TYPED flag, which slows CPython's calls\n"
    )?;
    for (before, after) in declared.iter().zip(typedcall::inspect(python, module)?) {
        let (Ok(before), Ok(after)) = (&before.method, &after.method) else {
            return Err(CommandFailure::other(
                "the metadata of the demo's own extension was rejected; please report it",
            ));
        };
        let flag = match (before.flagged, after.flagged) {
            (true, false) => "flag cleared",
            (true, true) => "flag still set",
            (false, _) => "no flag",
        };
        writeln!(out, "  {:<7} {}  {}", before.name, style::dim(flag), before.signature)?;
    }
    Ok(writeln!(out)?)
}

/// All stages of a method.
fn show(
    out: &mut dyn Write,
    python: &Python,
    specializer: &Specializer,
    module: &Object,
    name: &str,
) -> Result<(), CommandFailure> {
    let callable = module.attr(python, name)?;
    let stub = specializer.stub(python, &callable, Entry::Guarded)?;
    writeln!(out, "{}\n", style::title(format_args!("=== {name}: its stub, drop-in for the original")))?;
    stages::part(out, "C", &declaration(name))?;
    stages::print(out, &specializer.signature(python, &callable)?, &stub)
}

/// How a method's calls are compiled, in a few lines.
fn summarize(
    out: &mut dyn Write,
    python: &Python,
    specializer: &Specializer,
    module: &Object,
    name: &str,
) -> Result<(), CommandFailure> {
    let callable = module.attr(python, name)?;
    let stub = specializer.stub(python, &callable, Entry::Guarded)?;
    let note = "`typedcall demo --all` shows several methods, down to machine code";
    writeln!(out, "{}  {}\n", style::title(format_args!("=== {name}")), style::dim(note))?;
    let parts = [
        ("C", declaration(name)),
        ("signature", specializer.signature(python, &callable)?.to_string()),
        ("IR of the call", stub.generic_ir()),
        ("IR, specialized", stub.ir()),
    ];
    for (heading, text) in parts {
        for (number, line) in text.lines().enumerate() {
            let heading = if number == 0 { heading } else { "" };
            writeln!(out, "  {}  {line}", style::heading(format_args!("{heading:<15}")))?;
        }
    }
    Ok(writeln!(out)?)
}

/// The lines of the extension that define the underlying function, and those that declare it.
fn declaration(name: &str) -> String {
    let (function, declaration) = (format!(" {name}_impl("), format!("TYPEDCALL_METHOD({name},"));
    let mut lines = demo::SOURCE.lines();
    let mut text = String::new();
    if let Some(first) = lines.by_ref().find(|line| line.contains(&function)) {
        text += first;
        if !first.ends_with('}') {
            lines.by_ref().take_while(|line| *line != "}").for_each(|line| text += &format!("\n{line}"));
            text += "\n}";
        }
    }
    for line in lines.skip_while(|line| !line.starts_with(&declaration)) {
        text += &format!("\n{line}");
        if line.ends_with(';') {
            break;
        }
    }
    text
}

/// Calls the originals, and the functions made for Python from them.
fn calls(
    out: &mut dyn Write,
    python: &Python,
    specializer: &Specializer,
    module: &Object,
    calls: &[(&str, &str, &str)],
) -> Result<(), CommandFailure> {
    writeln!(out, "{}\n", style::title("=== called from Python: fast = Specializer::function(original)"))?;
    let names = python.namespace()?;
    for (name, arguments, remark) in calls {
        let original = module.attr(python, name)?;
        names.set_item(python, "original", &original)?;
        names.set_item(python, "fast", &specializer.function(python, &original)?)?;
        let outcome = |callable: &str| match python.eval(&format!("{callable}(*{arguments})"), &names) {
            Ok(result) => result.repr(python),
            Err(exception) => Ok(exception.to_string()),
        };
        let (expected, found) = (outcome("original")?, outcome("fast")?);
        if expected != found {
            let text = format!("{name}{arguments}: the original gives {expected}, the stub {found}; please report it");
            return Err(CommandFailure::other(text));
        }
        let call = format!("{name}{}", arguments.replace(",)", ")"));
        writeln!(out, "  {call:<15} {}  {found}", style::dim(format_args!("{remark:<43}")))?;
    }
    Ok(writeln!(out, "  {}\n", style::good("each as its original"))?)
}

/// Checks that native stubs are the underlying functions, by their addresses in the extension's own code.
fn addresses(
    out: &mut dyn Write,
    python: &Python,
    specializer: &Specializer,
    module: &Object,
) -> Result<(), CommandFailure> {
    writeln!(out, "{}\n", style::title("=== native stubs are the underlying functions"))?;
    for case in Case::ALL {
        let name = case.name();
        let native = specializer.stub(python, &module.attr(python, name)?, Entry::Native)?.address().cast();
        let direct = demo::underlying(python, module, name)?;
        if native != direct {
            let text =
                format!("the native stub of {name} is at {native:?}, {name}_impl at {direct:?}; please report it");
            return Err(CommandFailure::other(text));
        }
        writeln!(out, "  {:<10} {direct:?}  {}", format!("{name}_impl"), style::good("the same address"))?;
    }
    Ok(writeln!(out)?)
}
