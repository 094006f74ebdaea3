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

/// The rooms of facts about CPython's versions: the small binding, the facts, bytecode, the standard library's table, and the probes
/// of other libraries. C functions are declared, versions asked for, and offsets are numbers only there.
const ROOMS_OF_FACTS: [&str; 5] = ["embed", "cpython", "bytecode/decode", "standard", "providers"];

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

/// The modules of the crate that a file names, itself left out: the longest part of each path that is a file.
fn uses(files: &BTreeMap<String, String>, module: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for path in paths(&code(&files[module])) {
        for name in named(module, &path) {
            let mut name = name.as_str();
            while !files.contains_key(name) && name.contains('/') {
                name = name.rsplit_once('/').expect("it has a slash").0;
            }
            if name != module && files.contains_key(name) {
                used.insert(name.to_owned());
            }
        }
    }
    used
}

/// The files without those that are tests only, which may use anything.
fn files_of_the_crate() -> BTreeMap<String, String> {
    let mut files = files();
    let tests: Vec<String> = files
        .iter()
        .flat_map(|(module, text)| {
            let declared = text.split("#[cfg(test)]\nmod ").skip(1).filter_map(|rest| rest.split_once(';'));
            declared.map(move |(name, _)| format!("{module}/{name}"))
        })
        .collect();
    files.retain(|module, _| !tests.contains(module));
    files
}

/// The folder that a module is in: itself if it has modules below it.
fn folder(files: &BTreeMap<String, String>, module: &str) -> String {
    let inside = format!("{module}/");
    let has_modules = files.keys().any(|other| other.starts_with(&inside));
    match module.rsplit_once('/') {
        Some((folder, _)) if !has_modules => folder.to_owned(),
        _ => module.to_owned(),
    }
}

