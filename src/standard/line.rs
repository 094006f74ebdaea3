//! Reads the tables.

use super::{Below, Listed, StandardEntry, Versions, below, types};
use crate::cpython::Collector;
use crate::metadata::{Kind, Overload, ParseError, PythonType, Raises, Signature};

/// The lines of a table that are for one version.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The functions with their signatures.
    pub entries: Vec<StandardEntry>,
    /// The functions that have a reason instead of a signature.
    pub listed: Vec<Listed>,
}

/// The reason why a text is not a table. Lines are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The signature can't be read.
    #[error("line {line}, the signature of {name}: {source}")]
    Signature {
        /// The line where the function starts.
        line: usize,
        /// The function.
        name: String,
        /// The error in it.
        source: ParseError,
    },
    /// Any other error.
    #[error("line {line}: {reason}")]
    Line {
        /// The line where the function starts.
        line: usize,
        /// The error, and the correct form.
        reason: String,
    },
}

/// Reads the lines of a table that are for one version. `docs/standard.md` describes the form.
///
/// # Errors
/// The first line that can't be read, also if it is for other versions.
pub fn read(text: &'static str, version: (u8, u8)) -> Result<Lines, LineError> {
    let mut lines = Lines::default();
    for (line, text) in functions(text) {
        match text.strip_prefix("- ") {
            Some(rest) => {
                let listed = read_listed(rest).map_err(|reason| LineError::Line { line, reason })?;
                lines.listed.extend(Some(listed).filter(|listed| listed.versions.contains(version)));
            }
            None => {
                let entry = read_entry(line, text, version)?;
                lines.entries.extend(Some(entry).filter(|entry| entry.versions.contains(version)));
            }
        }
    }
    Ok(lines)
}

/// The text of each function, with the number of its first line. Indented lines belong to the function above them.
fn functions(text: &'static str) -> Vec<(usize, &'static str)> {
    let mut functions: Vec<(usize, &'static str)> = Vec::new();
    let mut start = 0;
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let content = line.trim_end();
        let end = offset + content.len();
        if content.starts_with(' ') {
            if let Some((_, function)) = functions.last_mut() {
                *function = &text[start..end];
            }
        } else if !content.is_empty() && !content.starts_with('#') {
            start = offset;
            functions.push((index + 1, content));
        }
        offset += line.len();
    }
    functions
}

fn read_listed(text: &'static str) -> Result<Listed, String> {
    let (text, words) = text.split_once("; ").unwrap_or((text, ""));
    let (name, reason) = text.split_once(": ").ok_or("a function without a signature is written `- name: reason`")?;
    let words = LineNotes::read(words)?;
    Ok(Listed { name, reason, versions: words.versions })
}

fn read_entry(line: usize, text: &'static str, version: (u8, u8)) -> Result<StandardEntry, LineError> {
    let wrong = |reason: String| LineError::Line { line, reason };
    let (name, rest) =
        text.split_once(' ').ok_or_else(|| wrong("a function is written `name  signature`".to_owned()))?;
    let (signature, words) = rest.split_once(';').unwrap_or((rest, ""));
    let mut signature: Signature = signature
        .trim()
        .replace('\n', " ")
        .parse()
        .map_err(|source| LineError::Signature { line, name: name.to_owned(), source })?;
    types::resolve(&mut signature);
    let words = LineNotes::read(words).map_err(wrong)?;
    if words.below.is_some() && !has_numbers(&signature.overloads[0]) {
        return Err(wrong("a function below takes the C numbers of the first overload, which has others".to_owned()));
    }
    if Collector::of(version.1).runs_where_objects_are_made() {
        for overload in &mut signature.overloads {
            overload.effects.no_python &= !words.collects && !may_collect(overload, words.memory);
        }
    }
    Ok(StandardEntry { name, signature, below: words.below, versions: words.versions, is_class: words.class })
}

fn has_numbers(overload: &Overload) -> bool {
    let is_number = |kind: &Kind| matches!(kind, Kind::Scalar(_));
    is_number(&overload.result) && overload.parameters.iter().all(|parameter| is_number(&parameter.kind))
}

/// Whether a call may start a garbage collection, which runs destructors and callbacks, on a version where it runs at
/// every allocation of an object that can be part of a cycle: all containers, and all exceptions except `MemoryError`.
fn may_collect(overload: &Overload, raises_memory_error_only: bool) -> bool {
    let is_container = match &overload.result {
        Kind::Python { class, .. } => matches!(class, PythonType::List | PythonType::Tuple | PythonType::Dict),
        Kind::User { .. } => true,
        _ => false,
    };
    let makes_exception = overload.raises != Raises::Never && !overload.effects.pure && !raises_memory_error_only;
    is_container || makes_exception
}

