"""`specialize` as a decorator, over a library's function and over a prototype's class."""

import ctypes
import math
import types
from ctypes import CDLL, CFUNCTYPE, POINTER, PYFUNCTYPE, byref, c_double, c_int, c_long

import typedcall
from support import Hits, fixture, hits, prototype, raises

library = fixture()


def test_a_definition_names_a_function_of_the_library():
    @typedcall.specialize(library=library)
    def add_long(a: c_long, b: c_long) -> c_long:
        """The sum."""

    assert type(add_long) is types.BuiltinFunctionType and typedcall.explain(add_long).why_not is None
    with Hits(1):
        assert add_long(2**40, 2) == 2**40 + 2
    raises(ctypes.ArgumentError, add_long, 'x', 1)


def test_a_definition_without_result_returns_none():
    @typedcall.specialize(library=library)
    def divide(a: c_int, b: c_int, quotient: POINTER(c_int), remainder: POINTER(c_int)) -> None: ...

    quotient, remainder = c_int(), c_int()
    assert divide(17, 5, byref(quotient), byref(remainder)) is None
    assert (quotient.value, remainder.value) == (3, 2)


def test_annotations_may_be_strings():
    @typedcall.specialize(library=library)
    def add_double(a: 'c_double', b: 'c_double') -> 'c_double': ...

    assert add_double(1.5, 2) == 3.5


def test_the_library_keeps_its_own_prototype():
    own = fixture()

    @typedcall.specialize(library=own)
    def add_long(a: c_long, b: c_long) -> c_long: ...

    assert add_long(1, 2) == 3
    assert own.add_long.argtypes is None and own.add_long.restype is c_int


def test_a_definition_without_annotations_is_refused():
    def add_long(a, b): ...

    error = raises((typedcall.Error, TypeError), typedcall.specialize(library=library), add_long)
    assert 'a' in str(error) and 'annot' in str(error)


def test_a_function_that_the_library_has_not():
    def no_such_function(a: c_int) -> c_int: ...

    error = raises(typedcall.Error, typedcall.specialize(library=library), no_such_function)
    assert 'no_such_function' in str(error)


def test_what_is_no_library_is_refused_at_once():
    for wrong in ('libm.so.6', ctypes.cdll, CDLL, 5, math):
        error = raises(TypeError, typedcall.specialize, library=wrong)
        assert 'a ctypes library' in str(error) and repr(wrong) in str(error)
        raises(TypeError, typedcall.specialize, library.add_long, library=wrong)


def test_the_docstring_is_kept_with_the_function():
    @typedcall.specialize(library=library)
    def add_long(a: c_long, b: c_long) -> c_long:
        """The sum."""

    assert add_long.__doc__ == typedcall.original(add_long).__doc__ == 'The sum.'


def test_release_gil_is_true_false_or_none():
    for wrong in (0, 1, 'no', ()):
        error = raises(TypeError, typedcall.specialize, release_gil=wrong)
        assert 'True, False or None' in str(error)
        raises(TypeError, typedcall.specialize, library.add_long, release_gil=wrong)
        raises(TypeError, typedcall.specialize, CFUNCTYPE(c_int), release_gil=wrong)


def test_the_gil_is_kept_where_it_is_asked():
    @typedcall.specialize(library=library, release_gil=False)
    def add_long(a: c_long, b: c_long) -> c_long: ...

    assert add_long(1, 2) == 3


def test_without_arguments_it_is_a_decorator():
    @typedcall.specialize
    def plain(x):
        return x

    @typedcall.specialize()
    def called(x):
        return x

    assert plain(1) == called(1) == 1 and type(plain) is type(called) is not types.BuiltinFunctionType


def test_a_prototype_class_makes_specialized_functions():
    for make in (CFUNCTYPE, PYFUNCTYPE):
        kind = typedcall.specialize(make(c_long, c_long, c_long))
        by_name = kind(('add_long', library))
        by_address = kind(ctypes.cast(library.add_long, ctypes.c_void_p).value)
        for function in (by_name, by_address):
            assert type(function) is types.BuiltinFunctionType
            before = hits()
            assert function(2**40, 1) == 2**40 + 1
            assert hits() > before


def test_a_prototype_class_makes_callbacks_as_ever():
    kind = typedcall.specialize(CFUNCTYPE(c_int, c_int))
    callback = kind(lambda x: 2 * x)
    apply = typedcall.specialize(prototype(library.apply, c_int, CFUNCTYPE(c_int, c_int), c_int))
    assert callback(4) == 8 and apply(callback, 5) == 10


def test_strict_raises_at_the_definition():
    class Point(ctypes.Structure):
        _fields_ = [('x', c_int), ('y', c_int)]

    def swapped(point: Point) -> Point: ...

    error = raises(typedcall.Error, typedcall.specialize(library=library, strict=True), swapped)
    assert 'Point' in str(error)
    relaxed = typedcall.specialize(library=library)(swapped)
    assert relaxed(Point(1, 2)).x == 2


def test_specialize_refuses_arguments_it_does_not_know():
    raises(TypeError, typedcall.specialize, len, fast=True)
    raises(TypeError, typedcall.specialize, len, len)
