//! The rooms of the house: a folder of `src` uses only folders before it, and some things are allowed in one room only.
//!
//! Reads the text of the files: `use` lines, and paths that begin with `crate::` or `super::` in the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The rooms, ground floor first. ARCHITECTURE.md describes each.
const ROOMS: [&str; 22] = [
    "text",
    "embed",
    "operators",
    "cpython",
    "metadata",
    "bytecode",
    "thread",
    "semantics",
    "interpreter",
    "ir",
    "frontend",
    "lower",
    "runtime",
    "standard",
    "providers",
    "callable",
    "specializer",
    "stub",
    "compile",
    "demo",
    "python",
    "bin",
];

/// The files of `src` except `lib.rs`, which only re-exports: each by its path without the ending, and without `mod`.
fn files() -> BTreeMap<String, String> {
    fn walk(folder: &Path, below: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a folder of the sources") {
            let path = entry.expect("the folder can be listed").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("names are ASCII").to_owned();
            let inner = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            if path.is_dir() {
                walk(&path, &inner, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let module = if name == "mod" { below.to_owned() } else { inner };
                found.insert(module, fs::read_to_string(&path).expect("a file that was just listed"));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut found);
    found.remove("lib").expect("src/lib.rs");
    found
}

/// The code of a file: without comments, and without tests, which may use anything.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    text.lines().map(|line| line.split("//").next().unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn room(module: &str) -> &str {
    module.split('/').next().unwrap_or(module)
}

/// The modules that a path in a file names: `crate::a::{b, c::d}` names `a/b` and `a/c/d`.
fn named(module: &str, path: &str) -> BTreeSet<String> {
    let (mut base, mut rest): (Vec<&str>, &str) = match path.strip_prefix("crate::") {
        Some(rest) => (Vec::new(), rest),
        None => (module.split('/').collect(), path),
    };
    while let Some(after) = rest.strip_prefix("super::") {
        base.pop();
        rest = after;
    }
    let base = base.join("/");
    let mut names = BTreeSet::new();
    match rest.strip_prefix('{') {
        Some(group) => {
            for item in group.trim_end_matches('}').split(',') {
                names.insert(item.trim().replace("::", "/"));
            }
        }
        None => {
            names.insert(rest.replace("::", "/"));
        }
    }
    names.into_iter().map(|name| if base.is_empty() { name } else { format!("{base}/{name}") }).collect()
}

/// The paths into the crate in a file.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            // The second `super` of `super::super` belongs to the path of the first.
            if code[..at].ends_with("::") || code[..at].ends_with(|before: char| before.is_alphanumeric()) {
                continue;
            }
            let path: String =
                code[at..].chars().take_while(|letter| letter.is_alphanumeric() || "_:".contains(*letter)).collect();
            match path.strip_suffix("::").filter(|_| code[at + path.len()..].starts_with('{')) {
                Some(base) => {
                    let group: String = code[at + path.len()..].chars().take_while(|letter| *letter != ';').collect();
                    if matches!(base, "crate" | "super") {
                        found.push(format!("{path}{}", group.replace(char::is_whitespace, "")));
                    } else {
                        found.push(base.to_owned());
                    }
                }
                None => found.push(path),
            }
        }
    }
    found
}

#[test]
fn a_folder_uses_those_before_it_only() {
    let files = files();
    assert!(files.len() > 200, "{} files", files.len());
    let place = |room: &str| ROOMS.iter().position(|known| *known == room);
    let (mut wrong, mut arrows) = (Vec::new(), 0);
    for (module, text) in &files {
        let own = place(room(module)).unwrap_or_else(|| panic!("src/{module} is in no room"));
        for path in paths(&code(text)) {
            for name in named(module, &path) {
                // A name that `lib.rs` re-exports is found by its own path.
                let Some(other) = place(room(&name)) else { continue };
                arrows += usize::from(other != own);
                if other > own {
                    wrong.push(format!("src/{module}: {path}: {} stands after {}", ROOMS[other], ROOMS[own]));
                }
            }
        }
    }
    assert!(arrows > 400, "only {arrows} paths into other rooms were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn cranelifts_builder_is_named_in_lower_only() {
    let wrong: Vec<_> = files()
        .iter()
        .filter(|(module, _)| room(module) != "lower")
        .filter(|(_, text)| {
            let code = code(text);
            // Its context is the buffer that the compiler keeps.
            code.replace("FunctionBuilderContext", "").contains("FunctionBuilder") || code.contains("InstBuilder")
        })
        .map(|(module, _)| module.clone())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn ir_names_no_cranelift_crate_but_entity() {
    for (module, text) in files().iter().filter(|(module, _)| room(module) == "ir") {
        let code = code(text);
        let wrong = code.split("cranelift_").skip(1).find(|rest| !rest.starts_with("entity"));
        assert_eq!(wrong, None, "src/{module}");
    }
}

#[test]
fn what_is_read_of_paths_is_right() {
    let read = |text: &str| -> Vec<String> {
        paths(&code(text)).iter().flat_map(|path| named("lower/body/exit", path)).collect()
    };
    assert_eq!(read("use crate::ir::{Block, Value};"), ["ir"]);
    assert_eq!(read("use crate::{ir::Block, lower};"), ["ir/Block", "lower"]);
    assert_eq!(read("use super::super::plan::Plan; // crate::python"), ["lower/plan/Plan"]);
    assert_eq!(read("fn f() -> crate::compile::Error {}"), ["compile/Error"]);
    assert_eq!(read("use super::block;\n#[cfg(test)]\nmod tests {\n use crate::python; }"), ["lower/body/block"]);
}
