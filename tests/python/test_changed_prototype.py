"""`argtypes`, `restype` or `errcheck` changed after a stub was made: the stub does what ctypes does now."""

import ctypes
from ctypes import CFUNCTYPE, c_byte, c_char_p, c_double, c_int, c_long, c_short, c_void_p

import typedcall
from support import Hits, NoHits, agree, fixture, prototype, specialized


def pair():
    """A function of its own with a stub that works."""
    function = prototype(fixture().add_long, c_long, c_long, c_long)
    stub = specialized(function)
    with Hits(1):
        assert stub(2**40, 1) == 2**40 + 1
    return function, stub


def test_a_changed_restype_is_noticed():
    function, stub = pair()
    for kind in (c_int, c_short, c_byte, c_double, c_char_p, None, ctypes.c_ulong, lambda value: ('made', value),
                 c_void_p):
        function.restype = kind
        if kind is c_char_p:
            # ctypes uses the number as a pointer, so only null is safe.
            agree(function, stub, 0, 0)
        else:
            with NoHits():
                agree(function, stub, 2**40, -7)


def test_changed_argtypes_are_noticed():
    function, stub = pair()
    for kinds in ((c_int, c_int), (c_byte, c_long), (c_long,), (c_long, c_long, c_long), (), None, (c_double, c_long)):
        function.argtypes = kinds
        with NoHits():
            for arguments in ((1, 2), (2**40, 3), (1,), (1, 2, 3), ('x', 1), (1.5, 2)):
                if kinds in ((c_double, c_long), (c_long,), (), None) and (len(arguments) < 2 or 'x' in arguments):
                    continue
                if kinds == (c_double, c_long):
                    # The callee reads registers that nobody has set.
                    assert type(stub(1.5, 2)) is int
                else:
                    agree(function, stub, *arguments)


def test_an_errcheck_set_later_is_called():
    function, stub = pair()
    seen = []

    def check(result, called, arguments):
        seen.append((result, called is function, arguments))
        return -result

    function.errcheck = check
    with NoHits():
        assert stub(5, 6) == function(5, 6) == -11
    assert seen == [(11, True, (5, 6))] * 2
    del function.errcheck
    assert stub(5, 6) == 11


def test_an_errcheck_that_raises_raises():
    function, stub = pair()

    def check(result, called, arguments):
        raise LookupError(result)

    function.errcheck = check
    assert agree(function, stub, 1, 2) == ('raises', LookupError, '3')


def test_a_prototype_that_is_put_back_never_gives_a_wrong_result():
    function, stub = pair()
    argtypes = function.argtypes
    for step in range(100):
        function.restype = c_byte if step % 2 else c_long
        agree(function, stub, 300, step)
        function.argtypes = [c_int, c_int] if step % 3 else argtypes
        agree(function, stub, 2**33 + step, 1)
    prototype(function, c_long, c_long, c_long)
    agree(function, stub, 2**40, 1)


def test_equal_argtypes_of_another_tuple_are_the_same_prototype():
    function, stub = pair()
    for _ in range(10):
        function.argtypes = [c_long, c_long]
        agree(function, stub, 2**40, 2)
        agree(function, stub, 'x', 2)


def test_a_new_stub_knows_the_new_prototype():
    function, old = pair()
    prototype(function, c_int, c_int, c_int)
    new = specialized(function)
    with Hits(1):
        assert new(2**31 - 1, 1) == -(2**31)
    agree(function, old, 2**31 - 1, 1)
    agree(function, new, 2**31 - 1, 1)
    assert typedcall.original(new) is typedcall.original(old) is function


def test_deleted_attributes_fall_back_to_the_class():
    function = prototype(CFUNCTYPE(c_int, c_int)(('echo_int', fixture())), c_short, c_int)
    stub = specialized(function)
    assert stub(70_000) == function(70_000) == 70_000 - 65_536
    del function.restype
    assert agree(function, stub, 70_000)[1] == (int, '70000')
    del function.argtypes
    agree(function, stub, 70_000)
    agree(function, stub, 'x')


def test_argtypes_whose_class_changes_its_from_param():
    """ctypes takes the converter when argtypes are set, and does not look again."""
    class Chosen(c_int):
        pass

    function = prototype(fixture().echo_int, c_int, Chosen)
    stub = typedcall.specialize(function)
    agree(function, stub, 5)
    Chosen.from_param = classmethod(lambda cls, value: c_int(2 * value))
    agree(function, stub, 5)
    function.argtypes = [Chosen]
    assert agree(function, stub, 5)[1] == (int, '10')


def test_an_address_that_changes_is_noticed():
    """A function object's memory holds the address, and can be written."""
    library = fixture()
    function = prototype(library.add_long, c_long, c_long, c_long)
    stub = specialized(function)
    other = prototype(CFUNCTYPE(c_long, c_long, c_long)(('sum_ints', library)), c_long, c_void_p, c_long)
    word = c_void_p.from_buffer(function)
    before = word.value
    word.value = ctypes.cast(other, c_void_p).value
    with NoHits():
        assert stub(0, 0) == function(0, 0) == 0
        values = (c_int * 2)(3, 4)
        assert stub(ctypes.addressof(values), 2) == function(ctypes.addressof(values), 2) == 7
    word.value = before
    agree(function, stub, 3, 4)


def test_a_changed_class_of_result_is_noticed():
    class Text(c_char_p):
        pass

    function = prototype(fixture().name_of, Text, c_int)
    stub = typedcall.specialize(function)
    agree(function, stub, 1)
    Text._check_retval_ = staticmethod(lambda value: ('checked', value.value))
    try:
        function.restype = Text
        agree(function, stub, 1)
    finally:
        del Text._check_retval_
