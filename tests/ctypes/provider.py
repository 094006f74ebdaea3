# Claims about specialized functions of ctypes. provider.rs provides `specialize`, `signature`, `calls` (how many calls
# ctypes made) and `library` (the path of foreign.c, compiled), and runs every `test_…`.
import ctypes
import gc
import math
import struct
import sys
import threading
import time
import traceback
import weakref
from ctypes import *

lib = CDLL(library)
py = PyDLL(library)


class Point(Structure):
    _fields_ = [("x", c_int), ("y", c_double)]


class Colour(c_int):
    pass


def foreign(name, restype, *argtypes, of=lib):
    function = of[name]
    function.restype = restype
    function.argtypes = argtypes
    return function


def outcome(function, arguments, keywords={}):
    try:
        result = function(*arguments, **keywords)
    except BaseException as error:
        return type(error), str(error)
    if isinstance(result, float):
        return float, struct.pack("<d", result)
    if isinstance(result, ctypes._SimpleCData):
        return type(result), result.value
    if isinstance(result, (ctypes._Pointer, ctypes._CFuncPtr)):
        return type(result), bytes(result)
    return type(result), result


def agree(function, *arguments, fast=None, stub=None):
    """The same outcome; `fast`: ctypes made no call, or `False`: it did."""
    stub = stub or specialize(function)
    expected = outcome(function, arguments)
    before = calls()
    found = outcome(stub, arguments)
    made = calls() - before
    assert found == expected, f"{function} {arguments}: {found}, ctypes: {expected}"
    if fast is not None:
        assert made == (not fast), f"{function} {arguments}: ctypes made {made} calls"
    return expected[1]


def refused(function, reason):
    try:
        specialize(function)
    except LookupError as error:
        assert reason in str(error), f"{error} has no {reason!r}"
    else:
        raise AssertionError(f"specialized, but: {reason}")


class AsParameter:
    def __init__(self, value):
        self._as_parameter_ = value


class Liar:
    """An object that says that it is of another class."""

    asked = 0

    def __init__(self, claimed):
        self.claimed = claimed

    @property
    def __class__(self):
        type(self).asked += 1
        return self.claimed


ANYTHING = [
    None, True, 0, 1, -1, 255, 256, 2**31, 2**63, 2**64, -(2**63), -(2**70), 1.5, float("nan"), "", "a", "ab", "\U0001f600",
    b"", b"a", b"ab", b"a\0b", bytearray(b"a"), memoryview(b"a"), [], (), {}, object(), object, int, c_int, c_int(5), c_char(b"x"),
    c_char_p(b"text"), c_char_p(), c_wchar_p("wide"), c_wchar_p(), c_void_p(77), c_void_p(), c_double(2.5), Colour(3),
    py_object([]), pointer(c_int(4)), POINTER(c_int)(), pointer(c_char(b"y")), pointer(c_wchar("w")), pointer(c_double(1.0)),
    (c_int * 3)(1, 2, 3), (c_char * 4)(b"a"), create_string_buffer(b"buffer"), create_unicode_buffer("wide"),
    (c_double * 2)(), Point(1, 2.0), pointer(Point(3, 4.0)), byref(c_int(6)), byref(Point(5, 6.0)), byref(c_char(b"z")),
    byref(c_wchar("v")), byref((c_int * 3)(7)), byref(c_int(6), 0), c_int.from_param(3), c_char_p.from_param(b"carg"),
    c_void_p.from_param(5), c_double.from_param(1.5), AsParameter(7), AsParameter(b"as"), AsParameter(c_int(8)),
    AsParameter(AsParameter(9)), AsParameter(byref(c_int(3))), lib.seven, CFUNCTYPE(c_int, c_int)(abs), CFUNCTYPE(None)(),
    type("Sub", (int,), {})(5), type("Sub", (float,), {})(5.5), type("Sub", (bytes,), {})(b"sub"),
    type("Sub", (str,), {})("s"), type("Sub", (POINTER(c_int),), {"_type_": c_int})(c_int(11)),
    type("Sub", (c_int,), {})(12), type("Sub", (Point,), {})(1, 1.0), type("Sub", (c_char_p,), {})(b"subtext"),
    type("Sub", (c_void_p,), {})(99), type("Weird", (c_void_p,), {"_type_": "i"})(98),
    type("Getter", (Point,), {"__getattr__": lambda self, name: 1})(1, 1.0),
    type("Index", (), {"__index__": lambda self: 3})(), type("Float", (), {"__float__": lambda self: 3.5})(),
]


