"""`try` with `except` and `else`."""

import math

from objects import *


def catch(f):
    try:
        return f()
    except Trouble:
        return 'caught'


def catch_named(f):
    try:
        result = f()
    except Trouble as e:
        note(type(e), e.args, str(e))
        result = 'caught'
    return result


def name_is_unbound_after(f):
    e = 'before'
    try:
        f()
    except Trouble as e:
        pass
    return e


def several(f):
    try:
        f()
    except OtherTrouble as e:
        return 'other', e
    except (KeyError, ValueError) as e:
        return 'either', e.args
    except Exception as e:
        return 'any', type(e)
    except:
        return 'all'
    else:
        return 'none'


def with_else(f, g):
    try:
        a = f()
    except Exception:
        return 'first failed'
    else:
        return g(), a


def class_is_evaluated(f, kinds):
    try:
        return f()
    except kinds:
        return 'caught'


def classes_in_order(f):
    try:
        f()
    except note('first', KeyError):
        return 1
    except note('second', Trouble):
        return 2


def nested(f, g):
    try:
        try:
            f()
        except KeyError as e:
            return g(e)
    except Trouble as e:
        return 'outer', e


def raised_in_handler(f):
    try:
        f()
    except Exception as e:
        raise KeyError('second')


def handler_that_fails_and_catches(f):
    try:
        f()
    except Exception as first:
        try:
            f()
        except Exception as second:
            return first, second, first is second, second.__context__ is first


def handled_exception(f):
    import sys

    before = sys.exc_info()[1]
    try:
        f()
    except Exception as e:
        inside = sys.exc_info()[1] is e
    else:
        inside = None
    return inside, sys.exc_info()[1] is before


def in_loop(functions):
    caught = []
    for f in functions:
        try:
            caught.append(f())
        except Trouble as e:
            caught.append(e)
            continue
        except Exception:
            break
        note('tail')
    else:
        note('else')
    return caught


def until_it_fails(i):
    while True:
        try:
            i = math.isqrt(i) - 1
        except (ValueError, TypeError) as e:
            return e


def retry(f, n):
    while n:
        try:
            return f(n)
        except Exception:
            n -= 1
            if not n:
                raise


def return_in_handler_of_loop(f):
    for i in range(3):
        try:
            f(i)
        except Trouble:
            return i
        else:
            if i == 1:
                break
    return 'end', i


def keep_exception(f):
    kept = None
    try:
        f()
    except BaseException as e:
        kept = e
    return kept


def delete_in_handler(f):
    try:
        f()
    except Exception as e:
        del e
    return 'ok'


def raises_again(f):
    try:
        f()
    except Trouble as e:
        note('seen', e.args)
        raise


def raises_the_name_again(f):
    try:
        f()
    except Trouble as e:
        raise e


FAILURES = ['lambda: 1', 'fail', 'lambda: fail(OtherTrouble)', 'lambda: fail(KeyError, "k")', 'lambda: fail(ValueError, 1, 2)',
            'lambda: fail(Quiet)', 'lambda: fail(StopIteration, 5)', 'lambda: 1 / 0', 'lambda: [].x', 'None', 'Raises()',
            'after(2)', 'lambda *a: a', 'lambda *a: fail(KeyError)']
CASES = {
    catch: each(FAILURES),
    catch_named: each(FAILURES),
    name_is_unbound_after: each(FAILURES),
    several: each(FAILURES),
    with_else: grid(FAILURES, FAILURES),
    class_is_evaluated: grid(FAILURES, ['Trouble', '(KeyError, Trouble)', '()', 'Exception', '5', '"text"', '(Trouble, 5)', 'int',
                                        'BaseException', '((KeyError, Trouble), ValueError)', 'None']),
    classes_in_order: each(FAILURES),
    nested: grid(FAILURES, FAILURES),
    raised_in_handler: each(FAILURES),
    handler_that_fails_and_catches: each(FAILURES),
    handled_exception: each(FAILURES),
    in_loop: ['[]', *(f'[{f}, {g}, lambda: 3]' for f in FAILURES for g in FAILURES[:6])],
    until_it_fails: ['0', '5', '100', '-1', '2.5', 'None', '2**200', 'Raises()'],
    retry: grid(FAILURES, ['0', '1', '3', 'None']),
    return_in_handler_of_loop: each(FAILURES, ['after(1)', 'after(3)']),
    keep_exception: each(FAILURES),
    delete_in_handler: each(FAILURES),
    raises_again: each(FAILURES),
    raises_the_name_again: each(FAILURES),
}
