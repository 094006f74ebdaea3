//! Functions and snippets as machine code agree with CPython, and functions that are not compiled give the reason.

use crate::support::session::{AGREE, Session};
use typedcall::NotCompiled;

#[test]
fn straight_functions_compile_and_agree() {
    own_process!();
    let session = Session::new(
        "
import math
def add(a, b): return a + b
def shout(text): return text.upper() + '!'
def pick(flag, a, b): return a if flag else b
def norm(x, y): return math.sqrt(x * x + y * y)
def build(a, b): return [a, (b, a), {a: b}, {a, b}, f'{a!r:>5}|{b}']
def unpack(pair):
    first, *rest = pair
    return rest, first
def scope(a):
    def inner(): return a
    a = a + 1
    return inner()
",
    );
    for name in ["add", "shout", "pick", "norm", "build", "unpack", "scope"] {
        session.fast(name);
    }
    session.run(
        "
def same(name, *args):
    def outcome(function):
        try: result = function(*args)
        except Exception as error: return type(error), str(error)
        return type(result), repr(result)
    expected, got = outcome(globals()[name]), outcome(globals()['fast_' + name])
    assert expected == got, (name, args, expected, got)
values = [0, 1, -1, 2**31, 2**62, 2**63, 2**100, 1.5, -0.0, 1e308, float('nan'), True, None, 'ab', b'', [], (1,), 1j]
class Int(int): pass
class Str(str): pass
values += [Int(3), Str('x')]
for a in values:
    same('shout', a); same('scope', a); same('unpack', a)
    for b in values:
        same('add', a, b); same('norm', a, b); same('build', a, b); same('pick', a, b, 3)
same('add', 1); same('add')
assert fast_add(b=2, a=1) == 3
",
    );
}

#[test]
fn chains_of_typed_calls_box_once() {
    own_process!();
    let session = Session::with_chain("def chain(a, b, c): return m.count_add(m.count_mul(a, b), c)");
    let chain = session.fast("chain");
    session.run(
        "
m.counts()
assert fast_chain(1.5, 2.0, 0.25) == 3.25
assert m.counts() == (2, 0), 'the underlying functions, and no wrapper'
",
    );
    assert_eq!(chain.exits(), 0);
    // Objects that are not floats leave for the interpreter, which calls the wrappers.
    session.run(
        "
class Sub(float): pass
for a, b, c in [(2, 3, 4), (1.5, True, 2), (Sub(2), 1.5, 0.5), (1.5, 2.5, 7)]:
    expected, got = chain(a, b, c), fast_chain(a, b, c)
    assert (type(got), got) == (type(expected), expected)
",
    );
    assert_eq!(chain.exits(), 4);
}

#[test]
fn exceptions_have_their_texts_tracebacks_and_locals() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
def divide(a, b):
    c = a + 1
    return c / b
def deep(f, x):
    y = [x]
    return f(y)
def unbound(a):
    if a: b = a
    return b
def missing(a): return a.nothing_of_that_name
def undefined(a): return no_such_name
def raising(a): raise ValueError(a) from KeyError(a)
def checked(a):
    assert a > 0, 'not positive'
    return m.half(a)
def keyword(a): return dict(**{'a': a}, **a)
def fail(y): raise LookupError(y)
",
    );
    let names = ["divide", "deep", "unbound", "missing", "undefined", "raising", "checked", "keyword"];
    for name in names {
        session.fast(name);
    }
    session.run(
        "
for a in [0, 1, -7, 2**70, 'x', None, [], 1.5]:
    for b in [0, 2, 'y']: same('divide', a, b)
    for name in ['unbound', 'missing', 'undefined', 'raising', 'checked']: same(name, a)
same('deep', fail, 3); same('deep', len, 3)
same('keyword', {'b': 1}); same('keyword', {'a': 1}); same('keyword', 3)
",
    );
}

#[test]
fn a_number_that_was_computed_is_one_object() {
    own_process!();
    let session = Session::with_chain(
        "
def twice(a, b):
    c = m.add(a, b)
    return c, c, [c]
",
    );
    session.fast("twice");
    session.run("a, b, [c] = fast_twice(1.5, 1e300)\nassert a is b is c");
}

