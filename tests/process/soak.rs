//! A million calls of each stub, and a hundred thousand stubs made and dropped, leave nothing.
//!
//! Memory is counted for the whole process.

use crate::support::extension::{agree, evaluate, execute, member, methods, specializer, start, stub};
use crate::support::memory_map::{anonymous_code_bytes, page_size};
use pyo3_ffi as ffi;
use typedcall::Entry;
use typedcall::embed::{Object, Python};

/// Calls, and counts what each call leaves: allocated blocks and, in 3.11, references to singletons.
const SOAK: &str = "
import gc, itertools, sys

SINGLETONS = [None, True, False, 0, 1, 7, 100]


def state():
    gc.collect()
    return [sys.getallocatedblocks(), *map(sys.getrefcount, SINGLETONS)]


def soak(call, arguments, times):
    repeat = itertools.repeat
    def some(times):
        try:
            call(*arguments)
        except Exception:
            for _ in repeat(None, times):
                try:
                    call(*arguments)
                except Exception:
                    pass
        else:
            for _ in repeat(None, times):
                call(*arguments)
    some(100)
    counts = list(map(sys.getrefcount, arguments))
    before = state()
    some(times)
    after = state()
    # A leak grows with the calls; what the interpreter does in between does not.
    assert all(new - old < times // 10 for new, old in zip(after, before)), (before, after)
    # Small ints are the interpreter's own, too.
    assert all(abs(new - old) < 50 for new, old in zip(map(sys.getrefcount, arguments), counts)), arguments
";

/// The methods and their arguments: the fast path, errors, and calls that take the fallback.
const CASES: [(&str, &[&str]); 10] = [
    ("nothing", &["None", "[]", "10**20"]),
    ("echo_i64", &["5", "10**9", "2**40", "2**62", "True", "2**64", "'text'", "Int(10**9)"]),
    ("minus_i64", &["7", "1"]),
    ("minus_f64", &["7.0", "1.0"]),
    ("check_f32", &["0.5", "7.0", "3"]),
    ("echo_cbool", &["True", "False", "3"]),
    ("checked", &["'text'", "b'bytes'", "[]"]),
    ("status", &["0", "-1"]),
    ("give_str", &["'text'", "''", "3"]),
    ("owner_and", &["5", "2**40", "None"]),
];

/// More than one argument, or none.
const MORE_CASES: [(&str, &str); 6] = [
    ("add", "0.5, 1.5"),
    ("add", "1, 2"),
    ("plus_none", "None, 2**40"),
    ("plus_none", "None, 'text'"),
    ("state", ""),
    ("late_owner", "1, 0.5, []"),
];

/// Calls every stub of a method a million times in total, over its kinds of arguments.
fn soak(python: &Python, module: &Object, name: &str, arguments: &[&str]) {
    let specializer = specializer(python);
    let names = agree(python);
    execute(python, SOAK, &names);
    let callable = member(python, module, name);
    let function = specializer.function(python, &callable).expect("typed");
    names.set_item(python, "original", &callable).expect("there is memory");
    names.set_item(python, "function", &function).expect("there is memory");
    let stubs =
        [Entry::Vectorcall, Entry::Boxed, Entry::Guarded].map(|entry| stub(python, &specializer, &callable, entry));
    let [vectorcall, boxed, guarded] = stubs.each_ref().map(|stub| stub.address().as_ptr() as usize);
    let flags = crate::support::extension::flags_of(python, &callable) & !typedcall::metadata::abi::METH_TYPED;
    let times = 1_000_000 / arguments.len();
    for arguments in arguments {
        let proven = evaluate(
            python,
            &format!(
                "all(proven(kind, value) for kind, value in zip({:?}, ({arguments}{})))",
                stubs[0].overload().arguments().map(|(_, value)| value.kind.to_string()).collect::<Vec<_>>(),
                if arguments.is_empty() { "" } else { "," },
            ),
            &names,
        );
        let mut calls = vec![
            "function".to_owned(),
            format!("functools.partial(raw_calls.vectorcall, {vectorcall}, original)"),
            format!("functools.partial(raw_calls.ml_meth, {guarded}, {flags}, original.__self__)"),
        ];
        if proven == "True" {
            calls.push(format!("functools.partial(raw_calls.boxed, {boxed})"));
        }
        for call in calls {
            let comma = if arguments.is_empty() { "" } else { "," };
            execute(python, &format!("soak({call}, ({arguments}{comma}), {times})"), &names);
        }
    }
}

#[test]
fn a_million_calls_of_one_argument_leave_nothing_behind() {
    own_process!();
    let python = start();
    let module = methods(&python, "soaked", false);
    for (name, arguments) in CASES {
        soak(&python, &module, name, arguments);
    }
}

#[test]
fn a_million_calls_of_other_arities_leave_nothing_behind() {
    own_process!();
    let python = start();
    let module = methods(&python, "soaked", false);
    for (name, arguments) in MORE_CASES {
        soak(&python, &module, name, &[arguments]);
    }
}

/// The resident bytes of the process.
fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux has /proc");
    let pages = text.split_ascii_whitespace().nth(1).expect("the second field");
    pages.parse::<usize>().expect("a number") * page_size()
}

