//! What metadata and its flag cost in the interpreter's own loop: `cargo bench --bench interpreter_loop`.
//!
//! Prints the instructions of one call, counted by valgrind as the difference of two loops, and fails where a method
//! that should run as one without metadata does not, to 1 %. So it does where a stub that stands for the method executes
//! more instructions than the method, counting its calls or not.

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

use typedcall::demo;
use typedcall::embed::Python;
use typedcall::{Options, Specializer};

/// What a way must cost.
#[derive(Clone, Copy, PartialEq)]
enum Cost {
    /// What the first one does.
    LikePlain,
    /// No more than the first one does.
    AtMostPlain,
    Anything,
}

/// The ways, and what each must cost.
const WAYS: [(&str, Cost); 6] = [
    ("plain", Cost::LikePlain),
    ("unflagged", Cost::LikePlain),
    ("flagged", Cost::Anything),
    ("adopted", Cost::LikePlain),
    ("stub", Cost::AtMostPlain),
    ("counting", Cost::AtMostPlain),
];

/// How far the counts may be apart, as a share.
const TOLERANCE: f64 = 0.01;

const NAME: &str = "interpreter_loop";

/// The first loop is long enough for the interpreter to specialize its call.
const SHORT: i64 = 2_000;
const LONG: i64 = 12_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match &arguments[..] {
        [command, way, calls, library] if command == "--loop" => run_loop(way, calls, Path::new(library)),
        _ => compare(),
    };
    outcome.map_or_else(
        |error| {
            eprintln!("{error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// Counts the ways and prints the table.
fn compare() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let library = demo::compile(&Python::attach(), folder.path(), NAME, include_str!("interpreter_loop.c"))?;
    let mut failed = Vec::new();
    let mut plain = 0.0;
    println!("Python {}, instructions of one call of a METH_O function in a loop", typedcall::embed::running_version());
    for (way, cost) in WAYS {
        let instructions = (count(way, LONG, &library)? - count(way, SHORT, &library)?) / (LONG - SHORT) as f64;
        if way == "plain" {
            plain = instructions;
        }
        let ratio = instructions / plain;
        println!("  {way:10} {instructions:8.2}  {ratio:.4} of plain");
        let holds = match cost {
            Cost::LikePlain => (ratio - 1.0).abs() <= TOLERANCE,
            Cost::AtMostPlain => ratio <= 1.0,
            Cost::Anything => true,
        };
        if !holds {
            failed.push(way);
        }
    }
    folder.close()?;
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("not within 1 % of plain, or a stub that costs more: {}", failed.join(", ")).into())
    }
}

/// The instructions of this program's whole run with so many calls.
fn count(way: &str, calls: i64, library: &Path) -> Result<f64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--loop", way, &calls.to_string()])
        .arg(library)
        // The same hashes, the same dictionaries, the same instructions.
        .env("PYTHONHASHSEED", "0")
        .output()
        .map_err(|error| format!("valgrind does not start ({error}): install it"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    match collected.map(str::parse) {
        Some(Ok(count)) if output.status.success() => Ok(count),
        _ => Err(format!("valgrind counted nothing:\n{text}").into()),
    }
}

/// What runs under valgrind: a loop in the interpreter.
fn run_loop(way: &str, calls: &str, library: &Path) -> Result<(), Box<dyn Error>> {
    let python = Python::attach();
    let module = demo::import(&python, NAME, library)?;
    let mut options = Options::default();
    options.count_calls = way == "counting";
    let specializer = Specializer::new(&python, options)?;
    let function = match way {
        "adopted" => {
            specializer.adopt(&python, &module)?;
            module.attr(&python, way)?
        }
        "stub" | "counting" => specializer.function(&python, &module.attr(&python, "unflagged")?)?,
        _ => module.attr(&python, way)?,
    };
    let names = python.namespace()?;
    names.set_item(&python, "f", &function)?;
    python.run("def loop(f, n):\n    for _ in range(n):\n        f(123456)\n", &names)?;
    python.run(&format!("loop(f, {calls})"), &names)?;
    Ok(())
}
