"""Numbers that are computed around loops, whose types are known: they stay C numbers, and come out as the objects that they
would be."""

import math

from objects import *

FLOATS = ['0.0', '-0.0', '1.5', '-2.25', '1e308', 'inf', 'nan', '3', '2**70', 'True', 'Float(2.5)', 'None', '"1.5"', 'Raises()']
COUNTS = ['0', '1', '2', '7', '2.5', 'None', 'Int(3)', 'True', '-1']


def counted(n):
    i = 0
    while i < n:
        i = i + 1
    return i


def summed(n, x):
    x = float(x)
    i = 0
    total = 0.0
    while i < n:
        total = total + x * 0.5
        i = i + 1
    return total, i


def identities(n, x):
    x = float(x)
    y = x
    kept = []
    i = 0
    while i < n:
        y = y + 1.0
        kept.append(y)
        kept.append(y)
        z = y
        i = i + 1
    return kept, [a is b for a, b in zip(kept[::2], kept[1::2])], y is x, i == 0 or (z is y and y is kept[-1])


def swapped(n, x):
    a = float(x)
    b = a + 1.0
    i = 0
    while i < n:
        a, b = b, a
        i = i + 1
    return a, b


def fibonacci(n):
    a, b = 0, 1
    i = 0
    while i < n:
        a, b = b, a + b
        i = i + 1
    return a, b, a is b


def overflows(n):
    i = 0
    power = 1
    while i < n:
        power = power * 4096
        i = i + 1
    return power


def object_at_first(n, x):
    total = x
    i = 0
    while i < n:
        total = math.fabs(total) + 1.0
        i = i + 1
    return total is x, total


def int_at_first(n):
    total = 0
    i = 0
    while i < n:
        total = total + 0.5
        i = i + 1
    return total


def nested(n, x):
    x = float(x)
    total = 0.0
    i = 0
    while i < n:
        row = 0.0
        j = 0
        while j < i:
            row = row + x
            j = j + 1
        total = total + row
        last = row
        i = i + 1
    return total, i and (last, j)


def invariant_guard(n, x):
    total = 0.0
    for i in range(n):
        total = total + math.sqrt(math.fabs(x)) * 2.0
        if total > 1e300:
            break
    return total


def left_in_the_middle(n, x):
    x = float(x)
    i = 0
    total = 0.0
    while i < n:
        i = i + 1
        if i == 2:
            continue
        if total > 100.0:
            return 'large', total, i
        total = total + x
    else:
        return 'else', total
    return 'never'


def handled_in_the_middle(n, x):
    total = 1.5
    i = 0
    while i < n:
        before = total
        try:
            total = total / float(x)
            total = math.sqrt(total)
        except (ZeroDivisionError, ValueError) as e:
            total = before + 1.0
            note(str(e), total is before)
        finally:
            i = i + 1
    return total, i


def caught_numbers(values):
    total = 0.0
    count = 0
    for value in values:
        try:
            total = total + float(value)
        except (TypeError, ValueError):
            count = count + 1
    return total, count, total / count if count else total


def negative_zero(n):
    total = -0.0
    i = 0
    while i < n:
        total = total * -1.0
        i = i + 1
    return total, math.copysign(1.0, total)


def divided(n):
    i = 10
    found = []
    while i > n:
        i = i - 3
        found.append((i // 3, i % 3, i / 4, i // -4, i % -4, i << 2, i >> 1, i & 5, i | 8, i ^ 3, -i, ~i))
    return found


def shifted(n):
    bits = 1
    i = 0
    while i < n:
        bits = bits << 13
        i = i + 1
    return bits, bits >> 13, bits.bit_length()


def compared(n, x):
    x = float(x)
    below = above = same = 0
    y = -2.25
    while n > 0:
        if y < x:
            below = below + 1
        elif y == x:
            same = same + 1
        else:
            above = above + 1
        y = y + 1.25
        n = n - 1
    return below, same, above, n


def rebinds(n, call):
    total = 0.0
    i = 0
    while i < n:
        total = total + math.sqrt(4.0)
        call(i)
        i = i + 1
    return total


def last_value(values):
    x = 0.5
    for value in values:
        if value:
            x = x * 2.0
        else:
            x = value
    return x


CASES = {
    counted: each(COUNTS),
    summed: grid(COUNTS, FLOATS),
    identities: grid(COUNTS, FLOATS),
    swapped: grid(COUNTS, FLOATS),
    fibonacci: each(COUNTS, ['100', '200']),
    overflows: each(COUNTS, ['5', '6', '20']),
    object_at_first: grid(COUNTS, FLOATS),
    int_at_first: each(COUNTS),
    nested: grid(COUNTS, FLOATS),
    invariant_guard: grid(['0', '1', '3', 'None'], FLOATS),
    left_in_the_middle: grid(COUNTS, FLOATS),
    handled_in_the_middle: grid(COUNTS, FLOATS),
    caught_numbers: each(ITERABLES, ['[1, 2.5, "x", None]', '["1.5", Float(2.5), Raises]', '[inf, -inf]']),
    negative_zero: each(COUNTS),
    divided: each(COUNTS),
    shifted: each(COUNTS),
    compared: grid(COUNTS, FLOATS),
    rebinds: grid(COUNTS, ['lambda i: None', 'fail', 'note', 'None']),
    last_value: each(ITERABLES, ['[1, 0, 1]', '[1, 0.0, 1, 1]', '[1, "", 1]', '[1, None]']),
}
