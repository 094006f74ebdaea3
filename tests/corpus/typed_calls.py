"""Calls of functions whose C signature is known: straight lines of them, and loops."""

import math

from objects import *

REALS = ['0.0', '1.5', '-2.25', '3', '2**70', '1e308', 'inf', 'nan', 'True', 'Float(2.5)', 'Int(3)', 'None', '"text"', '1j',
         'Raises()', '[]', '2**2000']


def root(x):
    return math.sqrt(x)


def chain(a, b, c):
    return math.hypot(math.fabs(a), math.copysign(b, c))


def chain_of_five(x):
    return math.sqrt(math.fabs(math.sin(math.cos(math.exp(x)))))


def straight_line(a, b):
    c = math.sin(a) * math.cos(b)
    d = math.atan2(c, a) + b
    e = math.pow(d, 2.0)
    return math.fmod(e, 7.0) - c


def used_twice(a):
    b = math.fabs(a)
    xs = [b, b]
    return xs[0] is xs[1], b + b, xs


def converted(a):
    return float(int(math.floor(a))) + len(str(a)), math.trunc(a), round(a)


def whole_numbers(a, b):
    return math.gcd(a, b), math.isqrt(a), a.bit_length(), math.comb(a, 2)


def predicates(a):
    if math.isnan(a):
        return 'nan'
    if math.isinf(a) or not math.isfinite(a):
        return 'inf'
    return math.isclose(a, 1.5), math.copysign(1.0, a) < 0


def accumulate(n, x):
    total = 0.0
    for i in range(n):
        total += math.sin(x) * i
    return total


def newton(x):
    guess = x / 2
    for _ in range(20):
        if guess == 0:
            break
        guess = (guess + x / guess) / 2
    return guess


def root_or_text(x):
    try:
        return math.sqrt(x)
    except ValueError as e:
        return str(e)
    except TypeError:
        return 'no number'


def norm(xs):
    total = 0.0
    for x in xs:
        total += x * x
    return math.sqrt(total)


def lengths(a, b):
    return len(a) + len(b) * 2, len(a) < len(b), max(len(a), len(b))


def text_chain(s):
    return s.strip().lower().replace('a', 'b').upper().find('B'), s.isdigit(), ord(s[0])


CASES = {
    root: each(REALS),
    chain: grid(REALS, REALS[:8], REALS[:8]),
    chain_of_five: each(REALS),
    straight_line: grid(REALS, REALS),
    used_twice: each(REALS),
    converted: each(REALS),
    whole_numbers: grid(REALS, REALS),
    predicates: each(REALS),
    accumulate: grid(['0', '10', '2.5', 'None', 'Int(3)'], REALS),
    newton: each(REALS),
    root_or_text: each(REALS),
    norm: each(ITERABLES, ['[3.0, 4.0]', '[1e200, 1e200]', '[2**600]']),
    lengths: grid(ITERABLES, ITERABLES),
    text_chain: ['""', '"a"', '" Banana "', '"12"', '"äa\U0001f40d"', 'Str(" aA")', 'b"a"', 'None', '5', 'Noisy()'],
}
