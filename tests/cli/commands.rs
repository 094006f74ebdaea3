//! The command line tool, run as users and scripts run it. No test depends on time.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use typedcall::demo;
use typedcall::embed::Python;

/// Runs the tool; its stdout and stderr are no terminals.
fn typedcall(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_typedcall")).args(arguments).output().expect("the tool is built, and starts")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("it prints UTF-8")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("it prints UTF-8")
}

/// Checks the exit code, and returns the text on stdout, which is shown if the code differs.
#[track_caller]
fn expect(output: &Output, code: i32) -> &str {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", stdout(output), stderr(output));
    stdout(output)
}

/// An extension that prints to file descriptor 1 on import: through C's buffer, through Python's, and without one.
const NOISY: &str = r#"
#include <Python.h>
#include <stdio.h>
#include <unistd.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "noisy", NULL, -1, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_noisy(void) {
    printf("noise of C\n");
    if (write(1, "noise of the system\n", 20) != 20) return NULL;
    PyRun_SimpleString("import sys\nsys.__stdout__.write('noise of Python\\n')");
    return PyModule_Create(&module);
}
"#;

/// A typed method in Cinder's form.
const CINDER: &str = r#"
static int64_t inc(PyObject *self, int64_t x) { (void)self; return x + 1; }
Ci_Py_TYPED_SIGNATURE(inc, Ci_Py_SIG_INT64, &Ci_Py_Sig_INT64, NULL);
static PyMethodDef methods[] = {{"inc", (PyCFunction)&inc_def, Ci_METH_TYPED, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module =
    {PyModuleDef_HEAD_INIT, "in_cinders_form", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_in_cinders_form(void) { return PyModule_Create(&module); }
"#;

/// A folder with the extensions `broken`, `methods`, `noisy` and `typedcall_demo`, with `pypy` and `in_cinders_form` of
/// other dialects, and with one whose file name is not its own, compiled for the Python that the tool embeds.
fn extensions() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let python = Python::attach();
        let version = typedcall::embed::running_version();
        let version = version.split(' ').next().unwrap_or_default();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{version}"));
        demo::compile(&python, &folder, "broken", include_str!("../c/broken.c")).expect("it compiles");
        demo::compile(&python, &folder, demo::NAME, demo::SOURCE).expect("it compiles");
        demo::compile(&python, &folder, "misnamed", demo::SOURCE).expect("it compiles");
        demo::compile(&python, &folder, "noisy", NOISY).expect("it compiles");
        let methods = concat!("#define MODULE methods\n", include_str!("../c/methods.c"));
        demo::compile(&python, &folder, "methods", methods).expect("it compiles");
        let include = |header: &str| format!("#include \"{}/include/{header}\"\n", env!("CARGO_MANIFEST_DIR"));
        let pypy = include("typedcall_pypy.h") + "#define MODULE pypy\n" + include_str!("../c/pypy_methods.c");
        demo::compile(&python, &folder, "pypy", &pypy).expect("it compiles");
        let cinder = include("typedcall_cinder.h") + CINDER;
        demo::compile(&python, &folder, "in_cinders_form", &cinder).expect("it compiles");
        folder
    })
}

fn folder() -> &'static str {
    extensions().to_str().expect("cargo's folders are UTF-8 here")
}

