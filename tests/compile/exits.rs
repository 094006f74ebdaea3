//! If something is not as a function was compiled for, the interpreter continues.

use crate::support::session::{AGREE, Session};

#[test]
fn what_a_guard_refuses_goes_on_in_the_interpreter() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
def halves(a, b):
    first = m.half(a)
    second = m.half(b)
    return [first, second, first]
def mixed(a, b): return (m.add(a, 1.0), m.half(b), [a, b])
",
    );
    let halves = session.fast("halves");
    session.fast("mixed");
    session.run("for pair in [(2, 4), (-2, 2**40), (2, 2**58)]: same('halves', *pair)");
    assert_eq!(halves.exits(), 0);
    session.run(
        "
class Int(int): pass
class Float(float): pass
values = [2, True, 3, 2**61, 2**62, 2**63, -2**63, 2**64, 2**100, Int(4), 1.5, Float(2.5), 'x', None]
for a in values:
    for b in values:
        same('halves', a, b); same('mixed', a, b)
",
    );
    assert!(halves.exits() > 0);
}

/// Whichever guard fails, the interpreter continues with the same objects, and nothing is kept.
#[test]
fn whichever_guard_fails_results_and_references_are_cpythons() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
import math
def chain(a, b, c): return m.count_add(m.count_mul(a, b), c), [a, b]
def halves(a, b):
    first = m.half(a)
    second = m.half(b)
    return [first, second, first]
def one(a, b):
    c = m.add(a, b)
    d = (c, c, m.half(7), c) if a > 2.0 else [c, m.mul(c, a), c]
    return d[0] is c, d
def text(a, b):
    c = [a, b]
    d = f'{a}{len(c)}'
    return d + str(m.add(1.0, len(d) * 1.0)), c
def roots(a, b): return math.sqrt(m.mul(a, a)) + m.after(lambda: None, 6) / b
",
    );
    let mut guards = 0;
    for name in ["chain", "halves", "one", "text", "roots"] {
        session.fast(name);
        let count = session.leave_at_each_guard(name);
        assert!(count > 0, "{name} has no guard");
        guards += count;
        session.run(&format!(
            "
class Int(int): pass
class Float(float): pass
values = [2.5, 1.5, 2**40, -2**62, 2**100, Int(4), Float(2.5), 'x', None, True, 7, float('inf'), [1]]
names = ['fast_{name}', *(f'left_{name}_{{i}}' for i in range({count}))]
count = {name}.__code__.co_argcount
import itertools
for args in itertools.product(*[values, values, values[:4]][:count]):
    expected = outcome({name}, args)
    for fast in names:
        got = outcome(globals()[fast], args)
        assert got == expected, (fast, args, expected, got)
"
        ));
    }
    assert!(guards >= 20, "only {guards} guards");
}

/// After an exception the stack dies as in CPython: the operands, then the stack from its top.
#[test]
fn where_something_raises_the_stack_is_given_up_from_its_top() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
class Noted:
    died = []
    def __init__(self, name): self.name = name
    def __del__(self): Noted.died.append(self.name)
    def part(self, *args): return Noted(self.name + '.part')
    def bad(self, *args): raise ValueError(self.name)
    def __add__(self, other): raise ValueError('add')
    __iter__ = __getitem__ = __add__
    def __hash__(self): raise ValueError('hash')
def argument(a): return [Noted('1').part(a.part(), Noted('2').part, a.bad())]
def operand(a): return Noted('1'), [Noted('2')], Noted('3') + Noted('4')
def spread(a): return Noted('1'), [Noted('2'), *Noted('3')]
def key(a): return {3: Noted('1'), Noted('2'): Noted('3'), 5: Noted('4')}
def item(a): return Noted('1'), Noted('2')[Noted('3')]
def typed(a): return Noted('1'), [Noted('2')], m.half(Noted('3'))
def deaths(function):
    Noted.died = []
    try: function(Noted('a'))
    except (ValueError, TypeError): return Noted.died[:]
",
    );
    for name in ["argument", "operand", "spread", "key", "item", "typed"] {
        session.fast(name);
        session.run(&format!("assert deaths({name}) == deaths(fast_{name}), (deaths({name}), deaths(fast_{name}))"));
    }
}

#[test]
fn a_broken_assumption_is_noticed_between_calls() {
    own_process!();
    let session = Session::with_chain(
        "
import math
def root(x): return math.sqrt(x)
def total(x): return len(x)
def other(x): return m.add(x, 1.0)
",
    );
    let (root, total, other) = (session.fast("root"), session.fast("total"), session.fast("other"));
    session.run(
        "
assert fast_root(4.0) == 2.0 and fast_total('abc') == 3 and fast_other(1.5) == 2.5
old = math.sqrt
math.sqrt = lambda x: 'new'
try: assert fast_root(4.0) == 'new'
finally: math.sqrt = old
assert fast_root(4.0) == 2.0
len = lambda x: 'mine'
assert fast_total('abc') == 'mine'
del len
assert fast_total('abc') == 3
unrelated = 1
class Module(type(m)):
    def __getattribute__(self, name): return (lambda *a: name) if name == 'add' else super().__getattribute__(name)
plain = type(m)
m.__class__ = Module
assert fast_other(1.5) == 'add'
m.__class__ = plain
assert fast_other(1.5) == 2.5
math = None
try: fast_root(4.0)
except AttributeError as error: assert str(error) == \"'NoneType' object has no attribute 'sqrt'\"
else: assert False
",
    );
    assert!(root.exits() > 0 && total.exits() > 0 && other.exits() > 0);
}

