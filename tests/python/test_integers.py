"""Pure functions of ints, of libc and of each width: ctypes and the stub agree."""

import ctypes
from ctypes import (CDLL, c_bool, c_byte, c_char, c_double, c_float, c_int, c_long, c_longlong, c_short, c_size_t,
                    c_ubyte,
                    c_uint, c_ulong, c_ulonglong, c_ushort, c_void_p, c_wchar)

from support import Hits, agree, fixture, ints, prototype, same_ints, specialized

COUNT = 10_000
libc = CDLL(None)
library = fixture()
XS, YS = ints(COUNT, 21), ints(COUNT, 22)
# These may index a table, so only defined arguments are used.
CHARACTERS = list(range(-1, 256)) * (COUNT // 257 + 1)

OF_INT = 'abs ffs htonl ntohl toascii isascii'.split()
OF_LONG = 'labs llabs ffsl ffsll imaxabs'.split()
OF_CHARACTER = '''isalnum isalpha isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit
                  tolower toupper'''.split()
OF_WIDE = 'iswalnum iswalpha iswdigit iswspace towlower towupper wcwidth'.split()
ECHOES = {'byte': [c_byte], 'ubyte': [c_ubyte], 'short': [c_short], 'ushort': [c_ushort], 'int': [c_int],
          'uint': [c_uint],
          'long': [c_long, c_longlong, ctypes.c_ssize_t, ctypes.c_int64],
          'ulong': [c_ulong, c_ulonglong, c_size_t, ctypes.c_uint64]}


def test_libc_functions_of_an_int_agree():
    for name in OF_INT:
        function = prototype(libc[name], c_int, c_int)
        with Hits(COUNT // 3):
            same_ints(function, specialized(function), XS)


def test_libc_functions_of_a_long_agree():
    for name in OF_LONG:
        function = prototype(libc[name], c_long, c_long)
        with Hits(COUNT // 3):
            same_ints(function, specialized(function), XS)


def test_libc_functions_of_a_character_agree():
    for name in OF_CHARACTER:
        function = prototype(libc[name], c_int, c_int)
        with Hits(COUNT):
            same_ints(function, specialized(function), CHARACTERS)


def test_libc_functions_of_a_wide_character_agree():
    for name in OF_WIDE:
        function = prototype(libc[name], c_int, c_uint)
        with Hits(COUNT):
            same_ints(function, specialized(function), [value % 0x110000 for value in XS])


def test_libc_functions_of_a_short_agree():
    for name in ('htons', 'ntohs'):
        function = prototype(libc[name], c_ushort, c_ushort)
        with Hits(COUNT):
            same_ints(function, specialized(function), [value % 2**16 for value in XS])


def test_ints_of_every_width_come_back_as_ctypes_gives_them():
    for name, types in ECHOES.items():
        for kind in types:
            function = prototype(library[f'echo_{name}'], kind, kind)
            stub = specialized(function)
            with Hits(100):
                same_ints(function, stub, XS)
            in_range = [value % 2 ** (8 * ctypes.sizeof(kind) - 1) for value in range(COUNT)]
            with Hits(COUNT):
                same_ints(function, stub, in_range)


def test_a_result_is_read_as_its_type_whatever_the_register_holds():
    """ctypes looks at the low bytes only, also where the function's own result is wider."""
    for kind in (c_byte, c_ubyte, c_short, c_ushort, c_int, c_uint):
        function = prototype(library.echo_long, kind, c_long)
        with Hits(COUNT // 3):
            same_ints(function, specialized(function), XS)


def test_short_arguments_are_widened_as_a_compiler_does():
    function = prototype(library.widened_int, c_ulong, c_byte, c_ubyte, c_short, c_ushort)
    stub = specialized(function)
    same_ints(function, stub, XS, YS, YS, XS)
    with Hits(COUNT):
        same_ints(function, stub, *[[value % 2**bits - 2**bits // 2 * sign for value in XS]
                                    for bits, sign in ((8, 1), (8, 0), (16, 1), (16, 0))])


def test_functions_of_two_and_of_many_ints_agree():
    function = prototype(library.add_long, c_long, c_long, c_long)
    with Hits(COUNT // 4):
        same_ints(function, specialized(function), XS, YS)
    function = prototype(library.ten, c_long, *[c_long] * 10)
    columns = [[value + index for value in XS] for index in range(10)]
    with Hits(COUNT // 4):
        same_ints(function, specialized(function), *columns)


def test_ints_and_floats_mix():
    function = prototype(library.mixed, c_long, c_int, c_double, c_byte, c_float, c_ulong, c_bool)
    columns = [XS, [value / 8 % 1e6 for value in XS], YS, [value / 16 % 1e4 for value in YS], XS,
               [value % 2 == 0 for value in XS]]
    stub = specialized(function)
    same_ints(function, stub, *columns)
    columns[0] = [value % 2**31 for value in XS]
    columns[2] = [value % 256 - 128 for value in YS]
    columns[4] = [value % 2**64 for value in XS]
    with Hits(COUNT):
        same_ints(function, stub, *columns)


def test_ten_doubles_agree():
    function = prototype(library.ten_doubles, c_double, *[c_double] * 10)
    stub = specialized(function)
    with Hits(500):
        for value in XS[:500]:
            agree(function, stub, *[value % 2**50 / step for step in range(1, 11)])


def test_bools_agree():
    function = prototype(library.echo_bool, c_bool, c_bool)
    stub = specialized(function)
    with Hits(2):
        for value in (True, False):
            assert agree(function, stub, value)[1] == (bool, repr(value))
    for value in (0, 1, 2, -1, 2**70, 0.0, 0.5, '', 'x', [], [0], None, object, float('nan')):
        agree(function, stub, value)


def test_characters_agree():
    function = prototype(library.echo_char, c_char, c_char)
    stub = specialized(function)
    with Hits(256):
        for value in range(256):
            agree(function, stub, bytes([value]))
    for value in (b'', b'ab', 'a', 97, -1, 256, bytearray(b'a'), bytearray(b'ab'), None, c_char(b'z')):
        agree(function, stub, value)
    function = prototype(library.echo_wchar, c_wchar, c_wchar)
    stub = specialized(function)
    for value in ('a', '\0', 'ä', '\u20ac', '\U0001f40d', '\udc80', '', 'ab', b'a', 97, None, c_wchar('z')):
        agree(function, stub, value)


def test_pointers_as_numbers_agree():
    function = prototype(library.echo_pointer, c_void_p, c_void_p)
    stub = specialized(function)
    assert stub(None) is None and stub(0) is None and stub(5) == 5 and stub(-1) == 2**64 - 1
    for value in XS:
        agree(function, stub, value)


def test_functions_without_arguments_agree():
    function = prototype(library.answer, c_int)
    stub = specialized(function)
    with Hits(2):
        assert agree(function, stub)[1] == (int, '42')
        assert stub() == 42
    # ctypes itself allows more arguments than the prototype has.
    for arguments in ((1,), (1, 2), ('x',), (1.5,), (object(),)):
        agree(function, stub, *arguments)


def test_no_result_is_none():
    function = prototype(library.count, None)
    counted = prototype(library.counted, c_int)
    stub = specialized(function)
    before = counted()
    assert stub() is None and stub() is None
    assert counted() == before + 2
