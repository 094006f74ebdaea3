"""Wrong implementations, each of which the comparison must find: `faults.py`."""

import os
import sys
import types

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(os.path.dirname(here), 'support')]

import compare
from objects import *

TOTAL = 0
KEPT = []


def plain(a):
    note('called')
    return [a, a + 1]


def failing(a):
    try:
        raise KeyError(a)
    except KeyError as e:
        raise Trouble(a) from e


def counting(a):
    global TOTAL
    TOTAL = a
    return a


def appending(a):
    a.append(1)
    return a


def wrong_value(a):
    note('called')
    return [a, a + 2]


def wrong_type(a):
    note('called')
    return [a, type(a)(a + 1) if a != 1 else True + 1.0]


def fresh_number(a):
    note('called')
    return [int(str(a)) if type(a) is int else a, a + 1]


def no_log(a):
    return [a, a + 1]


def keeps_argument(a):
    note('called')
    KEPT.append(a)
    return [a, a + 1]


def leaks(a):
    note('called')
    KEPT.append(object())
    return [a, a + 1]


def no_cause(a):
    try:
        raise KeyError(a)
    except KeyError:
        raise Trouble(a)


def no_context(a):
    e = KeyError(a)
    raise Trouble(a) from e


def wrong_text(a):
    try:
        raise KeyError(a)
    except KeyError as e:
        raise Trouble(a, a) from e


def wrong_global(a):
    return a


def wrong_argument(a):
    return [*a, 1]


NUMBERS = ['1', '2**70', '2.5']
FAULTS = [
    (plain, NUMBERS, wrong_value), (plain, NUMBERS, wrong_type), (plain, NUMBERS, fresh_number), (plain, NUMBERS, no_log),
    (plain, NUMBERS, keeps_argument), (plain, NUMBERS, leaks), (failing, NUMBERS, no_cause), (failing, NUMBERS, no_context),
    (failing, NUMBERS, wrong_text), (counting, NUMBERS, wrong_global), (appending, ['[]', '[2]'], wrong_argument),
]


def at_the_lines_of(wrong, right):
    """The wrong function where tracebacks must not give it away."""
    code = wrong.__code__.replace(co_filename=right.__code__.co_filename, co_name=right.__name__,
                                  co_firstlineno=right.__code__.co_firstlineno)
    return types.FunctionType(code, right.__globals__, right.__name__)


def main():
    missed = []
    for right, cases, wrong in FAULTS:
        module = types.ModuleType('faults')
        module.CASES = {right: cases}
        report = compare.compare(module, lambda f: {'right': f, 'wrong': at_the_lines_of(wrong, f)})
        print(f'{wrong.__name__}: {sum(report.failed.values())} differences')
        if not report.failed:
            missed.append(wrong.__name__)
    print(f'missed: {missed}')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
