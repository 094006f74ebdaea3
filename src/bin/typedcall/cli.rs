//! The arguments, and the text of `--help`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use typedcall::Entry;
use typedcall::metadata::Dialect;

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  an error; the message on stderr says what to do
  2  wrong usage
  3  inspect: some method was rejected; explain: the callable has no (good) metadata

Environment:
  NO_COLOR       no colours on a terminal either
  CC, CFLAGS     the C compiler of demo and bench, and its arguments
  TMPDIR         where demo and bench compile; they remove their files again
  RUST_LOG       the level of the log on stderr: warn (the default), info, debug, trace";

const EXAMPLES: &str = "\
Examples:
  typedcall                              compile a small extension, show how a method is compiled, time calls
  typedcall demo --all | less -R         the same with every stage of several methods
  typedcall inspect ./build/mymod.so     the typed methods of an extension, and the rejected ones
  typedcall explain mymod.inc            from signature to machine code
  typedcall bench --json > bench.json    the demo's table, for scripts";

const INSPECT_EXAMPLES: &str = "\
Examples:
  typedcall inspect mymod                          a module on sys.path or in this folder
  typedcall inspect --path build/lib mymod         a module in another folder
  typedcall inspect ./mymod.cpython-311-x86_64-linux-gnu.so
  typedcall inspect mymod --dialect pypy           an extension compiled with -include typedcall_pypy.h
  typedcall inspect mymod --json | jq -r '.rejected[] | \"\\(.name): \\(.field)\"'

The flag is METH_TYPED, set or unset as it is in the module: inspect changes nothing.
Exits with 3 if a method was rejected.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  typedcall explain mymod.inc
  typedcall explain mymod.Point.norm --entry vectorcall
  typedcall explain builtins.str.upper --signature '(self: str) -> str raises null' --entry boxed

  typedcall explain tool.py:norm               a Python function, and what in it is not specialized
  typedcall explain tool.py:Point.norm | less -R

FILE.py is imported, as part of its package if it is in one: only then the objects of a function's names are known.
A function in a function is tool.py:outer.inner, a decorated function tool.py:norm.__wrapped__.
Exits with 3 if the callable has no metadata, or rejected metadata.";

const BENCH_EXAMPLES: &str = "\
Examples:
  typedcall bench
  typedcall bench --rounds 501 --calls 200000
  typedcall bench --json | jq '.[] | select(.case == \"inc\") | {how, ns}'

With --json: one array of rows {\"case\", \"how\", \"ns\", \"low\", \"high\"}. `ns` is the median, in nanoseconds; `low` and
`high` are the 10th and 90th percentile. For noop, inc, add and obj, `how` is vectorcall, guarded, boxed, native or
direct (C at -O2, through a pointer); compile_shape (a stub of a new shape) and make_stub (one more of a known shape)
are warm, startup (of the library) is cold. For loop_inc, loop_obj, loop_same, loop_same_raise and loop_exc, `ns` is the
least of all rounds, per iteration of a loop in Python over a typed method, and `how` is python (interpreted), typedcall
(compiled) or c (the same loop in C).";

const SURVEY_EXAMPLES: &str = "\
Examples:
  typedcall survey                             Python's standard library
  typedcall survey --every 10                  a tenth of it
  typedcall survey src/ tool.py --refused      your own code, with the refused functions and the reasons

Files are compiled to bytecode, never imported. Folders are searched for *.py, except test suites and site-packages.
Functions with loops and exception handlers have IR, but no machine code yet: `typedcall explain` says so.";

const FUZZ_EXAMPLES: &str = "\
Examples:
  typedcall fuzz --seconds 600
  typedcall fuzz --seed 4711 --count 1          one program, by its number
  typedcall fuzz --seed 4711 --show             its source, and the arguments of its calls

Each program runs in CPython, in the interpreter of decoded bytecode, and compiled: without passes, with them, and so that a guard
never holds. Results, types, identities, exceptions with their tracebacks, the order of side effects and reference counts must
agree. A program that fails is made smaller and printed. Exits with 1 if one fails.";

/// Calls C functions from Python at the speed of C.
///
/// Reads the C-level signatures that a C extension declares with typedcall.h,
/// and compiles stubs that call the C functions of its methods directly.
/// Without a command: demo.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compile a small C extension, show how calls of a method are compiled, and time calls: one screen
    #[command(after_help = "Example:\n  typedcall demo --all | less -R")]
    Demo(Demo),
    /// List a module's typed methods, and the rejected ones with field and reason
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(Inspect),
    /// Show all stages of one method or Python function: signature or bytecode, IR, plan or passes, CLIF, machine code
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(Explain),
    /// Time calls of the demo's methods in five ways
    #[command(after_help = BENCH_EXAMPLES)]
    Bench(Bench),
    /// Count how many functions of a body of Python code have IR, and why the others have none
    #[command(after_help = SURVEY_EXAMPLES)]
    Survey(Survey),
    /// Compile random Python functions and compare them with CPython
    #[command(after_help = FUZZ_EXAMPLES)]
    Fuzz(Fuzz),
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Show several methods from C to machine code, and more calls
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// A module's name, or the path of an extension's shared object
    pub module: String,
    /// A folder to import from, before this one and sys.path; may be given several times
    #[arg(long, value_name = "DIR")]
    pub path: Vec<PathBuf>,
    /// The layout of the metadata; it is never guessed
    #[arg(long, value_enum, default_value_t = DialectName::Version1)]
    pub dialect: DialectName,
    /// Print one JSON object: {"module", "methods", "rejected"}
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// MODULE.NAME, MODULE.TYPE.METHOD, or FILE.py:FUNCTION
    pub callable: String,
    /// A folder to import from, before this one and sys.path; may be given several times
    #[arg(long, value_name = "DIR")]
    pub path: Vec<PathBuf>,
    /// How the stub of a method is called [default: guarded]
    #[arg(long, value_enum)]
    pub entry: Option<EntryName>,
    /// A signature to declare, for a callable without metadata; all its kinds are objects, since stubs call its ml_meth
    #[arg(long)]
    pub signature: Option<String>,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Print one JSON array of rows
    #[arg(long)]
    pub json: bool,
    /// How often each way is timed; the ways take turns
    #[arg(long, default_value_t = 101, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub rounds: u32,
    /// Calls in each round
    #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u32).range(1..))]
    pub calls: u32,
}

