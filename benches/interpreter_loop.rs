//! The cost of metadata, its flag and stubs in the interpreter's own loop: `cargo bench --bench interpreter_loop`.
//!
//! Prints the instructions of one call, which valgrind counts as the difference of two loops. It fails if a method that
//! should cost the same as one without metadata does not, to 1 %. It also fails if a stub of a method executes more
//! instructions than the method, whether it counts its calls or not.

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

use typedcall::demo;
use typedcall::embed::Python;
use typedcall::{Options, Specializer};

/// The cost that a way must have.
#[derive(Clone, Copy, PartialEq)]
enum Cost {
    /// The cost of the last baseline.
    Baseline,
    LikeBaseline,
    /// At most that.
    AtMostBaseline,
    Anything,
}

/// How a method is called.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Unchanged.
    Original,
    Adopted,
    Stub,
    /// A stub as the package makes it.
    CountingStub,
}

/// A method, the way it is called, its arguments, and the cost that it must have.
const CASES: [(&str, Way, &str, Cost); 12] = [
    ("plain", Way::Original, "123456", Cost::Baseline),
    ("unflagged", Way::Original, "123456", Cost::LikeBaseline),
    ("flagged", Way::Original, "123456", Cost::Anything),
    ("adopted", Way::Adopted, "123456", Cost::LikeBaseline),
    ("unflagged", Way::Stub, "123456", Cost::AtMostBaseline),
    ("unflagged", Way::CountingStub, "123456", Cost::AtMostBaseline),
    ("add", Way::Original, "1.5, 2.25", Cost::Baseline),
    ("add", Way::CountingStub, "1.5, 2.25", Cost::AtMostBaseline),
    ("takes_object", Way::Original, "None, 123456", Cost::Baseline),
    ("takes_object", Way::CountingStub, "None, 123456", Cost::AtMostBaseline),
    ("length", Way::Original, "'some text'", Cost::Baseline),
    ("length", Way::CountingStub, "'some text'", Cost::AtMostBaseline),
];

/// How much the counts may differ, as a share.
const TOLERANCE: f64 = 0.01;

const NAME: &str = "interpreter_loop";

/// The first loop is long enough for the interpreter to specialize its call.
const SHORT: i64 = 2_000;
const LONG: i64 = 12_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match &arguments[..] {
        [command, case, calls, library] if command == "--loop" => run_loop(case, calls, Path::new(library)),
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

/// Counts the cases and prints the table.
fn compare() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let library = demo::compile(&Python::attach(), folder.path(), NAME, include_str!("interpreter_loop.c"))?;
    let mut failed = Vec::new();
    let mut baseline = 0.0;
    println!("Python {}, instructions of one call in a loop", typedcall::embed::running_version());
    for (case, (method, way, arguments, cost)) in CASES.into_iter().enumerate() {
        let instructions = (count(case, LONG, &library)? - count(case, SHORT, &library)?) / (LONG - SHORT) as f64;
        if cost == Cost::Baseline {
            baseline = instructions;
        }
        let ratio = instructions / baseline;
        let name = match way {
            Way::Original => method.to_owned(),
            Way::Adopted => method.to_owned(),
            Way::Stub => format!("{method}, stub"),
            Way::CountingStub => format!("{method}, counting stub"),
        };
        println!("  {:44} {instructions:8.2}  {ratio:.4}", format!("{name} ({arguments})"));
        let holds = match cost {
            Cost::LikeBaseline => (ratio - 1.0).abs() <= TOLERANCE,
            Cost::AtMostBaseline => ratio <= 1.0,
            Cost::Baseline | Cost::Anything => true,
        };
        if !holds {
            failed.push(name);
        }
    }
    folder.close()?;
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("not within 1 % of the original, or a stub that costs more: {}", failed.join(", ")).into())
    }
}

/// The instructions of this program's whole run with this number of calls.
fn count(case: usize, calls: i64, library: &Path) -> Result<f64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--loop", &case.to_string(), &calls.to_string()])
        .arg(library)
        // The same hashes, the same dictionaries, the same instructions.
        .env("PYTHONHASHSEED", "0")
        // Python's own allocator executes more instructions when the pool of a size is just full: that is chance, and
        // not a cost of a call.
        .env("PYTHONMALLOC", "malloc")
        .output()
        .map_err(|error| format!("valgrind does not start ({error}): install it"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    match collected.map(str::parse) {
        Some(Ok(count)) if output.status.success() => Ok(count),
        _ => Err(format!("valgrind counted nothing:\n{text}").into()),
    }
}

/// The part that runs under valgrind: a loop in the interpreter.
fn run_loop(case: &str, calls: &str, library: &Path) -> Result<(), Box<dyn Error>> {
    let (method, way, arguments, _) = CASES[case.parse::<usize>()?];
    let python = Python::attach();
    let module = demo::import(&python, NAME, library)?;
    let mut options = Options::default();
    options.count_calls = way == Way::CountingStub;
    let specializer = Specializer::new(&python, options)?;
    if way == Way::Adopted {
        specializer.adopt(&python, &module)?;
    }
    let mut function = module.attr(&python, method)?;
    if matches!(way, Way::Stub | Way::CountingStub) {
        function = specializer.function(&python, &function)?;
    }
    let names = python.namespace()?;
    names.set_item(&python, "f", &function)?;
    python.run(&format!("def loop(f, n):\n    for _ in range(n):\n        f({arguments})\n"), &names)?;
    python.run(&format!("loop(f, {calls})"), &names)?;
    Ok(())
}
