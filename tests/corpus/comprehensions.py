"""Comprehensions: functions of their own in 3.11, part of the function from 3.12."""

from objects import *


def lists(xs):
    return [x for x in xs]


def filtered(xs):
    return [x * 2 for x in xs if x]


def sets(xs):
    return {x for x in xs}


def dicts(xs):
    return {x: i for i, x in enumerate(xs)}


def nested(xs):
    return [[y for y in x] for x in xs]


def two_loops(xs):
    return [(x, y) for x in xs for y in range(x) if y != 1]


def name_outside_stays(xs):
    x = 'outside'
    result = [x for x in xs]
    return x, result


def unbound_name_stays(xs):
    result = [y for y in xs]
    return result, y


def with_closures(xs):
    functions = [lambda: x for x in xs]
    return [f() for f in functions]


def captures_outside(xs, a):
    return [(x, a) for x in xs], {x: [a for _ in (1, 2)] for x in (1, 2)}


def cell_outside(xs, a):
    f = lambda: a
    result = [a for a in xs]
    return f(), result, a


def cell_inside(xs):
    x = 'outer'
    get = lambda: x
    result = [(lambda: x)() for x in xs]
    return result, get(), x


def unpacks(xs):
    return [a + b for a, b in xs]


def caught_around(xs):
    x = 'kept'
    try:
        return [1 // x for x in xs]
    except Exception as e:
        return x, type(e)


def generator_argument(xs):
    return sum(x for x in xs), any(x is None for x in xs)


def walrus_inside(xs):
    result = [last := x for x in xs]
    return result, last


def conditions(xs, limit):
    return [x for x in xs if x != 2 if not x == limit], {k: v for k, v in zip(xs, xs) if k}


def in_class_body(xs):
    class C:
        ys = [x for x in xs]
        zs = {x: xs for x in ys}

    return C.ys, C.zs


def as_iterable(xs):
    total = 0
    for y in [x for x in xs if x]:
        total += y
    return total, [*(z for z in xs)]


def distinct(a):
    return sorted({str(item) for item in a if item}), {(item, item) for item in a if item == 1}


def sets_of_sets(a):
    return len({frozenset({other for other in (item, 1)}) for item in a})


CASES = {function: ITERABLES + ['[0, 1, 2]', '[1, "a"]', '[3, 2, 0]'] for function in (
    lists, filtered, sets, dicts, nested, two_loops, name_outside_stays, unbound_name_stays, with_closures, cell_inside,
    unpacks, caught_around, generator_argument, walrus_inside, in_class_body, as_iterable, distinct, sets_of_sets)}
CASES |= {
    captures_outside: grid(ITERABLES, FEW),
    cell_outside: grid(ITERABLES, FEW),
    conditions: grid(ITERABLES, FEW),
}
