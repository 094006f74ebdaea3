"""Constants."""

from objects import *

SOME = (1, 'a', None)


def none():
    pass


def integers():
    return 0, 1, -1, 255, 256, 257, 1024, 1025, 65536, 2**31, 2**63, 2**70, -(2**70), 10**30


def floats():
    return 0.0, -0.0, 1.5, 1e308, 1e400, -1e400, 5e-324, 1e400 - 1e400


def texts():
    return '', 'a', 'hello,world', 'ä', '\u20ac', '\U0001f40d', '\udc80', b'', b'\0\xff', 'a' 'b'


def others():
    return None, True, False, ..., 1j, -2j, (), (1, (2, 'x', None)), NotImplemented


def folded():
    return 2 * 3 + 4, 'ab' * 3, (1, 2)[1], -5, not 1, 7 // 2, 2**10, 1 << 40


def tuples_of_constants():
    a = (1, 2.0, 'three', (4,), frozenset())
    return a, a is (1, 2.0, 'three', (4,), frozenset()), a[3]


def constant_method():
    x = "hello,world"
    return x.upper()


def docstring():
    """It has one."""
    return docstring.__doc__


CASES = {function: [''] for function in (none, integers, floats, texts, others, folded, tuples_of_constants,
                                         constant_method, docstring)}
CASES[none] = ['', '1', 'a=1']
