"""Lifetimes: the stub keeps its function and library alive, and nothing else; nothing keeps the stub alive."""

import _ctypes
import ctypes
import gc
import sys
import weakref
from ctypes import CDLL, POINTER, c_char_p, c_int, c_long

import typedcall
from support import Hits, build, fixture, prototype, specialized


class Library(CDLL):
    """One that can be referred to weakly."""


def test_the_function_lives_as_long_as_its_stub():
    function = prototype(fixture().add_long, c_long, c_long, c_long)
    alive = weakref.ref(function)
    stub = specialized(function)
    del function
    gc.collect()
    assert alive() is not None and typedcall.original(stub) is alive()
    with Hits(1):
        assert stub(1, 2) == 3
    del stub
    gc.collect()
    assert alive() is None


def test_the_library_object_lives_as_long_as_the_stub():
    library = fixture(Library)
    alive = weakref.ref(library)
    stub = specialized(prototype(library.add_long, c_long, c_long, c_long))
    del library
    gc.collect()
    assert alive() is not None
    assert stub(1, 2) == 3
    del stub
    gc.collect()
    assert alive() is None


def test_a_second_handle_keeps_the_code_when_the_first_is_closed():
    path = build('fixture.c')
    first, second = CDLL(path), CDLL(path)
    stub = specialized(prototype(first.add_long, c_long, c_long, c_long))
    _ctypes.dlclose(second._handle)
    assert stub(1, 2) == 3


def test_the_types_of_a_prototype_live_no_longer_than_the_stub():
    class Own(c_int):
        pass

    alive = weakref.ref(Own)
    function = prototype(fixture()['echo_int'], Own, Own)
    stub = typedcall.specialize(function)
    assert stub(5).value == 5
    prototype(function, c_int, c_int)
    del Own
    gc.collect()
    assert stub(5) == 5
    del stub
    gc.collect()
    assert alive() is None


def test_a_call_changes_no_reference_counts():
    stub = specialized(prototype(fixture().add_long, c_long, c_long, c_long))
    a, b = 2**40, 2**41
    before = sys.getrefcount(a), sys.getrefcount(b), sys.getrefcount(stub), sys.getrefcount(typedcall.original(stub))
    for _ in range(1000):
        stub(a, b)
    after = sys.getrefcount(a), sys.getrefcount(b), sys.getrefcount(stub), sys.getrefcount(typedcall.original(stub))
    assert before == after


def test_arguments_die_after_the_call():
    function = prototype(fixture().sum_ints, c_long, POINTER(c_int), c_long)
    stub = specialized(function)
    values = (c_int * 3)(1, 2, 3)
    alive = weakref.ref(values)
    assert stub(values, 3) == 6
    del values
    assert alive() is None
    through = ctypes.pointer(c_int(9))
    before = sys.getrefcount(through)
    for _ in range(100):
        stub(through, 1)
    assert sys.getrefcount(through) == before


def test_a_failing_call_leaves_nothing_behind():
    function = prototype(fixture().sum_ints, c_long, POINTER(c_int), c_long)
    stub = specialized(function)

    class Value:
        pass

    value = Value()
    alive = weakref.ref(value)
    for _ in range(100):
        try:
            stub(value, 1)
        except ctypes.ArgumentError:
            pass
    del value
    gc.collect()
    assert alive() is None


def test_a_stub_of_a_temporary_function_object():
    for _ in range(200):
        stub = specialized(prototype(fixture()['add_long'], c_long, c_long, c_long))
        assert stub(20, 22) == 42


def test_a_cycle_of_function_and_stub_is_collected():
    function = prototype(fixture()['add_long'], c_long, c_long, c_long)
    alive = weakref.ref(function)
    function.fast = specialized(function)
    assert function.fast(1, 2) == 3
    del function
    gc.collect()
    assert alive() is None


def test_stubs_of_one_function_are_one():
    function = prototype(fixture().add_long, c_long, c_long, c_long)
    first = specialized(function)
    assert typedcall.specialize(first) is first
    second = specialized(function)
    del first
    gc.collect()
    assert second(1, 2) == 3


def test_the_collector_sees_through_a_stub():
    function = prototype(fixture().name_of, c_char_p, c_int)
    stub = specialized(function)
    assert stub(1) == b'one'
    seen, found = {id(stub)}, [stub]
    while found:
        for value in gc.get_referents(found.pop()):
            if value is function:
                return
            if id(value) not in seen and len(seen) < 1000:
                seen.add(id(value))
                found.append(value)
    raise AssertionError('no way from the stub to its function')
