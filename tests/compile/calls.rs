//! Events around calls of compiled functions: recursion, signals, tracing, and the end of code and of objects.

use crate::support::session::{AGREE, Session};

#[test]
fn endless_recursion_is_an_error() {
    own_process!();
    let session = Session::with_chain(
        "
def endless(n): return again(n + 1)
def through_c(n): return m.after(lambda: again_through_c(n), n)
def leaving(n): return m.half(again_leaving(n * 1.0))
",
    );
    for name in ["endless", "through_c", "leaving"] {
        session.fast(name);
    }
    session.run(
        "
again, again_through_c, again_leaving = fast_endless, fast_through_c, fast_leaving
def depth_of(function):
    try: function(0)
    except RecursionError as error:
        entries, tb = 0, error.__traceback__
        while tb: entries, tb = entries + 1, tb.tb_next
        return entries
for function in again, again_through_c, again_leaving: assert depth_of(function) > 100, function
# From the little that a thread's stack has, too.
import threading
threading.stack_size(512 * 1024)
found = []
thread = threading.Thread(target=lambda: found.extend(map(depth_of, [again, again_through_c, again_leaving])))
thread.start(); thread.join(); threading.stack_size(0)
assert len(found) == 3 and all(found), found
",
    );
}

#[test]
fn what_waits_is_served_where_a_compiled_function_starts() {
    own_process!();
    let session = Session::new(
        "
def fib(n): return n if n < 2 else again(n - 1) + again(n - 2)
",
    );
    session.fast("fib");
    session.run(
        "
again = fast_fib
import ctypes, threading
# Another thread gets its share, and an asynchronous exception comes through, though no bytecode runs.
class Enough(BaseException): pass
me = threading.get_ident()
def interrupt(): ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(me), ctypes.py_object(Enough))
timer = threading.Timer(0.05, interrupt)
timer.start()
try: again(60)
except Enough: pass
else: assert False
timer.join()
",
    );
}

#[test]
fn code_that_is_dropped_while_it_runs_is_unmapped_afterwards() {
    own_process!();
    let session = Session::with_chain("def dropping(f, x): return m.half(m.after(f, x)), f(), [x]");
    drop(session.fast("dropping"));
    session.run(
        "
import gc, weakref
class Argument: pass
def drop():
    globals().pop('fast_dropping', None)
    gc.collect()
    return 1
assert fast_dropping(drop, 6) == (3, 1, [6])
assert 'fast_dropping' not in globals()
",
    );
}

#[test]
fn what_finalizers_raise_at_the_end_is_unraisable() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
import sys
class Loud:
    def __del__(self):
        log.append(repr(sys.exc_info()[1]))
        raise KeyError('del')
def ends(a):
    b = Loud()
    c = [Loud(), b]
    return a
def fails(a):
    b = Loud()
    c = [Loud(), b]
    return a + b
def leaves(a):
    b = Loud()
    return m.half(a)
log, unraisable = [], []
hook, sys.unraisablehook = sys.unraisablehook, lambda info: unraisable.append(type(info.exc_value))
",
    );
    for name in ["ends", "fails", "leaves"] {
        session.fast(name);
    }
    session.run(
        "
def noted(function, arg):
    log.clear(); unraisable.clear()
    return outcome(function, (arg,)), log[:], unraisable[:]
for name in 'ends', 'fails', 'leaves':
    for arg in 1, 2, 'x', None, 2**70:
        expected, got = noted(globals()[name], arg), noted(globals()['fast_' + name], arg)
        assert expected == got and got[2], (name, arg, expected, got)
sys.unraisablehook = hook
",
    );
}

#[test]
fn while_the_thread_is_traced_the_original_runs() {
    own_process!();
    let session = Session::with_chain("def traced(a): return a + 1\ndef leaves(a): return m.add(a, 1.0)");
    session.fast("traced");
    session.fast("leaves");
    session.run(
        "
import sys
# What the interpreter does where it serves interrupts must not keep a traced function in 3.11 from going on.
assert fast_leaves(1) == 2.0
seen = []
def tracer(frame, event, arg): seen.append((frame.f_code.co_name, event)); return tracer
for start in sys.settrace, sys.setprofile:
    seen.clear()
    start(tracer)
    result = fast_traced(1)
    start(None)
    assert result == 2 and ('traced', 'call') in seen, seen
seen.clear()
assert fast_traced(1) == 2 and not seen
def other(a): return a + 100
traced.__code__ = other.__code__
assert fast_traced(1) == 101
",
    );
}
