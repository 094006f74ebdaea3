//! Bound functions come and go: in calls of themselves, in threads.

mod support;

use std::thread;

use support::bare::{bare, bind_case, case};
use support::extension::{execute, run, specializer, start};

#[test]
fn a_function_may_be_dropped_by_its_own_arguments() {
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