def test_integers_agree_at_their_limits():
    values = [v + d for b in (0, 7, 8, 15, 16, 30, 31, 32, 60, 62, 63, 64, 70) for v in (2**b, -(2**b)) for d in (-1, 0, 1)]
    sizes = {"b": c_byte, "B": c_ubyte, "h": c_short, "H": c_ushort, "i": c_int, "I": c_uint, "l": c_long, "L": c_ulong,
             "q": c_longlong, "Q": c_ulonglong, "bool": c_bool}
    for name, type_ in sizes.items():
        function = foreign("echo_" + name, type_, type_)
        stub = specialize(function)
        for value in values:
            agree(function, value, stub=stub)
        agree(function, 1 if name != "bool" else True, fast=True)


def test_everything_is_taken_or_refused_as_ctypes_does():
    types = [c_byte, c_ubyte, c_short, c_ushort, c_int, c_uint, c_long, c_ulong, c_longlong, c_ulonglong, c_bool]
    types += [c_char, c_wchar, c_char_p, c_wchar_p, c_void_p, c_size_t, c_ssize_t]
    types += [POINTER(c_int), POINTER(c_char), POINTER(c_wchar), POINTER(Point), POINTER(c_double), POINTER(POINTER(c_int))]
    types += [c_int * 3, c_char * 4, CFUNCTYPE(c_int, c_int), Colour, type("Text", (c_char_p,), {}), POINTER(c_int * 3)]
    types += [type("Wide", (c_wchar_p,), {}), type("Void", (c_void_p,), {}), type("Pointer", (POINTER(c_int),), {"_type_": c_int})]
    types += [POINTER(c_void_p), c_int.__ctype_be__, c_long.__ctype_be__]
    for type_ in types:
        function = foreign("address", c_void_p, type_)
        stub = specialize(function)
        for _ in range(2):
            for argument in ANYTHING:
                inner = getattr(argument, "_as_parameter_", argument)
                # ctypes crashes if a function pointer is expected and a byref object is given.
                if issubclass(type_, ctypes._CFuncPtr) and type(inner) is type(byref(c_int())):
                    continue
                expected = outcome(function, [argument])
                found = outcome(stub, [argument])
                # The copy that ctypes makes of a str has another address each time.
                if isinstance(argument, str) and expected[0] is found[0] is int:
                    continue
                assert found == expected, f"{type_} {argument!r}: {found}, ctypes: {expected}"


def test_floats_agree_bit_for_bit():
    values = [0.0, -0.0, 1.5, 1e308, 5e-324, 1e39, math.inf, -math.inf, math.nan, 1, 2**53 + 1, 10**400, True, "x", None]
    for name, type_ in [("d", c_double), ("f", c_float)]:
        function = foreign("echo_" + name, type_, type_)
        for value in values:
            agree(function, value)
        agree(function, 1.5, fast=True)


def test_characters_agree():
    for value in ANYTHING:
        agree(foreign("echo_c", c_char, c_char), value)
        agree(foreign("echo_u", c_wchar, c_wchar), value)
    for value in (b"\xff", b"\0", 0, 255):
        agree(foreign("echo_c", c_char, c_char), value, fast=True)
    agree(foreign("echo_u", c_wchar, c_wchar), "\U0001f600", fast=True)
    agree(foreign("echo_i", c_wchar, c_int), 0x110000)


def test_texts_agree():
    function = foreign("echo_z", c_char_p, c_char_p)
    for value in (b"", b"text", b"a\0b", c_char_p(b"text"), None, create_string_buffer(b"buffer"), pointer(c_char(b"\0"))):
        agree(function, value, fast=True)
    buffer = create_unicode_buffer("wide")
    wide = foreign("echo_Z", c_wchar_p, c_wchar_p)
    for value in (None, buffer, c_wchar_p("wide")):
        agree(wide, value, fast=True)
    agree(wide, "copied", fast=False)


def test_void_pointers_agree():
    function = foreign("echo_P", c_void_p, c_void_p)
    for value in (None, 0, 5, -1, 2**64, -(2**70), True, c_void_p(3), (c_int * 2)(), byref(c_int(3)), pointer(c_int(3)), lib.seven):
        agree(function, value, fast=True)


NUMBERS = [c_byte, c_ubyte, c_short, c_ushort, c_int, c_uint, c_long, c_ulong, c_longlong, c_ulonglong, c_bool]


