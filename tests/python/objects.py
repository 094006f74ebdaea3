"""Objects of many types, as arguments that ctypes takes, converts or refuses."""

import ctypes
from array import array
from ctypes import (POINTER, Structure, Union, byref, c_bool, c_byte, c_char, c_char_p, c_double, c_float, c_int,
                    c_long, c_short,
                    c_ubyte, c_uint, c_ulong, c_ushort, c_void_p, c_wchar, c_wchar_p, create_string_buffer, pointer)


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


class PairSubclass(Pair):
    _fields_ = [('z', c_int)]


class Wrapping(Structure):
    """C data that names something else as what it is passed as."""
    _fields_ = [('x', c_int)]
    _as_parameter_ = 5


class LongWrapping(c_long):
    @property
    def _as_parameter_(self):
        raise LookupError('from _as_parameter_')


class Either(Union):
    _fields_ = [('i', c_int), ('p', c_void_p)]


class IntPointer(POINTER(c_int)):
    _type_ = c_int


class PointerOfItsOwn(ctypes._Pointer):
    _type_ = c_int


class IntsOfTheirOwn(ctypes.Array):
    _type_ = c_int
    _length_ = 3


class VoidSubclass(c_void_p):
    pass


class TextSubclass(c_char_p):
    pass


class Refusing:
    @property
    def _as_parameter_(self):
        raise LookupError('from _as_parameter_')


class Pretending:
    """Says that it is an int."""
    __class__ = c_int


NUMBER = c_int(5)
CALLBACK = ctypes.CFUNCTYPE(c_int, c_int)
BUFFER = create_string_buffer(b'buffer')
INTS = (c_int * 3)(1, 2, 3)
PAIR = Pair(3, 4)
# Pointers only into live memory, and no ints that a callee would use as pointers.
NUMBERS = [0, 1, -1, 7, 2**31 - 1, 2**31, -2**31 - 1, 2**32, 2**63 - 1, 2**63, -2**63, -2**63 - 1, 2**64, 10**30,
           -10**30,
           True, False, Int(3), Int(2**40), Int(2**70), Index(), Broken()]
OTHERS = [None, '', 'text', Str('text'), b'', b'x', b'bytes', Bytes(b'bytes'), bytearray(b'x'), memoryview(b'memory'),
          0.0,
          -0.0, 1.5, Float(2.5), 1e300, float('inf'), float('nan'), 1j, (), (1,), [], [1], {}, object(), int, len,
          Ellipsis,
          AsFloat(), array('i', [1, 2, 3]), array('d', [1.0])]
CTYPES = [c_int(5), c_uint(5), c_long(5), LongSubclass(5), c_short(5), c_byte(5), c_ubyte(5), c_ushort(5), c_ulong(5),
          c_double(5.5), c_float(5.5), c_bool(True), c_char(b'c'), c_wchar('w'), c_char_p(b'text'), c_char_p(None),
          c_wchar_p('text'), c_wchar_p(None), c_void_p(None), POINTER(c_int)(), pointer(NUMBER), byref(NUMBER),
          BUFFER, INTS,
          byref(INTS), PAIR, byref(PAIR), pointer(PAIR), (c_int * 0)(), (c_char * 2)(), ctypes.py_object(5), c_int,
          POINTER(c_int),
          PairSubclass(1, 2, 3), byref(PairSubclass(1, 2, 3)), Wrapping(6), byref(Wrapping(6)), LongWrapping(7),
          Either(8),
          byref(Either(8)), IntPointer(NUMBER), IntPointer(), PointerOfItsOwn(NUMBER), IntsOfTheirOwn(1, 2, 3),
          VoidSubclass(0), TextSubclass(b'text'), pointer(pointer(NUMBER)), byref(pointer(NUMBER)), byref(INTS, 4),
          (POINTER(c_int) * 2)(), (Pair * 2)(), (c_int * 2 * 2)(), (c_wchar * 3)('a'), (c_byte * 3)(), (c_void_p * 2)(),
          CALLBACK(abs), ctypes.CFUNCTYPE(c_int, c_int, c_int)(max), ctypes.PYFUNCTYPE(c_int, c_int)(abs), CALLBACK(),
          ctypes.c_longdouble(5.5), c_int.__ctype_be__(5), Pair.x, (c_int * 3).__class__, ctypes.cast(INTS, c_void_p),
          ctypes.cast(INTS, POINTER(c_long)), ctypes.cast(BUFFER, c_char_p), PairSubclass.from_buffer(bytearray(12))]
WRAPPED = [AsParameter(value) for value in (5, 2**70, 1.5, b'bytes', 'text', None, c_int(5), c_long(5), c_double(5.5),
                                            NUMBER,
                                            byref(NUMBER), INTS, AsParameter(5), AsParameter(c_int(5)), object(),
                                            LongWrapping(7), Wrapping(6), PAIR, BUFFER, CALLBACK(abs))]
WRAPPED += [Refusing(), Pretending()]
VALUES = NUMBERS + OTHERS + CTYPES + WRAPPED
