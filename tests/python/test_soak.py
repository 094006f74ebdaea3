"""Calls and stubs by the hundred thousand: nothing grows."""

import ctypes
import gc
import os
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_double, c_int, c_long, c_size_t, c_wchar_p

import typedcall
from support import extension, fixture, prototype, specialized

typed = extension()
library = fixture()
PAGE = os.sysconf('SC_PAGE_SIZE')


class Point(Structure):
    _fields_ = [('x', c_int), ('y', c_int)]


def resident():
    gc.collect()
    with open('/proc/self/statm') as statm:
        return int(statm.read().split()[1]) * PAGE


def grows(body, rounds=5, least=400_000):
    """Whether memory grows with every round of the body, after two to warm up."""
    body()
    body()
    start = resident()
    for _ in range(rounds):
        body()
    return resident() - start > least


def assert_steady(body):
    # Another thread or the allocator may have interfered; a leak shows again.
    assert not (grows(body) and grows(body)), 'memory grows'


def test_calls_of_every_kind():
    add = specialized(prototype(library['add_long'], c_long, c_long, c_long))
    double = specialized(prototype(library['add_double'], c_double, c_double, c_double))
    name = specialized(prototype(library['name_of'], c_char_p, c_int))
    wide = specialized(prototype(library['wide_name_of'], c_wchar_p, c_int))
    area = specialized(prototype(library['area'], c_int, POINTER(Point)))
    total = specialized(prototype(library['sum_ints'], c_long, POINTER(c_int), c_size_t))
    numbers = typedcall.specialize(prototype(library['numbers'], POINTER(c_int)))
    repr_of = specialized(prototype(ctypes.PyDLL(None).PyObject_Repr, ctypes.py_object, ctypes.py_object))
    point, values = Point(3, 4), (c_int * 4)(1, 2, 3, 4)

    def body():
        for step in range(20_000):
            add(2**40 + step, step)
            double(step + 0.5, 1.5)
            name(1)
            wide(1)
            area(byref(point))
            total(values, 4)
            numbers()
            repr_of(values)

    assert_steady(body)


def test_calls_that_fail():
    add = specialized(prototype(library['add_long'], c_long, c_long, c_long))
    area = specialized(prototype(library['area'], c_int, POINTER(Point)))

    def body():
        for step in range(5_000):
            for call, arguments in ((add, ('x', step)), (add, (1,)), (area, (5,)), (area, (b'bytes',))):
                try:
                    call(*arguments)
                except (TypeError, ctypes.ArgumentError):
                    pass
            add(2**70, step)

    assert_steady(body)


def test_stubs_made_and_dropped():
    kinds = [(c_long, (c_long, c_long), 'add_long'), (c_double, (c_double, c_double), 'add_double'),
             (c_int, (POINTER(Point),), 'area'), (c_char_p, (c_int,), 'name_of')]

    def body():
        for step in range(2_000):
            result, arguments, name = kinds[step % 4]
            typedcall.specialize(prototype(library[name], result, *arguments))

    assert_steady(body)
    before = typedcall.stats()
    body()
    gc.collect()
    after = typedcall.stats()
    assert after['shapes'] <= before['shapes'] + 4 and after['code_bytes'] <= 2 * before['code_bytes'], (before, after)


def test_prototypes_changed_again_and_again():
    function = prototype(library['echo_long'], c_long, c_long)
    stub = specialized(function)

    def body():
        for step in range(5_000):
            function.restype = c_int if step % 2 else c_long
            function.argtypes = [c_int] if step % 3 else [c_long]
            stub(step)

    assert_steady(body)


def test_callbacks():
    unary = CFUNCTYPE(c_int, c_int)
    stub = specialized(prototype(library['apply'], c_int, unary, c_int))

    def body():
        for step in range(3_000):
            stub(unary(lambda x: x), step)

    assert_steady(body)


def test_installing_and_uninstalling():
    found = fixture()
    prototype(found.add_long, c_long, c_long, c_long)

    def body():
        for _ in range(500):
            typedcall.install(found)
            typedcall.uninstall(found)
            typedcall.install(typed)
            typedcall.uninstall(typed)

    assert_steady(body)


def test_types_that_come_and_go():
    """The memory of argument types must not keep them alive, nor grow without end."""
    function = prototype(library['address_of'], ctypes.c_ulong, ctypes.c_void_p)
    stub = specialized(function)

    def body():
        for step in range(500):
            kind = type('Kind', (Structure,), {'_fields_': [('x', c_int * (step % 5 + 1))]})
            stub(byref(kind()))

    assert_steady(body)


def test_explanations():
    function = prototype(library['add_long'], c_long, c_long, c_long)
    stub = specialized(function)

    def body():
        for _ in range(50):
            explanation = typedcall.explain(stub)
            str(explanation), explanation.asm, typedcall.stats()

    assert_steady(body)