def test_prototypes_that_are_not_the_functions_agree_all_the_same():
    values = [0, 1, 2, 5, -1, -5, 127, 128, 200, 255, 256, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, -(2**31), -(2**63), True]
    for type_ in NUMBERS:
        # The passed value fills the register, and only the returned part is read from it.
        passed, returned = foreign("echo_Q", c_ulonglong, type_), foreign("echo_q", type_, c_longlong)
        third = foreign("third", c_ulonglong, type_, type_, type_)
        for function, position in [(passed, 0), (returned, 0), (third, 2)]:
            stub = specialize(function)
            for value in values:
                agree(function, *[value] * (position + 1), stub=stub)
    for type_ in (c_char_p, c_void_p, POINTER(c_int)):
        agree(foreign("echo_Q", c_void_p, type_), None, fast=True)
    for restype in (c_char, c_wchar):
        for value in (0, 65, 255, 256 + 66, 2**32 + 67):
            agree(foreign("echo_Q", restype, c_ulonglong), value, fast=value < 2**62)
    for value in (b"a", b"\x80", b"\xff", 200):
        agree(foreign("echo_Q", c_ulonglong, c_char), value, fast=True)
    for value in ("a", "\xff", "\U0010ffff"):
        agree(foreign("echo_Q", c_ulonglong, c_wchar), value, fast=True)


def test_pointers_and_arrays_are_passed_without_ctypes():
    numbers = (c_int * 4)(1, 2, 3, 4)
    total = foreign("sum", c_int, POINTER(c_int), c_size_t)
    assert agree(total, numbers, 4, fast=True) == 10
    assert agree(total, cast(numbers, POINTER(c_int)), 3, fast=True) == 6
    assert agree(total, byref(numbers, 4), 2) is not None
    assert agree(total, byref(c_int(5)), 1, fast=True) == 5
    assert agree(total, c_int(6), 1, fast=True) == 6
    assert agree(foreign("first", c_int, POINTER(c_int)), None, fast=True) == -1
    assert agree(foreign("sum", c_int, c_int * 4, c_size_t), numbers, 2, fast=True) == 3
    assert agree(foreign("sum", c_int, c_int * 4, c_size_t), byref(c_int(9)), 1, fast=True) == 9


def test_buffers_are_taken_as_ctypes_takes_them():
    total = foreign("bytes_sum", c_int, c_void_p, c_size_t)
    data = bytearray(b"\1\2\3")
    assert agree(total, (c_char * 3).from_buffer(data), 3, fast=True) == 6
    data[0] = 10
    assert agree(total, (c_ubyte * 3).from_buffer(data), 3, fast=True) == 15
    agree(total, data, 3, fast=False)


def test_structures_are_filled_through_pointers():
    twice = specialize(foreign("twice", None, POINTER(Point), POINTER(Point)))
    source, target = Point(3, 4.5), Point()
    before = calls()
    assert twice(source, byref(target)) is None
    assert calls() == before and (target.x, target.y) == (6, 9.0)
    twice(pointer(target), target)
    assert (target.x, target.y) == (12, 18.0)


def test_a_pointer_that_points_elsewhere_meanwhile_is_followed():
    first = specialize(foreign("first", c_int, POINTER(c_int)))
    one = pointer(c_int(1))
    assert first(one) == 1
    one.contents = c_int(2)
    assert first(one) == 2
    array = (c_int * 1)(3)
    resize(array, 4096)
    array[0] = 4
    assert first(array) == 4
    number = c_int(5)
    resize(number, 400)
    number.value = 6
    assert first(number) == first(byref(number)) == 6


def test_pointer_results_are_instances():
    same = foreign("same", POINTER(Point), POINTER(Point))
    stub, point = specialize(same), Point(1, 2.0)
    before = calls()
    result = stub(point)
    assert calls() == before and type(result) is POINTER(Point) and addressof(result.contents) == addressof(point)
    assert not stub(None) and result._b_needsfree_ == same(point)._b_needsfree_ and result._objects is same(point)._objects
    made = []

    class Own(POINTER(Point)):
        _type_ = Point

        def __new__(cls, *arguments):
            made.append("new")
            return super().__new__(cls)

        def __init__(self, *arguments):
            made.append("init")

    same.restype = Own
    result = specialize(same)(point)
    assert type(result) is Own and made == [] and addressof(result.contents) == addressof(point)
    pick = foreign("pick", CFUNCTYPE(c_int, c_int), c_int)
    assert specialize(pick)(1)(-5) == 5 and not specialize(pick)(0)


