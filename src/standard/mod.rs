//! The signatures of the standard library: the functions of `builtins` and `math`, and the methods of the types that
//! programs are made of.
//!
//! They are text, one line a function, in `tables/`, read once for each Python version. `docs/standard.md` says how to
//! read a line and what each promise means; `tests/compile/standard.rs` holds every line against the running interpreter. A
//! function that is not in a table is [`listed`] there with the reason.
//!
//! A signature is about what the library itself defines. Whether a callable is that, and not what a program has put in
//! its place, is asked of [`recognize`](crate::callable::recognize).
//!
//! ```
//! let upper = typedcall::standard::entry("str.upper", (3, 13)).expect("every version has it");
//! assert_eq!(upper.signature.to_string(), "(self: str) -> str raises null [pure, no_python]");
//! ```

mod below;
mod line;
mod types;

use std::collections::HashMap;
use std::sync::OnceLock;

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

/// The first and the last minor version of Python 3 that the tables are about.
const MINORS: std::ops::RangeInclusive<u8> = 11..=15;

/// A function of the standard library, as one Python version has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its qualified name: `len`, `math.sqrt`, `str.upper`.
    pub name: &'static str,
    /// What it takes, gives and does. Its overloads are all of one C function, the one that CPython calls: any of them
    /// that the arguments satisfy is true of a call, the first of them says the most.
    pub signature: Signature,
    /// The C function on C values that is enough for the first overload, the one with C numbers.
    pub below: Option<Below>,
    /// The versions that its line is about.
    pub versions: Versions,
    /// It is a class, called to make an instance: it has no `PyMethodDef`.
    pub is_class: bool,
}

/// A function that has no signature here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its qualified name; `exceptions` stands for all classes of exceptions.
    pub name: &'static str,
    /// Why.
    pub reason: &'static str,
    /// The versions that have it.
    pub versions: Versions,
}

/// A range of Python versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Versions {
    /// The first one, where not all have it.
    pub since: Option<(u8, u8)>,
    /// The first that has it no more.
    pub before: Option<(u8, u8)>,
}

impl Versions {
    /// Whether a version is in the range.
    pub fn contains(self, version: (u8, u8)) -> bool {
        self.since.is_none_or(|since| since <= version) && self.before.is_none_or(|before| version < before)
    }
}

/// All lines that hold on one version.
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

/// What is known about the function of that qualified name in a Python version, such as `(3, 13)`.
pub fn entry(name: &str, version: (u8, u8)) -> Option<&'static Entry> {
    let table = table(version)?;
    Some(&table.lines.entries[*table.by_name.get(name)?])
}

/// All functions of a version that have a signature.
pub fn entries(version: (u8, u8)) -> impl Iterator<Item = &'static Entry> {
    table(version).into_iter().flat_map(|table| &table.lines.entries)
}

/// All functions of a version that have none, with the reasons.
pub fn listed(version: (u8, u8)) -> impl Iterator<Item = &'static Listed> {
    table(version).into_iter().flat_map(|table| &table.lines.listed)
}

/// What the passes know: every function of a version that has a `PyMethodDef`, which they call directly, on objects; and
/// the classes, of whose calls they know the results.
///
/// Where a signature has a C number, the object is taken that CPython boxes it to (`float` for `f64`): others the function
/// converts.
pub fn callees(version: (u8, u8)) -> Callees {
    let mut callees = Callees::new();
    for entry in entries(version) {
        let overloads = entry.signature.overloads.iter().map(on_objects).collect();
        let target = if entry.is_class { CalleeTarget::Class } else { CalleeTarget::Method };
        callees.insert(entry.name, Callee { signature: Signature { overloads }, target });
    }
    callees
}

/// An overload as the function that takes and gives objects has it.
fn on_objects(overload: &Overload) -> Overload {
    let result = boxed(&overload.result);
    // An object that is made of a number may find no memory.
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
