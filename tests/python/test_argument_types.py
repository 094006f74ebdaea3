"""Every kind of argument type, each with many objects: taken as the same pointer, or refused with the same words."""

import ctypes
from ctypes import (CFUNCTYPE, POINTER, byref, c_char, c_char_p, c_double, c_int, c_long, c_ubyte, c_ulong, c_void_p,
                    c_wchar,
                    c_wchar_p, py_object)

from objects import (CALLBACK, INTS, NUMBER, VALUES, Either, IntPointer, IntsOfTheirOwn, LongSubclass, Pair,
                     PairSubclass,
                     PointerOfItsOwn, TextSubclass, VoidSubclass)
from support import Hits, fixture, outcome, prototype, specialized

import typedcall

library = fixture()
POINTERS = [c_char_p, c_wchar_p, c_void_p, VoidSubclass, TextSubclass]
TO = [POINTER(kind) for kind in (c_int, c_char, c_wchar, c_long, c_ulong, c_ubyte, c_double, Pair, PairSubclass,
                                 Either, c_void_p,
                                 c_char_p, LongSubclass, py_object, POINTER(c_int), c_int * 3, CALLBACK)]
ARRAYS = [c_int * 3, c_char * 7, c_wchar * 3, Pair * 2, c_int * 2 * 2, IntsOfTheirOwn, POINTER(c_int) * 2]
FUNCTIONS = [CALLBACK, CFUNCTYPE(None), ctypes.PYFUNCTYPE(c_int, c_int)]
OTHERS = [POINTER(None), IntPointer, PointerOfItsOwn, *FUNCTIONS]


def compare(kind, values):
    """The number of values that were taken, and of those refused."""
    function = prototype(library.address_of, c_ulong, kind)
    stub = typedcall.specialize(function, strict=True)
    counts = {'returns': 0, 'raises': 0}
    for value in values:
        # With byref() as a function, ctypes itself crashes.
        if issubclass(kind, ctypes._CFuncPtr) and type(wrapped(value)) is type(byref(NUMBER)):
            continue
        expected, found = outcome(function, value), outcome(stub, value)
        if isinstance(wrapped(value), str) and expected[0] == 'returns':
            # ctypes makes a C string of it for the call, at any address.
            assert found[0] == 'returns', (kind, value, expected, found)
        else:
            assert expected == found, (kind, value, expected, found)
        counts[expected[0]] += 1
    return counts


def wrapped(value):
    while type(value).__name__ == 'AsParameter':
        value = value._as_parameter_
    return value


def test_any_object_as_a_pointer_of_each_kind():
    for kind in POINTERS + TO + OTHERS:
        counts = compare(kind, VALUES)
        assert counts['raises'] >= 60 and (counts['returns'] >= 1 or kind in FUNCTIONS), (kind, counts)


def test_any_object_as_an_array():
    for kind in ARRAYS:
        counts = compare(kind, VALUES)
        assert counts['raises'] >= 60, (kind, counts)


def test_the_order_in_which_types_come_does_not_matter():
    """The memory of one type stays right after any other types."""
    for kind in (POINTER(c_int), c_void_p, c_char_p):
        for values in (VALUES, VALUES[::-1], VALUES[::3] + VALUES[1::3] + VALUES[2::3] + VALUES):
            compare(kind, values)


def test_what_is_its_own_pointer_type_goes_the_fast_way():
    for kind, value in ((POINTER(c_int), INTS), (POINTER(c_int), byref(NUMBER)), (POINTER(c_int), NUMBER),
                        (c_int * 3, INTS), (CALLBACK, CALLBACK(abs)), (c_void_p, INTS), (c_char_p, b'bytes'),
                        (POINTER(Pair), Pair(1, 2)), (POINTER(Pair), byref(Pair(1, 2))), (POINTER(c_int), None)):
        stub = specialized(prototype(library.address_of, c_ulong, kind))
        stub(value)
        with Hits(10):
            for _ in range(10):
                stub(value)


def test_objects_of_python():
    pythonapi = ctypes.PyDLL(None)
    function = prototype(pythonapi.PyObject_Type, py_object, py_object)
    stub = specialized(function)
    for value in VALUES:
        assert outcome(function, value) == outcome(stub, value), value