#[test]
fn the_demo_ends_with_the_table() {
    let outputs = [typedcall(&[]), typedcall(&["demo"]), typedcall(&["demo", "--all"])];
    for output in &outputs {
        let text = expect(output, 0);
        let lines: Vec<_> = text.lines().collect();
        // A heading, and two lines for each case: medians, spreads.
        let table = &lines[lines.len() - 9..];
        let columns = ["vectorcall", "guarded", "boxed", "native", "direct", "guarded/vectorcall", "native/direct"];
        assert_eq!(table[0].split_whitespace().collect::<Vec<_>>(), columns);
        for (case, rows) in ["noop", "inc", "add", "obj"].iter().zip(table[1..].chunks(2)) {
            let medians: Vec<_> = rows[0].split_whitespace().collect();
            assert_eq!(medians[0], *case);
            assert_eq!(medians.len(), 1 + columns.len());
            assert!(medians[1..].iter().all(|median| median.parse::<f64>().is_ok()), "{medians:?}");
            assert_eq!(rows[1].split_whitespace().filter(|spread| spread.contains('-')).count(), columns.len());
        }
        for row in ["compile_shape", "make_stub", "startup"] {
            assert!(lines.iter().any(|line| line.starts_with(row)), "no {row}");
        }
    }
}

#[test]
fn the_demo_shows_one_method_on_one_screen() {
    let output = typedcall(&[]);
    let text = expect(&output, 0);
    let story = text.split_once("=== inc").and_then(|(_, rest)| rest.split_once("=== called")).map(|(story, _)| story);
    let story = story.unwrap_or_else(|| panic!("no method is shown in\n{text}")).trim_end();
    for part in
        ["inc_impl(int64_t x) {", "(x: i64) -> i64", "VectorCallStatic<1> v0 v1", "CallCFunction<", "demo --all"]
    {
        assert!(story.contains(part), "no {part:?} in\n{text}");
    }
    assert!(include_str!("../../README.md").contains(&format!("```text\n=== inc{story}\n```\n")), "{text}");
    assert!(text.contains("inc(123456)") && text.contains("each as its original"), "{text}");
    assert_eq!(text.matches("flag cleared").count(), 6);
    let lines = text.lines().count();
    assert!(lines <= 60, "{lines} lines:\n{text}");
}

#[test]
fn with_all_the_demo_shows_every_stage_of_several_methods() {
    let output = typedcall(&["demo", "--all"]);
    let text = expect(&output, 0);
    for method in ["inc", "add", "half", "thread"] {
        assert!(text.contains(&format!("=== {method}: ")), "{method} is not shown");
    }
    for stage in ["C", "signature", "IR of the call", "IR, specialized", "plan", "CLIF", "machine code"] {
        assert_eq!(text.matches(&format!("-- {stage}\n")).count(), 4, "{stage}");
    }
    for line in [
        "static int64_t half_impl(int64_t x) {",
        "TYPEDCALL_METHOD(add, add_impl,",
        "(x: i64) -> i64 raises minus_one [no_python]",
        "v2:Object = VectorCallStatic<1> v0 v1",
        "ValueError: half of an odd number",
        "each as its original",
    ] {
        assert!(text.contains(line), "no {line:?}");
    }
    assert_eq!(text.matches("the same address").count(), 4);
    // Adoption cleared the flags that inspection had left set.
    assert_eq!(text.matches("flag cleared").count(), 6);
}

