"""Displays of tuples, lists, sets and dicts, with unpacking."""

from objects import *


def plain(a, b):
    return [a, b], (a, b), [], (), [[a], (b,)]


def constants():
    return [1, 2, 3], (1, 2, 3), {1, 2, 3}, {'a': 1, 'b': 2}, [1, 2], {}, {1: (2, 3)}


def fresh_each_time():
    a = [], {}, [1, 2, 3]
    b = [], {}, [1, 2, 3]
    return a[0] is b[0], a[1] is b[1], a[2] is b[2]


def sets(a, b):
    return {a, b, a}


def dicts(a, b):
    return {a: b, 'constant': a, b: 1}


def dict_with_constant_keys(a, b):
    return {'x': a, 'y': b, 'z': [a]}


def order_of_evaluation():
    return {note('k1'): note('v1'), note('k2'): note('v2')}, [note(1), note(2)], {note(3), note(4)}


def starred_list(a, b):
    return [*a, 1, *b]


def starred_tuple(a, b):
    return (*a, b, *b), (*a,)


def starred_set(a, b):
    return {*a, 1, *b}


def starred_dict(a, b):
    return {**a, 'k': 1, **b}


def starred_dict_first(a, b):
    return {'a': b, **a}, {**a}


def long_list(a):
    return [a, 1, a, 2, a, 3, a, 4, a, 5, a, 6, a, 7, a, 8, a, 9, a, 10, a, 11, a, 12, a, 13, a, 14, a, 15, a, 16, a, 17]


def long_dict(a):
    return {'a': a, 'b': a, 'c': a, 'd': a, 'e': a, 'f': a, 'g': a, 'h': a, 'i': a, 'j': a, 'k': a, 'l': a, 'm': a, 'n': a,
            'o': a, 'p': a, 'q': a, 'r': a, 's': a, 't': a}


MAPPINGS = ['{}', '{"a": 1}', '{"k": 5, 2: 3}', 'Dict(a=1)', 'Mapping(a=1, b=2)', 'None', '5', 'Noisy()', 'Raises()', '[("a", 1)]']
CASES = {
    plain: grid(FEW, FEW),
    constants: [''],
    fresh_each_time: [''],
    sets: grid(ANY, FEW),
    dicts: grid(ANY, FEW),
    dict_with_constant_keys: grid(FEW, FEW),
    order_of_evaluation: [''],
    starred_list: grid(ITERABLES, ITERABLES),
    starred_tuple: grid(ITERABLES, ITERABLES),
    starred_set: grid(ITERABLES, ITERABLES),
    starred_dict: grid(MAPPINGS, MAPPINGS),
    starred_dict_first: grid(MAPPINGS, FEW),
    long_list: each(FEW),
    long_dict: each(FEW),
}