def test_subclasses_of_simple_types_are_instances():
    for name, base, value in [("i", c_int, -3), ("b", c_byte, -3), ("H", c_ushort, 60000), ("q", c_longlong, -(2**40)),
                              ("z", c_char_p, b"text"), ("P", c_void_p, 77), ("c", c_char, b"c"), ("u", c_wchar, "u"), ("bool", c_bool, True),
                              ("d", c_double, -2.5), ("f", c_float, 0.1)]:
        function = foreign("echo_" + name, type("Own", (base,), {}), base)
        agree(function, value, fast=True)
    refused(foreign("echo_d", type("Own", (ctypes.c_longdouble,), {}), c_double), "Own is passed and returned")


def test_results_of_the_other_byte_order_are_left_to_ctypes():
    for name, type_ in [("i", c_int), ("h", c_short), ("q", c_longlong), ("d", c_double), ("f", c_float)]:
        refused(foreign("echo_" + name, type_.__ctype_be__, type_), "byte order")
        agree(foreign("echo_" + name, type_.__ctype_le__, type_), 1, fast=True)
    for code in "hHiIlLqQfd":
        own = type("Own", (ctypes._SimpleCData,), {"_type_": code})
        # The class's own claim is not believed.
        own.__ctype_be__, own.__ctype_le__, other = own, own.__ctype_be__, own.__ctype_be__
        refused(foreign("echo_q", other, c_longlong), "byte order")
        specialize(foreign("echo_q", own, c_longlong))


def test_nothing_is_made_to_see_what_a_restype_is():
    made = []

    class Counted(ctypes._SimpleCData):
        _type_ = "i"

        def __del__(self):
            made.append(self)

    stub = specialize(foreign("echo_i", Counted, c_int))
    assert made == [] and stub(5) == 5


def test_callbacks_run_python():
    Callback = CFUNCTYPE(c_int, c_int)
    apply = foreign("apply", c_int, Callback, c_int)
    seen = []
    callback = Callback(lambda number: seen.append(number) or number * 2)
    assert agree(apply, callback, 21, fast=True) == 42 and seen == [21, 21]
    agree(apply, lambda number: number, 1, fast=False)
    agree(apply, None, 1, fast=False)
    libc = CDLL(None)
    Compare = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))
    libc.qsort.argtypes, libc.qsort.restype = (c_void_p, c_size_t, c_size_t, Compare), None
    numbers = (c_int * 6)(5, 3, 9, 1, 7, 1)
    before = calls()
    assert specialize(libc.qsort)(numbers, 6, 4, Compare(lambda a, b: a[0] - b[0])) is None
    assert calls() == before and list(numbers) == [1, 1, 3, 5, 7, 9]


def test_the_c_librarys_functions():
    libc, libm = CDLL(None), CDLL("libm.so.6")
    libc.labs.argtypes, libc.labs.restype = [c_long], c_long
    libm.sqrt.argtypes, libm.sqrt.restype = [c_double], c_double
    libc.strlen.argtypes, libc.strlen.restype = [c_char_p], c_size_t
    libc.memcpy.argtypes, libc.memcpy.restype = [c_void_p, c_void_p, c_size_t], c_void_p
    assert agree(libc.labs, -5, fast=True) == 5
    agree(libm.sqrt, 2.0, fast=True)
    assert agree(libc.strlen, b"four", fast=True) == 4
    target = create_string_buffer(8)
    agree(libc.memcpy, target, b"source", 6, fast=True)
    assert target.value == b"source"
    libc.snprintf.argtypes, libc.snprintf.restype = [c_void_p, c_size_t, c_char_p, c_double, c_int], c_int
    assert agree(libc.snprintf, target, 8, b"%.1f %d", 1.5, 7, fast=True) == 5 and target.value == b"1.5 7"


def test_many_and_mixed_arguments():
    agree(foreign("many", c_long, *[c_long] * 10), *range(10), fast=True)
    mixed = foreign("mixed", c_double, c_int, c_double, c_char_p, c_float, c_long, c_double)
    agree(mixed, 1, 2.5, b"abc", 0.5, -9, 1e10, fast=True)
    agree(mixed, 1, 2.5, b"abc", 0.5, -9)
    agree(mixed, 1, 2.5, b"abc", 0.5, -9, 1e10, 5)
    agree(mixed, 1, 2.5, b"abc", 0.5, "x", 1e10)
    agree(mixed)


def test_calls_that_are_not_of_the_prototype():
    labs = foreign("echo_l", c_long, c_long)
    for arguments in [(), (1, 2), (1, 2, 3), ("x",), (1.5,), (2**70,)]:
        agree(labs, *arguments, fast=False)
    assert outcome(labs, [1], {"x": 2}) == outcome(specialize(labs), [1], {"x": 2})


