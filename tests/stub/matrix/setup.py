"""What the methods of the matrix are called with. Run in a namespace that has the objects with conversions of their own:
`index`, `real`, `truth` and `raising`."""


class Point(tuple):
    __slots__ = ()


class SubPoint(Point):
    __slots__ = ()


# By the numbers of the kinds.
OBJECT, USER, CSTR, BUFFER, F32, F64, CBOOL = 0x03, 0x04, 0x05, 0x06, 0x1A, 0x1B, 0x1C
INT, FLOAT, BOOL, STR, BYTES, LIST, TUPLE, DICT, NONE = range(0x20, 0x29)
INTEGERS = {0x10: (8, True), 0x11: (16, True), 0x12: (32, True), 0x13: (64, True), 0x14: (8, False), 0x15: (16, False),
            0x16: (32, False), 0x17: (64, False), 0x18: (64, True), 0x19: (64, False)}

SUBCLASSES = {USER: SubPoint, INT: Int, FLOAT: Float, STR: Str, BYTES: Bytes, LIST: List, TUPLE: Tuple, DICT: Dict}

# Each parameter gets the inputs of its kind, and one object of every other kind.
EVERY = (None, True, Int(5), 3, 1.5, Float(0.5), 'text', Str('sub'), b'bytes', Bytes(b'sub'), bytearray(b'array'), [1],
         List([1]), (1,), Tuple((1,)), {1: 2}, Dict(), Point((1,)), SubPoint((2,)), object(), int, index, real, truth,
         raising)


def integers(bits, signed):
    """The first three have at most two digits."""
    least, greatest = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    small = max(least, -(1 << 59)), min(greatest, (1 << 60) - 1)
    edges = {least - 1, least, least + 1, greatest - 1, greatest, greatest + 1, 0, 1, -1, 7, 2**30 - 1, 2**30, -(2**30),
             2**60, 2**63, -(2**63), 2**64, 10**30}
    return (*small, 100, *sorted(edges - {*small, 100}))


# The first three of each are valid: no stub needs the wrapper for them.
TEXTS = ('', 'plain', 'ä€😀', 'a\0b', '\0', 'ä\0', '\ud800', 'x' * 1000, 'é' * 70)
OWN = {
    OBJECT: (object(), 'object', 2**70),
    USER: (Point((1, 2)), Point(()), Point((3,))),
    CSTR: TEXTS,
    BUFFER: (b'', b'bytes', b'\0zero', b'x' * 1000, memoryview(b'view'), memoryview(b'strided')[::2]),
    F32: (0.5, -0.0, float('nan'), float('inf'), 1e300, 3.4e38, 1e-45, 1e-320, -1.0, 2**70, 10**400),
    F64: (0.5, -0.0, float('nan'), float('inf'), float('-inf'), 1e300, 5e-324, -1.0, 2**70, 10**400),
    CBOOL: (True, False, True, 0, 1),
    INT: (0, -1, 2**100),
    FLOAT: (0.5, -0.0, float('nan')),
    BOOL: (True, False, True),
    STR: TEXTS,
    BYTES: (b'', b'bytes', b'\0zero'),
    LIST: ([], [1], [[]]),
    TUPLE: ((), (1,), ((),)),
    DICT: ({}, {1: 2}, {'k': None}),
    NONE: (None, None, None),
} | {kind: integers(*form) for kind, form in INTEGERS.items()}
INPUTS = {kind: tuple(own) + EVERY for kind, own in OWN.items()}

# The arguments around the parameter under test, different at each position: i64, f64, f32 and objects.
FILLERS = (tuple(10**9 + 17 * n for n in range(17)), tuple(n + 0.125 for n in range(17)),
           tuple(n + 0.25 for n in range(17)), tuple(f'filler {n}' for n in range(17)))

ADMITTED = (Point((5,)), SubPoint((6,)))
REFUSED = (3, (5,), None, 'text')
