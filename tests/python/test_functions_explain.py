"""`explain` says line by line how a function runs and why; `stats` counts; the environment switches functions off."""

import ctypes
import gc
import os
import tempfile

import typedcall
from functions import Compiled, made, plain, specialized
from support import child, extension, raises

HERE = os.path.dirname(os.path.abspath(__file__))


def shout(text, times=2):
    loud = text.upper()
    return loud * times


def test_the_lines():
    function = specialized(shout)
    assert typedcall.explain(function).state == 'waiting'
    for number in range(5):
        function('x', number)
    explanation = typedcall.explain(function)
    text = str(explanation)
    assert explanation.state == 'compiled' and explanation.why_not is None, text
    assert (explanation.calls, explanation.original_calls) == (5, 0)
    assert explanation.versions >= 1 and explanation.code_bytes > 0
    assert 'loud = text.upper()' in text and '5 compiled' in text and explanation.name == f'{__name__}.shout'
    lines = dict(explanation.source)
    first = plain(shout).__code__.co_firstlineno
    assert lines[first].startswith('def shout') and len(lines) == 3
    noted = [(line, is_direct) for line, is_direct, _ in explanation.notes]
    assert all(line in lines for line, _ in noted) and noted
    assert repr(explanation) == f'<typedcall.Explanation of {__name__}.shout: compiled>'
    # The note stands below its line.
    at = text.index('loud * times')
    assert any(note in text[at:] for line, _, note in explanation.notes if line == first + 2)


def test_direct_calls_are_named():
    typed = extension()
    typedcall.adopt(typed)
    function = specialized(made('def function(n): return typed.inc(n)', typed=typed))
    assert function(5) == 6
    explanation = typedcall.explain(function)
    direct = [text for _, is_direct, text in explanation.notes if is_direct]
    assert len(direct) == 1 and 'inc' in direct[0] and 'i64' in direct[0], explanation.notes
    assert '1 of 1 are direct' in str(explanation)


def test_the_stages():
    explanation = typedcall.explain(specialized(made('def function(a, b): return a + b')))
    for stage in (explanation.ir, explanation.generic_ir, explanation.bytecode):
        assert '+' in stage, stage
    assert 'call' in explanation.clif and 'ret' in explanation.asm
    assert explanation.signature is None and explanation.is_stub is False


def test_exits_are_counted_by_place_and_reason():
    typed = extension()
    typedcall.adopt(typed)
    function = specialized(made('def function(n):\n    return typed.inc(n)', typed=typed))
    before = typedcall.stats()['exits']
    for number in range(100):
        function(number)
    # The version for ints leaves at a number that is too large; that for any object leaves at what is no int.
    for _ in range(3):
        raises(TypeError, function, None)
    raises(OverflowError, function, 1 << 80)
    explanation = typedcall.explain(function)
    taken = {reason: count for line, place, reason, count in explanation.exits if count}
    assert sum(taken.values()) >= 4 and {line for line, _, _, count in explanation.exits if count} == {2}, taken
    assert typedcall.stats()['exits'] > before
    assert 'left the compiled code' in str(explanation) and '3 times' in str(explanation)


def test_a_function_that_always_leaves_is_given_back():
    typed = extension()
    typedcall.adopt(typed)

    class Index:
        def __index__(self):
            return 5

    function = specialized(made('def function(n):\n    return typed.inc(n)', typed=typed))
    wrong = Index()
    plain_result = made('def function(n):\n    return typed.inc(n)', typed=typed)(wrong)
    for _ in range(3000):
        assert function(wrong) == plain_result == 6
    explanation = typedcall.explain(function)
    taken = sum(count for _, _, _, count in explanation.exits)
    assert explanation.state == 'left' and 'left the compiled code' in explanation.why_not or taken < 1000, explanation


def test_why_not():
    function = made('def function(a):\n    b = a\n    yield b')
    explanation = typedcall.explain(typedcall.specialize(function))
    assert explanation.state == 'not specialized' and 'line' in explanation.why_not, explanation.why_not
    assert f'not compiled: {explanation.why_not}' in str(explanation)
    error = raises(typedcall.Error, typedcall.specialize, function, strict=True)
    assert str(error) == explanation.why_not
    refused = made('def function(a):\n    b = locals()\n    exec("a")\n    return b')
    specialized_one = typedcall.specialize(refused)
    specialized_one(1)
    explanation = typedcall.explain(specialized_one)
    assert explanation.state in ('left', 'compiled')
    if explanation.state == 'left':
        assert 'line 2' in explanation.why_not or 'line 3' in explanation.why_not, explanation.why_not


