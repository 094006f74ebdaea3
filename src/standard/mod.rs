//! The signatures of the standard library: the functions of `builtins` and `math`, and the methods of the basic types.
//!
//! They are text, one line per function, in `tables/`, read once for each Python version. `docs/standard.md` describes
//! the lines and the promises; `tests/compile/standard.rs` tests every line against the running interpreter. A function
//! without a signature is [`listed`] with the reason.
//!
//! A signature is about the library's own function. [`recognize`](crate::callable::recognize) decides whether a
//! callable is that function, and not something that a program has put in its place.
//!
//! ```
//! let upper = typedcall::standard::entry("str.upper", (3, 13)).expect("every version has it");
//! assert_eq!(upper.signature.to_string(), "(self: str) -> str raises null [pure, no_python]");
//! ```

mod below;
mod line;
pub(crate) mod types;

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::cpython::Layout;
use crate::ir::{Callee, CalleeTarget, Callees};
use crate::metadata::{Kind, Overload, Parameter, PythonType, Raises, Scalar, Signature};

pub use below::Below;
pub use line::{LineError, Lines, read};

/// The tables, by file.
const TABLES: [(&str, &str); 10] = [
    ("builtins", include_str!("tables/builtins.txt")),
    ("math", include_str!("tables/math.txt")),
    ("str", include_str!("tables/str.txt")),
    ("bytes", include_str!("tables/bytes.txt")),
    ("list", include_str!("tables/list.txt")),
    ("tuple", include_str!("tables/tuple.txt")),
    ("dict", include_str!("tables/dict.txt")),
    ("set", include_str!("tables/set.txt")),
    ("int", include_str!("tables/int.txt")),
    ("float", include_str!("tables/float.txt")),
];

/// The first and the last minor version of Python 3 that the tables cover.
const MINORS: std::ops::RangeInclusive<u8> = 11..=15;

/// A function of the standard library in one Python version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandardEntry {
    /// Its qualified name: `len`, `math.sqrt`, `str.upper`.
    pub name: &'static str,
    /// Its signature. All overloads are one C function, the one that CPython calls. Each overload whose types match the
    /// arguments is true of a call; the first of them is the most specific.
    pub signature: Signature,
    /// The C function on C numbers that does the work of the first overload.
    pub below: Option<Below>,
    /// The versions that its line is about.
    pub versions: Versions,
    /// Whether it is a class, called to make an instance: it has no `PyMethodDef`.
    pub is_class: bool,
}

/// A function that has no signature here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its qualified name; `exceptions` stands for all classes of exceptions.
    pub name: &'static str,
    /// The reason.
    pub reason: &'static str,
    /// The versions that have it.
    pub versions: Versions,
}

/// A range of Python versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Versions {
    /// The first version, unless all have it.
    pub since: Option<(u8, u8)>,
    /// The first version that no longer has it.
    pub before: Option<(u8, u8)>,
}

impl Versions {
    /// Whether a version is in the range.
    pub fn contains(self, version: (u8, u8)) -> bool {
        self.since.is_none_or(|since| since <= version) && self.before.is_none_or(|before| version < before)
    }
}

/// All lines for one version.
struct Table {
    lines: Lines,
    by_name: HashMap<&'static str, usize>,
}

fn table(version: (u8, u8)) -> Option<&'static Table> {
    static TABLES_BY_MINOR: [OnceLock<Table>; 5] = [const { OnceLock::new() }; 5];
    let (3, minor) = version else { return None };
    let index = usize::from(minor.checked_sub(*MINORS.start())?);
    Some(TABLES_BY_MINOR.get(index)?.get_or_init(|| {
        let mut all = Lines::default();
        for (file, text) in TABLES {
            // The texts are part of the crate, and a test reads all of them for all versions.
            let lines = read(text, version).unwrap_or_else(|error| panic!("{file}.txt: {error}"));
            all.entries.extend(lines.entries);
            all.listed.extend(lines.listed);
        }
        let by_name = all.entries.iter().enumerate().map(|(index, entry)| (entry.name, index)).collect();
        Table { lines: all, by_name }
    }))
}

/// The entry of a qualified name in a Python version, such as `(3, 13)`.
pub fn entry(name: &str, version: (u8, u8)) -> Option<&'static StandardEntry> {
    let table = table(version)?;
    Some(&table.lines.entries[*table.by_name.get(name)?])
}

/// All functions of a version that have a signature.
pub fn entries(version: (u8, u8)) -> impl Iterator<Item = &'static StandardEntry> {
    table(version).into_iter().flat_map(|table| &table.lines.entries)
}

/// All functions of a version that have none, with the reasons.
pub fn listed(version: (u8, u8)) -> impl Iterator<Item = &'static Listed> {
    table(version).into_iter().flat_map(|table| &table.lines.listed)
}

/// The knowledge of the passes: every function of a version that has a `PyMethodDef`, which they call directly, on
/// objects; and the classes, whose results they know.
///
/// If a signature has a C number, the parameter is the object that CPython boxes it to (`float` for `f64`); the
/// function converts others.
pub fn callees(version: (u8, u8)) -> Callees {
    let mut callees = Callees::new();
    for entry in entries(version) {
        let overloads = entry.signature.overloads.iter().map(on_objects).collect();
        let target = if entry.is_class { CalleeTarget::Class } else { CalleeTarget::Method };
        callees.insert(entry.name, Callee { signature: Signature { overloads }, target });
    }
    callees
}

/// The knowledge of the passes, of the version that this crate is built for.
pub fn current_callees() -> Callees {
    callees((3, Layout::CURRENT.minor))
}

/// An overload as the function on objects has it.
fn on_objects(overload: &Overload) -> Overload {
    let result = boxed(&overload.result);
    // Making an object of a number may run out of memory.
    let raises = if result == overload.result { overload.raises } else { Raises::Null };
    let boxed = |parameter: &Parameter| Parameter { kind: boxed(&parameter.kind), ..parameter.clone() };
    Overload { parameters: overload.parameters.iter().map(boxed).collect(), result, raises, effects: overload.effects }
}

fn boxed(kind: &Kind) -> Kind {
    match kind {
        Kind::Scalar(Scalar::F32 | Scalar::F64) => Kind::exact(PythonType::Float),
        Kind::Scalar(Scalar::CBool) => Kind::exact(PythonType::Bool),
        Kind::Scalar(_) => Kind::exact(PythonType::Int),
        kind => kind.clone(),
    }
}
