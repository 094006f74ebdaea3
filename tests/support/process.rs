//! Gives a test a process of its own.
//!
//! The tests of a binary run in threads of one process. A process has many things only once: an interpreter with its
//! main thread, its modules and its reference counts; this crate's counters, and its memory of definitions; the memory
//! map, the logger, the sandbox. A test that changes or looks at one of these begins with `own_process!()`, and so does
//! every test that starts an interpreter. It is then alone, and if it crashes, no other test is lost.

use std::process::Command;

/// Runs the test that begins with this in a process of its own: this binary once more, for this test alone. Its output
/// is printed, and its failure is the test's.
///
/// A test that is chosen alone, by `NAME --exact`, runs in the process that was started for it, for example in a
/// debugger.
#[allow(unused_macros, reason = "some tests need no process of their own")]
macro_rules! own_process {
    () => {
        fn here() {}
        if !crate::support::process::is_own(here) {
            return;
        }
    };
}

/// Whether this process runs only one test. If not, the test in which `_here` is defined has now run in a process of
/// its own.
#[doc(hidden)]
pub fn is_own<F: Fn()>(_here: F) -> bool {
    // The path of a function is its type's name: the crate, the test's own path, the function's.
    let path = std::any::type_name::<F>();
    let test = path.split_once("::").and_then(|(_, path)| path.strip_suffix("::here")).expect("the path of a function");
    let only = only_test();
    if only.as_deref() == Some(test) {
        return true;
    }
    let program = std::env::current_exe().expect("a running program has a path");
    let output = Command::new(program)
        .args([test, "--exact", "--include-ignored", "--nocapture"])
        .output()
        .expect("this program can be started");
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    print!("{printed}");
    eprint!("{errors}");
    // A program of tests succeeds if a name matches no test.
    let passes = output.status.success() && printed.contains("test result: ok. 1 passed");
    assert!(passes, "the test fails in its own process, which ends with {}", output.status);
    false
}

/// The test that this process was started for, if it was started for one.
pub fn only_test() -> Option<String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut names = arguments.iter().filter(|argument| !argument.starts_with('-'));
    match (names.next(), names.next()) {
        (Some(name), None) if arguments.iter().any(|argument| argument == "--exact") => Some(name.clone()),
        _ => None,
    }
}
