//! The differences between a compiled function and the Python function, as `docs/differences.md` lists them.

use crate::support::extension;
use typedcall::bytecode;
use typedcall::embed::{Object, Python};
use typedcall::interpreter::{self, Prepared};
use typedcall::{Options, Specializer};

/// A caller with other globals, and a name of its own.
const CALLER: &str = "
__name__ = 'here'
import types
def caller(f, *args): return f(*args)
caller = types.FunctionType(caller.__code__, {'__name__': 'elsewhere', '__builtins__': __builtins__}, 'caller')
";

/// Runs the source, compiles these functions of it (as `fast_NAME`), and runs the claims.
fn see(source: &str, functions: &[&str], claims: &str) {
    let python = extension::start();
    let specializer = Specializer::new(&python, Options::default()).expect("this Python is supported");
    let names = python.namespace().expect("there is memory");
    let run = |text: &str| python.run(text, &names).unwrap_or_else(|error| panic!("{error}\n{text}"));
    run(CALLER);
    run(source);
    for name in functions {
        let fast = fast(&python, &specializer, &names.item(&python, name).expect("the source defines it"));
        names.set_item(&python, &format!("fast_{name}"), &fast).expect("there is memory");
    }
    run(claims);
}

fn fast(python: &Python, specializer: &Specializer, function: &Object) -> Object {
    let compiled = specializer.compile(python, function).unwrap_or_else(|error| panic!("{error}"));
    compiled.as_object(python).expect("there is memory")
}

#[test]
fn what_waits_is_served_where_the_next_function_starts() {
    own_process!();
    see(
        "
import ctypes, threading
raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
def interrupted(log, thread, error):
    raise_in(thread, error)
    log.append('went on')
",
        &["interrupted"],
        "
log = []
def nothing(): pass
try:
    fast_interrupted(log, ctypes.c_ulong(threading.get_ident()), ctypes.py_object(LookupError))
    nothing()
except LookupError: log.append('served')
assert log == ['went on', 'served'], log
",
    );
}

#[test]
fn who_looks_back_sees_the_caller() {
    own_process!();
    see(
        "
import sys, warnings
from collections import namedtuple
def name_of_caller(): return sys._getframe(1).f_code.co_name
def who(): return name_of_caller()
def make(): return type('Made', (), {}).__module__, namedtuple('Named', 'a').__module__
def warn(): warnings.warn('text')
",
        &["who", "make", "warn"],
        "
assert (caller(who), caller(fast_who)) == ('who', 'caller')
assert (caller(make), caller(fast_make)) == (('here',) * 2, ('elsewhere',) * 2), (caller(make), caller(fast_make))
with warnings.catch_warnings(record=True) as found:
    warnings.simplefilter('always')
    caller(warn), caller(fast_warn)
lines = [warning.lineno for warning in found]
assert lines == [warn.__code__.co_firstlineno, caller.__code__.co_firstlineno], lines
",
    );
}

#[test]
fn arguments_live_until_it_returns_and_are_counted_less() {
    own_process!();
    see(
        "
import sys, weakref
class Thing: pass
def is_alive(): return thing() is not None
def drop(x):
    x = None
    return is_alive()
def count(x): return sys.getrefcount(x)
",
        &["drop", "count"],
        "
def in_drop(f):
    global thing
    things = [Thing()]
    thing = weakref.ref(things[0])
    return f(things.pop())
assert (in_drop(drop), in_drop(fast_drop)) == (False, True)
assert not is_alive()
one = object()
before = sys.getrefcount(one)
assert fast_count(one) <= count(one)
assert sys.getrefcount(one) == before
",
    );
}

#[test]
fn it_is_a_built_in_function() {
    own_process!();
    see(
        "
import inspect
def one(self): return self
",
        &["one"],
        "
class Class: method, fast_method = one, fast_one
assert type(fast_one) is type(len) and not hasattr(fast_one, '__code__') and fast_one != one
assert (fast_one.__name__, fast_one.__module__, fast_one.__doc__) == ('one', None, None)
assert isinstance(Class().method(), Class)
# It is not bound.
assert Class().fast_method(5) == 5
try: inspect.signature(fast_one)
except ValueError: pass
else: raise AssertionError
",
    );
}