def test_functions_without_argtypes_are_left_to_ctypes():
    Bare = type("Bare", (ctypes._CFuncPtr,), {"_flags_": 1})
    for function in (CDLL(library).seven, CDLL(library).echo_i, Bare(("seven", lib)), PyDLL(library).seven):
        refused(function, "its argtypes are not set: set them ([] where it takes none)")
        function.restype = c_int
        refused(function, "argtypes are not set")
    function = foreign("seven", c_int)
    function.argtypes = None
    refused(function, "argtypes are not set")
    # The errcheck is set first: without argtypes these would not be fast.
    function.errcheck = lambda *arguments: 1
    refused(function, "errcheck")


def test_each_stub_is_another_one():
    function = foreign("echo_i", c_int, c_int)
    one, two = specialize(function), specialize(function)
    assert one != two and one(5) == two(5)


def test_functions_without_arguments():
    function = CDLL(library).seven
    function.argtypes = []
    assert agree(function, fast=True) == 7
    agree(function, 5, fast=False)
    nothing = foreign("nothing", None, of=CDLL(library))
    count = c_int.in_dll(lib, "nothing_calls")
    before = count.value
    assert agree(nothing, fast=True) is None and count.value == before + 2
    assert agree(CFUNCTYPE(None)(("seven", lib)), fast=True) is None


def test_what_makes_functions_of_prototypes():
    prototype = CFUNCTYPE(c_int, c_int)
    assert agree(prototype(("echo_i", lib)), 5, fast=True) == 5
    address = cast(lib.echo_i, c_void_p).value
    assert agree(prototype(address), 6, fast=True) == 6
    assert agree(cast(lib.echo_i, prototype), 7, fast=True) == 7
    assert agree(PYFUNCTYPE(c_int, c_int)(("echo_i", py)), 8, fast=True) == 8
    function = prototype(("echo_i", lib))
    function.argtypes, function.restype = [c_long], c_short
    assert agree(function, 70000, fast=True) == 4464
    assert "nogil" in signature(prototype(("echo_i", lib))) and "nogil" not in signature(PYFUNCTYPE(c_int)(("seven", lib)))
    memory = c_void_p(address)
    refused(prototype.from_buffer(memory), "not its own")
    refused(prototype(), "null pointer")


def test_changes_are_noticed():
    function = foreign("echo_i", c_int, c_int)
    stub = specialize(function)
    agree(function, 5, stub=stub, fast=True)
    for name, value in [("restype", c_short), ("argtypes", [c_short]), ("errcheck", lambda *a: a), ("restype", Colour), ("restype", None)]:
        function.restype, function.argtypes = c_int, stub and [c_int]
        setattr(function, name, value)
        expected, found = outcome(function, [70000]), outcome(stub, [70000])
        assert expected[0] is found[0] and (name == "errcheck" or expected == found)
        if name == "errcheck":
            del function.errcheck
    function = foreign("echo_i", c_int, c_int)
    stub = specialize(function)
    memmove(addressof(function), byref(c_void_p(cast(lib.seven, c_void_p).value)), 8)
    agree(function, 5, stub=stub, fast=False)
    function = foreign("echo_i", c_int, c_int)
    stub = specialize(function)
    resize(function, 1000)
    agree(function, 5, stub=stub, fast=False)
    Other = type("Other", (ctypes._CFuncPtr,), {"_flags_": 1, "_restype_": c_char, "_argtypes_": (c_int,)})
    specialize(Other(("echo_i", lib)))
    function = CFUNCTYPE(c_int, c_int)(("echo_i", lib))
    stub = specialize(function)
    function.__class__ = Other
    agree(function, 65, stub=stub, fast=False)


def test_a_change_by_what_runs_while_a_function_is_read_is_noticed():
    class Bomb:
        def __init__(self, change):
            self.change, self.cycle = change, self

        def __del__(self):
            self.change()

    def changes(function):
        yield lambda: setattr(function, "restype", c_byte)
        yield lambda: setattr(function, "errcheck", lambda result, *others: result + 1)
        yield lambda: setattr(function, "argtypes", [c_byte])

    thresholds = gc.get_threshold()
    for threshold in range(1, 41):
        for which in range(3):
            function = foreign("echo_i", c_int, c_int)
            gc.collect()
            Bomb(list(changes(function))[which])
            gc.set_threshold(threshold)
            try:
                stub = specialize(function)
            except LookupError:
                stub = function
            finally:
                gc.set_threshold(*thresholds)
            gc.collect()
            assert outcome(stub, [1000]) == outcome(function, [1000]), (threshold, which)
            del function.errcheck


