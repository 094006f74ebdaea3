//! A thread stays attached while one of its guards lives, and is attached again after detached work.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::extension::start;
use pyo3_ffi as ffi;
use typedcall::embed::Python;

fn is_attached() -> bool {
    // SAFETY: may be called at any time.
    unsafe { ffi::PyGILState_Check() == 1 }
}

fn works(python: &Python) {
    assert!(is_attached());
    let number = python.int(1_000_000).expect("there is memory");
    assert_eq!(number.text(python).as_deref(), Ok("1000000"));
}

#[test]
fn guards_may_be_dropped_in_any_order() {
    own_process!();
    drop(start());
    assert!(!is_attached());
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut guards = [0; 3].map(|_| Some(Python::attach()));
        for index in order {
            guards[index] = None;
            match guards.iter().flatten().next() {
                Some(python) => works(python),
                None => assert!(!is_attached()),
            }
        }
    }
}

#[test]
fn a_guard_made_while_detached_is_one_of_its_own() {
    own_process!();
    let python = start();
    python.detached(|| {
        assert!(!is_attached());
        let (first, second) = (Python::attach(), Python::attach());
        drop(first);
        works(&second);
        second.detached(|| {
            assert!(!is_attached());
            works(&Python::attach());
            assert!(!is_attached());
        });
        works(&second);
        drop(second);
        assert!(!is_attached());
    });
    works(&python);
    drop(python);
    assert!(!is_attached());
}

#[test]
fn a_panic_while_detached_leaves_the_thread_attached() {
    own_process!();
    let python = start();
    let result = catch_unwind(AssertUnwindSafe(|| {
        python.detached(|| {
            works(&Python::attach());
            panic!("the embedder's own");
        })
    }));
    assert!(result.is_err());
    works(&python);
    drop(python);
    assert!(!is_attached());
}