def test_methods_are_explained_as_their_functions():
    class Thing:
        @typedcall.specialize
        def method(self):
            return 5

        @typedcall.specialize
        @classmethod
        def made(cls):
            return cls

    Thing().method(), Thing.made()
    for each in (Thing.method, Thing().method, Thing.made, vars(Thing)['made']):
        assert typedcall.explain(each).state == 'compiled', each
        assert typedcall.explain(each).name.endswith(plain(getattr(each, '__func__', each)).__qualname__)


def test_stats():
    gc.collect()
    before = typedcall.stats()
    functions = [specialized(made('def function(a): return a')) for _ in range(10)]
    for function in functions[:4]:
        function(1)
    generator = made('def function(a): yield a')
    typedcall.specialize(generator)
    after = typedcall.stats()
    grown = {key: after[key] - before[key] for key in after if key != 'fallbacks'}
    assert grown['functions'] == 10 and grown['compiled_functions'] == 4 and grown['versions'] >= 4, grown
    assert grown['compiled_calls'] == 4 and grown['original_calls'] == 0 and grown['function_code_bytes'] > 0, grown
    del functions, function
    gc.collect()
    assert typedcall.stats()['functions'] == before['functions']


def test_switched_off():
    code = f'''
import sys
sys.path.insert(0, {HERE!r})
import typedcall
from functions import made
function = made('def function(a): return a + 1')
assert typedcall.specialize(function) is function and function(1) == 2
class Thing:
    def method(self): return 1
method = Thing.method
assert typedcall.specialize(Thing) is Thing and Thing.method is method and Thing().method() == 1
assert 'TYPEDCALL_DISABLE' in typedcall.explain(function).why_not
assert typedcall.stats()['functions'] == 0
'''
    child(code, TYPEDCALL_DISABLE='1')


def test_only_one_function():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'culprits.py'), 'w') as file:
            file.write('''
import typedcall

@typedcall.specialize
def first(a): return a

@typedcall.specialize
def second(a): return a

@typedcall.specialize
class Thing:
    def method(self): return 1
    def other(self): return 2
''')
        code = f'''
import sys
sys.path.insert(0, {folder!r})
import culprits, typedcall
thing = culprits.Thing()
assert (culprits.first(1), culprits.second(2), thing.method(), thing.other()) == (1, 2, 1, 2)
states = [typedcall.explain(each).state for each in (culprits.first, culprits.second, thing.method, thing.other)]
print(states)
assert 'TYPEDCALL_ONLY' in (typedcall.explain(culprits.first).why_not or 'TYPEDCALL_ONLY')
try:
    typedcall.specialize(culprits.first, strict=True)
except typedcall.Error as error:
    print(error)
'''
        done = child(code, TYPEDCALL_ONLY='culprits.second')
        assert "['not specialized', 'compiled', 'not specialized', 'not specialized']" in done.stdout, done.stdout
        assert 'TYPEDCALL_ONLY does not name culprits.first' in done.stdout
        done = child(code, TYPEDCALL_ONLY='culprits.Thing.method, culprits.first')
        assert "['compiled', 'not specialized', 'compiled', 'not specialized']" in done.stdout, done.stdout


def test_a_prototype_is_still_a_prototype():
    libc = ctypes.CDLL(None)

    @typedcall.specialize(library=libc)
    def labs(x: ctypes.c_long) -> ctypes.c_long: ...

    assert type(labs) is type(len) and labs(-5) == 5


def test_the_share_is_high():
    function = specialized(made('def function(a, b=1): return a + b'))
    with Compiled(1.0, 'plain calls', 1000):
        for number in range(1000):
            assert function(number) == number + 1


def test_explaining_changes_nothing():
    @typedcall.specialize
    class Thing:
        def method(self):
            return 1

    for asked in (Thing, Thing.method, Thing().method):
        str(typedcall.explain(asked)), repr(typedcall.explain(asked))
    assert 'is a class' in typedcall.explain(Thing).why_not
    with Compiled(1.0, calls=1):
        Thing().method()
