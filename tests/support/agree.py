"""Compares stubs with their originals: results, exceptions, identities, reference counts. Run in the tests'
interpreter, with the module `raw_calls`."""

import functools
import itertools
import struct
import sys
from array import array

METH_NOARGS, METH_O, METH_FASTCALL = 0x0004, 0x0008, 0x0080


class Counting:
    """Counts how often Python code of an argument runs: a stub that falls back must not run it twice."""

    calls = 0

    def __init__(self, value):
        self.value = value

    def give(self):
        Counting.calls += 1
        if isinstance(self.value, Exception):
            # A fresh exception: a traceback would keep the last call's objects.
            raise type(self.value)(*self.value.args)
        return self.value


class Index(Counting):
    __index__ = Counting.give


class AsFloat(Counting):
    __float__ = Counting.give


class Truth(Counting):
    __bool__ = Counting.give


class Callable(Counting):
    __call__ = Counting.give


def integers():
    found = set(range(-8, 9)) | {10**30, -(10**30), 123456, -123456}
    for power in (7, 8, 15, 16, 30, 31, 32, 60, 62, 63, 64):
        for near in (-1, 0, 1):
            found |= {2**power + near, -(2**power) + near}
    return sorted(found)


FLOATS = [0.0, -0.0, 0.5, 1.0, -1.0, 7.0, 1e300, -1e300, 3.4e38, 1e-40, 5e-324, 2.2250738585072014e-308, 1e16,
          float('inf'), float('-inf'), float('nan'), -float('nan')]
OTHERS = [
    True, False, None, Int(5), Int(7), Int(2**40), Int(2**70), Float(0.5), Float('nan'), Float(7.0),
    '', 'text', 'ä' * 3, Str('text'), b'', b'bytes', Bytes(b'bytes'), bytearray(b'b'), [], [1, 2], List([1]),
    (), (1, 2), Tuple((1,)), {}, {1: 2}, Dict(), 1j, {1}, range(3), object(), int, Ellipsis, NotImplemented, len,
    Index(3), Index(7), Index(2**63), Index(-1), Index('no number'), Index(LookupError('from __index__')), Index(True),
    AsFloat(1.5), AsFloat('no number'), AsFloat(LookupError('from __float__')), Truth(True), Truth(False),
    Truth(LookupError('from __bool__')), Truth('no truth'), Callable(2**40), Callable(LookupError('from __call__')),
]
# Texts and bytes that CPython stores in different ways, and some that C functions must not get.
TEXTS = ['\0', 'a\0b', 'ä\0', '\x7f', 'é' * 40, '\u20ac\u03b1', '\U0001f40d', 'a\ud800b', '\udc80', '\U0001f40d\udfff',
         'x' * 100_000, 'ä' * 100_000, b'\0', b'a\0b', b'\xff' * 3, b'x' * 100_000, memoryview(b'memory'),
         memoryview(b'every second')[::2], bytearray(b'a\0b'), array('i', [1, 2])]
VALUES = integers() + FLOATS + OTHERS + TEXTS
FEW = [0, -1, 7, 2**31, -(2**63), 2**63, 2**64, 0.5, float('nan'), True, None, 'text', Int(7), Index(3), AsFloat(0.5),
       Index(LookupError('from __index__'))]

# The types that a caller of a boxed stub has proven, and an argument that takes the fast path.
PROVEN = {'f32': float, 'f64': float, 'cbool': bool, 'int': int, 'float': float, 'bool': bool, 'str': str,
          'bytes': bytes, 'list': list, 'tuple': tuple, 'dict': dict, 'None': type(None), 'cstr': str, 'buffer': bytes}
GOOD = {'cbool': True, 'f32': 1.25, 'f64': 2.5, 'int': 2**40, 'float': 0.5, 'bool': True, 'str': 'good', 'bytes': b'good',
        'list': [1], 'tuple': (1, 2), 'dict': {1: 2}, 'None': None, 'object': ['an', 'object'], 'cstr': 'good',
        'buffer': b'good'}


def class_of(kind):
    """The type of the objects that are of a kind, subclasses and None left aside."""
    if kind.startswith('type:'):
        module, _, name = kind.removeprefix('type:').rpartition('.')
        return getattr(sys.modules[module], name)
    return PROVEN.get(kind, int)


def proven(kind, value):
    """Whether a caller of a boxed stub may pass the value for a parameter of this kind."""
    if kind.endswith('?') and value is None:
        return True
    kind = kind.removesuffix('?')
    if kind == 'object':
        return True
    if kind.endswith('+'):
        return isinstance(value, class_of(kind.removesuffix('+')))
    return type(value) is class_of(kind)


def good(kind):
    kind = kind.removesuffix('?').removesuffix('+')
    return class_of(kind)() if kind.startswith('type:') else GOOD.get(kind, 100)


def describe(value, arguments):
    """What two results have in common if they are the same: identity where it is an argument or a singleton, else
    exact type and value, floats by their bits."""
    for index, argument in enumerate(arguments):
        if value is argument:
            return 'argument', index
    if value is None or value is True or value is False:
        return repr(value)
    if type(value) is float:
        return 'float', struct.pack('<d', value)
    if type(value) is tuple:
        return 'tuple', [describe(item, arguments) for item in value]
    return type(value).__name__, id(type(value)), repr(value)


