//! Everything that a call uses outlives the call, and nothing lives longer than its users.
//!
//! The extension counts for the whole process.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::support::extension::{
    MethodO, bind, bind_address, evaluate, execute, lifetimes, method_o, specializer, start, stub, value,
};
use pyo3_ffi as ffi;
use typedcall::embed::{Object, Python};
use typedcall::{Entry, Stub};

/// The stub that `drop_stub()` drops.
static DOOMED: Mutex<Option<Stub>> = Mutex::new(None);

/// A built-in function that drops the running stub.
fn drop_stub(python: &Python) -> Object {
    struct Def(ffi::PyMethodDef);
    // SAFETY: CPython only reads a definition, and this one points to constants.
    unsafe impl Sync for Def {}
    static DEF: Def = Def(ffi::PyMethodDef {
        ml_name: c"drop_stub".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: drop_doomed },
        ml_flags: ffi::METH_NOARGS,
        ml_doc: std::ptr::null(),
    });
    unsafe extern "C" fn drop_doomed(_: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
        let doomed = DOOMED.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(doomed);
        // SAFETY: called by CPython, with the GIL held.
        unsafe { ffi::PyBool_FromLong(1) }
    }
    // SAFETY: the definition is static, and the thread attached.
    unsafe {
        let def = (&raw const DEF.0).cast_mut();
        python.owned(ffi::PyCFunction_NewEx(def, std::ptr::null_mut(), std::ptr::null_mut())).expect("there is memory")
    }
}

#[test]
fn the_receiver_of_a_bound_method_lives_as_long_as_a_stub_that_its_own_call_drops() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    bind(&python, &names, "drop_stub", &drop_stub(&python));
    execute(&python, "T = m.make_type()", &names);
    for (entry, call) in [
        (Entry::Boxed, "raw.boxed(address, drop_stub)"),
        (Entry::Guarded, "raw.ml_meth(address, 8, None, drop_stub)"),
        (Entry::Vectorcall, "raw.vectorcall(address, None, drop_stub)"),
    ] {
        execute(&python, "receiver = T(); before = m.deaths()", &names);
        let doomed = stub(&python, &specializer, &value(&python, "receiver.run", &names), entry);
        bind_address(&python, &names, "address", &doomed);
        *DOOMED.lock().unwrap_or_else(PoisonError::into_inner) = Some(doomed);
        execute(&python, "del receiver", &names);
        assert_eq!(evaluate(&python, call, &names), "True");
        assert_eq!(evaluate(&python, "m.deaths_within_run()", &names), "0", "{entry:?}");
        assert_eq!(evaluate(&python, "m.deaths() - before", &names), "1", "{entry:?}");
    }
}

/// An iterator owns its function, and drops it at the sentinel; then the function of the outer call is gone.
#[test]
fn an_iterator_may_free_the_function_that_it_is_calling() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(
        &python,
        "
import gc, weakref
calls = []
def hook():
    global other
    calls.append(None)
    if len(calls) > 1:
        return 5
    next(iterator, None)
    # The last stub of another shape goes, and with it the code that nobody uses.
    other = None
    gc.collect()
    calls.extend(gone)
    return 3
m.set_hook(hook)",
        &names,
    );
    let mut results = Vec::new();
    for (function, calls) in [("m.call_hook", "[None, None]"), ("fast", "[None, None, 'gone']")] {
        let fast = specializer.function(&python, &value(&python, "m.call_hook", &names)).expect("typed");
        let other = specializer.function(&python, &value(&python, "m.negate", &names)).expect("typed");
        bind(&python, &names, "fast", &fast);
        bind(&python, &names, "other", &other);
        drop((fast, other));
        execute(
            &python,
            &format!(
                "calls.clear(); gone = []\nreference = weakref.ref({function}, lambda _: gone.append('gone'))\n\
                 iterator = iter({function}, 5); del fast\nresult = next(iterator, 'exhausted')"
            ),
            &names,
        );
        assert_eq!(evaluate(&python, "calls", &names), calls, "{function}");
        results.push(evaluate(&python, "result", &names));
    }
    assert_eq!(results[0], results[1]);
}

