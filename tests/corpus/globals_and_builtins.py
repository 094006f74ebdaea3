"""Global variables and builtins."""

from objects import *

COUNTER = 0
NAMES = []


def read():
    return COUNTER, NAMES


def write(value):
    global COUNTER
    COUNTER = value
    return COUNTER


def count_up(by):
    global COUNTER
    COUNTER += by
    COUNTER *= 2
    return COUNTER


def new_global(value):
    global FRESH
    FRESH = value
    return FRESH


def delete_global(again):
    global COUNTER
    del COUNTER
    if again:
        del COUNTER
    return COUNTER


def missing():
    return there_is_no_such_name


def missing_call(a):
    return there_is_no_such_function(a)


def shadowed_builtin(a):
    global len
    before = len(a)
    len = lambda a: note('mine')
    during = len(a)
    del len
    return before, during, len(a)


def builtins(a):
    return isinstance(a, int), type(a), callable(a), id(a) == id(a), bool


def constants_of_builtins(a):
    return __name__, __debug__, Ellipsis is ..., a is NotImplemented


def calls_another(a):
    return write(a), read()


def through_globals(value):
    globals()['PUT'] = value
    return PUT


CASES = {
    read: [''],
    write: each(ANY),
    count_up: each(ANY),
    new_global: each(FEW),
    delete_global: ['False', 'True'],
    missing: [''],
    missing_call: each(FEW),
    shadowed_builtin: each(ITERABLES),
    builtins: each(ANY),
    constants_of_builtins: each(FEW),
    calls_another: each(FEW),
    through_globals: each(FEW),
}