def test_a_change_by_what_the_functions_name_runs_is_seen():
    class Other(ctypes._CFuncPtr):
        _flags_, _restype_, _argtypes_ = 1, c_byte, (c_int,)

        @property
        def __name__(self):
            return "renamed"

    class Sly(ctypes._CFuncPtr):
        _flags_, _restype_, _argtypes_ = 1, c_int, (c_int,)

        @property
        def __name__(self):
            self.__class__ = Other
            return "sly"

    specialize(Other(("echo_i", lib)))
    function = Sly(("echo_i", lib))
    # Asking for its name runs code; the prototype is read after that.
    agree(function, 1000, stub=specialize(function), fast=True)
    assert type(function) is Other


def test_what_a_pointer_type_points_at_may_change():
    Pointer = type("Pointer", (ctypes._Pointer,), {"_type_": c_int})
    first = foreign("first", c_int, Pointer)
    stub = specialize(first)
    agree(first, c_int(5), stub=stub, fast=True)
    agree(first, Pointer(c_int(7)), stub=stub, fast=True)
    Pointer.set_type(c_short)
    agree(first, c_int(6), stub=stub, fast=False)
    agree(first, c_short(6), stub=stub, fast=False)
    Other = type("Other", (ctypes._Pointer,), {"_type_": c_int})
    first = foreign("first", c_int, POINTER(c_int))
    stub = specialize(first)
    agree(first, Other(c_int(7)), stub=stub, fast=True)
    agree(first, Other(c_int(7)), stub=stub, fast=True)
    Other.set_type(c_short)
    agree(first, Other(c_short(7)), stub=stub, fast=False)


def test_a_class_that_changes_is_looked_at_again():
    identity = foreign("address", c_void_p, py_object)
    stub = specialize(identity)

    class Honest:
        pass

    class Lying:
        __class__ = property(lambda self: Lying)

    class Plain(Honest):
        pass

    plain = Plain()
    agree(identity, plain, stub=stub, fast=True)
    Plain.__bases__ = (Lying,)
    agree(identity, plain, stub=stub, fast=False)
    Plain.__bases__ = (Honest,)
    agree(identity, plain, stub=stub, fast=True)
    first = foreign("first", c_int, POINTER(c_int))
    stub = specialize(first)

    class Number(c_int):
        pass

    class Double(c_double):
        pass

    agree(first, Number(3), stub=stub, fast=True)
    Number.attribute = 5
    agree(first, Number(4), stub=stub, fast=True)


def test_objects_that_say_they_are_something_else_are_asked_once():
    for type_ in (py_object, c_void_p, c_char_p, POINTER(c_int), c_int * 3, c_int):
        for claimed in (object, c_int, type_):
            if claimed is type_ and type_ is not object:
                continue
            function = foreign("address", c_void_p, type_)
            stub = specialize(function)
            Liar.asked = 0
            expected = outcome(function, [Liar(claimed)])
            asked, Liar.asked = Liar.asked, 0
            found = outcome(stub, [Liar(claimed)])
            assert expected[0] is found[0] and asked == Liar.asked, (type_, claimed, expected, found)


def test_own_from_param_is_called():
    class Own(c_int):
        @classmethod
        def from_param(cls, value):
            return c_int(value + 1)

    refused(foreign("echo_i", c_int, Own), "from_param of its own")

    class Late(c_int):
        pass

    function = foreign("echo_i", c_int, Late)
    stub = specialize(function)
    # ctypes looked it up when argtypes was set.
    Late.from_param = classmethod(lambda cls, value: c_int(99))
    agree(function, 5, stub=stub, fast=True)

    class Anything:
        @staticmethod
        def from_param(value):
            return 5

    refused(foreign("echo_i", c_int, Anything), "from_param of its own")


def test_metaclasses_of_the_users_are_left_to_ctypes():
    class Meta(type(c_int)):
        def __instancecheck__(cls, instance):
            return True

    class Asked(c_int, metaclass=Meta):
        pass

    refused(foreign("echo_i", c_int, Asked), "metaclass of its own")
    refused(foreign("first", c_int, POINTER(Asked)), "metaclass of its own")
    refused(foreign("echo_i", Asked, c_int), "metaclass of its own")