def is_fresh(value):
    """Whether nobody but the caller has it: its reference count means something."""
    return type(value) is float or type(value) is int and not -5 <= value <= 1024


def is_shared(value):
    """Whether the interpreter itself holds references to it, now more and now fewer."""
    return value is None or type(value) is bool or type(value) is int and -5 <= value <= 1024


def observe(call, arguments, keywords, watched):
    count = sys.getrefcount
    calls = Counting.calls
    before = array('q', map(count, watched))
    try:
        result = call(*arguments, **keywords)
    except Exception as error:
        result = None
        outcome = 'raises', type(error), str(error), error.args
    else:
        outcome = 'returns', describe(result, arguments), count(result) if is_fresh(result) else None
    after = array('q', map(count, watched))
    return outcome, [new - old for new, old in zip(after, before)], Counting.calls - calls


class Comparison:
    def __init__(self, name, callables):
        self.name = name
        self.callables = callables
        self.count = 0
        self.differences = []

    def __call__(self, label, original, stub, arguments, keywords={}):
        given = [*arguments, *keywords.values()]
        watched = [*self.callables, *given]
        # Small ints and singletons have counts in 3.11; later their counts never change. Running Python code uses them
        # too.
        if any(isinstance(argument, Counting) for argument in given):
            watched = [value for value in watched if not is_shared(value)]
        else:
            watched += [None, True, False, 0, 1, -1, 7, 100]
        # The interpreter itself and other threads use singletons now and then. What a stub does, it does each time.
        for _ in range(5):
            expected = observe(original, arguments, keywords, watched)
            found = observe(stub, arguments, keywords, watched)
            if expected == found:
                break
        self.count += 1
        if expected != found:
            self.differences.append(f'{self.name}, {label}: {arguments!r} {keywords!r}\n  original {expected}\n'
                                    f'  stub     {found}')


def argument_sets(kinds):
    base = tuple(map(good, kinds))
    yield base
    for index in range(len(kinds)):
        values = VALUES
        if kinds[index].startswith('type:'):
            exact = class_of(kinds[index].removesuffix('?').removesuffix('+'))
            values = [exact(), type('Sub', (exact,), {})(), exact, *VALUES]
        for value in values:
            yield base[:index] + (value,) + base[index + 1:]
    if len(kinds) == 2:
        yield from itertools.product(FEW, FEW)
    # All arguments of a kind that does not fit at once.
    yield (None,) * len(kinds)
    # Wrong numbers of arguments.
    yield ()
    yield base + (1,)
    yield base + (1, 2, 3)
    for count in range(1, len(kinds)):
        yield base[:count]


def keyword_sets(kinds, names):
    base = tuple(map(good, kinds))
    yield base, {'bogus': 1}
    yield base[:-1], {'bogus': 1}
    if None in names:
        return
    yield (), dict(zip(names, base))
    for index, name in enumerate(names):
        yield base, {name: base[index]}
        yield base[:index], dict(zip(names[index:], base[index:]))
        yield base[:index], {name: 'text'}


def compare(name, original, function, guarded, vectorcall, boxed, meth, flags, kinds, names, receiver, receivers):
    """Differences between an original and its stubs, and how many calls were compared.

    `function` is the stub as a Python object or None, the others are addresses or 0; `meth` and `flags` are the
    original's. `receiver` is what a function is bound to; for a method `receivers` has the kind of its receiver, some
    objects that its type admits, and some that it does not; else None."""
    comparison = Comparison(name, [original, function, receiver])
    positional = list(argument_sets(kinds))
    named = list(keyword_sets(kinds, names))
    admitted = [()]
    if receivers is not None:
        receiver_kind, admitted, refused = receivers
        admitted = [(value,) for value in admitted]
        base = tuple(map(good, kinds))
        everybody = [(*admitted[0], *arguments) for arguments in positional]
        everybody += [(*value, *base) for value in admitted] + [(value, *base) for value in refused] + [()]
        named = [((*admitted[0], *arguments), keywords) for arguments, keywords in named]
    else:
        everybody = positional

    if function is not None:
        for arguments in everybody:
            comparison('function', original, function, arguments)
        for arguments, keywords in named:
            comparison('function', original, function, arguments, keywords)
    if vectorcall:
        through = [functools.partial(raw_calls.vectorcall, address, original) for address in (0, vectorcall)]
        for arguments in everybody:
            comparison('vectorcall', *through, arguments)
        for arguments, keywords in named:
            comparison('vectorcall', *through, arguments, keywords)
    if guarded:
        if receivers is None:
            through = [functools.partial(raw_calls.ml_meth, address, flags, receiver) for address in (meth, guarded)]
        else:
            through = [functools.partial(raw_calls.ml_meth, address, flags) for address in (meth, guarded)]
        for who in admitted:
            for arguments in positional:
                # CPython checks the number of arguments of these conventions.
                if flags == METH_FASTCALL or len(arguments) == (flags == METH_O):
                    comparison('guarded', *through, (*who, *arguments))
    if boxed:
        through = functools.partial(raw_calls.boxed, boxed)
        if receivers is not None:
            admitted = [who for who in admitted if proven(receiver_kind, *who)]
        for who in admitted:
            for arguments in positional:
                fits = map(proven, kinds, arguments)
                if len(arguments) == len(kinds) and all(fits):
                    comparison('boxed', original, through, (*who, *arguments))
    return comparison
