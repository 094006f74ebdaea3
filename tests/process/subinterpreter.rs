//! Subinterpreters may exist besides the interpreter of the stubs: references are given up as before, and no stub is
//! made in a subinterpreter.
//!
//! A process that had a subinterpreter behaves differently afterwards.

use crate::support::extension::{bind, evaluate, lifetimes, specializer, start, stub, value};
use pyo3_ffi as ffi;
use typedcall::cpython::Incompatible;
use typedcall::embed::{Object, Python};
use typedcall::{Entry, Error, NotCompiled, Options, Specializer};

#[test]
fn a_subinterpreter_gets_no_stubs_and_takes_nothing_from_the_main_interpreters() {
    own_process!();
    let python = start();
    let (specializer, names) = (specializer(&python), lifetimes(&python));
    let stubs: Vec<_> = [Entry::Native, Entry::Boxed, Entry::Guarded, Entry::Vectorcall]
        .map(|entry| stub(&python, &specializer, &value(&python, "m.echo", &names), entry))
        .into();
    let fast = specializer.function(&python, &value(&python, "m.echo", &names)).expect("typed");
    bind(&python, &names, "fast", &fast);

    let function = python.eval("lambda: 1", &names).expect("a function");
    // SAFETY: this thread is attached to the main interpreter before and after, and to the new one in between.
    let refused = unsafe {
        let main = ffi::PyThreadState_Get();
        let sub = ffi::Py_NewInterpreter();
        assert!(!sub.is_null());
        let python = Python::assume_attached();
        let refused = Specializer::new(&python, Options::default()).map(drop);
        // A specializer that was made before compiles no functions there either.
        let not_compiled = specializer.compile(&python, &function).map(drop);
        assert!(
            matches!(not_compiled, Err(NotCompiled::Incompatible(Incompatible::Subinterpreter))),
            "{not_compiled:?}"
        );
        ffi::Py_EndInterpreter(sub);
        ffi::PyThreadState_Swap(main);
        refused
    };
    assert!(matches!(refused, Err(Error::Incompatible(Incompatible::Subinterpreter))), "{refused:?}");
    assert!(refused.is_err_and(|error| error.to_string().contains("main interpreter only")));

    // Dropped without an attached thread, although PyGILState_Check says by now that every thread is attached.
    python.detached(move || drop(stubs));
    assert_eq!(evaluate(&python, "fast(5)", &names), "5");

    // Two threads that give up references to one object at the same time lose none.
    let list = python.eval("[]", &names).expect("a list");
    let mut halves = [0; 2].map(|_| (0..50_000).map(|_| list.clone_ref(&python)).collect::<Vec<Object>>());
    assert_eq!(list.refcount(&python), 100_001);
    python.detached(|| {
        std::thread::scope(|scope| {
            for half in &mut halves {
                scope.spawn(|| half.clear());
            }
        });
    });
    assert_eq!(list.refcount(&python), 1);
    let still = Specializer::new(&python, Options::default());
    assert!(still.is_ok(), "{:?}", still.err());
}
