"""Pointers as arguments and results: references, out-parameters, arrays, structures, None."""

import ctypes
from ctypes import (POINTER, Structure, Union, addressof, byref, c_char, c_double, c_int, c_long, c_size_t, c_ulong,
                    c_void_p,
                    cast, create_string_buffer, pointer, sizeof)

import typedcall
from support import Hits, agree, fixture, prototype, specialized

library = fixture()


class Point(Structure):
    _fields_ = [('x', c_int), ('y', c_int)]


class NamedPoint(Point):
    pass


class Item(Structure):
    _fields_ = [('corner', Point), ('weight', c_double), ('name', c_char * 8)]


class Number(Union):
    _fields_ = [('i', c_int), ('p', c_void_p)]


def test_out_parameters_are_written():
    divide = specialized(prototype(library.divide, None, c_int, c_int, POINTER(c_int), POINTER(c_int)))
    quotient, remainder = c_int(), c_int()
    with Hits(3):
        assert divide(17, 5, byref(quotient), byref(remainder)) is None
        assert (quotient.value, remainder.value) == (3, 2)
        divide(23, 4, pointer(quotient), pointer(remainder))
        assert (quotient.value, remainder.value) == (5, 3)
        # By reference without byref, as ctypes allows if the type is the pointer's item type.
        divide(-7, 2, quotient, remainder)
        assert (quotient.value, remainder.value) == (-3, -1)


def test_byref_with_an_offset_points_into_the_object():
    store = specialized(prototype(library.store_int, None, POINTER(c_int), c_int))
    values = (c_int * 4)()
    with Hits(4):
        for index in range(4):
            store(byref(c_int.from_buffer(values), index * sizeof(c_int)), index + 10)
    assert list(values) == [10, 11, 12, 13]


def test_none_is_a_null_pointer():
    for kind in (POINTER(c_int), c_void_p, POINTER(Point), ctypes.c_char_p, ctypes.c_wchar_p):
        function = prototype(library.address_of, c_ulong, kind)
        stub = specialized(function)
        with Hits(1):
            assert stub(None) == function(None) == 0


def test_arrays_are_passed_by_their_first_item():
    function = prototype(library.sum_ints, c_long, POINTER(c_int), c_size_t)
    stub = specialized(function)
    arrays = [(c_int * count)(*range(count)) for count in (1, 2, 10, 1000)]
    with Hits(8):
        for values in arrays:
            for given in (values, cast(values, POINTER(c_int))):
                assert stub(given, len(values)) == function(given, len(values)) == sum(values)
    doubles = (c_double * 3)(1, 2, 3)
    agree(function, stub, doubles, 3)
    function = prototype(library.sum_doubles, c_double, POINTER(c_double), c_size_t)
    stub = specialized(function)
    with Hits(1):
        assert stub(doubles, 3) == 6.0
    agree(function, stub, arrays[0], 1)


def test_an_array_type_as_argument_type():
    function = prototype(library.sum_ints, c_long, c_int * 3, c_size_t)
    stub = specialized(function)
    values = (c_int * 3)(1, 2, 3)
    with Hits(1):
        assert stub(values, 3) == 6
    for other in ((c_int * 2)(1, 2), (c_int * 4)(1, 2, 3, 4), (c_double * 3)(), byref(c_int(1)), None, [1, 2, 3]):
        if other is not None:
            agree(function, stub, other, 0)


def test_structures_are_passed_by_reference():
    function = prototype(library.area, c_int, POINTER(Point))
    stub = specialized(function)
    point = Point(3, 4)
    with Hits(3):
        assert stub(byref(point)) == stub(pointer(point)) == stub(point) == 12
    for given in (NamedPoint(5, 6), byref(NamedPoint(5, 6)), pointer(NamedPoint(5, 6)), (Point * 2)((7, 8)), None,
                  Item(Point(1, 2)), byref(Item()), POINTER(Point)(), Item(Point(9, 10)).corner, 5,
                  c_void_p(addressof(point))):
        agree(function, stub, given)
    move = specialized(prototype(library.move, None, POINTER(Point), c_int, c_int))
    with Hits(1):
        move(byref(point), 10, 20)
    assert (point.x, point.y) == (13, 24)


