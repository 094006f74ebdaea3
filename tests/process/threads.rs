//! Threads call stubs while others make and free them: all results are right, no page is ever writable and executable,
//! and all mappings are unmapped again.
//!
//! The memory map belongs to the whole process.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::support::extension::{evaluate, execute, member, method_o, methods, specializer, start, stub};
use crate::support::memory_map::{anonymous_code_bytes, memory_map, page_size};
use pyo3_ffi as ffi;
use typedcall::embed::Python;
use typedcall::{Entry, Stub};

/// Calls a METH_O stub of an echo with a number, through its address.
fn echo(python: &Python, stub: &Stub, number: i64) -> i64 {
    let argument = python.int(number).expect("there is memory");
    // SAFETY: the stubs of these tests are METH_O functions of modules, alive and called with the GIL held.
    let result = unsafe { python.owned(method_o(stub)(std::ptr::null_mut(), argument.as_ptr())) };
    result.expect("an echo does not raise").text(python).expect("a number").parse().expect("a number")
}

/// A thread that looks at the memory map until it is told to stop; returns how often it looked.
fn watch(stop: &AtomicBool) -> usize {
    let mut looks = 0;
    while !stop.load(Ordering::Relaxed) {
        for mapping in memory_map() {
            assert!(!mapping.writable_and_executable(), "{mapping:?}");
            assert!(!mapping.name.contains("memfd"), "{mapping:?}");
        }
        looks += 1;
    }
    looks
}

/// Stops the other threads, also if the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

const SHAPES: [&str; 12] = [
    "echo_i8",
    "echo_u8",
    "echo_i16",
    "echo_u16",
    "echo_i32",
    "echo_u32",
    "minus_i8",
    "minus_u8",
    "minus_i16",
    "check_u16",
    "check_i32",
    "minus_u64",
];

#[test]
fn threads_call_stubs_while_another_makes_and_frees_thousands() {
    own_process!();
    let python = start();
    let module = methods(&python, "threaded", true);
    let specializer = specializer(&python);
    // From now on there are pages of thunks, and the shape that waits for the next one to be retired.
    drop(stub(&python, &specializer, &member(&python, &module, "echo_i64"), Entry::Guarded));
    let before = anonymous_code_bytes();
    let stop = AtomicBool::new(false);
    let calls = AtomicUsize::new(0);
    python.detached(|| {
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| watch(&stop));
            let callers: Vec<_> = (0..2_i64)
                .map(|which| {
                    let (module, specializer, stop, calls) = (&module, &specializer, &stop, &calls);
                    scope.spawn(move || {
                        let python = start();
                        let callable = member(&python, module, if which == 0 { "echo_i64" } else { "minus_i64" });
                        let raw = stub(&python, specializer, &callable, Entry::Guarded);
                        let function = specializer.function(&python, &callable).expect("typed");
                        let names = python.namespace().expect("there is memory");
                        names.set_item(&python, "function", &function).expect("there is memory");
                        let mut number = 100 + which;
                        while !stop.load(Ordering::Relaxed) {
                            number += 1_000_003;
                            assert_eq!(echo(&python, &raw, number), number);
                            // Python code releases the GIL now and then, also in the middle.
                            let text = evaluate(
                                &python,
                                &format!("sum(function(n) for n in range({number}, {number} + 50)) - 50 * {number}"),
                                &names,
                            );
                            assert_eq!(text, "1225");
                            calls.fetch_add(51, Ordering::Relaxed);
                            python.detached(std::thread::yield_now);
                        }
                    })
                })
                .collect();
            {
                let _stop = Stop(&stop);
                let python = start();
                for round in 0..40 {
                    let mut made = Vec::new();
                    for name in SHAPES {
                        let callable = member(&python, &module, name);
                        for _ in 0..10 {
                            made.push(stub(&python, &specializer, &callable, Entry::Guarded));
                        }
                        drop(specializer.function(&python, &callable).expect("typed"));
                    }
                    assert!(made.iter().all(|stub| echo(&python, stub, 100 + round % 20) == 100 + round % 20));
                    drop(made);
                    python.detached(std::thread::yield_now);
                }
            }
            for caller in callers {
                caller.join().expect("all results are right");
            }
            assert!(watcher.join().expect("no page is writable and executable") > 0);
        });
    });
    assert!(calls.load(Ordering::Relaxed) > 0);
    // A few pages of thunks stay, and the shape that was retired last.
    let after = anonymous_code_bytes();
    assert!(after <= before + 8 * page_size(), "{before} bytes of code before, {after} after");
}

/// The stub that [`drop_last_owner`] drops.
static OWNED: Mutex<Option<Stub>> = Mutex::new(None);

/// `drop()`: drops the last owner of a stub, for Python code to call.
unsafe extern "C" fn drop_last_owner(_: *mut ffi::PyObject, _: *mut ffi::PyObject) -> *mut ffi::PyObject {
    drop(OWNED.lock().unwrap_or_else(PoisonError::into_inner).take());
    // SAFETY: the interpreter that calls this holds the GIL.
    unsafe {
        ffi::Py_INCREF(ffi::Py_None());
        ffi::Py_None()
    }
}

