"""Operators, and assignments with them."""

from objects import *

# Powers and shifts of large numbers take all memory.
SMALL = ['0', '1', '-1', '7', 'True', '0.0', '-0.0', '1.5', 'nan', 'inf', 'Int(3)', 'Float(2.5)', '1j', *OTHERS]


def add(a, b):
    return a + b


def subtract(a, b):
    return a - b


def multiply(a, b):
    return a * b


def divide(a, b):
    return a / b


def floor_divide(a, b):
    return a // b, a % b


def power(a, b):
    return a**b


def shifts(a, b):
    return a << b, a >> b


def bits(a, b):
    return a & b, a | b, a ^ b


def matrix_multiply(a, b):
    return a @ b


def unary(a):
    return -a, +a, ~a


def negative_of_sum(a, b):
    return -(a + b) * 2 - 1


def in_place(a, b):
    a += b
    a -= 1
    a *= 2
    return a


def in_place_others(a, b):
    a //= b
    a %= 5
    a **= 2
    a /= 3
    return a


def in_place_bits(a, b):
    a |= b
    a &= 255
    a ^= 3
    a <<= 2
    a >>= 1
    return a


def in_place_matrix(a, b):
    a @= b
    return a


def in_place_keeps_lists(a, b):
    c = a
    a += b
    return a is c, a


def polynomial(x):
    return 3 * x * x * x - 2.5 * x * x + x / 7 - 11


def mixed(a, b, c):
    return (a + b) * c - a // (b + 1) if c else a % (b or 1)


def text_built(a, b):
    s = ''
    s += a
    s += b
    t = s
    s += 'end'
    return s, t, a * 3, '%s-%r' % (a, b)


def signs(a, b):
    return +a, +b, ~(a is b)


def signs_of_parts(a):
    return [+part for part in a], [~part for part in a]


CASES = {
    add: grid(ANY, ANY),
    subtract: grid(ANY, ANY),
    multiply: grid(SMALL, ANY),
    divide: grid(NUMBERS + FEW, NUMBERS + FEW),
    floor_divide: grid(NUMBERS + FEW, NUMBERS + FEW),
    power: grid(SMALL, SMALL),
    shifts: grid(SMALL, SMALL),
    bits: grid(ANY, ANY),
    matrix_multiply: grid(FEW, FEW),
    unary: each(ANY),
    negative_of_sum: grid(FEW, FEW),
    in_place: grid(SMALL, ANY),
    in_place_others: grid(NUMBERS + FEW, NUMBERS + FEW),
    in_place_bits: grid(SMALL, SMALL),
    in_place_matrix: grid(FEW, FEW),
    in_place_keeps_lists: grid(['[1]', 'List([1])', '(1,)', '"a"', 'None', '{1}', 'Noisy()', '2.5'], ITERABLES),
    polynomial: each(ANY),
    signs: grid(NUMBERS, FEW),
    signs_of_parts: each(ITERABLES),
    # 3.15 has two texts for an int that does not fit, one in `*` of an int and a str that it has seen before.
    mixed: [case for case in grid(FEW, FEW, FEW) if not ('2**64' in case and '"text"' in case)],
    text_built: grid(['"a"', '"ä"', 'Str("s")', '""', '5', 'None', 'Noisy()'], ['"b"', '"\U0001f40d"', 'Str("t")', '5']),
}