/// Arguments of `survey`.
#[derive(Debug, Args)]
pub struct Survey {
    /// Python files and folders; by default the standard library of the running Python
    pub path: Vec<PathBuf>,
    /// Take only every nth file
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub every: u32,
    /// Name the functions that are refused, with their reasons
    #[arg(long)]
    pub refused: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `fuzz`.
#[derive(Debug, Args)]
pub struct Fuzz {
    /// The time after which no further programs are started [default: 60, unless there is a count]
    #[arg(long, value_name = "N")]
    pub seconds: Option<u64>,
    /// The number of programs
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
    /// The number of the first program; the others follow
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// The number of processes at a time [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub jobs: Option<u64>,
    /// The number of failing programs after which the search ends
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub findings: u64,
    /// The seconds for making a failing program smaller
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub shrink: u64,
    /// The seconds without a sign of life after which a process is ended
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub patience: u64,
    /// Let called functions look at the frame of their caller (docs/differences.md says what they see)
    #[arg(long)]
    pub frames: bool,
    /// Print a program instead of running it
    #[arg(long)]
    pub show: bool,
    /// Say why programs were not compiled or not compared
    #[arg(long)]
    pub reasons: bool,
    /// A mistake that compiled code has on purpose, which must be found
    #[cfg(debug_assertions)]
    #[arg(long, hide = true, value_name = "NAME",
          value_parser = clap::builder::PossibleValuesParser::new(typedcall::ir::Mistake::ALL.map(|(name, _)| name)))]
    pub mistake: Option<String>,
}

/// A [`Dialect`] by name; only those that need no table of an embedder's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DialectName {
    /// The tool's own, of typedcall.h
    Version1,
    /// PyPy's, of typedcall_pypy.h
    Pypy,
    /// Cinder's, of typedcall_cinder.h; its methods are made callable when the module is imported
    Cinder,
}

impl From<DialectName> for Dialect {
    fn from(name: DialectName) -> Self {
        match name {
            DialectName::Version1 => Self::Version1,
            DialectName::Pypy => Self::PyPy,
            DialectName::Cinder => Self::Cinder,
        }
    }
}

/// An [`Entry`] by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum EntryName {
    /// The underlying function itself
    Native,
    /// Objects in, an object out; the caller has proven the types
    Boxed,
    /// The original's METH_ convention, with guards and fallback
    Guarded,
    /// The vectorcall convention, with guards and fallback
    Vectorcall,
}

impl From<EntryName> for Entry {
    fn from(name: EntryName) -> Self {
        match name {
            EntryName::Native => Self::Native,
            EntryName::Boxed => Self::Boxed,
            EntryName::Guarded => Self::Guarded,
            EntryName::Vectorcall => Self::Vectorcall,
        }
    }
}
