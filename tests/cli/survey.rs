//! `typedcall survey` over the standard library of the running Python: how much is built, and that nothing breaks.

use std::path::Path;
use std::process::{Command, Output};

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
    // The passes check themselves in debug builds, so an eighth of the files is enough there, the same in every run.
    let (every, least) = if cfg!(debug_assertions) { ("8", 1_000) } else { ("1", 10_000) };
    let counts = survey(&["--json", "--every", every]);
    let count = |name: &str| counts[name].as_u64().unwrap_or_else(|| panic!("no {name} in {counts}"));
    println!("{counts:#}");
    assert_eq!(counts["broken"], Value::Array(Vec::new()));
    assert!(counts["not_compiled"].is_array(), "{counts}");
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
    assert!(text.contains("  functions with IR  ") && text.contains("50.00 %"), "{text}");
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

/// Runs `survey` of one path.
fn survey_of(arguments: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_typedcall"))
        .arg("survey")
        .args(arguments)
        .arg(path)
        .output()
        .expect("cargo has built the tool for this test")
}

#[test]
fn files_that_python_does_not_compile_are_reported_with_the_reason() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let bad = folder.path().join("bad.py");
    std::fs::write(&bad, "def f(:\n").expect("it is writable");
    let output = survey_of(&["--json"], &bad);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no file could be compiled"));
    let counts: Value = serde_json::from_slice(&output.stdout).expect("--json prints JSON");
    let [refused] = counts["not_compiled"].as_array().expect("an array").as_slice() else { panic!("{counts}") };
    assert_eq!(refused["file"], bad.to_string_lossy().as_ref());
    assert!(refused["reason"].as_str().is_some_and(|reason| reason.contains("SyntaxError")), "{counts}");
    // With a good file beside it, the survey is of that one.
    std::fs::write(folder.path().join("good.py"), "def good(x):\n    return x\n").expect("it is writable");
    let output = survey_of(&[], folder.path());
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(": 1 file\n") && text.contains("bad.py: SyntaxError"), "{text}");
}

#[test]
fn a_pipe_is_not_read() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let pipe = folder.path().join("pipe.py");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("POSIX has it").success());
    let output = survey_of(&[], &pipe);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("pipe.py: neither a file nor a folder"), "{text}");
}
