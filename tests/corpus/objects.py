"""What the corpus passes to its functions: subclasses, objects that log what is done to them, objects that raise.

`LOG` is what a call is seen to do; the comparison empties it before each call. A case is a text, the arguments of a call:
evaluated anew for each call, so that what one call changes is not what the next one gets.
"""

import itertools

from subclasses import Dict, Float, Int, List, Str, Tuple

LOG = []
nan = float('nan')
inf = float('inf')


def note(*what):
    """Logs, and gives back the last thing."""
    LOG.append(what)
    return what[-1] if what else None


def grid(*pools):
    """The cases with one argument of each pool, in all combinations."""
    return [', '.join(case) for case in itertools.product(*pools)]


def each(*pools):
    """The cases with one argument."""
    return [case for pool in pools for case in pool]


class Trouble(Exception):
    """What the objects here raise."""


class OtherTrouble(Trouble):
    pass


class Quiet(BaseException):
    """One that `except Exception` does not see."""


class MissingDict(dict):
    def __missing__(self, key):
        return note('missing', key)


class Point:
    __match_args__ = ('x', 'y')

    def __init__(self, x, y=None):
        self.x = x
        self.y = y

    def move(self, dx, dy=0):
        self.x += dx
        self.y += dy
        return self

    @classmethod
    def origin(cls):
        return cls(0, 0)

    @staticmethod
    def distance(a, b):
        return abs(a - b)

    @property
    def sum(self):
        return self.x + self.y


class Slots:
    __slots__ = ('x', 'y')

    def __init__(self, x, y):
        self.x = x
        self.y = y


class Callable:
    """Called, it logs the arguments and gives them back."""

    def __init__(self, name='call'):
        self.name = name

    def __call__(self, *args, **kwargs):
        note(self.name, args, sorted(kwargs.items()))
        return args, kwargs


class Noisy:
    """Logs every special method and does something plain."""

    def __init__(self, name='n', truth=True):
        self.__dict__.update(name=name, truth=truth)

    def __bool__(self):
        return note(self.name, 'bool', self.truth)

    def __repr__(self):
        return note(f'{self.name}!')

    def __str__(self):
        return note(f'{self.name}?')

    def __format__(self, spec):
        return note(f'{self.name}:{spec}')

    def __len__(self):
        return note(self.name, 'len', 2)

    def __iter__(self):
        note(self.name, 'iter')
        return iter((1, 2))

    def __contains__(self, item):
        return note(self.name, 'contains', item == 1)

    def __getitem__(self, key):
        return note(self.name, 'getitem', describe_key(key))

    def __setitem__(self, key, value):
        note(self.name, 'setitem', describe_key(key))

    def __delitem__(self, key):
        note(self.name, 'delitem', describe_key(key))

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return note(self.name, 'getattr', name)

    def __setattr__(self, name, value):
        note(self.name, 'setattr', name)

    def __delattr__(self, name):
        note(self.name, 'delattr', name)

    def __call__(self, *args, **kwargs):
        return note(self.name, 'call', len(args), sorted(kwargs))

    def __hash__(self):
        note(self.name, 'hash')
        return 5

    def __neg__(self):
        return note(self.name, 'neg')

    def __pos__(self):
        return note(self.name, 'pos')

    def __invert__(self):
        return note(self.name, 'invert')


def describe_key(key):
    return (key.start, key.stop, key.step) if isinstance(key, slice) else str(type(key))


def operator(name):
    def method(self, other):
        return note(self.name, name, str(type(other)))

    return method


OPERATORS = ('add', 'sub', 'mul', 'truediv', 'floordiv', 'mod', 'pow', 'lshift', 'rshift', 'and', 'or', 'xor', 'matmul')
for name in OPERATORS:
    for prefix in ('', 'r', 'i'):
        setattr(Noisy, f'__{prefix}{name}__', operator(prefix + name))
for name in ('eq', 'ne', 'lt', 'le', 'gt', 'ge'):
    setattr(Noisy, f'__{name}__', operator(name))


class Raises:
    """Raises from every special method."""

    def __init__(self, error=Trouble):
        object.__setattr__(self, 'error', error)


def trouble(name):
    def method(self, *args):
        raise object.__getattribute__(self, 'error')(name)

    return method


SPECIAL = ('bool', 'repr', 'str', 'format', 'len', 'iter', 'next', 'contains', 'getitem', 'setitem', 'delitem', 'getattr',
           'setattr', 'delattr', 'call', 'hash', 'neg', 'pos', 'invert', 'index', 'int', 'float', 'eq', 'ne', 'lt', 'le',
           'gt', 'ge', 'enter', 'exit')