/// A state for each instruction has all locals, so memory would grow with the square.
#[test]
fn a_function_of_thousands_of_locals_is_refused_and_not_compiled_for_hours() {
    own_process!();
    let session = Session::new(
        "
names = {}
lines = ''.join(f'  local{i} = f(x)\\n' for i in range(4000))
exec('def large(f, x):\\n' + lines + '  return x', names)
large = names['large']
",
    );
    let error = session.specializer.compile(&session.python, &session.get("large")).expect_err("refused").to_string();
    assert!(error.contains("the function is too large: 4002 locals"), "{error}");
}

/// The label of a constant in listings does not make it callable.
#[test]
fn texts_and_modules_that_are_named_like_a_known_function_are_not_called_as_it() {
    own_process!();
    let session = Session::new(AGREE);
    session.run(
        "
import math, types
root, module = 'math.sqrt', types.ModuleType('len')
def by_text(x): return math.sqrt, root(x)
def by_module(x): return len, module(x)
",
    );
    for name in ["by_text", "by_module"] {
        session.fast(name);
        session.run(&format!("for x in [4.0, -1.0, 'abc', [1]]: same('{name}', x)"));
    }
}

#[test]
fn threads_with_small_stacks_run_compiled_functions() {
    own_process!();
    let session = Session::new("def add(a, b): return a + b");
    session.fast("add");
    session.run(
        "
import threading
sums = []
def work():
    try: sums.append(fast_add(1, 2))
    except RecursionError as error: sums.append(error)
before = threading.stack_size(1 << 16)
try:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
finally: threading.stack_size(before)
assert sums == [3], sums
",
    );
}

#[test]
fn what_is_not_compiled_is_refused_with_its_line() {
    own_process!();
    let session = Session::new("def generator(x):\n    yield x\n");
    let error =
        |name| session.specializer.compile(&session.python, &session.get(name)).expect_err("refused").to_string();
    assert!(error("generator").starts_with("generator: line 1: generators are not compiled"), "{}", error("generator"));
    let number = session.python.int(3).expect("there is memory");
    let error = session.specializer.compile(&session.python, &number).expect_err("refused");
    assert!(matches!(error, NotCompiled::NotAFunction(_)), "{error}");
}

#[test]
fn snippets_compile_and_run() {
    own_process!();
    let session = Session::new("");
    let snippet = "LOAD_CONST 'hello,world'; STORE_FAST x; LOAD_FAST x; LOAD_METHOD upper; CALL_METHOD 0; RETURN_VALUE";
    let code = snippet.parse().expect("it is a snippet");
    let compiled = session.specializer.compile_snippet(&session.python, code, &session.names);
    let compiled = compiled.unwrap_or_else(|error| panic!("{error}"));
    let result = compiled.call(&session.python, &[]).expect("it does not raise");
    assert_eq!(result.text(&session.python).expect("a str"), "HELLO,WORLD");
    assert_eq!(compiled.exits(), 0);
    let error = compiled.call(&session.python, &[&result]).expect_err("it takes no argument");
    assert_eq!(error.to_string(), "TypeError: the snippet takes 0 arguments (1 given)");
}

/// Thousands of calls, exits and errors leave no reference and take none away.
#[test]
fn references_are_balanced() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
def work(a, b, c):
    d = [a, b]
    e = {a: d}
    return m.add(m.mul(a, b), c), e[a], f'{a}{b}', d
",
    );
    session.fast("work");
    session.run(
        "
import gc
class Key:
    def __mul__(self, other): return self
values = [1.5, 10**30, 'text' * 3, None, [], object()]
def round():
    for a in values:
        for b in values:
            for c in values:
                try: fast_work(a, b, c)
                except TypeError: pass
def counts():
    gc.collect()
    return [sys.getrefcount(value) for value in values] + [len(gc.get_objects())]
round()
# What leaks does so in each round; other threads have references to None, and objects, now more and now fewer.
always = [True] * (len(values) + 1)
for i in range(20):
    before = counts()
    round()
    for at, (old, new) in enumerate(zip(before, counts())): always[at] &= new != old
assert not any(always), always
",
    );
}
