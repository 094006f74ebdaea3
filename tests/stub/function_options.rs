//! Options of a function for Python that differ from its signature.

use crate::support::extension::{bind, evaluate, execute, lifetimes, specializer, start, value};
use typedcall::{Entry, FunctionOptions};

fn releasing(release_gil: Option<bool>) -> FunctionOptions {
    let mut options = FunctionOptions::default();
    options.release_gil = release_gil;
    options
}

#[test]
fn another_thread_runs_during_a_call_unless_the_gil_is_to_be_kept() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(
        &python,
        "
import sys, threading, time
turns, done = [0], []
def turn():
    while not done:
        time.sleep(0.001)
        turns[0] += 1
thread = threading.Thread(target=turn)
def turns_during(nap):
    before = turns[0]
    nap(50_000)
    return turns[0] - before
interval = sys.getswitchinterval()
sys.setswitchinterval(1000)  # nobody takes the GIL: it is given
thread.start()",
        &names,
    );
    let nap = value(&python, "m.nap", &names);
    for (release_gil, runs) in [(None, "True"), (Some(false), "False"), (Some(true), "True")] {
        let fast = specializer.function_with(&python, &nap, &releasing(release_gil)).expect("typed");
        bind(&python, &names, "fast", &fast);
        assert_eq!(evaluate(&python, "turns_during(fast) > 0", &names), runs, "{release_gil:?}");
        // A stub of the stub is one of the original.
        let again = specializer.function(&python, &fast).expect("typed");
        bind(&python, &names, "again", &again);
        assert_eq!(evaluate(&python, "turns_during(again) > 0", &names), "True", "{release_gil:?}");
    }
    execute(&python, "done.append(1); sys.setswitchinterval(interval); thread.join()", &names);
}

#[test]
fn a_stub_that_keeps_the_gil_has_no_step_that_releases_it() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    let nap = value(&python, "m.nap", &names);
    for entry in [Entry::Boxed, Entry::Guarded, Entry::Vectorcall] {
        for (release_gil, releases) in [(None, true), (Some(true), true), (Some(false), false)] {
            let stub = specializer.stub_with(&python, &nap, entry, &releasing(release_gil)).expect("typed");
            let plan = stub.plan().expect("it has one").to_string();
            assert_eq!(plan.contains("nogil"), releases, "{entry:?} {release_gil:?}\n{plan}");
        }
    }
    assert!(specializer.signature(&python, &nap).expect("typed").to_string().contains("nogil"));
}

#[test]
fn functions_are_equal_where_they_do_the_same_about_the_gil() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    for (callable, of_all) in [("m.nap", "False"), ("m.echo", "True")] {
        let callable = value(&python, callable, &names);
        for (name, release_gil) in [("first", None), ("kept", Some(false)), ("again", None), ("true", Some(true))] {
            let made = specializer.function_with(&python, &callable, &releasing(release_gil)).expect("typed");
            bind(&python, &names, name, &made);
        }
        let kept = specializer.function_with(&python, &callable, &releasing(Some(false))).expect("typed");
        bind(&python, &names, "kept_again", &kept);
        let equal = "first == again == true and first.__self__ is again.__self__ and kept == kept_again";
        assert_eq!(evaluate(&python, equal, &names), "True");
        assert_eq!(evaluate(&python, "first == kept", &names), of_all);
    }
    // Each leaves its place when it dies.
    execute(&python, "del first, kept, again, true, kept_again", &names);
    let stubs = specializer.stats().stubs;
    let nap = value(&python, "m.nap", &names);
    let made = [None, Some(false), None, Some(false)]
        .map(|release_gil| specializer.function_with(&python, &nap, &releasing(release_gil)).expect("typed"));
    assert_eq!(specializer.stats().stubs, stubs + 2);
    drop(made);
    assert_eq!(specializer.stats().stubs, stubs);
}