for name in SPECIAL + OPERATORS + tuple('r' + name for name in OPERATORS):
    setattr(Raises, f'__{name}__', trouble(name))


class Reflected:
    """Leaves every operator to the other operand."""

    def __add__(self, other):
        note('tried')
        return NotImplemented

    __sub__ = __mul__ = __lt__ = __eq__ = __and__ = __radd__ = __add__
    __hash__ = None


class Manager:
    """A context manager that logs, and may raise when entered or left, and suppress."""

    def __init__(self, name='m', enter=None, leave=None, suppress=False):
        self.name, self.enter, self.leave, self.suppress = name, enter, leave, suppress

    def __enter__(self):
        note(self.name, 'enter')
        if self.enter is not None:
            raise self.enter(self.name)
        return self.name

    def __exit__(self, kind, value, traceback):
        note(self.name, 'exit', kind, value, traceback is None)
        if self.leave is not None:
            raise self.leave(self.name)
        return self.suppress


class NoExit:
    def __enter__(self):
        return note('entered')


class NoEnter:
    def __exit__(self, *args):
        return note('left')


class Dying:
    """Logs its end."""

    def __init__(self, name):
        self.name = name

    def __del__(self):
        note(self.name, 'dies')


class Items:
    """An iterable by `__getitem__`."""

    def __init__(self, *items):
        self.items = items

    def __getitem__(self, index):
        note('item', index)
        return self.items[index]


class Counter:
    """An iterator that logs, and raises instead of an item that is an exception class."""

    def __init__(self, *items):
        self.items = list(items)

    def __iter__(self):
        return self

    def __next__(self):
        if not self.items:
            note('exhausted')
            raise StopIteration
        item = self.items.pop(0)
        note('next')
        if isinstance(item, type) and issubclass(item, BaseException):
            raise item('next')
        return item


class Mapping:
    """Just what `**` asks for."""

    def __init__(self, **items):
        self.items = items

    def keys(self):
        note('keys')
        return list(self.items)

    def __getitem__(self, key):
        note('key', key)
        return self.items[key]


def fail(error=Trouble, *args):
    """Raises."""
    raise error(*args)


def after(count, error=Trouble):
    """A function that raises when it is called for the last of `count` times."""
    calls = itertools.count(1)

    def call(*args):
        number = next(calls)
        note('call', number)
        if number >= count:
            raise error(number)
        return number

    return call


NUMBERS = ['0', '1', '-1', '7', '2**70', '-2**65', 'True', '0.0', '-0.0', '1.5', 'nan', 'inf', '1e308', 'Int(3)',
           'Float(2.5)', '1j']
FEW = ['0', '3', '-2', '2**64', '2.5', 'nan', 'Int(3)', 'None', '"text"', 'Noisy()', 'Raises()']
OTHERS = ['None', '"text"', 'b"bytes"', '[]', '[1, 2]', '(1, 2)', '{}', '{1: 2}', '{1, 2}', 'Str("s")', 'List([1])',
          'object', 'Noisy()', 'Noisy("f", False)', 'Raises()', 'Reflected()', 'NotImplemented', '...']
ANY = NUMBERS + OTHERS
ITERABLES = ['[]', '()', '[1]', '[1, 2]', '(1, 2, 3)', '"ab"', '"äb\U0001f40d"', '{1: 2}', '{3, 4}', 'range(3)', 'iter([1, 2])',
             'List([1, 2])', 'Tuple((1, 2))', 'Noisy()', 'Items(1, 2)', 'Counter(1, 2)', 'Counter(1, Trouble)',
             'Counter(Quiet)', 'None', '5', 'Raises()', 'b"ab"', '[0, "", None]', '[[1, 2], [3, 4]]', '[(1, 2), 5]']
CALLABLES = ['Callable()', 'Noisy()', 'Raises()', 'fail', 'note', 'len', 'int', 'str', 'dict', 'None', '5', 'Point', 'max',
             'lambda *args, **kwargs: (args, kwargs)', 'lambda: 1', 'lambda a: a', 'lambda a, b=2: (a, b)', 'Point(1, 2).move',
             'Point.origin', 'Point.distance', '[].append', 'str.upper']
ERRORS = ['Trouble', 'OtherTrouble', 'Quiet', 'KeyError', 'ValueError', 'StopIteration', 'Trouble("text")',
          'KeyError("key")', 'OSError(2, "no")', 'None', '5', 'int', '"text"', 'lambda: 1']