#[test]
fn a_stub_that_drops_itself_in_its_own_call_returns() {
    own_process!();
    struct Definition(ffi::PyMethodDef);
    // SAFETY: constant, except for CPython's own changes under the GIL.
    unsafe impl Sync for Definition {}
    static DROP: Definition = Definition(ffi::PyMethodDef {
        ml_name: c"drop".as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: drop_last_owner },
        ml_flags: ffi::METH_NOARGS,
        ml_doc: std::ptr::null(),
    });
    let python = start();
    let module = methods(&python, "dropped", false);
    let specializer = specializer(&python);
    let names = python.namespace().expect("there is memory");
    // SAFETY: the definition lives for ever.
    let drop_function = unsafe {
        let def = (&raw const DROP.0).cast_mut();
        python.owned(ffi::PyCFunction_NewEx(def, std::ptr::null_mut(), std::ptr::null_mut())).expect("there is memory")
    };
    names.set_item(&python, "drop", &drop_function).expect("there is memory");
    execute(
        &python,
        "import gc\ndef callback():\n    drop(); gc.collect(); return [0] * 1000, 2**40\n\
         def failing():\n    drop(); gc.collect(); raise LookupError('gone')\n\
         class Truth:\n    def __bool__(self):\n        drop(); gc.collect(); return True\ntruth = Truth()\n",
        &names,
    );
    for entry in [Entry::Guarded, Entry::Boxed, Entry::Vectorcall] {
        // The last method takes the fallback, and drops the stub there.
        for (method, argument) in
            [("call", "callback"), ("call", "failing"), ("give_object", "truth"), ("echo_cbool", "truth")]
        {
            if (entry, method) == (Entry::Boxed, "echo_cbool") {
                continue;
            }
            let callable = member(&python, &module, method);
            let argument = names.item(&python, argument).expect("just defined");
            let made = stub(&python, &specializer, &callable, entry);
            let address = made.address().as_ptr();
            *OWNED.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
            let counts = (callable.refcount(&python), argument.refcount(&python));
            // SAFETY: the addresses are those of functions with these signatures, and the stub lives when it is called.
            let result = unsafe {
                python.owned(match entry {
                    Entry::Boxed => std::mem::transmute::<
                        *mut u8,
                        unsafe extern "C" fn(*mut ffi::PyObject) -> *mut ffi::PyObject,
                    >(address)(argument.as_ptr()),
                    Entry::Guarded => std::mem::transmute::<*mut u8, crate::support::extension::MethodO>(address)(
                        module.as_ptr(),
                        argument.as_ptr(),
                    ),
                    _ => std::mem::transmute::<*mut u8, ffi::vectorcallfunc>(address)(
                        callable.as_ptr(),
                        [argument.as_ptr()].as_ptr(),
                        1,
                        std::ptr::null_mut(),
                    ),
                })
            };
            assert!(OWNED.lock().unwrap_or_else(PoisonError::into_inner).is_none(), "{entry:?} {method}");
            assert_eq!(result.is_err(), argument.as_ptr() == names.item(&python, "failing").expect("it is").as_ptr());
            drop(result);
            // The stub's own reference is gone, and no other.
            assert_eq!((callable.refcount(&python), argument.refcount(&python)), (counts.0 - 1, counts.1));
        }
    }
}

#[test]
fn each_thread_has_a_context_of_its_own_for_as_long_as_it_lives() {
    own_process!();
    let python = start();
    let module = methods(&python, "contexts", false);
    let specializer = specializer(&python);
    let names = python.namespace().expect("there is memory");
    for (name, method) in [("state", "state"), ("address", "context_address"), ("last", "state_last")] {
        let function = specializer.function(&python, &member(&python, &module, method)).expect("typed");
        names.set_item(&python, name, &function).expect("there is memory");
    }
    names.set_item(&python, "module", &module).expect("there is memory");
    execute(
        &python,
        "import threading\n\
         def look():\n\
         \x20   mine = state(), address()\n\
         \x20   assert mine[0] == module.state() != 0\n\
         \x20   barrier.wait()\n\
         \x20   for _ in range(1000):\n\
         \x20       assert (state(), address()) == mine and last(1) == mine[0] and last(None) == 0\n\
         \x20   seen.append(mine)\n\
         \x20   barrier.wait()\n\
         for _ in range(50):\n\
         \x20   seen = []\n\
         \x20   barrier = threading.Barrier(4)\n\
         \x20   threads = [threading.Thread(target=look) for _ in range(4)]\n\
         \x20   for thread in threads: thread.start()\n\
         \x20   for thread in threads: thread.join()\n\
         \x20   assert len(seen) == 4, seen\n\
         \x20   assert len({states for states, _ in seen}) == 4, seen\n\
         \x20   assert len({contexts for _, contexts in seen}) == 4, seen\n\
         \x20   assert state() == module.state()\n",
        &names,
    );
    // Threads that Python did not start have a context too, each time that they come.
    drop(python);
    for _ in 0..20 {
        let look = || {
            let python = start();
            let module = methods(&python, "contexts", false);
            let names = python.namespace().expect("there is memory");
            let method = member(&python, &module, "state");
            let function = specializer.function(&python, &method).expect("typed");
            names.set_item(&python, "state", &function).expect("there is memory");
            names.set_item(&python, "original", &method).expect("there is memory");
            evaluate(&python, "state() == original()", &names)
        };
        std::thread::scope(|scope| {
            let results: Vec<_> = (0..2).map(|_| scope.spawn(|| (look(), look()))).collect();
            for result in results {
                assert_eq!(result.join().expect("it does not panic"), ("True".to_owned(), "True".to_owned()));
            }
        });
    }
}
