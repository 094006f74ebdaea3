"""Comparisons, `is` and `in`."""

from objects import *


def ordered(a, b):
    return a < b, a <= b, a > b, a >= b


def less(a, b):
    return a < b


def equal(a, b):
    return a == b, a != b


def chain(a, b, c):
    return a < b <= c


def long_chain(a, b, c):
    return a == b is not c != a > 0


def chain_with_calls(a, b):
    return note(a) < note(b) < note(a)


def chain_as_condition(a, b, c):
    if a < b < c:
        return 'rising'
    if not a >= b >= c:
        return 'neither'
    return 'falling'


def identity(a, b):
    return a is b, a is not b, a is None, a is not None, None is b


def same_object(a):
    b = a
    return a is b, a == b, [a] == [b], a in [b]


def contains(a, b):
    return a in b


def contains_not(a, b):
    if a not in b:
        return 'absent'
    return 'present'


def contains_constants(a):
    return a in (1, 2, 'text'), a in {1, 2, 3}, a in [0.0, None], a not in ()


def compare_as_condition(a, b):
    result = []
    if a == b:
        result.append('==')
    if a != b:
        result.append('!=')
    if a < b:
        result.append('<')
    return result


def count_below(xs, limit):
    n = 0
    while n < len(xs) and xs[n] < limit:
        n += 1
    return n


def at_least(a, b):
    return a >= b, b >= a >= 0


def absent(a, b):
    return a not in [b, 1] and b not in (a, None)


CASES = {
    ordered: grid(NUMBERS, NUMBERS) + grid(FEW, OTHERS),
    less: grid(ANY, ANY),
    at_least: grid(NUMBERS, FEW),
    absent: grid(ANY, FEW),
    equal: grid(ANY, ANY),
    chain: grid(FEW, FEW, FEW),
    long_chain: grid(FEW, FEW, FEW),
    chain_with_calls: grid(FEW, FEW),
    chain_as_condition: grid(FEW, FEW, FEW),
    identity: grid(ANY, FEW) + ['nan, nan', '(), ()'],
    same_object: each(ANY),
    contains: grid(FEW, ITERABLES + ['MissingDict()']) + ['"a", "ab"', '1, "ab"', '[], {1}'],
    contains_not: grid(FEW, ITERABLES),
    contains_constants: each(ANY),
    compare_as_condition: grid(NUMBERS, NUMBERS) + grid(FEW, OTHERS),
    count_below: grid(['[1, 2, 3]', '(1, 2.5, 4)', '[]', '"abc"', '[1, None]', 'None'], FEW),
}