/// The demo compiles in a folder of its own, which is gone afterwards.
#[test]
fn the_demo_leaves_no_files_behind() {
    let temporary = extensions().join("temporary");
    std::fs::create_dir_all(&temporary).expect("cargo's folder for temporary files is writable");
    let output = Command::new(env!("CARGO_BIN_EXE_typedcall")).env("TMPDIR", &temporary).output().expect("it starts");
    expect(&output, 0);
    let left: Vec<_> = std::fs::read_dir(&temporary).expect("it is still there").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn bench_prints_every_row_as_json() {
    let output = typedcall(&["bench", "--json", "--rounds", "3", "--calls", "50"]);
    let rows: Vec<Value> = serde_json::from_str(expect(&output, 0)).expect("one JSON array");
    let mut found = Vec::new();
    for row in &rows {
        let ns = row["ns"].as_f64().expect("a number");
        let is_loop = row["case"].as_str().is_some_and(|case| case.starts_with("loop_"));
        assert!(is_loop || row["low"].as_f64() <= Some(ns) && Some(ns) <= row["high"].as_f64(), "{row}");
        found.push((row["case"].as_str().expect("a name"), row["how"].as_str().expect("a name")));
    }
    let mut expected = Vec::new();
    for case in ["noop", "inc", "add", "obj"] {
        expected.extend(["vectorcall", "guarded", "boxed", "native", "direct"].map(|how| (case, how)));
    }
    expected.extend([("compile_shape", "warm"), ("make_stub", "warm"), ("startup", "cold")]);
    for case in ["loop_inc", "loop_obj", "loop_same", "loop_same_raise", "loop_exc"] {
        expected.extend(["python", "typedcall", "c"].map(|how| (case, how)));
    }
    assert_eq!(found, expected);
}

#[test]
fn bench_without_json_prints_the_demo_s_table() {
    let output = typedcall(&["bench", "--rounds", "2", "--calls", "10"]);
    let text = expect(&output, 0);
    assert!(text.contains("medians of 2 rounds of 10 calls"), "{text}");
    assert!(text.contains("guarded/vectorcall"), "{text}");
}

#[test]
fn inspect_names_each_field_that_is_wrong() {
    let output = typedcall(&["inspect", "broken", "--path", folder()]);
    let text = expect(&output, 3);
    let row = |name: &str| {
        let of = |line: &&str| line.split_whitespace().next() == Some(name);
        text.lines().find(of).unwrap_or_else(|| panic!("no {name} in\n{text}"))
    };
    for (name, field) in [
        ("unknown_kind", "signatures[0].values[1].kind: unknown kind 99"),
        ("null_function", "signatures[0].function: null"),
        ("wrong_version", "version: found 2, supported is 1"),
        ("wrong_size", "size: 41 is not a multiple of 8"),
    ] {
        assert!(row(name).contains(field), "{}", row(name));
    }
    for part in ["METH_O", "flag set", "(x: i64) -> i64"] {
        assert!(row("good").contains(part), "{}", row("good"));
    }
    assert!(stderr(&output).contains("14 of 15"), "{}", stderr(&output));
}

#[test]
fn inspect_takes_the_path_of_a_shared_object_and_prints_json() {
    let path = format!("{}/broken.so", folder());
    let output = typedcall(&["inspect", &path, "--json"]);
    let found: Value = serde_json::from_str(expect(&output, 3)).expect("one JSON object");
    assert_eq!(found["module"], path.as_str());
    let good = serde_json::json!({
        "name": "good", "signature": "(x: i64) -> i64", "convention": "METH_O", "flag": "set",
    });
    assert_eq!(found["methods"], serde_json::json!([good]));
    let rejected = found["rejected"].as_array().expect("an array");
    assert_eq!(rejected.len(), 14);
    let unknown = rejected.iter().find(|each| each["name"] == "unknown_kind").expect("it is there");
    assert_eq!(unknown["field"], "signatures[0].values[1].kind");
    assert_eq!(unknown["reason"], "unknown kind 99");
}

#[test]
fn inspect_is_content_with_good_methods_and_with_none() {
    let output = typedcall(&["inspect", demo::NAME, "--path", folder()]);
    let text = expect(&output, 0);
    assert!(text.starts_with("typedcall_demo: 6 typed methods\n"), "{text}");
    let add = text.lines().find(|line| line.trim_start().starts_with("add ")).expect("it is listed");
    assert_eq!(
        add.split_whitespace().collect::<Vec<_>>().join(" "),
        "add METH_FASTCALL flag set (a: f64, b: f64) -> f64 [pure, no_python]"
    );
    assert!(expect(&typedcall(&["inspect", "math"]), 0).contains("no typed methods"));
}

#[test]
fn inspect_reads_the_dialect_that_it_is_told() {
    let inspect =
        |module: &str, dialect: &str| typedcall(&["inspect", module, "--path", folder(), "--dialect", dialect]);
    let output = inspect("pypy", "pypy");
    let text = expect(&output, 0);
    assert!(text.starts_with("pypy: 8 typed methods\n") && text.contains("(i64) -> i64 raises minus_one"), "{text}");
    assert!(expect(&inspect("pypy", "version1"), 3).contains("rejected: 8"));
    let output = inspect("in_cinders_form", "cinder");
    let text = expect(&output, 0);
    assert!(text.contains("METH_O") && text.contains("(self, i64) -> i64"), "{text}");
    let output = inspect("in_cinders_form", "version1");
    expect(&output, 1);
    assert!(stderr(&output).contains("in_cinders_form cannot be imported: ImportError"), "{}", stderr(&output));
    assert!(stderr(&inspect("math", "guess")).contains("possible values: version1, pypy, cinder"));
}

#[test]
fn inspect_keeps_its_columns_whatever_the_flags() {
    let output = typedcall(&["inspect", "methods", "--path", folder()]);
    let text = expect(&output, 0);
    let rows: Vec<_> = text.lines().filter(|line| line.starts_with("  ")).collect();
    for flags in ["METH_O  ", "METH_O | METH_CLASS  ", "METH_FASTCALL | METH_KEYWORDS  "] {
        assert!(rows.iter().any(|row| row.contains(flags)), "no {flags} in\n{text}");
    }
    for column in ["METH_", "flag ", "("] {
        let places: Vec<_> = rows.iter().map(|row| row.find(column)).collect();
        assert!(places.iter().all(|place| place.is_some() && *place == places[0]), "{column} in\n{text}");
    }
}

#[test]
fn what_a_module_prints_on_import_goes_to_stderr() {
    let by_path = format!("{}/noisy.so", folder());
    for module in [by_path.as_str(), "noisy"] {
        let output = typedcall(&["inspect", module, "--path", folder(), "--json"]);
        let found: Value = serde_json::from_str(expect(&output, 0)).expect("one JSON object");
        assert_eq!(found["module"], module);
        for noise in ["noise of C\n", "noise of the system\n", "noise of Python\n"] {
            assert_eq!(stderr(&output).matches(noise).count(), 1, "{}", stderr(&output));
        }
    }
    // Its import succeeded; the name is not that of a method.
    let output = typedcall(&["explain", "noisy.no_such_function", "--path", folder()]);
    assert_eq!(expect(&output, 1), "");
}

/// Another folder does not help in this case.
#[test]
fn an_extension_under_another_file_name_is_told_its_own() {
    let by_path = format!("{}/misnamed.so", folder());
    for arguments in [["inspect", by_path.as_str()], ["inspect", "misnamed"], ["explain", "misnamed.inc"]] {
        let output = typedcall(&[&arguments[..], &["--path", folder()]].concat());
        assert_eq!(expect(&output, 1), "");
        assert!(stderr(&output).contains("must match the module's own name"), "{}", stderr(&output));
        assert!(!stderr(&output).contains("--path"), "{}", stderr(&output));
    }
}

#[test]
fn modules_are_found_in_this_folder_too() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_typedcall"));
    let output = command.args(["inspect", demo::NAME]).current_dir(extensions()).output().expect("it starts");
    assert!(expect(&output, 0).contains("half"));
}

