//! A logger that takes the GIL must not cause a deadlock.
//!
//! The logger belongs to the whole process, and is set once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crate::support::extension::{lifetimes, specializer, start, stub, value};
use typedcall::embed::Python;
use typedcall::{Entry, Specializer};

/// Passes each record, also the code generator's, to Python, and so releases the GIL in the middle, as loggers for
/// Python do.
struct ToPython;

static RECORDS: AtomicUsize = AtomicUsize::new(0);

impl log::Log for ToPython {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }

    fn log(&self, _: &log::Record) {
        RECORDS.fetch_add(1, Ordering::Relaxed);
        let python = Python::attach();
        let names = python.namespace().expect("there is memory");
        python.run("import time; time.sleep(0.005)", &names).expect("sleeping does not raise");
    }

    fn flush(&self) {}
}

#[test]
fn threads_that_make_stubs_do_not_wait_for_each_other_behind_a_logger() {
    own_process!();
    let python = start();
    // Both live to the end of the process, since a thread that waits for ever does too.
    let specializer: &'static Specializer = Box::leak(Box::new(specializer(&python)));
    let names = lifetimes(&python);
    log::set_logger(&ToPython).expect("it is the first");
    log::set_max_level(log::LevelFilter::Debug);
    let (sender, receiver) = mpsc::channel();
    for path in ["m.echo", "m.negate", "m.call_hook", "m.garbage_u8"] {
        let (sender, callable) = (sender.clone(), value(&python, path, &names));
        std::thread::spawn(move || {
            let python = Python::attach();
            for entry in [Entry::Boxed, Entry::Guarded, Entry::Vectorcall] {
                drop(stub(&python, specializer, &callable, entry));
            }
            drop(callable);
            drop(python);
            sender.send(()).expect("the test waits for all of them");
        });
    }
    // This thread waits without the GIL, so that the test can fail if the threads wait for each other.
    drop((names, python));
    for _ in 0..4 {
        receiver.recv_timeout(Duration::from_secs(20)).expect("no thread waits for another for ever");
    }
    assert!(RECORDS.load(Ordering::Relaxed) > 12, "the code generator logs too");
}