/// The circles of a graph: sets of nodes each of which leads to each other.
fn circles(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let reachable = |from: &String| {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&String> = edges[from].iter().collect();
        while let Some(node) = open.pop() {
            if reached.insert(node.clone()) {
                open.extend(edges.get(node).into_iter().flatten());
            }
        }
        reached
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = edges.keys().map(|node| (node, reachable(node))).collect();
    let mut circles = BTreeSet::new();
    for (node, leads_to) in &reached {
        let back = leads_to.iter().filter(|other| reached.get(other).is_some_and(|reached| reached.contains(*node)));
        let circle: BTreeSet<String> = back.cloned().collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// The first line of a file that declares C functions, asks for a version, or has a number as an offset.
fn fact(code: &str) -> Option<&str> {
    let declares = |line: &str| {
        let mut after = line.split("extern \"").skip(1).filter_map(|rest| rest.split_once('"'));
        after.any(|(_, after)| after.trim_start().starts_with('{'))
    };
    code.lines().map(str::trim).find(|line| declares(line) || line.contains("Py_3_") || has_offset(line))
}

/// Whether a line has a number as an offset.
fn has_offset(line: &str) -> bool {
    let starts_with_digit = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let moves = ["byte_add(", "byte_sub(", "byte_offset(", "cast::<u8>().add(", "cast::<u8>().offset("];
    let moved = moves.iter().any(|moves| line.split(moves).skip(1).any(starts_with_digit));
    let last_argument = |call: &str| {
        let arguments = call.split_once(')').map_or(call, |(arguments, _)| arguments);
        arguments.rsplit_once(", ").map(|(_, last)| last.to_owned())
    };
    let accesses = [".load(types::", ".store(TRUSTED"];
    let accessed = accesses.iter().any(|access| {
        let mut calls = line.split(access).skip(1).filter_map(last_argument);
        calls.any(|last| starts_with_digit(&last) && last != "0")
    });
    let named = line.split_once("const ").and_then(|(_, rest)| rest.split_once(':')).is_some_and(|(name, rest)| {
        let value = rest.split_once('=').map_or("", |(_, value)| value);
        let mut words = value.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        name.contains("OFFSET") && words.any(|word| word.parse::<u32>().is_ok_and(|number| number > 1))
    });
    moved || accessed || named
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
                    if base.split("::").all(|step| matches!(step, "crate" | "super")) {
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
fn facts_of_cpythons_versions_have_rooms() {
    let files = files();
    let has_facts =
        |module: &str| ROOMS_OF_FACTS.iter().any(|room| module == *room || module.starts_with(&format!("{room}/")));
    let wrong: Vec<_> = files
        .iter()
        .filter(|(module, _)| !has_facts(module))
        .filter_map(|(module, text)| Some(format!("src/{module}: {}", fact(&code(text))?)))
        .collect();
    assert!(wrong.is_empty(), "this belongs to src/cpython:\n{}", wrong.join("\n"));
    let facts = files.iter().filter(|(module, text)| room(module) == "cpython" && fact(&code(text)).is_some());
    assert!(facts.count() > 3, "there are facts in the room of facts");
}

#[test]
fn no_folders_use_one_another() {
    let files = files_of_the_crate();
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for module in files.keys() {
        let from = folder(&files, module);
        let used = uses(&files, module);
        let to = used.iter().map(|used| folder(&files, used)).filter(|to| *to != from);
        edges.entry(from.clone()).or_default().extend(to);
    }
    assert!(edges.len() > 30, "{} folders", edges.len());
    let circles = circles(&edges);
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Two or three files may be parts of one thing. The file of the folder itself does not count.
#[test]
fn no_more_than_three_files_of_a_folder_use_one_another() {
    let files = files_of_the_crate();
    let mut all = 0;
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for module in files.keys() {
        let of = folder(&files, module);
        if of == *module {
            continue;
        }
        let is_beside = |other: &String| folder(&files, other) == of && *other != of;
        let beside: BTreeSet<_> = uses(&files, module).into_iter().filter(is_beside).collect();
        all += beside.len();
        edges.insert(module.clone(), beside);
    }
    assert!(all > 200, "only {all} uses of a file in the same folder");
    let circles: Vec<_> = circles(&edges).into_iter().filter(|circle| circle.len() > 3).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn a_name_is_one_type_only() {
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, text) in &files() {
        let code = code(text);
        let words: Vec<&str> = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
        for pair in words.windows(2).filter(|pair| ["struct", "enum", "trait"].contains(&pair[0])) {
            if pair[1].starts_with(|letter: char| letter.is_ascii_uppercase()) {
                modules.entry(pair[1].to_owned()).or_default().insert(module.clone());
            }
        }
    }
    assert!(modules.len() > 300, "only {} types were found", modules.len());
    let twice: Vec<_> = modules.iter().filter(|(_, modules)| modules.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:#?}");
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

#[test]
fn facts_are_recognized() {
    for line in [
        "unsafe extern \"C-unwind\" {",
        "    extern \"C\" {",
        "if cfg!(Py_3_13) {",
        "#[cfg(not(Py_3_12))]",
        "let flags = class.byte_add(168).cast::<u64>();",
        "let class = object.wrapping_byte_add(8);",
        "let flag = state.cast::<u8>().add(100);",
        "let class = self.load(types::I64, object, 8);",
        "const OFFSET: usize = if new { 368 } else { 100 };",
    ] {
        assert_eq!(fact(line), Some(line.trim()));
    }
    for line in [
        "extern \"C\" fn finalized() {",
        "let function: unsafe extern \"C\" fn() = f;",
        "let flags = class.byte_add(TP_FLAGS).cast::<u64>();",
        "let word = words.add(1);",
        "let class = self.load(types::I64, object, self.layout.ob_type);",
        "let word = self.load(types::I64, address, 0);",
        "const ARGUMENTS_OFFSET: usize = 1 << (usize::BITS - 1);",
    ] {
        assert_eq!(fact(line), None);
    }
}

#[test]
fn circles_are_found() {
    let found = |arrows: &[(&str, &str)]| {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in arrows {
            edges.entry((*from).to_owned()).or_default().insert((*to).to_owned());
            edges.entry((*to).to_owned()).or_default();
        }
        circles(&edges).iter().map(|circle| circle.iter().cloned().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert!(found(&[("a", "b"), ("b", "c"), ("a", "c")]).is_empty());
    let two = found(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e"), ("e", "d")]);
    assert_eq!(two, ["a b c", "d e"]);
}