/// The notes after a signature.
#[derive(Default)]
struct LineNotes {
    below: Option<Below>,
    versions: Versions,
    class: bool,
    collects: bool,
    memory: bool,
}

impl LineNotes {
    fn read(text: &'static str) -> Result<Self, String> {
        let mut words = Self::default();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            match item.split_whitespace().collect::<Vec<_>>()[..] {
                ["below", symbol] => words.below = below_of(symbol, false)?,
                ["below", symbol, "finite"] => words.below = below_of(symbol, true)?,
                ["since", since] => words.versions.since = Some(version(since)?),
                ["before", before] => words.versions.before = Some(version(before)?),
                ["class"] => words.class = true,
                ["collects"] => words.collects = true,
                ["memory"] => words.memory = true,
                _ => {
                    return Err(format!(
                        "`{item}` is none of: below SYMBOL [finite], since 3.N, before 3.N, class, collects, memory"
                    ));
                }
            }
        }
        Ok(words)
    }
}

/// The function below; none if the C library of this machine lacks it, and then the original is called.
fn below_of(symbol: &str, finite: bool) -> Result<Option<Below>, String> {
    let (symbol, address) = below::find(symbol).ok_or_else(|| format!("`{symbol}` is not in below.rs"))?;
    Ok(address.map(|address| Below { symbol, address, finite }))
}

fn version(text: &str) -> Result<(u8, u8), String> {
    let parts = text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parts.ok_or_else(|| format!("`{text}` is no version such as 3.12"))
}

#[cfg(test)]
mod tests {
    use super::read;

    fn names(text: &'static str, minor: u8) -> Vec<&'static str> {
        let lines = read(text, (3, minor)).unwrap_or_else(|error| panic!("{text}: {error}"));
        lines.entries.iter().map(|entry| entry.name).chain(lines.listed.iter().map(|listed| listed.name)).collect()
    }

    #[test]
    fn a_line_is_there_on_its_versions_only() {
        let text = "# A comment.\n\na  () -> None; since 3.12\nb  () -> None; before 3.12\n- c: none; since 3.13, before 3.14\n";
        assert_eq!(names(text, 11), ["b"]);
        assert_eq!(names(text, 12), ["a"]);
        assert_eq!(names(text, 13), ["a", "c"]);
        assert_eq!(names(text, 14), ["a"]);
    }

    #[test]
    fn an_indented_line_goes_on_with_the_one_above() {
        let lines =
            read("a  (int) -> int\n    | (str) -> str\n    ; class\nb  () -> None\n", (3, 13)).expect("it is right");
        assert_eq!(lines.entries[0].signature.to_string(), "(int) -> int | (str) -> str");
        assert!(lines.entries[0].is_class && !lines.entries[1].is_class);
    }

    #[test]
    fn what_may_collect_garbage_promises_nothing_on_3_11() {
        for (line, kept) in [
            ("f  (str) -> bool [no_python]", true),
            ("f  (str) -> str raises null [no_python, pure]", true),
            ("f  (list, object) -> None raises null [no_python]; memory", true),
            ("f  (int) -> str raises null [no_python]", false),
            ("f  (str) -> list raises null [no_python]; memory", false),
            ("f  (dict) -> type:builtins.dict_keys raises null [no_python]; memory", false),
            ("f  (str) -> bool [no_python]; collects", false),
        ] {
            for minor in [11, 12] {
                let lines = read(line, (3, minor)).unwrap_or_else(|error| panic!("{line}: {error}"));
                let promised = lines.entries[0].signature.overloads[0].effects.no_python;
                assert_eq!(promised, kept || minor == 12, "3.{minor}: {line}");
            }
        }
    }

    #[test]
    fn what_is_written_wrong_is_named_with_its_line() {
        for (text, message) in [
            ("\nabs", "line 2: a function is written `name  signature`"),
            ("abs  (long) -> int", "line 1, the signature of abs: column 2: unknown kind `long`"),
            ("abs  (int) -> int; sometimes", "line 1: `sometimes` is none of: below SYMBOL [finite], since 3.N"),
            ("abs  (int) -> int; since 3", "line 1: `3` is no version such as 3.12"),
            ("abs  (f64) -> f64; below labs", "line 1: `labs` is not in below.rs"),
            ("abs  (float) -> float; below fabs", "line 1: a function below takes the C numbers of the first overload"),
            ("- abs", "line 1: a function without a signature is written `- name: reason`"),
        ] {
            let error = read(text, (3, 13)).expect_err(text).to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
    }
}
