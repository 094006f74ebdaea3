"""A call of a specialized function binds its arguments as CPython does, and raises CPython's own errors."""

import itertools
import random

import typedcall
from functions import Compiled, counts, made, outcome, plain, specialized, twins

PARAMETERS = [
    '', 'a', 'a, b', 'a, b=10', 'a=1, b=2, c=3', '*args', '**kw', '*args, **kw', 'a, *args', 'a, **kw', 'a, /', 'a, /, b',
    'a, b=5, /', 'a, /, **kw', 'a, b=5, /, c=6, *, d', '*, k', '*, k=7', 'a, *, k', 'a, *, k=7, l', 'a=1, *args, k=7, **kw',
    'a, b=2, /, c=3, *args, k, l=9, **kw', ', '.join(f'p{i}' for i in range(20)),
    ', '.join(f'p{i}={i}' for i in range(70)), ', '.join(f'p{i}={i}' for i in range(60)) + ', *args, k=1, **kw',
]


def body(parameters):
    names = [name.split('=')[0].strip(' *') for name in parameters.split(',')]
    return f"def function({parameters}):\n    return ({''.join(name + ',' for name in names if name and name != '/')})\n"


def calls(parameters, source):
    """Calls with everything right and everything wrong."""
    names = [name.split('=')[0].strip(' *') for name in parameters.split(',')]
    names = [name for name in names if name and name != '/'][:6] + ['x', 'a']
    yield (), {}
    for count in (1, 2, 3, 5, 19, 20, 21, 61, 70, 71):
        yield tuple(range(count)), {}
    for _ in range(150):
        positional = tuple(source.randrange(100) for _ in range(source.randrange(5)))
        chosen = source.sample(sorted(set(names)), source.randrange(min(4, len(set(names))) + 1))
        yield positional, {name: f'by {name}' for name in chosen}


def test_every_form_of_call():
    source = random.Random(1)
    before, right = counts()[0], 0
    for parameters in PARAMETERS:
        reference, function = twins(body(parameters))
        for arguments, keywords in calls(parameters, source):
            expected = outcome(reference, *arguments, **keywords)
            found = outcome(function, *arguments, **keywords)
            assert expected == found, (parameters, arguments, keywords, expected, found)
            # More parameters are bound by CPython, unless all are given by position.
            right += expected[0] == 'returns' and parameters.count(',') < 64
    compiled = counts()[0] - before
    print(f'calls that return: {right}, of which {compiled} ran compiled')
    assert 600 < right <= compiled


def test_right_calls_run_compiled():
    with Compiled(0.99, 'right calls', 1000):
        for parameters in ('a, b=2', 'a, /, b=3, *, c=4', '*args, **kw', 'a, *args, b=2, **kw'):
            reference, function = twins(body(parameters))
            for number in range(300):
                keywords = {'b': number} if number % 3 == 0 else {}
                assert function(number, **keywords) == reference(number, **keywords)


def test_names_that_are_not_interned_or_no_exact_str():
    class Name(str):
        def __eq__(self, other):
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    reference, function = twins('def function(first, *, second=2, **kw): return first, second, kw')
    for names in itertools.permutations(['fi' + 'rst'[:3], ''.join(['sec', 'ond']), ''.join(['oth', 'er'])]):
        keywords = {''.join(list(name)): name for name in names}
        assert function(**keywords) == reference(**keywords)
        subclassed = {Name(name): name for name in names}
        assert function(**subclassed) == reference(**subclassed)
    for keywords in ({1: 2}, {'first': 1, None: 2}):
        assert outcome(function, **keywords) == outcome(reference, **keywords) if all(
            isinstance(key, str) for key in keywords) else True
    found, expected = (outcome(lambda: each(**{'first': 1, 2: 3})) for each in (function, reference))
    assert found == expected, (found, expected)


def test_args_and_kwargs_are_new_objects():
    @typedcall.specialize
    def function(*args, **kw):
        return args, kw

    given = {'a': 1}
    for _ in range(3):
        args, kw = function(1, 2, **given)
        assert kw == given and kw is not given and type(args) is tuple and type(kw) is dict
        kw['b'] = 2
        assert given == {'a': 1}
    assert function()[0] is tuple()
    keys = list(function(**{'z': 1, 'a': 2, 'm': 3})[1])
    assert keys == ['z', 'a', 'm']


def test_a_mutable_default_is_the_same_object_each_time():
    reference, function = twins('def function(x, seen=[]):\n    seen.append(x)\n    return seen')
    for number in range(5):
        assert function(number) == reference(number)
    assert function(5) is function(6) is plain(function).__defaults__[0]


def test_every_way_to_call():
    function = specialized(made('def function(a, b=2, *args, **kw): return a, b, args, kw'))
    reference = made('def function(a, b=2, *args, **kw): return a, b, args, kw')
    ways = [
        lambda f: f(1), lambda f: f(*(1, 2, 3)), lambda f: f(**{'a': 1}), lambda f: f(1, *[2], x=3, **{'y': 4}),
        lambda f: list(map(f, range(3))), lambda f: list(map(f, range(3), range(3))), lambda f: f.__call__(1, b=3),
        lambda f: sorted([3, 1, 2], key=lambda x: f(x)), lambda f: max(3, 1, key=f), lambda f: type(f).__call__(f, 1),
    ]
    with Compiled(0.99, 'ways to call', len(ways)):
        for way in ways:
            assert outcome(way, function) == outcome(way, reference)
