"""`finally`, left in every way."""

from objects import *
from try_except import FAILURES


def plain(f):
    try:
        return f()
    finally:
        note('finally')


def falls_through(f):
    try:
        a = f()
    finally:
        note('finally')
    return a


def closes(f):
    try:
        return f()
    finally:
        f.close()


def return_in_finally(f):
    try:
        return f()
    finally:
        return 'replaced'


def fails_in_finally(f, g):
    try:
        return f()
    finally:
        g()


def with_except(f):
    try:
        f()
    except Trouble as e:
        note('except', e.args)
        return 'caught'
    else:
        note('else')
    finally:
        note('finally')
    return 'end'


def handler_fails(f, g):
    try:
        f()
    except Exception:
        g()
    finally:
        note('finally')


def nested(f, g):
    try:
        try:
            return f()
        finally:
            note('inner')
            g()
    finally:
        note('outer')


def break_in_try(f):
    for i in range(3):
        try:
            if f(i) == 2:
                break
        finally:
            note('finally', i)
    return i


def continue_in_try(f):
    result = []
    for i in range(3):
        try:
            if i == 1:
                continue
            result.append(f(i))
        finally:
            note('finally', i)
    else:
        note('else')
    return result


def break_in_finally(f):
    for i in range(3):
        try:
            f(i)
        finally:
            break
    return i


def continue_in_finally(f):
    for i in range(3):
        try:
            f(i)
            note('returned')
        finally:
            continue
    return i


def return_in_loop_in_try(f):
    try:
        for i in range(5):
            try:
                if i == 2:
                    return f(i)
            finally:
                note('inner', i)
    finally:
        note('outer')


def replaced_return(a):
    try:
        result = [a]
        return result
    finally:
        result.append('later')
        result = None


def while_with_finally(n):
    while n > 0:
        try:
            n -= 1
            if n == 3:
                return 'three'
            if n == 5:
                continue
            if n == 7:
                break
        finally:
            n -= 1
    else:
        return 'else', n
    return 'broken', n


def try_in_finally(f, g):
    try:
        f()
    finally:
        try:
            g()
        except Exception as e:
            note('in finally', type(e), e.__context__)


def raise_in_all(f):
    try:
        try:
            f()
        except Exception as e:
            raise KeyError(1)
        finally:
            raise ValueError(2)
    except ValueError as e:
        return e, e.__context__, e.__context__.__context__


CASES = {
    plain: each(FAILURES),
    falls_through: each(FAILURES),
    closes: each(FAILURES, ['Noisy()']),
    return_in_finally: each(FAILURES),
    fails_in_finally: grid(FAILURES, FAILURES),
    with_except: each(FAILURES),
    handler_fails: grid(FAILURES, FAILURES),
    nested: grid(FAILURES, FAILURES),
    break_in_try: each(FAILURES, ['int', 'after(3)']),
    continue_in_try: each(FAILURES, ['int', 'after(3)']),
    break_in_finally: each(FAILURES),
    continue_in_finally: each(FAILURES, ['int', 'after(3)']),
    return_in_loop_in_try: each(FAILURES, ['int']),
    replaced_return: each(FEW),
    while_with_finally: ['0', '1', '4', '5', '6', '7', '8', '9', '10', '11', '20', 'None', '2.5'],
    try_in_finally: grid(FAILURES, FAILURES),
    raise_in_all: each(FAILURES),
}