#[test]
fn explain_shows_the_stages_of_a_method() {
    let output = typedcall(&["explain", "typedcall_demo.half", "--path", folder()]);
    let text = expect(&output, 0);
    assert!(text.starts_with("typedcall_demo.half, guarded stub\n"), "{text}");
    for stage in ["signature", "IR of the call", "IR, specialized", "plan", "CLIF", "machine code"] {
        assert!(text.contains(&format!("-- {stage}\n")), "no {stage} in\n{text}");
    }
    assert!(text.contains("CallCFunction<\"typedcall_demo.half\">"), "{text}");
    for entry in ["boxed", "vectorcall"] {
        let output = typedcall(&["explain", "typedcall_demo.half", "--path", folder(), "--entry", entry]);
        assert!(expect(&output, 0).starts_with(&format!("typedcall_demo.half, {entry} stub\n")));
    }
    let output = typedcall(&["explain", "typedcall_demo.half", "--path", folder(), "--entry", "native"]);
    assert!(expect(&output, 0).contains("the underlying function itself"));
}

/// One call before and after specialization, as the two kinds of IR in ARCHITECTURE.md; its argument is no constant.
#[test]
fn explain_takes_a_signature_for_a_callable_without_metadata() {
    let signature = "(self: str) -> str raises null";
    let output = typedcall(&["explain", "builtins.str.upper", "--signature", signature, "--entry", "boxed"]);
    let text = expect(&output, 0);
    let listings = "\
-- IR of the call
v0:MethodDescr[\"str.upper\"] = LoadConst
v1:UnicodeExact = LoadSelf
v2:Object = VectorCallStatic<1> v0 v1
Return v2

-- IR, specialized
v1:UnicodeExact = LoadSelf
v2:UnicodeExact = CallCFunction<\"str.upper\"> v1
Return v2
";
    assert!(text.contains(listings), "{text}");
}

#[test]
fn untyped_callables_have_an_exit_code_of_their_own() {
    for (name, message) in [
        ("builtins.str.upper", "str.upper has no typed metadata"),
        (
            "os.path.join",
            "has no C function: pass a built-in, a method descriptor or a ctypes function; for a function in Python use FILE.py:FUNCTION",
        ),
    ] {
        let output = typedcall(&["explain", name]);
        assert_eq!(expect(&output, 3), "");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
    let output = typedcall(&["explain", "broken.null_function", "--path", folder()]);
    assert_eq!(expect(&output, 3), "");
    assert!(stderr(&output).contains("null_function: signatures[0].function: null"), "{}", stderr(&output));
}

#[test]
fn errors_say_what_to_do() {
    let cases: [(&[&str], i32, &str); 13] = [
        (&["inspect", ""], 1, "which module? Name it"),
        (&["explain", "math.sqrt", "--signature", "(f64) -> f64"], 1, "write `float` for `f64`"),
        (&["inspect", "no_such_module"], 1, "name its folder with --path"),
        (&["inspect", "./no_such_file.so"], 1, "no such file"),
        (&["inspect", "/usr"], 1, "/usr is a folder: inspect a module in it with --path /usr MODULE"),
        (&["inspect", "math", "--path", "/no/such/folder"], 1, "no such folder"),
        (&["inspect", env!("CARGO_BIN_EXE_typedcall")], 1, "is it an extension for Python"),
        (&["explain", "math.no_such_function"], 1, "math has no no_such_function"),
        (&["explain", "builtins.str.upper", "--signature", "(self: st) -> str"], 1, "column 8"),
        (&["explain", "builtins.str.upper", "--signature", "(self: i64) -> i64"], 1, "objects only"),
        (&["explain", "builtins.str.upper", "--entry", "fast"], 2, "possible values: native, boxed"),
        (&["bench", "--rounds", "0"], 2, "1..=1000000"),
        (&["no_such_command"], 2, "unrecognized subcommand"),
    ];
    for (arguments, code, message) in cases {
        let output = typedcall(arguments);
        assert_eq!(expect(&output, code), "", "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn without_a_c_compiler_the_demo_says_what_to_install() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_typedcall"));
    let output = command.env("CC", "/no/such/compiler").output().expect("it starts");
    assert_eq!(expect(&output, 1), "");
    assert!(stderr(&output).contains("no C compiler"), "{}", stderr(&output));
}

/// Runs `bench` with an environment variable.
fn bench_with(variable: &str, value: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_typedcall"));
    command.args(["bench", "--json", "--rounds", "1", "--calls", "1"]).env(variable, value);
    command.output().expect("it starts")
}

#[test]
fn a_compiler_that_makes_nothing_is_named() {
    let output = bench_with("CC", "true");
    assert_eq!(expect(&output, 1), "");
    assert!(stderr(&output).contains("the C compiler true made no file /"), "{}", stderr(&output));
    let output = bench_with("CC", "false");
    assert_eq!(expect(&output, 1), "");
    assert!(stderr(&output).contains("the C compiler false failed on /"), "{}", stderr(&output));
}

/// As with `zig cc`, where the first argument is a command. The compiler's output does not go to the tool's stdout.
#[test]
fn the_arguments_in_cc_are_the_compiler_s() {
    use std::os::unix::fs::PermissionsExt;
    let script = extensions().join("many-in-one");
    let text = "#!/bin/sh\necho noise\n[ \"$1\" = compile ] || exit 9\nshift\nexec cc \"$@\"\n";
    std::fs::write(&script, text).expect("cargo's folder for temporary files is writable");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let script = script.to_str().expect("cargo's folders are UTF-8 here");
    let output = bench_with("CC", &format!("{script} compile -DX=1"));
    serde_json::from_str::<Value>(expect(&output, 0)).expect("one JSON array");
    // An argument that no compilation can ignore.
    let output = bench_with("CC", "cc -include no-such-header.h");
    assert_eq!(expect(&output, 1), "");
    assert!(stderr(&output).contains("no-such-header.h"), "{}", stderr(&output));
}

#[test]
fn without_a_folder_for_temporary_files_tmpdir_is_named() {
    let output = bench_with("TMPDIR", "/no/such/folder");
    assert_eq!(expect(&output, 1), "");
    for part in ["no temporary folder can be made in /no/such/folder:", "TMPDIR"] {
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
    assert!(!stderr(&output).contains("output"), "{}", stderr(&output));
}

/// Only this is an error of the output.
#[test]
fn a_full_disk_is_an_error_of_the_output() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let mut command = Command::new(env!("CARGO_BIN_EXE_typedcall"));
    let command = command.args(["inspect", "math"]).stdout(full).stderr(std::process::Stdio::piped());
    let output = command.spawn().and_then(std::process::Child::wait_with_output).expect("it runs");
    expect(&output, 1);
    assert!(stderr(&output).contains("the output cannot be written: No space left"), "{}", stderr(&output));
}

#[test]
fn no_colours_are_piped() {
    let outputs = [
        typedcall(&["explain", "typedcall_demo.inc", "--path", folder()]),
        typedcall(&["inspect", "broken", "--path", folder()]),
        typedcall(&["bench", "--rounds", "1", "--calls", "1"]),
        typedcall(&["--help"]),
        typedcall(&["no_such_command"]),
    ];
    for output in &outputs {
        assert!(!stdout(output).contains('\x1b') && !stderr(output).contains('\x1b'));
    }
}

#[test]
fn help_has_examples_and_exit_codes() {
    let commands: [&[&str]; 5] =
        [&["--help"], &["demo", "--help"], &["inspect", "--help"], &["explain", "--help"], &["bench", "--help"]];
    for arguments in commands {
        let output = typedcall(arguments);
        let text = expect(&output, 0);
        assert!(text.contains("Example") && text.contains("\n  typedcall "), "{text}");
    }
    let output = typedcall(&["--help"]);
    let text = stdout(&output);
    for code in ["Exit codes:", "  0  ", "  1  ", "  2  ", "  3  "] {
        assert!(text.contains(code), "{text}");
    }
}

/// The reader of the output may close the pipe, as `head` does.
#[test]
fn a_closed_pipe_is_no_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_typedcall"));
    command.args(["explain", "typedcall_demo.inc", "--path", folder()]);
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let output = command.stdout(writer).stderr(std::process::Stdio::piped()).spawn().expect("it starts");
    let output = output.wait_with_output().expect("it ends");
    expect(&output, 0);
    assert_eq!(stderr(&output), "");
}
