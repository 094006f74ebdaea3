"""f-strings."""

from objects import *


def simple(a):
    return f'{a}'


def between_text(a, b):
    return f'first {a}, then {b}.'


def conversions(a):
    return f'{a!r} {a!s} {a!a}'


def specifications(a):
    return f'{a:>10} {a:5}'


def number_formats(a):
    return f'{a:.3f}', f'{a:08.2e}'


def nested_specification(a, width):
    return f'{a:>{width}}', f'{a!r:^{width}}'


def expressions(a, b):
    return f'{a + b}{a if b else 1} {[x for x in (a, b)]!r} {len([a])}'


def self_describing(a):
    return f'{a=} {a = !s} {a=:5}'


def nested_texts(a):
    return f'{f"{a}!"}{"constant"}{{}}'


def no_values():
    return f'nothing', f''


def texts_joined(a, b):
    s = f'{a}'
    s += f'{b}'
    return s, s is f'{s}'


CASES = {
    simple: each(ANY),
    between_text: grid(FEW, FEW),
    conversions: each(ANY, ['"ä\\ud800"']),
    specifications: each(ANY),
    number_formats: each(ANY),
    nested_specification: grid(ANY, ['10', '0', '-1', '"x"', '"<5"', 'None', 'Noisy()', 'Raises()']),
    expressions: grid(FEW, FEW),
    self_describing: each(ANY),
    nested_texts: each(ANY),
    no_values: [''],
    texts_joined: grid(['"a"', '"ä"', 'Str("s")', '5', 'Noisy()', 'Raises()'], ['"b"', '""']),
}
