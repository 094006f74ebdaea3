"""`and`, `or`, `not`, and conditional expressions."""

from objects import *


def both(a, b):
    return a and b


def either(a, b):
    return a or b


def mixed(a, b, c):
    return (a and b) or c


def other_mix(a, b, c):
    return a or (b and not c)


def negation(a):
    return not a, not not a


def ternary(a, b):
    return a if a else b


def nested_ternary(a):
    return 1 if a is None else 'truthy' if a else 'falsy'


def ternary_with_effects(a):
    return note('yes') if note('asked', a) else note('no')


def short_circuit(a, b):
    return note('left', a) and note('right', b) or note('last', 0)


def as_condition(a, b):
    if a and b:
        return 'both'
    elif a or b:
        return 'one'
    elif not (a or b) and note('none'):
        return 'none'


def long_condition(a, b, c):
    if (a or b) and (b or c) and not (a and b and c):
        return 1
    return 2


def truth_of_many(a):
    return bool(a), [not a, a or 1, a and 1, True if a else False]


CASES = {
    both: grid(ANY, FEW),
    either: grid(ANY, FEW),
    mixed: grid(FEW, FEW, FEW),
    other_mix: grid(FEW, FEW, FEW),
    negation: each(ANY),
    ternary: grid(ANY, FEW),
    nested_ternary: each(ANY),
    ternary_with_effects: each(ANY),
    short_circuit: grid(FEW, FEW),
    as_condition: grid(ANY, FEW),
    long_condition: grid(FEW, FEW, FEW),
    truth_of_many: each(ANY),
}
