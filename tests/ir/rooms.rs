//! The rooms of the house: a folder of `src` uses only folders before it, and some things are allowed in one room only.
//!
//! Reads the tokens of the files, so that comments, strings and line ends make no difference, and follows each path through
//! the re-exports to the file that defines the name.

mod facts;
mod graph;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use facts::fact;
use graph::{Graph, TOOL};
use tokens::{test_modules, tokens};

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

/// The tokens of the files of `src`: each file by its path without the ending and without `mod`, the root by the empty
/// name. Tests are left out, since they may use anything.
fn files() -> BTreeMap<String, Vec<String>> {
    fn walk(folder: &Path, below: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a folder of the sources") {
            let path = entry.expect("the folder can be listed").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("names are ASCII").to_owned();
            let inner = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
            if path.is_dir() {
                walk(&path, &inner, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let is_folder = name == "mod" || inner == format!("{TOOL}/main") || inner == "lib";
                let module = if is_folder { below.to_owned() } else { inner };
                found.insert(module, fs::read_to_string(&path).expect("a file that was just listed"));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut found);
    let tests: Vec<String> = found
        .iter()
        .flat_map(|(module, text)| test_modules(text).into_iter().map(move |name| format!("{module}/{name}")))
        .collect();
    found.retain(|module, _| !tests.contains(module));
    found.into_iter().map(|(module, text)| (module, tokens(&text))).collect()
}

/// The files that are in a room: all but the root, which only re-exports.
fn files_in_rooms() -> BTreeMap<String, Vec<String>> {
    let mut files = files();
    files.remove("").expect("src/lib.rs");
    files
}

/// The rooms of facts about CPython's versions: the small binding, the facts, bytecode, the standard library's table, and the probes
/// of other libraries. C functions are declared, versions asked for, and offsets are numbers only there.
const ROOMS_OF_FACTS: [&str; 5] = ["embed", "cpython", "bytecode/decode", "standard", "providers"];

fn room(module: &str) -> &str {
    module.split('/').next().unwrap_or(module)
}

/// What each module of the crate uses, itself left out, each with a path that leads there.
fn uses(files: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, BTreeMap<String, String>> {
    let graph = Graph::of(files);
    files.keys().filter(|module| !module.is_empty()).map(|module| (module.clone(), graph.uses(module))).collect()
}

/// The folder that a module is in: itself if it has modules below it.
fn folder<T>(files: &BTreeMap<String, T>, module: &str) -> String {
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

/// The uses of a later room by an earlier one, and the number of uses of other rooms.
fn upward(files: &BTreeMap<String, Vec<String>>) -> (Vec<String>, usize) {
    let place = |module: &str| {
        let known = ROOMS.iter().position(|known| *known == room(module));
        known.unwrap_or_else(|| panic!("src/{module} is in no room"))
    };
    let (mut wrong, mut arrows) = (Vec::new(), 0);
    for (module, used) in uses(files) {
        let own = place(&module);
        for (target, path) in used {
            let other = place(&target);
            arrows += usize::from(other != own);
            if other > own {
                wrong.push(format!("src/{module}: {path}: {target} stands after {}", ROOMS[own]));
            }
        }
    }
    (wrong, arrows)
}

/// The circles of folders. A folder's own file may use all folders in it, as their list.
fn circles_of_folders(files: &BTreeMap<String, Vec<String>>) -> Vec<BTreeSet<String>> {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, used) in uses(files) {
        let from = folder(files, &module);
        let is_in_it = |to: &String| *to == from || (module == from && to.starts_with(&format!("{from}/")));
        let to = used.keys().map(|used| folder(files, used)).filter(|to| !is_in_it(to));
        edges.entry(from.clone()).or_default().extend(to);
    }
    circles(&edges)
}

/// Whether code names more of Cranelift's crate of the builder than the buffers that the compiler keeps.
fn names_builder(tokens: &[String]) -> bool {
    let is_buffer = |at: usize| {
        let after: Vec<&str> = tokens.iter().skip(at + 1).take(3).map(String::as_str).collect();
        matches!(after[..], ["::", "FunctionBuilderContext", after] if after != "as")
    };
    tokens.iter().enumerate().any(|(at, token)| match token.as_str() {
        "FunctionBuilder" | "InstBuilder" => true,
        "cranelift_frontend" => !is_buffer(at),
        _ => false,
    })
}

#[test]
fn a_folder_uses_those_before_it_only() {
    let files = files();
    assert!(files.len() > 200, "{} files", files.len());
    let (wrong, arrows) = upward(&files);
    assert!(arrows > 400, "only {arrows} paths into other rooms were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn facts_of_cpythons_versions_have_rooms() {
    let files = files_in_rooms();
    let has_facts =
        |module: &str| ROOMS_OF_FACTS.iter().any(|room| module == *room || module.starts_with(&format!("{room}/")));
    let wrong: Vec<_> = files
        .iter()
        .filter(|(module, _)| !has_facts(module))
        .filter_map(|(module, tokens)| Some(format!("src/{module}: {}", fact(tokens)?)))
        .collect();
    assert!(wrong.is_empty(), "this belongs to src/cpython:\n{}", wrong.join("\n"));
    let facts = files.iter().filter(|(module, tokens)| room(module) == "cpython" && fact(tokens).is_some());
    assert!(facts.count() > 3, "there are facts in the room of facts");
}

#[test]
fn no_folders_use_one_another() {
    let circles = circles_of_folders(&files());
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Two or three files may be parts of one thing. The file of the folder itself does not count.
#[test]
fn no_more_than_three_files_of_a_folder_use_one_another() {
    let files = files();
    let mut all = 0;
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, used) in uses(&files) {
        let of = folder(&files, &module);
        if of == *module {
            continue;
        }
        let is_beside = |other: &String| folder(&files, other) == of && *other != of;
        let beside: BTreeSet<_> = used.into_keys().filter(is_beside).collect();
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
    for (module, tokens) in &files() {
        for pair in tokens.windows(2).filter(|pair| ["struct", "enum", "trait"].contains(&pair[0].as_str())) {
            if pair[1].starts_with(|letter: char| letter.is_ascii_uppercase()) {
                modules.entry(pair[1].clone()).or_default().insert(module.clone());
            }
        }
    }
    assert!(modules.len() > 300, "only {} types were found", modules.len());
    let twice: Vec<_> = modules.iter().filter(|(_, modules)| modules.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:#?}");
}

#[test]
fn cranelifts_builder_is_named_in_lower_only() {
    let files = files();
    let wrong: Vec<_> =
        files.iter().filter(|(module, tokens)| room(module) != "lower" && names_builder(tokens)).collect();
    assert!(wrong.is_empty(), "{:?}", wrong.iter().map(|(module, _)| module).collect::<Vec<_>>());
}

#[test]
fn ir_names_no_cranelift_crate_but_entity() {
    for (module, tokens) in files().iter().filter(|(module, _)| room(module) == "ir") {
        let wrong = tokens.iter().find(|token| token.starts_with("cranelift_") && *token != "cranelift_entity");
        assert_eq!(wrong, None, "src/{module}");
    }
}

/// A crate in miniature: a few modules that have a name to give, and one more file.
fn with(module: &str, text: &str) -> BTreeMap<String, Vec<String>> {
    let files = [
        ("", "pub mod lower; pub use specializer::Specializer; pub use runtime::FallbackReason as Reason;"),
        ("text", "pub struct Word;"),
        ("ir", "mod block; pub use block::{Block, Value as Defined};"),
        ("ir/block", "pub struct Block; pub struct Value;"),
        ("lower", "pub mod stub; pub mod emit; pub mod body; pub use stub::plan::Plan; pub use body::*;"),
        ("lower/emit", "pub mod call;"),
        ("lower/emit/call", ""),
        ("lower/stub", "pub mod plan; pub mod site; pub use plan::Plan; use super::emit::call;"),
        ("lower/stub/plan", "pub struct Plan;"),
        ("lower/stub/site", ""),
        ("lower/body", "pub mod exit; pub use exit::Exit;"),
        ("lower/body/exit", "pub struct Exit;"),
        ("runtime", "pub use reason::FallbackReason;"),
        ("runtime/reason", "pub enum FallbackReason {}"),
        ("specializer", "pub struct Specializer;"),
        (TOOL, "mod cli;"),
        ("bin/typedcall/cli", "pub fn run() {}"),
    ];
    let mut files: BTreeMap<_, _> = files.map(|(module, text)| (module.to_owned(), tokens(text))).into();
    files.insert(module.to_owned(), tokens(text));
    files
}

#[test]
fn paths_are_followed() {
    let used =
        |module: &str, text: &str| -> Vec<String> { Graph::of(&with(module, text)).uses(module).into_keys().collect() };
    for (text, target) in [
        ("use crate::ir::{Block};", "ir/block"),
        ("use crate::ir::{\n    Defined,\n};", "ir/block"),
        ("use crate::{ir::Block};", "ir/block"),
        ("use crate::{ir::{self}};", "ir"),
        ("use crate::{lower::{stub::{plan::Plan}}};", "lower/stub/plan"),
        ("use crate::lower::{stub::plan::Plan};", "lower/stub/plan"),
        ("use super::super::stub::plan::Plan; // crate::text", "lower/stub/plan"),
        ("use super::super::{stub::{Plan}};", "lower/stub/plan"),
        ("use crate::lower::Plan;", "lower/stub/plan"),
        ("use crate::lower::Plan as Other;", "lower/stub/plan"),
        ("use crate::Specializer;", "specializer"),
        ("use crate::{Specializer};", "specializer"),
        ("use crate::Reason;", "runtime/reason"),
        ("use crate::lower::Exit;", "lower/body/exit"),
        ("fn f() -> crate::Reason {}", "runtime/reason"),
        ("fn f() { let text = \"// {\"; crate::Reason::new() }", "runtime/reason"),
        ("fn f() -> Option<crate::lower::Plan> {}", "lower/stub/plan"),
        ("macro_rules! m { () => { $crate::lower::Plan }; }", "lower/stub/plan"),
        ("#[cfg(test)] mod tests { use crate::text; } use crate::Reason;", "runtime/reason"),
        ("#[cfg(test)] use crate::text; fn f() { crate::Reason::new() }", "runtime/reason"),
    ] {
        assert_eq!(used("lower/emit/call", text), [target], "{text}");
    }
    let both = used("lower/emit/call", "use crate::lower::stub; fn f() -> stub::plan::Plan {}");
    assert_eq!(both, ["lower/stub", "lower/stub/plan"]);
    // A folder's file that passes a name on does not use it; the one that takes the name from there does.
    assert!(used("lower/emit", "pub mod call; pub use call::Call;").is_empty());
    assert_eq!(used("lower/emit", "pub mod call; use call::Call;"), ["lower/emit/call"]);
    assert_eq!(used("lower/emit", "pub use super::body::exit::Exit;"), ["lower/body/exit"]);
    assert_eq!(used("bin/typedcall/cli", "use typedcall::Specializer; use crate::cli;"), ["specializer"]);
    for text in ["#[cfg(test)] mod tests { use crate::Reason; }", "/* crate::Reason */", "/// crate::Reason\nfn f() {}"]
    {
        assert!(used("lower/emit/call", text).is_empty(), "{text}");
    }
}

#[test]
fn upward_paths_and_circles_are_found() {
    let is_upward = |module: &str, text: &str| !upward(&with(module, text)).0.is_empty();
    for text in [
        "use crate::Specializer;",
        "use crate::{ir::Block, Reason};",
        "type A = crate::lower::Plan;",
        "use super::Reason;",
    ] {
        assert!(is_upward("text", text), "{text}");
    }
    assert!(!is_upward("specializer", "use crate::{ir::Block, Reason, lower::Plan};"));
    let has_circle = |text: &str| !circles_of_folders(&with("lower/emit/call", text)).is_empty();
    // `lower/stub` uses `lower/emit`.
    for text in [
        "use crate::lower::Plan;",
        "use crate::lower::{stub::plan::Plan};",
        "use crate::{lower::{Plan}};",
        "use super::super::{stub::site};",
        "use super::super::Plan;",
        "fn f(plan: &crate::lower::Plan) {}",
    ] {
        assert!(has_circle(text), "{text}");
    }
    assert!(!has_circle("use crate::{ir::Block, text::Word};"));
}

#[test]
fn facts_are_recognized() {
    for text in [
        "unsafe extern \"C-unwind\" {}",
        "extern \"C\" {}",
        "extern \"C\"\n{\n}",
        "unsafe extern {}",
        "if cfg!(Py_3_13) {}",
        "#[cfg(not(Py_3_12))] fn f() {}",
        "if layout.minor >= 13 {}",
        "let new = self.layout\n    .minor;",
        "let Layout { minor, .. } = layout;",
        "let new = ffi::PY_VERSION_HEX >= 0x030d0000;",
        "let flags = class.byte_add(168).cast::<u64>();",
        "let flags = class.byte_add(TP_FLAGS + 8);",
        "let class = object.wrapping_byte_add(8);",
        "let flag = state.cast::<u8>().add(100);",
        "let flag = state\n    .cast::<u8>()\n    .add(100);",
        "let flag = state.cast::<u64>().add(13);",
        "fn f(bytes: *mut u8) { bytes.add(104) }",
        "fn f(bytes: *mut u8) { bytes.offset(-8_isize) }",
        "let class = self.load(types::I64, object, 8);",
        "let class = self.load(\n    types::I64,\n    object,\n    8,\n);",
        "self.ins().store(TRUSTED, value, object, 0x10);",
        "let class = self.ins().uload32(TRUSTED, object, 24);",
        "let place = self.ins().iadd_imm(object, 24);",
        "const OFFSET: usize = if new { 368 } else { 100 };",
        "const TP_FLAGS: usize = 168;",
    ] {
        assert!(fact(&tokens(text)).is_some(), "{text}");
    }
    for text in [
        "extern \"C\" fn finalized() {}",
        "let function: unsafe extern \"C\" fn() = f;",
        "let flags = class.byte_add(TP_FLAGS).cast::<u64>();",
        "let word = words.add(1);",
        "let count = AtomicU64::new(0); count.store(5, Ordering::Relaxed); add(5);",
        "let class = self.load(types::I64, object, self.layout.ob_type);",
        "let word = self.load(types::I64, address, 0);",
        "let next = self.ins().iadd_imm(index, 1);",
        "let text = \"layout.minor\"; // Py_3_13",
        "const ARGUMENTS_OFFSET: usize = 1 << (usize::BITS - 1);",
    ] {
        assert_eq!(fact(&tokens(text)), None, "{text}");
    }
}

#[test]
fn the_builder_is_recognized() {
    for text in [
        "use cranelift_frontend::*;",
        "use cranelift_frontend::FunctionBuilder;",
        "use cranelift_frontend::{FunctionBuilderContext, Variable};",
        "use cranelift_frontend::FunctionBuilderContext as Other;",
        "use cranelift_frontend as builder;",
        "use {cranelift_frontend::Switch};",
        "fn f(builder: &mut cranelift_frontend::FunctionBuilder) {}",
        "use cranelift_codegen::ir::{InstBuilder, Value};",
    ] {
        assert!(names_builder(&tokens(text)), "{text}");
    }
    assert!(!names_builder(&tokens("use cranelift_frontend::FunctionBuilderContext;")));
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