fn allocated_blocks(python: &Python) -> i64 {
    let names =
        crate::support::extension::run(python, "import gc, sys\ngc.collect()\nblocks = sys.getallocatedblocks()");
    evaluate(python, "blocks", &names).parse().expect("a number")
}

#[test]
fn a_hundred_thousand_stubs_leave_nothing_behind() {
    own_process!();
    let python = start();
    let module = methods(&python, "soaked", false);
    let specializer = specializer(&python);
    let callable = member(&python, &module, "echo_i64");
    let make_some = |count: usize| {
        for _ in 0..count {
            drop(stub(&python, &specializer, &callable, Entry::Guarded));
            drop(specializer.function(&python, &callable).expect("typed"));
        }
    };
    // A live stub keeps the shape; without one it would be compiled each time, as in the test below.
    let kept = (
        stub(&python, &specializer, &callable, Entry::Guarded),
        specializer.function(&python, &callable).expect("typed"),
    );
    make_some(1_000);
    let (blocks, bytes, code) = (allocated_blocks(&python), resident_bytes(), anonymous_code_bytes());
    let count = callable.refcount(&python);
    make_some(50_000);
    // A leak of one block or one reference per stub would show a hundred times.
    assert!(allocated_blocks(&python) - blocks < 500);
    assert!(resident_bytes() < bytes + 4_000_000, "{bytes} bytes before, {} after", resident_bytes());
    assert_eq!(callable.refcount(&python), count);
    assert!(anonymous_code_bytes() <= code);
    drop(kept);
}

#[test]
fn shapes_compiled_again_and_again_leave_nothing_behind() {
    own_process!();
    let python = start();
    let module = methods(&python, "soaked", false);
    let specializer = specializer(&python);
    let callables = ["echo_i64", "add", "minus_u8"].map(|name| member(&python, &module, name));
    let make_some = |count: usize| {
        for _ in 0..count {
            for callable in &callables {
                drop(stub(&python, &specializer, callable, Entry::Boxed));
            }
        }
    };
    make_some(50);
    let (blocks, bytes, code) = (allocated_blocks(&python), resident_bytes(), anonymous_code_bytes());
    make_some(1_000);
    assert!(allocated_blocks(&python) - blocks < 300);
    assert!(resident_bytes() < bytes + 8_000_000, "{bytes} bytes before, {} after", resident_bytes());
    assert!(anonymous_code_bytes() <= code + 3 * page_size());
    // SAFETY: the thread is attached.
    assert!(unsafe { ffi::PyErr_Occurred() }.is_null());
}