#[test]
fn who_watches_is_told_from_the_next_call_on_and_monitors_are_not() {
    own_process!();
    see(
        "
import sys
def on(): sys.setprofile(lambda frame, event, what: events.append((event, frame.f_code.co_name)))
def later(): pass
def switch():
    on()
    later()
",
        &["switch"],
        "
def profile(f):
    global events
    events = []
    f(); sys.setprofile(None)
    return events
expected = profile(switch)
without = [event for event in expected if event[1] != 'switch']
fast = profile(fast_switch)
assert without != expected and fast == without, (expected, fast)
# Where a profile function is set before, the original runs.
events = []
on(); fast_switch(); sys.setprofile(None)
assert ('call', 'switch') in events, events
if sys.version_info >= (3, 12):
    monitoring = sys.monitoring
    def started(f):
        found = []
        monitoring.use_tool_id(3, 'test')
        monitoring.register_callback(3, monitoring.events.PY_START, lambda code, _: found.append(code.co_name))
        monitoring.set_events(3, monitoring.events.PY_START)
        f()
        sys.setprofile(None)
        monitoring.set_events(3, 0)
        monitoring.free_tool_id(3)
        return found
    assert (started(switch), started(fast_switch)) == (['switch', 'on', 'later'], ['on', 'later'])
",
    );
}

#[test]
fn recursion_ends_with_the_same_exception_at_another_depth() {
    own_process!();
    see(
        "
import sys
def deep(n): return n if n == 0 else going(n - 1)
",
        &["deep"],
        "
def depth(f):
    global going
    going = f
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    try:
        for n in range(1000): f(n)
    except RecursionError as error:
        assert str(error).startswith('maximum recursion depth exceeded')
        return n
    finally: sys.setrecursionlimit(limit)
depths = depth(deep), depth(fast_deep)
assert 200 < depths[0] < 301, depths
# From 3.12 on calls in C are not counted, here nor there.
assert depths[1] is None if sys.version_info >= (3, 12) else 200 < depths[1] < 301, depths
",
    );
}

#[test]
fn super_without_its_class_is_a_name_error_on_every_version() {
    own_process!();
    see(
        "
class Base:
    def attribute(self): return super().attribute
empty = types.FunctionType(Base.attribute.__code__, globals(), 'empty', None, (types.CellType(),))
",
        &["empty"],
        "
import sys
def error(f):
    try: f(Base())
    except Exception as error: return type(error)
assert error(fast_empty) is NameError
assert error(empty) is (RuntimeError if sys.version_info < (3, 12) else NameError)
",
    );
}

#[test]
fn the_interpreter_has_no_frame_either_and_owns_its_arguments() {
    own_process!();
    let python = extension::start();
    let names = python.namespace().expect("there is memory");
    let source = "
import sys, weakref
class Thing: pass
thing = Thing()
alive = weakref.ref(thing)
def drop(x):
    x = None
    return alive() is None
def look(x): return caller()
def caller(): return sys._getframe(1)
";
    python.run(source, &names).unwrap_or_else(|error| panic!("{error}"));
    let run = |name, argument| {
        let function = names.item(&python, name).expect("the source defines it");
        let code = bytecode::decode_function(&python, &function).expect("it is a function");
        let code = Prepared::new(&python, code).expect("it is a plain one");
        let result = interpreter::call_function(&python, &function, &code, vec![Some(argument)]);
        result.map_err(|_| python.take_exception().to_string())
    };
    let argument = python.eval("globals().pop('thing')", &names).expect("it is there");
    let result = run("drop", argument).expect("it does not raise");
    assert_eq!(result.repr(&python).expect("a bool"), "True");
    // No caller has a frame.
    let error = run("look", python.int(1).expect("there is memory")).expect_err("nobody is found");
    assert_eq!(error, "ValueError: call stack is not deep enough");
}
