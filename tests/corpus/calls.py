"""Calls: how arguments are passed, and how they are bound."""

from objects import *


def call_nothing(f):
    return f()


def call_one(f, a):
    return f(a)


def call_many(f, a):
    return f(a, 1, 2, 3, 4, 5, 6, 7, 8, a)


def call_keywords(f, a):
    return f(a, key=a, other=1)


def call_only_keywords(f, a):
    return f(b=a, a=1)


def call_star(f, args):
    return f(*args)


def call_star_and_more(f, args):
    return f(1, *args, 2, *args)


def call_double_star(f, kwargs):
    return f(**kwargs)


def call_everything(f, args, kwargs):
    return f(1, *args, k=2, **kwargs)


def call_two_mappings(f, a, b):
    return f(**a, **b)


def call_mapping_and_keyword(f, a):
    return f(x=1, **a, y=2)


def order_of_evaluation(f):
    return note('f', f)(note(1), *note([2]), k=note(3), **note({'m': 4}))


def nested_calls(f, a):
    return f(f(a), f(f(a)))


def defaults(a, b=2, *args, c=3, **kw):
    return a, b, args, c, kw


def positional_only(a, b=2, /, c=3, *, d, e=5):
    return a, b, c, d, e


def only_keywords(*, a, b=()):
    return a, b


def mutable_default(a, seen=[]):
    seen = [*seen, a]
    return seen


def varargs(*args, **kwargs):
    args = args[1:]
    kwargs['new'] = 1
    return args, kwargs


def builtin_calls(a):
    return len([a]), str(a), isinstance(a, (int, str)), print is None, max(a, a, key=lambda x: 0), dict(k=a)


def types_called(a):
    return int(a), float(a), tuple([a]), Point(a), Point(x=a, y=1).y


def call_bound(a):
    f = Point(1, 2).move
    f(a)
    return f(a, a).x


def call_result_dropped(f, a):
    f(a)
    f(a)
    return note('done')


MAPPINGS = ['{}', '{"a": 1}', '{"k": 1}', '{"x": 1, "z": 2}', 'Dict(a=1)', 'Mapping(a=1, b=2)', '{1: 2}', '{Str("a"): 1}', 'None',
            '5', 'Noisy()', 'Raises()', '[("a", 1)]']
BINDINGS = ['', '1', '1, 2', '1, 2, 3', '1, 2, 3, 4, c=5', 'b=1', 'a=1', 'a=1, b=2', '1, a=1', '1, 2, b=3', '1, z=3', '1, d=4',
            '1, 2, 3, d=4', '1, 2, c=3, d=4, e=6', '1, b=2, d=3', 'a=1, d=2', '1, 2, 3, 4, 5', 'a=1, b=2, z=3', '*range(9)',
            '**{"a": 1, "c": 2}', '1, **{Str("c"): 2}', '[1], d=None', 'a=Noisy()']
CASES = {
    call_nothing: each(CALLABLES),
    call_one: grid(CALLABLES, FEW),
    call_many: grid(CALLABLES, FEW[:3]),
    call_keywords: grid(CALLABLES, FEW[:5]),
    call_only_keywords: grid(CALLABLES, FEW[:5]),
    call_star: grid(CALLABLES, ITERABLES),
    call_star_and_more: grid(CALLABLES[:5], ITERABLES),
    call_double_star: grid(CALLABLES, MAPPINGS),
    call_everything: grid([*CALLABLES[:5], CALLABLES[13]], ITERABLES[:8] + ['None'], MAPPINGS),
    call_two_mappings: grid([*CALLABLES[:5], CALLABLES[13]], MAPPINGS, MAPPINGS),
    call_mapping_and_keyword: grid(CALLABLES, MAPPINGS + ['{"y": 1}']),
    order_of_evaluation: each(CALLABLES),
    nested_calls: grid(CALLABLES + ['after(2)'], FEW),
    defaults: BINDINGS,
    positional_only: BINDINGS,
    only_keywords: BINDINGS,
    mutable_default: BINDINGS,
    varargs: BINDINGS,
    builtin_calls: each(ANY),
    types_called: each(ANY),
    call_bound: each(FEW),
    call_result_dropped: grid(CALLABLES + ['after(2)'], FEW[:4]),
}
