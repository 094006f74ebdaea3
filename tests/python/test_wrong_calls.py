"""Calls that ctypes refuses, or takes in a way of its own: the same exceptions, texts and results from the stub."""

import ctypes
from array import array
from ctypes import (POINTER, Structure, byref, c_bool, c_byte, c_char, c_char_p, c_double, c_float, c_int, c_long, c_short,
                    c_ubyte, c_uint, c_ulong, c_ushort, c_void_p, c_wchar, c_wchar_p, create_string_buffer, pointer)

import typedcall
from support import agree, fixture, outcome, prototype, raises, specialized

library = fixture()


class Int(int):
    pass


class Float(float):
    pass


class Str(str):
    pass


class Bytes(bytes):
    pass


class Index:
    def __index__(self):
        return 7


class AsFloat:
    def __float__(self):
        return 1.5


class Broken:
    def __index__(self):
        raise LookupError('from __index__')

    def __float__(self):
        raise LookupError('from __float__')

    def __bool__(self):
        raise LookupError('from __bool__')


class AsParameter:
    def __init__(self, value):
        self._as_parameter_ = value

    def __repr__(self):
        return f'AsParameter({self._as_parameter_!r})'


class LongSubclass(c_long):
    pass


class Pair(Structure):
    _fields_ = [('x', c_int), ('y', c_int)]


NUMBER = c_int(5)
CALLBACK = ctypes.CFUNCTYPE(c_int, c_int)
BUFFER = create_string_buffer(b'buffer')
INTS = (c_int * 3)(1, 2, 3)
PAIR = Pair(3, 4)
# No pointers but into memory that lives, no ints where a callee would follow them.
NUMBERS = [0, 1, -1, 7, 2**31 - 1, 2**31, -2**31 - 1, 2**32, 2**63 - 1, 2**63, -2**63, -2**63 - 1, 2**64, 10**30, -10**30,
           True, False, Int(3), Int(2**40), Int(2**70), Index(), Broken()]
OTHERS = [None, '', 'text', Str('text'), b'', b'x', b'bytes', Bytes(b'bytes'), bytearray(b'x'), memoryview(b'memory'), 0.0,
          -0.0, 1.5, Float(2.5), 1e300, float('inf'), float('nan'), 1j, (), (1,), [], [1], {}, object(), int, len, Ellipsis,
          AsFloat(), array('i', [1, 2, 3]), array('d', [1.0])]
CTYPES = [c_int(5), c_uint(5), c_long(5), LongSubclass(5), c_short(5), c_byte(5), c_ubyte(5), c_ushort(5), c_ulong(5),
          c_double(5.5), c_float(5.5), c_bool(True), c_char(b'c'), c_wchar('w'), c_char_p(b'text'), c_char_p(None),
          c_wchar_p('text'), c_wchar_p(None), c_void_p(None), POINTER(c_int)(), pointer(NUMBER), byref(NUMBER), BUFFER, INTS,
          byref(INTS), PAIR, byref(PAIR), pointer(PAIR), (c_int * 0)(), (c_char * 2)(), ctypes.py_object(5), c_int, POINTER(c_int)]
WRAPPED = [AsParameter(value) for value in (5, 2**70, 1.5, b'bytes', 'text', None, c_int(5), c_long(5), c_double(5.5), NUMBER,
                                            byref(NUMBER), INTS, AsParameter(5), AsParameter(c_int(5)), object())]
VALUES = NUMBERS + OTHERS + CTYPES + WRAPPED

ECHOES = {'byte': c_byte, 'ubyte': c_ubyte, 'short': c_short, 'ushort': c_ushort, 'int': c_int, 'uint': c_uint, 'long': c_long,
          'ulong': c_ulong, 'float': c_float, 'double': c_double, 'bool': c_bool, 'char': c_char, 'wchar': c_wchar}


def echo(name):
    function = prototype(library[f'echo_{name}'], ECHOES[name], ECHOES[name])
    return function, specialized(function)


