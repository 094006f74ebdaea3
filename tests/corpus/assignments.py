"""The walrus, `del`, and assignments to several targets."""

from objects import *


def walrus(xs):
    found = []
    while (x := next(xs, None)) is not None:
        found.append(x)
    return found, x


def walrus_in_condition(a):
    if (n := len(a)) > 1:
        return 'long', n
    return 'short', n


def walrus_in_call(f, a):
    return f(b := a), b


def walrus_in_chain(a, b):
    return (c := a) < (d := b), c, d


def several_targets(a, xs, obj):
    b = xs[0] = obj.x = a
    return b, xs, obj.x


def order_of_targets(a):
    xs = [0, 0, 0]
    i = 0
    i, xs[i] = 1, a
    xs[note(2)] = note('value')
    return i, xs


def delete_several(a, xs, obj):
    del a, xs[0], obj.x
    return xs


def delete_nested(a, b):
    c = 1
    del (a, [b, c])
    return c


def delete_in_loop(xs):
    while xs:
        del xs[0]
        note(len(xs))
    return xs


def augmented_attribute_of_call(f, a):
    f(a).x += a
    return f(a).x


def augmented_failing(xs, v):
    try:
        xs[0] += v
    except Exception as e:
        return type(e), xs
    return xs


def augmented_keys(d, words):
    for w in words:
        d[w] = d.get(w, 0) + 1
        d['all'] += 1
    return d


CASES = {
    walrus: each(ITERABLES, ['iter([1, 2, 3])', 'Counter(5, Trouble)', 'Counter(5)']),
    walrus_in_condition: each(ITERABLES),
    walrus_in_call: grid(CALLABLES, FEW),
    walrus_in_chain: grid(FEW, FEW),
    several_targets: grid(FEW, ['[1]', '[]', '{}', 'None'], ['Point(1)', 'None', 'Noisy()', 'Raises()']),
    order_of_targets: each(FEW),
    delete_several: grid(FEW[:2], ['[1]', '[]', '{}', 'None'], ['Point(1)', 'None', 'Noisy()', 'Raises()']),
    delete_nested: ['1, 2'],
    delete_in_loop: [case for case in ITERABLES if case != 'Noisy()'],
    augmented_attribute_of_call: grid(CALLABLES + ['lambda a: Noisy()', 'lambda a: Point(a)'], FEW),
    augmented_failing: grid(['([1],)', '[1]', '{0: 1}', '(1,)', 'None', '[[1]]'], FEW + ['[2]']),
    augmented_keys: grid(['{}', '{"all": 0}', 'MissingDict(all=1)', 'None'], ITERABLES),
}
