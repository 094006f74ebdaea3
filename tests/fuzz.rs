//! Random functions, compiled and compared with CPython: a fixed number of them, and the proof that the comparison finds mistakes.
//! `typedcall fuzz` goes on where this ends.

use std::process::{Command, Output};

/// The programs of a test run; a multiple of a batch.
const PROGRAMS: u32 = 84;
/// The percentage of programs that have a loop, take an exit, raise, and break an assumption, at least.
const LEAST: f64 = 30.0;

fn fuzz(arguments: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_typedcall"))
        .arg("fuzz")
        .args(arguments)
        .output()
        .expect("the tool was built for this test");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output, text)
}

#[test]
fn random_functions_do_in_each_way_what_they_do_in_cpython() {
    let (output, text) = fuzz(&["--count", &PROGRAMS.to_string(), "--patience", "120"]);
    println!("{text}");
    assert!(output.status.success(), "{text}");
    for what in ["have loops", "take exits", "raise", "break assumptions", "compiled"] {
        let before = text.split(&format!(" % {what}")).next();
        let share = before.and_then(|before| before.rsplit(' ').next()?.parse().ok());
        let share: f64 = share.unwrap_or_else(|| panic!("no share of those that {what}: {text}"));
        assert!(share >= LEAST, "only {share} % {what}: {text}");
    }
}

/// The mistakes, and a program a little before the first one that shows it on CPython 3.11. On other versions the search takes longer.
#[cfg(debug_assertions)]
const MISTAKES: [(&str, u32); 12] = [
    ("double-as-int", 120),
    ("boxed-twice", 96),
    ("missing-decref", 24),
    ("missing-incref", 0),
    ("exit-place", 0),
    ("dropped-guard", 168),
    ("hoisted-guard", 48),
    ("stale-local", 0),
    ("forgotten-slot", 12),
    ("neighbour-line", 0),
    ("flag-never-cleared", 0),
    ("wrong-branch", 0),
];

#[cfg(debug_assertions)]
#[test]
fn mistakes_in_compiled_code_are_found_within_a_minute() {
    assert_eq!(MISTAKES.map(|(name, _)| name), typedcall::ir::Mistake::ALL.map(|(name, _)| name));
    let missed: Vec<_> = MISTAKES
        .into_iter()
        .filter(|(name, seed)| {
            let seed = seed.to_string();
            let (output, text) =
                fuzz(&["--mistake", name, "--seed", &seed, "--seconds", "60", "--findings", "1", "--shrink", "0"]);
            let summary = text.lines().find(|line| line.contains(" programs, ")).unwrap_or(&text);
            println!("{name}: {summary}");
            output.status.success()
        })
        .collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}
