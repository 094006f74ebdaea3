//! Golden tests. Each input `tests/golden/FOLDER/NAME.txt` is shown as the module of that name describes, and must
//! equal the snapshot next to it, `FOLDER@NAME.txt.snap`.
//!
//! To add a case, add a file. After an intended change, `INSTA_UPDATE=always cargo test --test ir golden` writes all
//! snapshots anew.

mod aarch64;
mod body;
mod frontend;
mod ir;
mod lower;
mod passes;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

const FOLDERS: [&str; 6] = ["aarch64", "body", "frontend", "ir", "lower", "passes"];

/// The names in a folder of golden files, sorted.
fn names(folder: &str) -> BTreeSet<String> {
    fs::read_dir(path(folder))
        .expect("the golden tests' folder")
        .map(|entry| entry.expect("the folder can be listed").file_name().into_string().expect("names are ASCII"))
        .collect()
}

fn path(folder: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/golden", folder].iter().collect()
}

/// The inputs of a folder: their names and texts.
fn inputs(folder: &str) -> Vec<(String, String)> {
    let inputs = names(folder).into_iter().filter(|name| name.ends_with(".txt"));
    let read = |name: String| {
        let text = fs::read_to_string(path(folder).join(&name)).expect("a file that was just listed");
        (name, text)
    };
    inputs.map(read).collect()
}

/// Compares each input in a folder, as it is shown, with its snapshot. A failure does not stop the others.
fn check(folder: &str, show: impl Fn(&str) -> String) {
    let inputs = inputs(folder);
    assert!(!inputs.is_empty(), "no inputs in {folder}");
    let mut wrong = Vec::new();
    for (name, text) in inputs {
        let mut settings = insta::Settings::clone_current();
        settings.set_input_file(path(folder).join(&name));
        settings.set_snapshot_path(path(folder));
        settings.set_snapshot_suffix(&name);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let compared = catch_unwind(AssertUnwindSafe(|| {
            settings.bind(|| insta::assert_snapshot!(folder, show(&text)));
        }));
        if compared.is_err() {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "in {folder}, these are not as their snapshots show: {wrong:?}");
}

/// A snapshot without an input would be compared with nothing, and would stay for ever.
#[test]
fn every_snapshot_has_its_input() {
    for folder in FOLDERS {
        let names = names(folder);
        for snapshot in names.iter().filter(|name| !name.ends_with(".txt")) {
            let input = snapshot.strip_prefix(&format!("{folder}@")).and_then(|rest| rest.strip_suffix(".snap"));
            assert!(input.is_some_and(|input| names.contains(input)), "{folder}/{snapshot} has no input");
        }
    }
}
