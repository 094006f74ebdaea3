"""Recursion: as deep as CPython's own, and with its errors."""

import sys
import threading

import typedcall
from functions import IN_PLACE, Compiled, made, specialized

DOWN = 'def down(n): return 0 if n == 0 else 1 + down(n - 1)'


def recursive(source=DOWN, name='down'):
    """A specialized function that calls itself by its global name."""
    function = made(source, name)
    function.__globals__[name] = specialized(function)
    return function.__globals__[name]


class Limit:
    def __init__(self, limit):
        self.limit = limit

    def __enter__(self):
        self.before = sys.getrecursionlimit()
        sys.setrecursionlimit(self.limit)

    def __exit__(self, *exc):
        sys.setrecursionlimit(self.before)


def test_it_calls_itself_compiled():
    down = recursive()
    with Compiled(0.99, 'recursive calls', 90):
        assert down(90) == 90


def test_two_functions_call_each_other():
    source = '''
def even(n): return True if n == 0 else odd(n - 1)
def odd(n): return False if n == 0 else even(n - 1)
'''
    even = made(source, 'even')
    names = even.__globals__
    for name in ('even', 'odd'):
        names[name] = specialized(names[name])
    with Compiled(0.99, 'of two functions', 80):
        assert names['even'](80) is True and names['odd'](80) is False
    if IN_PLACE:
        with Limit(30_000):
            for depth in (1000, 10_000, 10_001):
                assert names['even'](depth) is (depth % 2 == 0)


def test_60_000_levels():
    if not IN_PLACE:
        return
    down = recursive()
    with Limit(100_000):
        for _ in range(3):
            assert down(60_000) == 60_000
    # It is compiled again once the recursion has come up.
    with Compiled(0.99, 'after deep recursion', 51):
        assert down(50) == 50


def test_60_000_levels_in_a_thread_with_a_small_stack():
    if not IN_PLACE:
        return
    down = recursive()
    before = threading.stack_size(256 << 10)
    found = []
    try:
        with Limit(100_000):
            thread = threading.Thread(target=lambda: found.append(down(20_000)))
            thread.start()
            thread.join()
    finally:
        threading.stack_size(before)
    assert found == [20_000]


def test_endless_recursion_is_a_recursion_error():
    endless = recursive('def endless(n): return endless(n + 1)', 'endless')
    for _ in range(3):
        try:
            endless(0)
        except RecursionError as error:
            assert 'maximum recursion depth exceeded' in str(error)
        else:
            raise AssertionError('there is no end')
    with Compiled(0.9, 'after endless recursion', 1):
        try:
            endless('text')
        except TypeError as error:
            assert 'str' in str(error)


def test_recursion_through_python_and_c():
    source = '''
def down(n, through): return 0 if n == 0 else 1 + through(n - 1, through)
'''
    down = recursive(source)
    for through in (lambda n, t: down(n, t), lambda n, t: max([n], key=lambda n: 0) and down(n, t) or 0,
                    lambda n, t: list(map(down, [n], [t]))[0]):
        assert down(60, through) == 60