def test_any_object_as_a_scalar():
    refused = taken = 0
    for name in ECHOES:
        function, stub = echo(name)
        for value in VALUES:
            if agree(function, stub, value)[0] == 'raises':
                refused += 1
            else:
                taken += 1
    assert refused > 500 and taken > 300, (refused, taken)


def test_any_object_as_a_pointer():
    """The callee looks at no memory. What is refused, and as what a pointer is taken, is ctypes' to say."""
    refused = 0
    for kind in (c_char_p, c_wchar_p, c_void_p, POINTER(c_int), POINTER(c_char), POINTER(c_long), POINTER(Pair),
                 POINTER(c_void_p), c_int * 3, c_char * 7, CALLBACK):
        function = prototype(library.address_of, c_ulong, kind)
        stub = specialized(function)
        for value in VALUES:
            # With byref() as a function ctypes itself crashes.
            if kind is CALLBACK and type(getattr(value, '_as_parameter_', value)) is type(byref(NUMBER)):
                continue
            expected, found = outcome(function, value), outcome(stub, value)
            # A str is copied for each call: its address may differ.
            if isinstance(getattr(value, '_as_parameter_', value), str) and expected[0] == 'returns':
                assert found[0] == 'returns'
            else:
                assert expected == found, (kind, value, expected, found)
            refused += expected[0] == 'raises'
    assert refused > 500


def test_any_object_as_the_second_argument():
    """The error names the argument by its number."""
    function = prototype(library.add_long, c_long, c_long, c_long)
    stub = specialized(function)
    for value in VALUES:
        for arguments in ((value, 5), (5, value), (value, value)):
            agree(function, stub, *arguments)
    assert 'argument 2' in str(raises(ctypes.ArgumentError, stub, 5, 'x'))


def test_too_few_arguments_are_refused():
    for name, arguments in (('add_long', 2), ('ten', 10)):
        function = prototype(library[name], c_long, *[c_long] * arguments)
        stub = specialized(function)
        for count in range(arguments):
            kind = agree(function, stub, *range(count))
            assert kind[1] is TypeError and f'{arguments}' in kind[2], kind


def test_more_arguments_than_the_prototype_has_go_as_ctypes_passes_them():
    function = prototype(library.add_long, c_long, c_long, c_long)
    stub = specialized(function)
    for more in ((3,), (3, 4), (b'x',), ('x',), (1.5,), (None,), (object(),), (2**70,), (c_int(5),), (byref(NUMBER),)):
        agree(function, stub, 1, 2, *more)


def test_keywords_are_treated_as_ctypes_treats_them():
    function = prototype(library.add_long, c_long, c_long, c_long)
    stub = specialized(function)
    for arguments, keywords in (((1, 2), {'x': 1}), ((1,), {'b': 2}), ((), {'a': 1, 'b': 2}), ((1, 2), {'': 1}), ((), {'x': 1})):
        agree(function, stub, *arguments, **keywords)
    agree(function, stub, *(1, 2), **{})


def test_a_thousand_arguments_are_refused_as_ctypes_refuses_them():
    function = prototype(library.add_long, c_long, c_long, c_long)
    stub = specialized(function)
    agree(function, stub, *range(1000))
    assert agree(function, stub, *range(1025))[0] == 'raises'


def test_a_result_that_cannot_be_made_raises_as_ctypes_does():
    function = prototype(library.echo_uint, c_wchar, c_uint)
    stub = typedcall.specialize(function)
    for value in (97, 0x10ffff, 0x110000, 2**32 - 1):
        agree(function, stub, value)


def test_the_error_is_raised_where_the_stub_is_called():
    """No frame of the package's in the traceback."""
    function, stub = echo('int')
    error = raises(ctypes.ArgumentError, stub, 'x')
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        frames.append(traceback.tb_frame.f_code.co_filename)
        traceback = traceback.tb_next
    assert len(frames) == 1, frames
    assert error.__cause__ is None and error.__context__ is None


def test_a_subclass_of_a_simple_type_as_result_is_an_instance():
    function = prototype(library.echo_long, LongSubclass, c_long)
    stub = typedcall.specialize(function)
    result = stub(5)
    assert type(result) is LongSubclass and result.value == 5
    agree(function, stub, 5)