#[test]
fn a_broken_assumption_is_noticed_in_the_middle_of_a_call() {
    own_process!();
    let session = Session::with_chain(
        "
import math
def middle(f, x):
    a = math.sqrt(x)
    f()
    return a, math.sqrt(x)
def typed(f, x): return m.half(m.after(f, x))
def rebind(): math.sqrt = lambda x: 'new'
def rebind_half(): m.half = lambda x: 'new'
def nothing(): pass
",
    );
    let middle = session.fast("middle");
    session.fast("typed");
    session.run("assert fast_middle(nothing, 4.0) == (2.0, 2.0) and fast_typed(nothing, 6) == 3");
    assert_eq!(middle.exits(), 0);
    session.run(
        "
old, old_half = math.sqrt, m.half
try: assert fast_middle(rebind, 4.0) == (2.0, 'new')
finally: math.sqrt = old
try: assert typed(rebind_half, 6) == old_half(6)
finally: m.half = old_half
try: assert fast_typed(rebind_half, 6) == old_half(6), 'the function was looked up before its arguments'
finally: m.half = old_half
",
    );
    assert!(middle.exits() > 0);
}

/// Up to 3.11 the collector runs when containers are made, and its finalizers may do anything.
#[test]
fn what_a_finalizer_breaks_while_a_list_is_made_is_noticed() {
    own_process!();
    let session = Session::with_chain(
        "
import gc, math
def builds(x):
    f = math.sqrt
    a = x, x
    b = a, x
    c = x, x
    d = a, x, c
    return f is math.sqrt
class Finalized:
    def __init__(self): self.itself = self
    def __del__(self): math.sqrt = lambda x: 'new'
",
    );
    session.fast("builds");
    session.run(
        "
old, thresholds = math.sqrt, gc.get_threshold()
def results(function):
    found = []
    for skipped in range(12):
        math.sqrt = old
        gc.collect(); gc.disable()
        Finalized()
        kept = [[] for i in range(skipped)]
        gc.set_threshold(10, 1, 1); gc.enable()
        found.append(function(4.0))
        gc.set_threshold(*thresholds); gc.collect()
    math.sqrt = old
    return found
def matches(): return set(results(builds)) == set(results(fast_builds))
assert matches(), (results(builds), results(fast_builds))
",
    );
}

/// The code of a function grows with its length, not with the square of it: each of many exits needs all locals.
#[test]
fn code_with_many_exits_is_small() {
    own_process!();
    let session = Session::with_chain(AGREE);
    let assignments = |sum: &str, count: usize| {
        let lines: String =
            (0..count).map(|number| format!("    a{number} = {}\n", sum.replace('#', &number.to_string()))).collect();
        let all: Vec<_> = (0..count).map(|number| format!("a{number}")).collect();
        format!("{lines}    return {}\n", all.join(" + "))
    };
    session.run(&format!(
        "
def objects(x):
{}
def numbers(x):
    x = m.half(x)
{}",
        assignments("x + #", 200),
        assignments("m.half(x) + #", 200),
    ));
    for name in ["objects", "numbers"] {
        let compiled = session.fast(name);
        println!("{name}: {} exits, {} bytes", compiled.exit_sites().len(), compiled.code_bytes());
        assert!(compiled.code_bytes() <= 64 << 10, "{name}: {} bytes", compiled.code_bytes());
        session.run(&format!("for x in 0, 1000, -2**40, 2**62, 'text', None: same('{name}', x)"));
    }
}

/// What raises goes to CPython with a frame of the function, so tracebacks show all that they show of the function
/// itself: the frame's line, its caller, its cells.
#[test]
fn tracebacks_have_the_functions_own_frame() {
    own_process!();
    let session = Session::new(
        "
def divide(a):
    b = a
    return b / 0
def cell(a):
    def inner(): return a
    return inner() / 0
def entries(f):
    try: f(5)
    except ZeroDivisionError as error: entry = error.__traceback__
    found = []
    while entry:
        frame = entry.tb_frame
        back = frame.f_back.f_code.co_name if frame.f_back else None
        found.append((frame.f_code, frame.f_lineno, dict(frame.f_locals), back, entry.tb_lineno, entry.tb_lasti))
        entry = entry.tb_next
    for code, line, names, *_ in found[1:]: names.pop('inner', None)
    return found[1:]
",
    );
    let mut compiled = Vec::new();
    for name in ["divide", "cell"] {
        compiled.push(session.fast(name));
    }
    session.run(
        "
for f, fast in [(divide, fast_divide), (cell, fast_cell)]:
    assert entries(f) == entries(fast), (entries(f), entries(fast))
",
    );
    let raised: u64 = compiled.iter().flat_map(|each| each.exit_sites()).map(|site| site.taken).sum();
    assert_eq!(raised, 2);
}

/// A frame is of the function's code, so code that was replaced while it runs goes on without one.
#[test]
fn a_function_that_gets_other_code_goes_on_with_its_own() {
    own_process!();
    let session = Session::with_chain(AGREE);
    session.run(
        "
def other(a, b):
    c = d = e = f = g = h = [a, b]
    return (c, d, e, f, g, h)
def change(a, b):
    x = [a]
    swap()
    y = m.half(b)
    return x, y, a + b
def caught(a, b):
    try:
        swap()
        return a.missing
    except AttributeError as error:
        return str(error), b
",
    );
    for name in ["change", "caught"] {
        let compiled = session.fast(name);
        session.run(&format!(
            "
own = {name}.__code__
def swap(): {name}.__code__ = other.__code__
for a, b in [(1, 2), (1, 2**62), (1, 2**70), (1, 'x')]:
    seen = []
    for f in {name}, fast_{name}:
        {name}.__code__ = own
        try: seen.append(f(a, b))
        except Exception as error: seen.append((type(error), str(error)))
    {name}.__code__ = own
    assert seen[0] == seen[1], seen
"
        ));
        assert!(compiled.exits() > 0, "{name}");
    }
}
