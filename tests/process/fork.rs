//! A forked child compiles stubs of its own and changes nothing of its parent's.
//!
//! A process that forks must have no other threads that matter.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::support::extension::{execute, member, method_o, methods, specializer, start, stub};
use crate::support::memory_map::{Mapping, memory_map};
use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::{Entry, Specializer, Stub};

/// All anonymous code, with a checksum of its bytes.
fn code() -> Vec<(Mapping, u64)> {
    memory_map()
        .into_iter()
        .filter(|mapping| mapping.anonymous_code() && mapping.rights.contains('r'))
        .map(|mapping| {
            let mut hasher = DefaultHasher::new();
            // SAFETY: the mapping is readable, and nothing unmaps code meanwhile.
            unsafe { std::slice::from_raw_parts(mapping.start as *const u8, mapping.end - mapping.start) }
                .hash(&mut hasher);
            (mapping, hasher.finish())
        })
        .collect()
}

/// Makes stubs and calls them; returns whether all results are right.
fn works(python: &Python, specializer: &Specializer, module: &Object, names: &[&str]) -> bool {
    names.iter().all(|name| {
        let callable = member(python, module, name);
        let stubs: Vec<_> = (0..600).map(|_| stub(python, specializer, &callable, Entry::Guarded)).collect();
        let function = specializer.function(python, &callable).expect("typed");
        let argument = python.int(99).expect("there is memory");
        stubs.iter().all(|stub| echoes(python, stub, 99))
            && function
                .call(python, &[&argument])
                .is_ok_and(|result| result.text(python).is_ok_and(|text| text == "99"))
    })
}

/// Whether a METH_O stub of an echo returns its argument.
fn echoes(python: &Python, stub: &Stub, number: i64) -> bool {
    let argument = python.int(number).expect("there is memory");
    // SAFETY: the methods of this test are METH_O functions on integers.
    let result = unsafe { python.owned(method_o(stub)(std::ptr::null_mut(), argument.as_ptr())) };
    result.is_ok_and(|result| result.text(python).is_ok_and(|text| text == number.to_string()))
}

#[test]
fn a_forked_child_compiles_its_own_stubs_and_the_parents_stay_as_they_were() {
    own_process!();
    let python = start();
    let module = methods(&python, "forked", true);
    let specializer = specializer(&python);
    let known = ["echo_i64", "echo_i32", "check_i64"];
    let mine: Vec<_> =
        known.iter().map(|name| stub(&python, &specializer, &member(&python, &module, name), Entry::Guarded)).collect();
    let before = code();
    assert!(!before.is_empty());

    execute(&python, "import os\nos.getpid()", &python.namespace().expect("there is memory"));
    // SAFETY: this thread holds the GIL; the child does what the child of os.fork does, and ends without returning.
    let child = unsafe {
        ffi::PyOS_BeforeFork();
        let child = libc::fork();
        if child == 0 {
            ffi::PyOS_AfterFork_Child();
            let old = mine.iter().all(|stub| echoes(&python, stub, 123_456));
            let more = works(&python, &specializer, &module, &known);
            let new = works(&python, &specializer, &module, &["echo_u8", "minus_i64", "check_u32", "minus_i8"]);
            // Its code for the first stubs is still the parent's.
            let same = before.iter().all(|old| code().iter().any(|new| new.0.start == old.0.start));
            drop(mine);
            libc::_exit(i32::from(!old) | i32::from(!more) << 1 | i32::from(!new) << 2 | i32::from(!same) << 3);
        }
        ffi::PyOS_AfterFork_Parent();
        child
    };
    assert!(child > 0, "fork: {}", std::io::Error::last_os_error());
    let mut status = 0;
    // SAFETY: waits for the child just made, into a local variable.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status), "the child was killed: {status:#x}");
    assert_eq!(libc::WEXITSTATUS(status), 0, "which of the child's claims failed, as bits");

    assert_eq!(code(), before);
    assert!(mine.iter().all(|stub| echoes(&python, stub, 123_456)));
    assert!(works(&python, &specializer, &module, &["echo_i64", "echo_u16"]));
}
