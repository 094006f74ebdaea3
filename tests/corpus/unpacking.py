"""Unpacking assignments."""

from objects import *


def two(pair):
    a, b = pair
    return a, b


def three_from(xs):
    a, b, c = xs
    return c, b, a


def nested(pair):
    a, (b, c) = pair
    return a, b, c


def starred(xs):
    a, *rest = xs
    return a, rest


def starred_first(xs):
    *rest, z = xs
    return rest, z


def starred_middle(xs):
    a, *middle, y, z = xs
    return a, middle, y, z


def nested_starred(pair):
    a, (b, *rest) = pair
    return a, b, rest


def into_targets(pair, obj):
    xs = [0, 0]
    obj.x, xs[1] = pair
    return xs, obj.x


def in_for(pairs):
    result = []
    for a, (b, *c) in pairs:
        result.append((a, b, c))
    return result


def exchange(a, b, c, d):
    a, b, c, d = d, c, b, a
    (a, b), [c, d] = (c, d), [a, b]
    return a, b, c, d


def chained(pair):
    x = a, b = y = pair
    return x, a, b, y


def single(xs):
    (a,) = xs
    [b] = [a]
    return a, b


CASES = {
    two: each(ITERABLES),
    three_from: each(ITERABLES),
    nested: each(ITERABLES, ['[1, (2, 3)]', '(1, "ab")', '[1, 2]', '[1, [1]]', '[1, Counter(1, 2, Trouble)]']),
    starred: each(ITERABLES),
    starred_first: each(ITERABLES),
    starred_middle: each(ITERABLES),
    nested_starred: each(ITERABLES, ['[1, (2, 3, 4)]', '(1, "abc")', '[1, []]']),
    into_targets: grid(ITERABLES, ['Point(1, 2)', 'None', 'Noisy()']),
    in_for: ['[]', '[(1, (2, 3))]', '[(1, "abc"), (2, [3])]', '[(1, ())]', '[1]', '[(1, 2, 3)]', '{1: 2}', 'None'],
    exchange: ['1, 2, 3, 4', '[], {}, None, 2.5'],
    chained: each(ITERABLES),
    single: each(ITERABLES),
}
