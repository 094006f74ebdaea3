//! Functions are bound and dropped a hundred thousand times, while the memory of the process is watched.

use crate::support::bare::{bare, bind_case, case};
use crate::support::extension::{execute, run, specializer, start};
use crate::support::memory_map;

/// The resident bytes of the process.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    pages * 4096
}

#[test]
fn a_hundred_thousand_functions_leave_nothing_behind() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let cases = ["f64", "mixed", "two_named"].map(|name| case(&python, name));
    let names = run(&python, "class One:\n    def __float__(self): return 1.0\none = One()");
    names.set_item(&python, "bare", &bare(&python)).expect("there is memory");
    execute(&python, "bare.set_default(None)", &names);
    let round = |count: usize| {
        for index in 0..count {
            let case = &cases[index % cases.len()];
            let f = bind_case(&python, &specializer, case).expect("it can be bound");
            if index % 100 == 0 {
                names.set_item(&python, "f", &f).expect("there is memory");
                let call = if case.name == "two_named" { "f(one, y=2)" } else { "f(one)" };
                python.eval(call, &names).expect("no error");
            }
        }
    };
    // One of each keeps its code alive.
    let _kept = cases.each_ref().map(|case| bind_case(&python, &specializer, case).expect("it can be bound"));
    round(5_000);
    let (before, code) = (resident(), memory_map::anonymous_code_bytes());
    round(100_000);
    assert_eq!(memory_map::anonymous_code_bytes(), code, "code is shared");
    let growth = resident().saturating_sub(before);
    assert!(growth < 2 << 20, "{growth} bytes more");
}
