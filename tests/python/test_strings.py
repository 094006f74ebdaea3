"""Strings: char pointers and wide ones, as arguments and results."""

import ctypes
from ctypes import (POINTER, c_char, c_char_p, c_int, c_size_t, c_ulong, c_void_p, c_wchar, c_wchar_p, cast,
                    create_string_buffer, create_unicode_buffer)

import typedcall
from support import Hits, agree, fixture, prototype, specialized

library = fixture()


def test_bytes_are_passed_as_they_are():
    function = prototype(library.length, c_size_t, c_char_p)
    stub = specialized(function)
    with Hits(5):
        for text in (b'', b'a', b'text', b'x' * 10_000, b'nul\0inside'):
            assert agree(function, stub, text)[1][1] == repr(len(text.partition(b'\0')[0]))
    assert stub(None) == function(None) == 2**64 - 1


def test_char_buffers_and_pointers_are_strings_too():
    function = prototype(library.length, c_size_t, c_char_p)
    stub = specialized(function)
    buffer = create_string_buffer(b'buffer')
    given = [buffer, ctypes.byref(buffer), cast(buffer, POINTER(c_char)), c_char_p(b'text'), cast(buffer, c_char_p),
             c_char_p(None), POINTER(c_char)(), ctypes.byref(c_char(b'\0')), (ctypes.c_byte * 3)(97, 98),
             (c_wchar * 2)(),
             bytearray(b'bytes'), memoryview(b'bytes'), 'text', 5, c_void_p(0)]
    for value in given:
        agree(function, stub, value)


def test_pointers_to_char_take_bytes():
    function = prototype(library.length, c_size_t, POINTER(c_char))
    stub = specialized(function)
    for value in (b'text', create_string_buffer(b'buffer'), None, 'text', c_char_p(b'text'), bytearray(b'x')):
        agree(function, stub, value)


def test_text_is_passed_wide():
    function = prototype(library.wide_length, c_size_t, c_wchar_p)
    stub = typedcall.specialize(function)
    for text in ('', 'a', 'text', 'ä\u20ac\U0001f40d', 'x' * 10_000, 'nul\0inside', None, b'bytes', 5,
                 create_unicode_buffer('buffer'), c_wchar_p('text'), '\udc80'):
        agree(function, stub, text)


def test_string_results_are_copies():
    function = prototype(library.name_of, c_char_p, c_int)
    stub = specialized(function)
    with Hits(5):
        for number in range(5):
            agree(function, stub, number)
    assert stub(1) == b'one' and stub(4) is None and stub(3) == b'\xff\xfe'
    function = prototype(library.wide_name_of, c_wchar_p, c_int)
    stub = specialized(function)
    with Hits(5):
        for number in range(5):
            agree(function, stub, number)
    assert stub(3) == '\U0001f40d' and stub(4) is None


def test_a_result_inside_an_argument_is_read_before_the_argument_dies():
    function = prototype(library.skip, c_char_p, c_char_p, c_int)
    stub = specialized(function)
    for count in range(100):
        text = bytes(range(1, 120)) + b'%d' % count
        assert stub(text + b'', count) == text[count:]
        assert stub(b'a' * 200 + text, 200 + count) == text[count:]


def test_a_subclass_of_c_char_p_as_result_is_an_instance():
    class Text(c_char_p):
        pass

    function = prototype(library.name_of, Text, c_int)
    stub = typedcall.specialize(function)
    assert type(stub(1)) is type(function(1)) is Text and stub(1).value == b'one'


def test_a_null_result_of_each_pointer_kind():
    for kind in (c_char_p, c_wchar_p, c_void_p, POINTER(c_int), ctypes.CFUNCTYPE(c_int), c_ulong):
        function = prototype(library.no_numbers, kind)
        agree(function, typedcall.specialize(function))
