"""Results of each kind, made of any bits: the same objects as from ctypes."""

import ctypes
import sys
from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_byte, c_char, c_char_p, c_double, c_float, c_int, c_long,
                    c_longlong, c_short, c_size_t, c_ubyte, c_uint, c_ulong, c_ushort, c_void_p, c_wchar, c_wchar_p,
                    py_object)

import typedcall
from support import Hits, agree, fixture, floats, ints, prototype, specialized

library = fixture()
VALUES = [value % 2**64 for value in ints(500, 51)]


class Own(c_int):
    pass


class OwnDouble(c_double):
    pass


class OwnVoid(c_void_p):
    pass


class OwnBool(c_bool):
    pass


class Pair(Structure):
    _fields_ = [('x', c_int), ('y', c_int)]


def test_any_bits_as_each_integer():
    for kind in (c_bool, c_byte, c_ubyte, c_short, c_ushort, c_int, c_uint, c_long, c_ulong, c_longlong, c_size_t,
                 c_char,
                 c_void_p):
        function = prototype(library.echo_ulong, kind, c_ulong)
        stub = specialized(function)
        with Hits(50):
            for value in VALUES:
                agree(function, stub, value)


def test_any_bits_as_a_wide_character():
    function = prototype(library.echo_ulong, c_wchar, c_ulong)
    stub = typedcall.specialize(function)
    for value in (0, 97, 0xd800, 0xdfff, 0xffff, 0x10000, 0x10ffff, 0x110000, 2**31, 2**32 - 1, 2**32, 2**32 + 97):
        agree(function, stub, value)


def test_floats():
    for kind, name in ((c_float, 'float'), (c_double, 'double')):
        function = prototype(library[f'echo_{name}'], kind, kind)
        stub = specialized(function)
        for value in floats(500, 52):
            agree(function, stub, value)


def test_subclasses_of_simple_types_are_instances():
    for kind, name, value in ((Own, 'int', 5), (OwnDouble, 'double', 5.5), (OwnVoid, 'pointer', 5), (OwnBool, 'bool',
                                                                                                     True)):
        function = prototype(library[f'echo_{name}'], kind, kind.__base__)
        stub = typedcall.specialize(function)
        result = stub(value)
        assert type(result) is kind and result.value == value
        for given in (0, value, -1, 2**70, 'x', None):
            agree(function, stub, given)
        # Memory of its own, since the next result is another.
        other = stub(0)
        assert result.value == value and other is not result


def test_a_subclass_of_each_simple_type_is_specialized():
    for base in (c_byte, c_ubyte, c_short, c_ushort, c_int, c_uint, c_long, c_ulong, c_longlong, ctypes.c_ulonglong,
                 c_size_t, c_bool, c_char, c_void_p, c_char_p, c_wchar_p, c_wchar):
        kind = type('Of_' + base.__name__, (base,), {})
        stub = specialized(prototype(library['echo_ulong'], kind, c_ulong))
        with Hits(50):
            for value in VALUES[:200]:
                # A wide character has few of these values, and a pointer to text must be valid to be read.
                found, expected = stub(value), typedcall.original(stub)(value)
                assert type(found) is type(expected) is kind and bytes(found) == bytes(expected)
    for base, name in ((c_float, 'float'), (c_double, 'double')):
        kind = type('Of_' + base.__name__, (base,), {})
        for kind in (kind, type('Of_it', (kind,), {}), type('Swapped', (base.__ctype_be__,), {})):
            function = prototype(library[f'echo_{name}'], kind, base)
            stub = specialized(function)
            assert typedcall.signature(stub).startswith(f'({"f32" if base is c_float else "f64"}) -> c{name} ')
            with Hits(100):
                for value in floats(500, 53):
                    agree(function, stub, value)
            for value in (1, 2**70, 'x', None, base(1.5), True):
                agree(function, stub, value)


def test_a_subclass_may_have_what_python_runs_for_its_instances():
    made = []

    class Counted(c_double):
        def __init__(self, *arguments):
            made.append(arguments)

        def __new__(cls, *arguments):
            made.append(cls)
            return c_double.__new__(cls, *arguments)

    function = prototype(library['echo_double'], Counted, c_double)
    stub = specialized(function)
    agree(function, stub, 1.5)
    assert made == [] and type(stub(2.5)) is Counted and stub(2.5).value == 2.5 and made == []


def test_pointers_are_instances_that_point_there():
    values = (c_int * 3)(7, 8, 9)
    for kind in (POINTER(c_int), POINTER(Pair), POINTER(c_void_p), CFUNCTYPE(c_int), POINTER(POINTER(c_int))):
        function = prototype(library.address_of, kind, c_void_p)
        stub = typedcall.specialize(function)
        for given in (values, None):
            agree(function, stub, given)
            assert type(stub(given)) is kind
    function = prototype(library.address_of, POINTER(c_int), c_void_p)
    stub = typedcall.specialize(function)
    result = stub(values)
    assert result.contents.value == 7
    result[1] = 80
    assert values[1] == 80


def test_objects_of_python_are_theirs():
    item = object()
    value = item, 'text', 5
    function = prototype(ctypes.PyDLL(None).PySequence_GetItem, py_object, py_object, ctypes.c_ssize_t)
    stub = specialized(function)
    before = sys.getrefcount(item)
    results = [stub(value, 0) for _ in range(10)]
    assert all(result is item for result in results)
    grown = sys.getrefcount(item) - before
    del results
    assert grown == 10 and sys.getrefcount(item) == before, (grown, sys.getrefcount(item), before)
    agree(function, stub, value, 7)
    agree(function, stub, 5, 7)


def test_an_exception_that_was_set_before_the_result_is_looked_at_wins():
    """PyDLL: with a result that is no error to its type."""
    function = prototype(ctypes.PyDLL(None).PyLong_AsLong, c_long, py_object)
    stub = specialized(function)
    with Hits(1):
        assert stub(5) == 5
    for value in (-1, 2**70, 'x', None, 1.5):
        agree(function, stub, value)


def test_strings_and_no_result():
    text = ctypes.create_unicode_buffer('text', 10)
    for kind in (c_char_p, c_wchar_p, None):
        function = prototype(library.echo_pointer, kind, c_void_p)
        stub = typedcall.specialize(function)
        agree(function, stub, None)
        agree(function, stub, ctypes.addressof(text))
