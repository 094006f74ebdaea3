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

/// Two loops whose difference is what their calls cost. The shorter one is long enough for the interpreter to specialize its call.
const SHORT: i64 = 2_000;
const LONG: i64 = 12_000;

/// The function of this program after which valgrind writes what it counted since the last time.
const MARK: &str = "typedcall_bench_mark";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match &arguments[..] {
        [command, library] if command == "--loops" => run_loops(Path::new(library)),
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
    let counts = count(folder.path(), &library)?;
    let mut failed = Vec::new();
    let mut baseline = 0.0;
    println!("Python {}, instructions of one call in a loop", typedcall::embed::running_version());
    for ((method, way, arguments, cost), instructions) in CASES.into_iter().zip(counts) {
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

/// The instructions of one call of each case, from one run under valgrind.
fn count(folder: &Path, library: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
    let profile = folder.join("callgrind");
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--dump-after={MARK}"))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(std::env::current_exe()?)
        .arg("--loops")
        .arg(library)
        // The same hashes, the same dictionaries, the same instructions.
        .env("PYTHONHASHSEED", "0")
        // Python's own allocator executes more instructions when the pool of a size is just full: that is chance, and
        // not a cost of a call.
        .env("PYTHONMALLOC", "malloc")
        .output()
        .map_err(|error| format!("valgrind does not start ({error}): install it"))?;
    if !output.status.success() {
        return Err(format!("the loops fail:\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let total = |part: usize| -> Result<f64, Box<dyn Error>> {
        let text = std::fs::read_to_string(profile.with_extension(part.to_string()))?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).ok_or("valgrind counted nothing")?;
        Ok(total.trim().parse()?)
    };
    // Parts are counted from 1; each case has three, of which the first is what its loop took to be specialized.
    let each = (0..CASES.len()).map(|case| {
        let first = 1 + 3 * case;
        Ok((total(first + 2)? - total(first + 1)?) / (LONG - SHORT) as f64)
    });
    each.collect()
}

/// What runs under valgrind: loops in the interpreter.
fn run_loops(library: &Path) -> Result<(), Box<dyn Error>> {
    let python = Python::attach();
    let module = demo::import(&python, NAME, library)?;
    let specializer = |count_calls| {
        let mut options = Options::default();
        options.count_calls = count_calls;
        Specializer::new(&python, options)
    };
    let (plain, counting) = (specializer(false)?, specializer(true)?);
    for (method, way, arguments, _) in CASES {
        // Only this changes the module, and only the method of that name is run as it is afterwards.
        if way == Way::Adopted {
            plain.adopt(&python, &module)?;
        }
        let original = module.attr(&python, method)?;
        let function = match way {
            Way::Original | Way::Adopted => original,
            Way::Stub => plain.function(&python, &original)?,
            Way::CountingStub => counting.function(&python, &original)?,
        };
        let names = python.namespace()?;
        names.set_item(&python, "f", &function)?;
        python.run(&format!("def loop(f, n):\n    for _ in range(n):\n        f({arguments})\n"), &names)?;
        for calls in [SHORT, SHORT, LONG] {
            python.run(&format!("loop(f, {calls})"), &names)?;
            typedcall_bench_mark();
        }
    }
    Ok(())
}

/// Valgrind writes its counts where this returns.
// SAFETY: no other function has this name.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn typedcall_bench_mark() {
    std::hint::black_box(());
}