def test_an_array_of_structures():
    function = prototype(library.weigh, c_double, POINTER(Item), c_size_t)
    stub = specialized(function)
    items = (Item * 3)(*[Item(Point(index, 0), index / 2, b'item') for index in range(3)])
    with Hits(1):
        assert stub(items, 3) == function(items, 3) == 2.5


def test_subclasses_of_what_is_pointed_at_are_taken_as_ctypes_takes_them():
    class OtherInt(c_int):
        pass

    function = prototype(library.first_int, c_int, POINTER(c_int))
    stub = specialized(function)
    for given in (OtherInt(5), byref(OtherInt(6)), pointer(OtherInt(7)), (OtherInt * 2)(8), Number(9), byref(Number(9)),
                  c_long(5), byref(c_long(5)), pointer(c_long(5))):
        agree(function, stub, given)


def test_a_pointer_type_that_a_subclass_changed_is_asked():
    class Chosen(c_int):
        @classmethod
        def from_param(cls, value):
            return c_int(2 * value)

    function = prototype(library.echo_int, c_int, Chosen)
    stub = typedcall.specialize(function)
    assert stub(4) == function(4) == 8


def test_pointer_results_are_instances():
    function = prototype(library.numbers, POINTER(c_int))
    stub = typedcall.specialize(function)
    result = stub()
    assert type(result) is POINTER(c_int) and result[:4] == [10, 20, 30, 40] and bool(result)
    result[0] = 11
    assert function()[0] == 11
    result[0] = 10
    function = prototype(library.no_numbers, POINTER(c_int))
    stub = typedcall.specialize(function)
    assert not stub() and type(stub()) is POINTER(c_int)


def test_a_pointer_to_an_argument_comes_back():
    function = prototype(library.farther, POINTER(Point), POINTER(Point), POINTER(Point))
    stub = typedcall.specialize(function)
    near, far = Point(1, 1), Point(5, 5)
    result = stub(byref(near), byref(far))
    assert type(result) is POINTER(Point) and addressof(result.contents) == addressof(far)
    result.contents.x = 6
    assert far.x == 6


def test_void_pointers_take_what_ctypes_takes():
    function = prototype(library.address_of, c_ulong, c_void_p)
    stub = specialized(function)
    number, values, point = c_int(5), (c_int * 3)(), Point()
    callback = ctypes.CFUNCTYPE(c_int, c_int)(abs)
    text = create_string_buffer(b'text')
    kept = b'some bytes'
    given = [None, 0, 5, 2**64 - 1, byref(number), pointer(number), values, text, kept, callback, c_void_p(7),
             library.answer,
             byref(point), pointer(point), ctypes.c_char_p(kept), 'text']
    with Hits(9):
        for value in given:
            if isinstance(value, str):
                assert stub(value) != 0
            else:
                agree(function, stub, value)
    for value in (point, number, 1.5, object(), bytearray(b'x'), [1]):
        agree(function, stub, value)


def test_pointers_to_pointers():
    function = prototype(library.set_pointer, None, POINTER(POINTER(c_int)), POINTER(c_int))
    stub = specialized(function)
    target, number = POINTER(c_int)(), c_int(77)
    with Hits(1):
        stub(byref(target), pointer(number))
    assert target.contents.value == 77
    stub(byref(target), None)
    assert not target


def test_a_pointer_that_is_changed_is_read_anew():
    function = prototype(library.first_int, c_int, POINTER(c_int))
    stub = specialized(function)
    first, second = c_int(1), c_int(2)
    through = pointer(first)
    with Hits(3):
        assert stub(through) == 1
        through.contents = second
        assert stub(through) == 2
        second.value = 3
        assert stub(through) == 3


def test_one_stub_meets_many_types():
    """Facts about one type must not be used for another, nor for one at the address of a dead one."""
    function = prototype(library.address_of, c_ulong, POINTER(c_int))
    stub = specialized(function)
    for step in range(300):
        good = type(f'Good{step}', (c_int * (step % 7 + 1),), {'_type_': c_int, '_length_': step % 7 + 1})()
        bad = type(f'Bad{step}', (Structure,), {'_fields_': [('x', c_int)]})()
        for value in (good, bad, good, byref(bad), (c_int * (step + 1))()):
            agree(function, stub, value)
        del good, bad
