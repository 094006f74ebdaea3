"""Local variables: stored, loaded, unbound, deleted; and the order in which they die."""

from objects import *


def swap(a, b):
    a, b = b, a
    return a, b


def rotate(a, b, c):
    a, b, c = b, c, a
    return [a, b, c]


def many(a):
    b = c = d = a
    e, f = [b, c], (c, d)
    return e, f, b is d


def maybe_unbound(a):
    if a:
        b = 1
    return b


def unbound_in_loop(xs):
    for x in xs:
        last = x
    return last, x


def deleted(a):
    del a
    return a


def deleted_twice(a):
    b = a
    del b
    del b


def deleted_and_bound_again(a):
    b = a
    del a
    a = [b]
    return a


def delete_some(a, b):
    c = [a, b]
    del a, c[0]
    return c, b


def die_when_replaced():
    a = Dying('first')
    a = note('between')
    a = Dying('second')
    note('end')


def die_in_order():
    a = Dying('a')
    b = Dying('b')
    c = [Dying('c'), Dying('d')]
    note('end')


def ignoring(a, b):
    pass


def die_as_arguments():
    object.__eq__(Dying('a'), Dying('b'))
    ignoring(Dying('c'), Dying('d'))
    Dying('e').__eq__(Dying('f'))
    note('end')


class Operand(Dying):
    """Knows some operators, and what is done with it."""

    def __add__(self, other):
        return 1

    __lt__ = __contains__ = __getitem__ = __delitem__ = __iadd__ = __add__

    def __setitem__(self, key, value):
        pass

    def __setattr__(self, name, value):
        if name == 'name':
            object.__setattr__(self, name, value)


def die_as_operands():
    Operand('a') + Operand('b')
    Operand('c') < Operand('d')
    note(Operand('e') is Operand('f'))
    Operand('g') in Operand('h')
    # Not `a[b]`: on 3.14 its operands die in another order after the bytecode is specialized.
    Operand('k')[Operand('l')] = Operand('m')
    del Operand('n')[Operand('o')]
    Operand('p').value = Operand('q')
    note('end')


def die_when_deleted():
    a = Dying('a')
    b = a
    del a
    note('one left')
    del b
    note('none left')
    Dying('temporary')
    note('end')


def result_outlives():
    a = Dying('a')
    b = Dying('b')
    return b


CASES = {
    swap: grid(FEW, FEW),
    rotate: ['1, 2.5, "x"', '[], [], Noisy()'],
    many: each(ANY),
    maybe_unbound: each(ANY),
    unbound_in_loop: each(ITERABLES),
    deleted: each(FEW),
    deleted_twice: each(FEW),
    deleted_and_bound_again: each(FEW),
    delete_some: grid(FEW, FEW),
    die_when_replaced: [''],
    die_in_order: [''],
    die_as_arguments: [''],
    die_as_operands: [''],
    die_when_deleted: [''],
    result_outlives: [''],
}