#[test]
fn a_function_that_releases_the_gil_may_lose_its_stub_meanwhile() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    for _ in 0..3 {
        let doomed = stub(&python, &specializer, &value(&python, "m.nap", &names), Entry::Guarded);
        let other = stub(&python, &specializer, &value(&python, "m.negate", &names), Entry::Guarded);
        // SAFETY: both are METH_O functions; the test is about a stub that is dropped during a call.
        let nap: MethodO = unsafe { method_o(&doomed) };
        python.detached(|| {
            std::thread::scope(|scope| {
                let sleeper = scope.spawn(|| {
                    let python = start();
                    let argument = python.int(100_000).expect("there is memory");
                    // SAFETY: the stub is alive when it is called, and the GIL held.
                    let result = unsafe { python.owned(nap(std::ptr::null_mut(), argument.as_ptr())) };
                    result.expect("a nap does not raise").text(&python).expect("a number")
                });
                std::thread::sleep(Duration::from_millis(30));
                drop((doomed, other));
                assert_eq!(sleeper.join().expect("the sleeper wakes up"), "100000");
            });
        });
    }
}

#[test]
fn a_definition_that_was_adopted_may_be_replaced_by_another_one_at_its_address() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(&python, "import types\nheap = types.ModuleType('heap')\nheap.f = m.on_heap(1)", &names);
    let adopted = specializer.adopt(&python, &value(&python, "heap", &names)).expect("a module");
    assert_eq!(adopted.methods.len(), 1);
    // Adoption keeps no function alive.
    execute(&python, "first = m.definition_of(heap.f); del heap.f; heap.f = m.on_heap(2)", &names);
    assert_eq!(evaluate(&python, "m.definition_of(heap.f) == first", &names), "True");
    let second = stub(&python, &specializer, &value(&python, "heap.f", &names), Entry::Boxed);
    bind_address(&python, &names, "address", &second);
    assert_eq!(evaluate(&python, "(heap.f(1), raw.boxed(address, 1))", &names), "(2001, 2001)");
}

#[test]
fn a_definition_in_memory_that_was_used_before_is_read_anew() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(&python, "f = m.on_heap(1); first = m.definition_of(f)", &names);
    drop(stub(&python, &specializer, &value(&python, "f", &names), Entry::Boxed));
    execute(&python, "del f; f = m.on_heap(2)", &names);
    assert_eq!(evaluate(&python, "m.definition_of(f) == first", &names), "True");
    let second = stub(&python, &specializer, &value(&python, "f", &names), Entry::Boxed);
    bind_address(&python, &names, "address", &second);
    assert_eq!(evaluate(&python, "raw.boxed(address, 1)", &names), "2001");
}

#[test]
fn an_instance_dies_with_the_last_stub_of_its_method_though_the_specializer_lives() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    execute(&python, "T = m.make_type(); before = m.deaths()", &names);
    for entry in [Entry::Native, Entry::Boxed, Entry::Guarded, Entry::Vectorcall] {
        execute(&python, "receiver = T(); before = m.deaths()", &names);
        let bound = stub(&python, &specializer, &value(&python, "receiver.plus", &names), entry);
        execute(&python, "del receiver", &names);
        assert_eq!(evaluate(&python, "m.deaths() - before", &names), "0", "{entry:?}: the stub keeps it");
        drop(bound);
        assert_eq!(evaluate(&python, "m.deaths() - before", &names), "1", "{entry:?}");
    }
    drop(specializer);
}

#[test]
fn a_stub_of_a_stub_stands_for_the_original_and_no_chain_grows() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    let original = value(&python, "m.echo", &names);
    let mut fast = specializer.function(&python, &original).expect("typed");
    bind(&python, &names, "fast", &fast);
    execute(&python, "import gc, sys, weakref\nfirst = weakref.ref(fast); del fast", &names);
    let count = || evaluate(&python, "(gc.collect(), sys.getallocatedblocks())[1]", &names).parse::<i64>();
    let (blocks, references) = (count().expect("a number"), original.refcount(&python));
    for _ in 0..10_000 {
        fast = specializer.function(&python, &fast).expect("typed");
    }
    assert_eq!(evaluate(&python, "first()", &names), "None");
    assert_eq!(original.refcount(&python), references);
    let grown = count().expect("a number") - blocks;
    // Each link of a chain would be at least a block; the interpreter's own caches take up to a hundred.
    assert!(grown < 1000, "{grown} blocks");
    for entry in [Entry::Boxed, Entry::Guarded, Entry::Vectorcall] {
        let of_fast = stub(&python, &specializer, &fast, entry);
        assert_eq!(of_fast.original(&python).expect("it has one").as_ptr(), original.as_ptr(), "{entry:?}");
    }
}
