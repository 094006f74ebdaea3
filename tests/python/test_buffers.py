"""Memory of array, bytearray and other buffers, passed as ctypes takes it; and memory that went away."""

import ctypes
import gc
from array import array
from ctypes import POINTER, addressof, byref, c_char, c_double, c_int, c_long, c_size_t, c_ubyte, c_void_p

from support import Hits, agree, fixture, prototype, raises, specialized

library = fixture()


def test_the_memory_of_an_array_is_passed_by_from_buffer():
    function = prototype(library.sum_doubles, c_double, POINTER(c_double), c_size_t)
    stub = specialized(function)
    numbers = array('d', [1.0, 2.0, 3.5])
    view = (c_double * 3).from_buffer(numbers)
    with Hits(2):
        assert stub(view, 3) == 6.5
        numbers[0] = 2.0
        assert stub(view, 3) == 7.5


def test_the_memory_of_a_bytearray_is_written():
    fill = specialized(prototype(library.fill, None, POINTER(c_ubyte), c_ubyte, c_size_t))
    memory = bytearray(16)
    view = (c_ubyte * 8).from_buffer(memory, 4)
    with Hits(1):
        fill(view, 0xab, 8)
    assert memory == bytes(4) + b'\xab' * 8 + bytes(4)
    raises(BufferError, memory.append, 1)
    del view
    gc.collect()
    memory.append(1)


def test_a_buffer_address_is_passed_as_a_number():
    function = prototype(library.checksum, c_ubyte, c_void_p, c_size_t)
    stub = specialized(function)
    numbers = array('B', range(200))
    with Hits(1):
        assert stub(numbers.buffer_info()[0], 200) == function(numbers.buffer_info()[0], 200)
    memory = bytearray(range(200))
    assert stub((c_char * 200).from_buffer(memory), 200) == stub(bytes(memory), 200)


def test_buffer_objects_that_ctypes_refuses_are_refused():
    for kind in (POINTER(c_int), c_void_p, POINTER(c_ubyte), ctypes.c_char_p, c_int * 3):
        function = prototype(library.address_of, c_long, kind)
        stub = specialized(function)
        for value in (array('i', [1, 2]), bytearray(b'bytes'), memoryview(b'bytes'), memoryview(array('i', [1])),
                      range(3)):
            assert agree(function, stub, value)[0] == 'raises'


def test_an_array_that_was_resized_is_read_where_it_is_now():
    function = prototype(library.sum_ints, c_long, POINTER(c_int), c_size_t)
    stub = specialized(function)
    values = (c_int * 2)(1, 2)
    with Hits(2):
        assert stub(values, 2) == 3
        ctypes.resize(values, 4 * 10_000)
        assert stub(values, 10_000) == function(values, 10_000) == 3


def test_a_temporary_lives_through_the_call():
    function = prototype(library.sum_ints, c_long, POINTER(c_int), c_size_t)
    stub = specialized(function)
    for count in range(1, 300):
        assert stub((c_int * count)(*range(count)), count) == sum(range(count))
        assert stub(byref(c_int(count)), 1) == count


def test_what_an_object_points_into_is_kept_by_ctypes_alone():
    """The stub holds nothing after the call."""
    function = prototype(library.sum_ints, c_long, POINTER(c_int), c_size_t)
    stub = specialized(function)
    memory = bytearray(40)
    view = (c_int * 10).from_buffer(memory)
    stub(view, 10)
    del view
    gc.collect()
    memory.extend(b'more')


def test_a_freed_buffer_is_refused():
    memory = memoryview(bytearray(8))
    memory.release()
    raises(ValueError, (c_int * 2).from_buffer, memory)
    function = prototype(library.address_of, c_long, POINTER(c_int))
    stub = specialized(function)
    assert agree(function, stub, memory)[0] == 'raises'
    # A view keeps its object alive, so its memory can't be freed.
    memory = bytearray(8)
    view = (c_int * 2).from_buffer(memory)
    where = addressof(view)
    del memory
    gc.collect()
    assert stub(view) == where
