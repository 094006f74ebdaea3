//! Bound functions come and go: in calls of themselves, and in threads.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::thread;

use crate::support::bare::{bare, bind_case, case};
use crate::support::extension::{evaluate, execute, run, specializer, start};
use typedcall::Bind;

#[test]
fn a_function_may_be_dropped_by_its_own_arguments() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let names = run(&python, "");
    names.set_item(&python, "bare", &bare(&python)).expect("there is memory");
    for name in ["f64", "null", "scale", "named", "two_named"] {
        let f = bind_case(&python, &specializer, &case(&python, name)).expect("it can be bound");
        let list = python.eval("[None]", &names).expect("there is memory");
        names.set_item(&python, "held", &list).expect("there is memory");
        names.set_item(&python, "f", &f).expect("there is memory");
        drop(f);
        execute(
            &python,
            "import gc\n\
             held[0] = f\n\
             del f\n\
             class Dropping:\n\
             \x20   def __float__(self):\n\
             \x20       held.clear()\n\
             \x20       gc.collect()\n\
             \x20       self.garbage = [bytes(range(200)) for _ in range(1000)]\n\
             \x20       return 4.5\n\
             try:\n\
             \x20   result = bare.call_first(held, Dropping())\n\
             \x20   assert result in (4.5, 5.0), result\n\
             except TypeError as error:\n\
             \x20   assert 'missing required argument' in str(error), error\n\
             assert held == []\n",
            &names,
        );
    }
}

#[test]
fn threads_may_bind_and_call_and_drop_at_the_same_time() {
    own_process!();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let python = start();
                let specializer = specializer(&python);
                let names = run(&python, "class One:\n    def __float__(self): return 1.0");
                let cases = ["f64", "two_named", "scale"].map(|name| case(&python, name));
                for index in 0..300 {
                    let case = &cases[index % cases.len()];
                    let f = bind_case(&python, &specializer, case).expect("it can be bound");
                    names.set_item(&python, "f", &f).expect("there is memory");
                    let ok = match &*case.name {
                        "f64" => "f(2) == 2 and f(One()) == 1",
                        "two_named" => "f(2, y=One()) == 3 and f(y=2, x=1.5) == 3.5",
                        _ => "f(2) == 2.5 and f(One(), One()) == 2",
                    };
                    execute(&python, &format!("for _ in range(20): assert {ok}"), &names);
                    python.detached(thread::yield_now);
                }
            });
        }
    });
}

#[test]
fn a_function_without_the_gil_lets_other_threads_run() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let names = run(&python, "");
    names.set_item(&python, "bare", &bare(&python)).expect("there is memory");
    let address: usize = evaluate(&python, "bare.wait_address()", &names).parse().expect("an address");
    let address = NonNull::new(address as *mut c_void).expect("a function has an address");
    let signature = "(i64, buffer) -> i64 [nogil]";
    // SAFETY: bare.c says so.
    let wait = unsafe { specializer.bind(&python, address, signature, "wait", &Bind::default()) };
    names.set_item(&python, "wait", &wait.expect("it can be bound")).expect("there is memory");
    // Through the guards, and through the parser, which holds a buffer meanwhile.
    execute(
        &python,
        "import threading\n\
         array = bytearray(b'array')\n\
         def tick(count):\n\
         \x20   for _ in range(count): bare.tick()\n\
         for expected, buffer in [(20, b'bytes'), (40, array)]:\n\
         \x20   thread = threading.Thread(target=tick, args=(20,))\n\
         \x20   thread.start()\n\
         \x20   assert wait(expected, buffer) == 5\n\
         \x20   thread.join()\n\
         array.append(1)\n",
        &names,
    );
}

#[test]
fn a_buffer_is_released_however_the_call_ends() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    for (name, call) in [
        ("buffer", "f(array)"),
        ("buffer_null", "f(array)"),
        ("buffer_or_none", "f(array)"),
        ("tail", "f(array, 2)"),
        ("tail", "f(array, 'no number')"),
        ("texts", "f('a', 'b', array, array)"),
        ("texts", "f('a', 'b', array, 'no buffer')"),
        ("texts", "f('a', 'b', array)"),
    ] {
        let f = bind_case(&python, &specializer, &case(&python, name)).expect("it can be bound");
        let names = run(&python, "array = bytearray(b'bytes')");
        names.set_item(&python, "f", &f).expect("there is memory");
        let code = format!(
            "import sys\n\
             before = sys.getrefcount(array)\n\
             for _ in range(10):\n\
             \x20   try: {call}\n\
             \x20   except (LookupError, TypeError): pass\n\
             array.append(1)  # it has no export left\n\
             assert sys.getrefcount(array) == before"
        );
        execute(&python, &code, &names);
    }
}

#[test]
fn a_buffers_release_runs_after_the_making_of_the_result() {
    own_process!();
    let python = start();
    let specializer = specializer(&python);
    let f = bind_case(&python, &specializer, &case(&python, "tail")).expect("it can be bound");
    let names = run(&python, "import array\nlarge = bytearray(b'x' * 1_000_000) + b'tail'");
    names.set_item(&python, "f", &f).expect("there is memory");
    // The view is the only owner of the memory of which the function returns a part.
    assert_eq!(evaluate(&python, "f(memoryview(bytes(large)), 1_000_000)", &names), "b'tail'");
    assert_eq!(evaluate(&python, "f(bytearray(large), 1_000_000)", &names), "b'tail'");
}
