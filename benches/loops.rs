//! Five loops over typed methods, interpreted, compiled, and in C: `cargo bench --bench loops`.
//!
//! The loops are those of `typedcall bench`. The best of many rounds counts, with the three in turns: what disturbs a round
//! makes it longer only. The bench fails if a compiled loop takes more than [`LIMIT`] of the interpreted one.

use typedcall::demo;
use typedcall::embed::Python;

const ITERATIONS: i64 = 100_000;
const ROUNDS: usize = 60;
/// The limit for the time of the compiled loop divided by that of the interpreted one.
const LIMIT: f64 = 0.25;

fn main() {
    let python = Python::attach();
    let folder = tempfile::tempdir().expect("a folder for temporary files can be made");
    let times = demo::measure_loops(&python, folder.path(), ROUNDS, ITERATIONS);
    let times = times.unwrap_or_else(|error| panic!("{error}"));
    println!(
        "ns a round, best of {ROUNDS} times {ITERATIONS}   interpreted  compiled       in C  compiled/interpreted  compiled/C"
    );
    let mut slow = Vec::new();
    for ways in times.chunks(3) {
        let [interpreted, compiled, c] = ways else { panic!("{ways:?}") };
        let (share, ratio) = (compiled.least / interpreted.least, compiled.least / c.least);
        println!(
            "  {:<38} {:10.2} {:10.2} {:10.2} {share:21.2} {ratio:11.2}",
            interpreted.case, interpreted.least, compiled.least, c.least
        );
        if share > LIMIT {
            slow.push(interpreted.case);
        }
    }
    assert!(slow.is_empty(), "more than {LIMIT} of interpreted: {}", slow.join(", "));
}