def test_what_is_left_to_ctypes_says_why():
    function = foreign("echo_i", c_int, c_int)
    function.errcheck = lambda *arguments: 1
    refused(function, "errcheck")
    refused(foreign("fail", c_int, c_int, of=CDLL(library, use_errno=True)), "use_errno")
    refused(foreign("fail", c_int, c_int, of=CDLL(library, use_last_error=True)), "use_last_error")
    refused(CFUNCTYPE(c_int, c_int)(abs), "callback")
    refused(CFUNCTYPE(c_int, c_int)(("echo_i", lib), ((1, "x"),)), "paramflags")
    refused(foreign("norm", c_double, Point), "by value")
    refused(foreign("norm", Point, c_int), "by value")
    refused(foreign("norm", c_int * 3, c_int), "by value")
    refused(foreign("echo_g", c_longdouble, c_longdouble), "as only ctypes does")
    refused(foreign("echo_i", int, c_int), "called with the result")
    refused(foreign("echo_i", type("Checked", (c_int,), {"_check_retval_": abs}), c_int), "_check_retval_")
    refused(foreign("many", c_long, *[c_long] * 17), "17 arguments")
    refused(type("Own", (type(lib.seven),), {"_flags_": 1, "__call__": lambda self: 1})(("seven", lib)), "__call__")
    if hasattr(ctypes, "c_double_complex"):
        refused(foreign("echo_d", c_double_complex, c_double), "as only ctypes does")


def test_attributes_that_lie_about_classes_are_not_believed():
    Function = CFUNCTYPE(c_int, c_int)
    Function = type("Function", (ctypes._CFuncPtr,), {"_flags_": 1 | 8, "_restype_": c_int, "_argtypes_": (c_int,)})
    Function._flags_ = 1
    refused(Function(("echo_i", lib)), "use_errno")
    Function = type("Function", (ctypes._CFuncPtr,), {"_flags_": 1, "_restype_": c_int, "_argtypes_": (c_int,)})
    Function._flags_, Function._restype_, Function._argtypes_ = 9, c_char, ()
    agree(Function(("echo_i", lib)), 65, fast=True)
    Number = type("Number", (ctypes._SimpleCData,), {"_type_": "h"})
    Number._type_ = "d"
    agree(foreign("echo_h", Number, Number), 65, fast=True)


def test_python_objects():
    api = ctypes.pythonapi
    api.PyObject_Repr.argtypes, api.PyObject_Repr.restype = [py_object], py_object
    for value in ([1], None, "x", object, 5, Point(1, 2.0)):
        agree(api.PyObject_Repr, value, fast=True)
    agree(api.PyObject_Repr, py_object(5), fast=False)

    class Bad:
        def __repr__(self):
            raise KeyError("bad")

    agree(api.PyObject_Repr, Bad(), fast=True)
    api.PyLong_AsLong.argtypes, api.PyLong_AsLong.restype = [py_object], c_long
    agree(api.PyLong_AsLong, "x", fast=True)
    agree(api.PyLong_AsLong, -1, fast=True)
    stub, value = specialize(api.PyObject_Repr), object()
    counts = sys.getrefcount(value), sys.getrefcount(None)
    for _ in range(1000):
        stub(value)
    assert sys.getrefcount(value) == counts[0] and abs(sys.getrefcount(None) - counts[1]) < 50


def test_pending_exceptions_are_raised_whatever_is_returned():
    api = PyDLL(None)
    restypes = [None, c_int, c_byte, c_bool, c_long, c_double, c_float, c_char, c_wchar, c_char_p, c_wchar_p, c_void_p]
    for restype in restypes + [py_object, POINTER(c_int), Colour, CFUNCTYPE(None)]:
        function = foreign("PyErr_SetString", restype, py_object, c_char_p, of=api)
        assert agree(function, ValueError, b"text", fast=True) == "text"
        agree(function, ValueError, "text", fast=False)
    for restype in (c_char_p, c_wchar_p, c_void_p, POINTER(c_int), c_int, c_char, None):
        agree(foreign("echo_P", restype, c_void_p, of=py), None, fast=True)
        agree(foreign("echo_P", restype, c_void_p), None, fast=True)
    for of in (lib, py):
        nothing = foreign("echo_P", py_object, c_void_p, of=of)
        # Before 3.14, ctypes crashes.
        if sys.version_info >= (3, 14):
            agree(nothing, None, fast=True)
        assert outcome(specialize(nothing), [None]) == (ValueError, "PyObject is NULL")


def test_characters_that_there_are_not_raise():
    for restype in (c_wchar, c_wchar_p):
        argument = 0x110000 if restype is c_wchar else (c_uint * 2)(0x110000, 0)
        agree(foreign("echo_P", restype, c_void_p), argument, fast=True)


