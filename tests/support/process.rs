//! A process for a test.
//!
//! The tests of a binary run in threads of one process. Of much, a process has one: an interpreter with its main thread, its
//! modules and its counts of references; what this crate counts, and remembers of definitions; the memory map, the logger,
//! the sandbox. A test that changes or looks at one of these begins with `own_process!()`, and so does every test that
//! starts an interpreter: it is alone with it, and one that crashes takes no other test with it.

use std::process::Command;

/// Runs the test that begins with this in a process of its own: this binary once more, for this test alone. What that prints
/// is printed, and its failure is the test's.
///
/// A test that was chosen alone, by `NAME --exact`, runs in the process that was started for it: in a debugger, for example.
#[allow(unused_macros, reason = "some tests need no process of their own")]
macro_rules! own_process {
    () => {
        fn here() {}
        if !crate::support::process::is_own(here) {
            return;
        }
    };
}

/// Whether this process runs one test only; else the test that `_here` is defined in was run in such a process.
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
    // Where a name matches no test, a program of tests succeeds.
    let passes = output.status.success() && printed.contains("test result: ok. 1 passed");
    assert!(passes, "the test fails in its own process, which ends with {}", output.status);
    false
}

/// The test that this process was started for, where it was for one.
pub fn only_test() -> Option<String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut names = arguments.iter().filter(|argument| !argument.starts_with('-'));
    match (names.next(), names.next()) {
        (Some(name), None) if arguments.iter().any(|argument| argument == "--exact") => Some(name.clone()),
        _ => None,
    }
}
