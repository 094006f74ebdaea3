//! `typedcall survey` over the standard library of the running Python: how much is built, and that nothing breaks.

use std::process::Command;

use serde_json::Value;

fn survey(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_typedcall"))
        .arg("survey")
        .args(arguments)
        .output()
        .expect("cargo has built the tool for this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("--json prints JSON")
}

#[test]
fn of_the_standard_librarys_functions_nine_in_ten_are_built_and_the_rest_is_refused_with_a_reason() {
    // The passes check themselves in debug builds, so a quarter of the files is enough there, the same in every run.
    let (every, least) = if cfg!(debug_assertions) { ("4", 2_500) } else { ("1", 10_000) };
    let counts = survey(&["--json", "--every", every]);
    let count = |name: &str| counts[name].as_u64().unwrap_or_else(|| panic!("no {name} in {counts}"));
    println!("{counts:#}");
    assert_eq!(counts["broken"], Value::Array(Vec::new()));
    assert!(count("functions") > least, "{counts}");
    let share = count("built") as f64 / count("functions") as f64;
    assert!(share >= 0.9, "{share}: {counts}");
    let refused: u64 = counts["refused"].as_object().expect("an object").values().filter_map(Value::as_u64).sum();
    assert_eq!(count("built") + refused, count("functions"));
    assert!(counts["refused"].get("malformed").is_none(), "{counts}");
}

#[test]
fn functions_that_are_refused_are_named_with_file_line_and_reason() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("some.py");
    std::fs::write(&path, "def good(x):\n    return x\n\ndef bad():\n    pass\n    return locals()\n")
        .expect("it is writable");
    let output = Command::new(env!("CARGO_BIN_EXE_typedcall"))
        .args(["survey", "--refused"])
        .arg(&path)
        .output()
        .expect("cargo has built the tool for this test");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("some.py:4 bad: line 6: `locals` looks at the frame"), "{text}");
    assert!(text.contains("50.00 %"), "{text}");
}

#[test]
fn a_path_that_is_not_there_or_has_nothing_to_survey_is_an_error() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let good = folder.path().join("good.py");
    std::fs::write(&good, "def good(x):\n    return x\n").expect("it is writable");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).expect("it is writable");
    let missing = folder.path().join("no_such");
    for (paths, reason) in
        [([&good, &missing], "No such file or directory"), ([&good, &empty], "no *.py in this folder")]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_typedcall"))
            .arg("survey")
            .args(paths)
            .output()
            .expect("cargo has built the tool for this test");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(reason) && text.contains(&*paths[1].to_string_lossy()), "{text}");
        assert!(output.stdout.is_empty());
    }
}
