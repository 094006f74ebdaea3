//! Stubs with moved references, of functions without the GIL, and of users' types, at places that no comparison with
//! the original reaches: at the recursion limit, at the interpreter's end, in a declared signature.

use std::process::Command;
use std::time::Duration;

use crate::support::extension::{
    bind, bind_address, evaluate, execute, kinds, member, raw_calls, run, specializer, start, stub,
};
use pyo3_ffi as ffi;
use typedcall::{Entry, Error};

#[test]
fn a_call_beyond_the_recursion_limit_takes_no_reference() {
    own_process!();
    let python = start();
    let module = kinds(&python, "kinds_recursive", false);
    let specializer = specializer(&python);
    let names = python.namespace().expect("there is memory");
    bind(&python, &names, "raw", &raw_calls(&python));
    let drop = member(&python, &module, "drop");
    bind(&python, &names, "drop", &drop);
    let vectorcall = stub(&python, &specializer, &drop, Entry::Vectorcall);
    let boxed = stub(&python, &specializer, &drop, Entry::Boxed);
    bind_address(&python, &names, "vectorcall", &vectorcall);
    bind_address(&python, &names, "boxed", &boxed);
    // From 3.12 on, calls from C have a limit of their own, which `map` reaches; it takes much stack.
    execute(
        &python,
        "import sys, threading\n\
         thing = object()\n\
         refused = 0\n\
         def down(call):\n\
         \x20   global refused\n\
         \x20   try:\n\
         \x20       call()\n\
         \x20   except RecursionError as error:\n\
         \x20       refused += 'while calling a Python object' in str(error)\n\
         \x20       return\n\
         \x20   try:\n\
         \x20       [*map(down, [call])]\n\
         \x20   except RecursionError:\n\
         \x20       pass\n\
         def try_all():\n\
         \x20   if sys.version_info >= (3, 12): sys.setrecursionlimit(200_000)\n\
         \x20   for call in [lambda: raw.vectorcall(vectorcall, drop, thing), lambda: raw.boxed(boxed, thing)]:\n\
         \x20       call()\n\
         \x20       before = sys.getrefcount(thing)\n\
         \x20       down(call)\n\
         \x20       counts.append((before, sys.getrefcount(thing)))\n\
         counts = []\n\
         limit, size = sys.getrecursionlimit(), threading.stack_size()\n\
         thread = threading.Thread(target=try_all)\n",
        &names,
    );
    execute(
        &python,
        "threading.stack_size(512 << 20)\nthread.start(); thread.join()\nthreading.stack_size(size)\n\
         sys.setrecursionlimit(limit)",
        &names,
    );
    assert_eq!(evaluate(&python, "len(counts), all(before == after for before, after in counts)", &names), "(2, True)");
    // From 3.12 on, the interpreter's own calls may reach the limit first.
    assert_eq!(evaluate(&python, "refused > 0 or sys.version_info >= (3, 12)", &names), "True");
}

/// The output of the child of the next test if all went well.
const FINISHED: &str = "the interpreter is gone, this process is not";

#[test]
fn a_daemon_thread_in_a_stub_without_the_gil_does_not_survive_the_interpreter() {
    const CHILD: &str = "TYPEDCALL_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        finish_under_a_daemon_thread();
    }
    // A process of its own, which ends in the middle of the test.
    let executable = std::env::current_exe().expect("this is a process with a program");
    let output = Command::new(executable)
        .args([
            "--exact",
            "kinds::a_daemon_thread_in_a_stub_without_the_gil_does_not_survive_the_interpreter",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .output()
        .expect("the tests can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(FINISHED), "{}: {output:?}", output.status);
}

/// Ends the interpreter while other threads are in stubs, waits until they come back, and leaves.
fn finish_under_a_daemon_thread() -> ! {
    let python = start();
    let module = kinds(&python, "kinds_daemon", false);
    let specializer = specializer(&python);
    let names = python.namespace().expect("there is memory");
    let nap = member(&python, &module, "nap");
    bind(&python, &names, "nap", &specializer.function(&python, &nap).expect("typed"));
    bind(&python, &names, "raw", &raw_calls(&python));
    bind(&python, &names, "original", &nap);
    let vectorcall = stub(&python, &specializer, &nap, Entry::Vectorcall);
    bind_address(&python, &names, "vectorcall", &vectorcall);
    execute(
        &python,
        "import threading, time\n\
         naps = [0, 0, 0]\n\
         def forever(index, call):\n\
         \x20   while True:\n\
         \x20       call(20)\n\
         \x20       naps[index] += 1\n\
         for index, call in enumerate([nap, nap, lambda ms: raw.vectorcall(vectorcall, original, ms)]):\n\
         \x20   threading.Thread(target=forever, args=(index, call), daemon=True).start()\n\
         while not all(naps): time.sleep(0.001)\n",
        &names,
    );
    std::mem::forget((vectorcall, specializer, names, nap, module));
    // SAFETY: the thread is attached; no object of Python's is used or given up any more.
    let status = unsafe { ffi::Py_FinalizeEx() };
    std::thread::sleep(Duration::from_millis(200));
    println!("{FINISHED}");
    std::process::exit(status);
}

#[test]
fn a_declared_signature_imports_the_types_that_it_names() {
    own_process!();
    let python = start();
    run(
        &python,
        "import sys, types\nm = sys.modules['declared_types'] = types.ModuleType('declared_types')\n\
         class Key(str): pass\nclass Sub(Key): pass\nm.Key, m.Sub, m.thing = Key, Sub, 3",
    );
    let specializer = specializer(&python);
    let names =
        run(&python, "import declared_types as m\nget = dict.get\nkey, sub = m.Key('a'), m.Sub('a')\ntable = {'a': 1}");
    let get = names.item(&python, "get").expect("just assigned");
    for signature in [
        "(self: dict, type:declared_types.Key, object) -> object raises null",
        "(self: dict, type:declared_types.Key+, object) -> object raises null",
        "(self: dict, type:declared_types.Key?, object) -> object raises null",
    ] {
        specializer.declare(&python, &get, signature).unwrap_or_else(|error| panic!("{signature}: {error}"));
        let function = specializer.function(&python, &get).unwrap_or_else(|error| panic!("{signature}: {error}"));
        bind(&python, &names, "typed", &function);
        let results = evaluate(
            &python,
            "[typed(table, key, 2), typed(table, sub, 2), typed(table, 'a', 2), typed(table, None, 2)]",
            &names,
        );
        assert_eq!(results, "[1, 1, 1, 2]");
    }
    for (signature, reason) in [
        ("(self: dict, type:declared_types.thing, object) -> object raises null", "it is no type"),
        ("(self: dict, type:declared_types.nothing, object) -> object raises null", "AttributeError"),
        ("(self: dict, type:no_such_module.Key, object) -> object raises null", "ModuleNotFoundError"),
    ] {
        let error = specializer.declare(&python, &get, signature).expect_err(signature);
        assert!(matches!(error, Error::Mismatch { .. } | Error::Python(_)), "{error:?}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}
