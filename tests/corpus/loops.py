"""`if`, `while` and `for`, with `else`, `break` and `continue`."""

import math

from objects import *


def many_branches(a):
    if a is None:
        return 'none'
    elif a == 1:
        result = 'one'
    elif a:
        result = 'true'
    else:
        result = 'false'
    return result


def count(n):
    i = 0
    while i < n:
        i = math.trunc(i) + 1
    return i


def sum_range(n):
    total = 0
    for i in range(n):
        total += i
    return total


def while_else(n):
    while n > 0:
        n -= 1
        if n == 5:
            break
    else:
        return 'exhausted', n
    return 'broken', n


def while_true(n):
    while True:
        n += 1
        if not n <= 10:
            return n
        if n % 2:
            continue
        n += 1


def while_object(a):
    n = 0
    while a:
        n += 1
        if n > 3:
            break
    return n


def for_else(xs):
    for x in xs:
        if x:
            continue
        break
    else:
        return 'done'
    return x


def nested_loops(n):
    found = []
    for i in range(n):
        for j in range(i, n):
            if (i + j) % 3 == 0:
                continue
            if j > 4:
                break
            found.append((i, j))
        else:
            found.append(i)
    return found


def return_from_inner(xs, wanted):
    for i, row in enumerate(xs):
        for j, x in enumerate(row):
            if x == wanted:
                return i, j
    return None


def collect(xs):
    result = []
    for x in xs:
        note('body')
        result.append(x)
    return result


def loop_variable_stays(xs):
    x = 'before'
    for x in xs:
        pass
    return x


def changes_while_iterating(xs):
    for x in xs:
        if len(xs) < 6:
            xs.append(x)
        else:
            xs.remove(x)
    return xs


def dict_changes_while_iterating(d):
    for k in d:
        d[str(k)] = 1
    return d


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def collatz(n):
    steps = 0
    while n != 1 and steps < 100:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def sieve(n):
    flags = [True] * (n + 1)
    primes = []
    for i in range(2, n + 1):
        if flags[i]:
            primes.append(i)
            for j in range(i * i, n + 1, i):
                flags[j] = False
    return primes


def bubble_sort(xs):
    for end in range(len(xs) - 1, 0, -1):
        changed = False
        for i in range(end):
            if xs[i] > xs[i + 1]:
                xs[i], xs[i + 1] = xs[i + 1], xs[i]
                changed = True
        if not changed:
            break
    return xs


def zip_and_items(a, d):
    pairs = []
    for (x, y), k in zip(zip(a, a), d):
        pairs += [x, y, k, d[k]]
    return pairs


def into_targets(xs, a):
    for a.x in xs:
        pass
    slots = [0]
    for slots[0] in xs:
        pass
    return a.x, slots


COUNTS = ['0', '1', '5', '-3', 'True', '2.5', 'nan', 'Int(4)', 'Float(3.5)', '"text"', 'None', 'Raises()']
CASES = {
    many_branches: each(ANY),
    count: each(COUNTS),
    sum_range: each(COUNTS, ['1000']),
    while_else: each(COUNTS, ['6', '10']),
    while_true: each(COUNTS),
    while_object: each(ANY),
    for_else: each(ITERABLES, ['[1, 0]', '[0]', '[Raises()]']),
    nested_loops: each(COUNTS, ['8']),
    return_from_inner: grid(['[]', '[[1, 2], [3, 4]]', '["ab", "c"]', '[1]', 'None'], ['3', '"c"', 'None', 'Raises()']),
    collect: each(ITERABLES),
    loop_variable_stays: each(ITERABLES),
    changes_while_iterating: each(ITERABLES),
    dict_changes_while_iterating: ['{}', '{1: 2}', '{"a": 1}', '[]', 'None', 'Dict(a=2)'],
    gcd: grid(['0', '3', '-2', '2**64', '2.5', 'Int(3)', 'None', '"text"', 'Raises()'], ['0', '4', '1.5', '-7', 'None']) + ['48, 36', '2**80, 3**20'],
    collatz: each(COUNTS[1:], ['27', '2**70']),
    sieve: each(COUNTS, ['50']),
    bubble_sort: each(ITERABLES, ['[3, 1, 2]', '[2, 1.5, "a"]', '[5, 4, 3, 2, 1]', '[nan, 1, nan, 0]']),
    zip_and_items: grid(ITERABLES[:8], ['{}', '{1: 2, 3: 4}', 'None']),
    into_targets: grid(ITERABLES, ['Point(1, 2)', 'None']),
}
