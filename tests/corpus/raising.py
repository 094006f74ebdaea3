"""`raise` and `assert`."""

from objects import *


def raise_it(e):
    raise e


def raise_class():
    raise Trouble


def raise_with_arguments(a, b):
    raise Trouble(a, b)


def raise_from(e, cause):
    raise e from cause


def raise_from_none(f):
    try:
        f()
    except Exception:
        raise KeyError('k') from None


def raise_from_caught(f):
    try:
        f()
    except Exception as e:
        raise RuntimeError('no') from e


def raise_nothing():
    raise


def raise_in_condition(a):
    if a:
        raise Trouble(a)
    return 'fine'


def raise_in_loop(xs):
    for x in xs:
        try:
            if x:
                raise OtherTrouble(x)
        except KeyError:
            note('never')
    return 'fine'


def raise_again_later(f):
    try:
        f()
    except Exception as e:
        error = e
    else:
        return 'fine'
    raise error


def bare_raise_after_handler(f):
    try:
        f()
    except Exception:
        pass
    raise


def bare_raise_in_function(f):
    def again():
        raise

    try:
        f()
    except Exception:
        again()


def chain_of_three(f):
    try:
        try:
            f()
        except Exception:
            raise KeyError(1)
    except KeyError as e:
        raise ValueError(2) from e


def context_is_kept(e):
    first = KeyError('first')
    first.__context__ = e if isinstance(e, BaseException) else None
    try:
        raise first
    except KeyError:
        raise Trouble


def raise_same_in_handler(e):
    try:
        raise e
    except Trouble as caught:
        raise caught from e


def asserts(a):
    assert a
    return 'fine'


def assert_with_message(a):
    assert a > 0, 'positive'
    return a


def assert_computes_message(a, b):
    assert a, note('message', b)
    return note('fine')


CASES = {
    raise_it: each(ERRORS),
    raise_class: [''],
    raise_with_arguments: grid(FEW, FEW),
    raise_from: grid(ERRORS, ERRORS),
    raise_from_none: ['fail', 'lambda: 1', 'lambda: fail(Quiet)'],
    raise_from_caught: ['fail', 'lambda: 1', 'lambda: fail(Quiet)', 'after(1)', 'None'],
    raise_nothing: [''],
    raise_in_condition: each(ANY),
    raise_in_loop: each(ITERABLES),
    raise_again_later: ['fail', 'lambda: 1', 'lambda: fail(Quiet)', 'Raises()'],
    bare_raise_after_handler: ['fail', 'lambda: 1', 'lambda: fail(Quiet)'],
    bare_raise_in_function: ['fail', 'lambda: 1', 'lambda: fail(Quiet)', 'lambda: 1 / 0'],
    chain_of_three: ['fail', 'lambda: 1', 'lambda: fail(Quiet)'],
    context_is_kept: each(ERRORS),
    raise_same_in_handler: each(ERRORS),
    asserts: each(ANY),
    assert_with_message: each(ANY),
    assert_computes_message: grid(FEW, FEW),
}
