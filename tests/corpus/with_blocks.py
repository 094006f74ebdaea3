"""`with`."""

from objects import *

MANAGERS = ['Manager()', 'Manager(suppress=True)', 'Manager(enter=Trouble)', 'Manager(leave=Trouble)',
            'Manager(leave=KeyError, suppress=True)', 'Manager(enter=Quiet, leave=KeyError)', 'Manager(suppress=Raises())',
            'Manager(suppress=Noisy())', 'NoExit()', 'NoEnter()', 'None', 'Raises()', 'Noisy()']
BODIES = ['lambda: 1', 'fail', 'lambda: fail(Quiet)', 'lambda: fail(StopIteration)', 'lambda: 1 / 0']


def bind(m):
    with m as value:
        note('body', value)
    return value


def no_name(m, f):
    with m:
        f()
    return 'after'


def return_inside(m, f):
    with m as value:
        return value, f()
    return 'suppressed'


def two(a, b, f):
    with a as x, b as y:
        return x, y, f()
    return 'suppressed'


def nested(a, b, f):
    with a:
        with b:
            f()
        note('between')
    return 'after'


def in_loop(managers, f):
    for m in managers:
        with m as name:
            if name == 'break':
                break
            if name == 'continue':
                continue
            f()
        note('tail')
    else:
        return 'else'
    return 'end'


def around_loop(m, xs):
    with m:
        for x in xs:
            note(x)
            if x == 2:
                return 'found'
    return 'not found'


def in_try(m, f):
    try:
        with m:
            f()
    except Trouble as e:
        return e
    finally:
        note('finally')


def raises_inside(m):
    with m:
        try:
            fail()
        except Trouble:
            raise KeyError('inside')


def unpacked(m, f):
    with m as (a, b):
        f()
    return a, b


def into_attribute(m, a):
    with m as a.x:
        note(a.x)
    return a.x


def handled_in_exit(f):
    import sys

    class Looks:
        def __enter__(self):
            return self

        def __exit__(self, kind, value, traceback):
            self.same = sys.exc_info()[1] is value
            return True

    with Looks() as looks:
        f()
    return looks.same, sys.exc_info()[1]


CASES = {
    bind: each(MANAGERS),
    no_name: grid(MANAGERS, BODIES),
    return_inside: grid(MANAGERS, BODIES),
    two: grid(MANAGERS, MANAGERS, BODIES),
    nested: grid(MANAGERS, MANAGERS, BODIES),
    in_loop: grid(['[]', '[Manager("a"), Manager("b")]', '[Manager("continue"), Manager("break"), Manager()]',
                   '[Manager(suppress=True), Manager("break", leave=Trouble)]', '[Manager("continue", leave=Trouble)]',
                   '[Manager(enter=Trouble)]', '[None]'], BODIES),
    around_loop: grid(MANAGERS, ITERABLES),
    in_try: grid(MANAGERS, BODIES),
    raises_inside: each(MANAGERS),
    unpacked: grid(['Manager("ab")', 'Manager("abc")', 'Manager("abc", suppress=True)', 'Manager("ab", suppress=True)'], BODIES),
    into_attribute: grid(MANAGERS[:4], ['Point(1)', 'None', 'Noisy()']),
    handled_in_exit: each(BODIES),
}
