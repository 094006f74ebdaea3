"""Subscripts and slices: read, written, deleted."""

from objects import *

CONTAINERS = ['[]', '[1, 2, 3]', '(1, 2, 3)', '"abc"', '"äb\U0001f40d"', 'b"abc"', 'bytearray(b"abc")', '{0: "zero", "a": 1}',
              'MissingDict()', 'List([1, 2])', 'Dict()', 'range(5)', 'None', '5', 'Noisy()', 'Raises()', 'list', 'int']
KEYS = ['0', '1', '-1', '3', '-4', '2**70', 'True', 'Int(1)', '1.0', 'nan', '"a"', 'None', '[]', '(1, 2)', 'slice(1)', 'Noisy()',
        'Raises()']
LIMITS = ['None', '0', '1', '-1', '7', '2**70', '"a"', 'Int(1)', 'Raises()']


def read(xs, i):
    return xs[i]


def read_constant(xs):
    return xs[0], xs[-1], xs[1]


def read_nested(xs, i):
    return xs[i][i]


def write(xs, i, v):
    xs[i] = v
    return xs[i]


def delete(xs, i):
    del xs[i]
    return len(xs)


def augmented(xs, i, v):
    xs[i] += v
    return xs


def augmented_once(xs, i):
    note(xs)[note(i)] += note(1)
    return xs


def slices(xs, a, b):
    return xs[a:b], xs[a:], xs[:b], xs[:]


def slices_with_step(xs, a, b):
    return xs[a::2], xs[::b], xs[a:5:b]


def constant_slices(xs):
    return xs[1:2:3], xs[-1:], xs[:2], xs[::-1]


def write_slice(xs, a, b, v):
    xs[a:b] = v
    return xs


def delete_slice(xs, a, b):
    del xs[a:b]
    del xs[::2]
    return xs


def augmented_slice(xs, v):
    xs[1:] += v
    xs[:1] *= 2
    return xs


def several_keys(xs, a, b):
    return xs[a, b], xs[a:b, ...]


def swap_items(xs, i, j):
    xs[i], xs[j] = xs[j], xs[i]
    return xs


def grid_of_items(n):
    rows = [[0] * 3 for row in (1, 2, 3)]
    rows[n][n] = 5
    rows[n][0] += 1
    return rows, rows[n][n - 1]


CASES = {
    read: grid(CONTAINERS, KEYS),
    read_constant: each(CONTAINERS, ITERABLES),
    read_nested: grid(['[[1, 2], [3, 4]]', '{0: "zero"}', '"abc"', '[1]'], KEYS),
    write: grid(CONTAINERS, KEYS, ['5', '"v"', 'None']),
    delete: grid(CONTAINERS, KEYS),
    augmented: grid(CONTAINERS, KEYS[:12], ['5', '"v"']),
    augmented_once: grid(CONTAINERS, KEYS[:12]),
    slices: grid(CONTAINERS, LIMITS, LIMITS[:6]),
    slices_with_step: grid(CONTAINERS[:10], LIMITS, LIMITS),
    constant_slices: each(CONTAINERS),
    write_slice: grid(CONTAINERS, LIMITS, LIMITS[:5], ['[7, 8, 9]', '"ab"', '5', 'iter([1])']),
    delete_slice: grid(CONTAINERS, LIMITS, LIMITS),
    augmented_slice: grid(CONTAINERS, ITERABLES),
    several_keys: grid(['{(1, 2): 3}', '[]', 'Noisy()', 'dict', 'int'], ['1', '[]'], ['2', 'None']),
    swap_items: grid(CONTAINERS, KEYS[:8], KEYS[:8]),
    grid_of_items: each(FEW),
}