def test_arguments_of_metaclasses_of_the_users():
    class Meta(type(Structure)):
        def __instancecheck__(cls, instance):
            raise AssertionError("asked")

    class Derived(Point, metaclass=Meta):
        pass

    same = foreign("same", c_void_p, POINTER(Point))
    agree(same, Derived(1, 2.0), fast=True)
    array = type("Array", (ctypes.Array,), {"_type_": c_int, "_length_": 2})
    agree(foreign("first", c_int, POINTER(c_int)), array(3, 4), fast=True)
    agree(foreign("first", c_int, POINTER(c_int)), type("More", (array,), {})(5, 6), fast=True)
    agree(foreign("first", c_int, ctypes.Array), array(3, 4), fast=True)
    refused(foreign("first", c_int, ctypes._Pointer), "points at nothing")


def test_functions_in_memory_of_others():
    class Table(Structure):
        _fields_ = [("entry", CFUNCTYPE(c_int, c_int))]

    table = Table(CFUNCTYPE(c_int, c_int)(("echo_i", lib)))
    refused(table.entry, "not its own")
    assert table.entry(5) == 5


def test_threads_share_a_stub():
    first = foreign("first", c_int, POINTER(c_int))
    stub, wrong = specialize(first), []
    kinds = [type("Number", (c_int,), {}) for _ in range(8)]

    def work(kind, value):
        number, array, pointer_ = kind(value), (c_int * (value % 5 + 1))(value), pointer(c_int(value))
        for _ in range(3000):
            for argument in (number, array, pointer_, byref(number)):
                if stub(argument) != value:
                    wrong.append(value)

    threads = [threading.Thread(target=work, args=(kind, value)) for value, kind in enumerate(kinds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_references_are_as_before():
    first = specialize(foreign("first", c_int, POINTER(c_int)))
    same = specialize(foreign("same", POINTER(Point), POINTER(Point)))
    array, number, point = (c_int * 3)(1), c_int(1), Point()
    reference = byref(number)
    objects = [array, number, point, reference, POINTER(Point), type(array)]
    counts = [sys.getrefcount(each) for each in objects]
    for _ in range(1000):
        first(array), first(number), first(reference), same(point)
    assert [sys.getrefcount(each) for each in objects] == counts


def test_stubs_keep_what_they_need():
    class Mine(Structure):
        _fields_ = [("x", c_int)]

    function = foreign("same", POINTER(Mine), POINTER(Mine), of=CDLL(library))
    stub = specialize(function)
    gone = weakref.ref(Mine)
    del function
    gc.collect()
    mine = Mine(5)
    assert stub(mine).contents.x == 5
    del stub, mine, Mine
    if hasattr(ctypes, "_pointer_type_cache"):
        ctypes._reset_cache()
    gc.collect()
    assert gone() is None


def test_cycles_through_stubs_are_collected():
    def is_collected(make):
        class Mine(Structure):
            _fields_ = [("x", c_int)]

        Mine.same = make(foreign("same", POINTER(Mine), POINTER(Mine), of=CDLL(library)))
        gone = weakref.ref(Mine)
        mine = Mine(5)
        assert Mine.same(mine).contents.x == 5
        if hasattr(ctypes, "_pointer_type_cache"):
            ctypes._reset_cache()
        del Mine, mine
        gc.collect()
        return gone() is None

    assert is_collected(lambda function: function)
    assert is_collected(specialize)


def test_other_threads_run_unless_the_gil_is_kept():
    def longest_pause(function):
        longest, stop = 0, False

        def work():
            nonlocal longest
            last = time.perf_counter()
            while not stop:
                now = time.perf_counter()
                longest, last = max(longest, now - last), now

        thread = threading.Thread(target=work)
        thread.start()
        while not longest:
            time.sleep(0.001)
        function(500)
        stop = True
        thread.join()
        return longest

    assert longest_pause(specialize(foreign("sleep_ms", c_int, c_int))) < 0.3
    assert longest_pause(specialize(foreign("sleep_ms", c_int, c_int, of=py))) > 0.4


def test_types_that_come_and_go_are_not_confused():
    first = foreign("address", c_void_p, c_void_p)
    stub = specialize(first)
    for turn in range(300):
        kind = [(c_int,), (c_char_p,), (POINTER(c_int),), (Structure,), (object,), (c_void_p,), (int,), (bytes,)][turn % 8]
        value = type("Fresh", kind, {"_type_": kind[0]._type_} if hasattr(kind[0], "_type_") else {})()
        expected, found = outcome(first, [value]), outcome(stub, [value])
        assert expected == found, (kind, expected, found)
        del value
        if turn % 5 == 0:
            gc.collect()


def run_all():
    failures = []
    for name, test in sorted(globals().items()):
        if name.startswith("test_"):
            try:
                test()
            except BaseException:
                failures.append(f"{name}:\n{traceback.format_exc()}")
    return "\n".join(failures)
