//! A logger that takes the GIL is no reason to wait for ever.
//!
//! One test: the logger is the whole process's.

mod support;

use std::sync::mpsc;
use std::time::Duration;

use support::extension::{lifetimes, specializer, start, stub, value};
use typedcall::embed::Python;
use typedcall::{Entry, Specializer};

/// Hands each record to Python, and so gives up the GIL in the middle, as loggers for Python do.
struct ToPython;

impl log::Log for ToPython {
    fn enabled(&self, metadata: &log::Metadata) -> bool {
        metadata.target().starts_with("typedcall")
    }

    fn log(&self, record: &log::Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let python = Python::attach();
        let names = python.namespace().expect("there is memory");
        python.run("import time; time.sleep(0.02)", &names).expect("sleeping does not raise");
    }

    fn flush(&self) {}
}

#[test]
fn threads_that_make_stubs_do_not_wait_for_each_other_behind_a_logger() {
    let python = start();
    // Both live to the end of the process, for a thread that waits for ever does too.
    let specializer: &'static Specializer = Box::leak(Box::new(specializer(&python)));
    let names = lifetimes(&python);
    log::set_logger(&ToPython).expect("it is the first");
    log::set_max_level(log::LevelFilter::Trace);
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
    python.detached(move || {
        for _ in 0..4 {
            receiver.recv_timeout(Duration::from_secs(60)).expect("no thread waits for another for ever");
        }
    });
}
