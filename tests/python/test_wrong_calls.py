"""Calls that ctypes refuses, or takes in a way of its own: the same exceptions, texts and results from the stub."""

import ctypes
from ctypes import (byref, c_bool, c_byte, c_char, c_double, c_float, c_int, c_long, c_short, c_ubyte, c_uint, c_ulong,
                    c_ushort, c_wchar)

import typedcall
from objects import NUMBER, VALUES, LongSubclass
from support import agree, fixture, prototype, raises, specialized

library = fixture()
ECHOES = {'byte': c_byte, 'ubyte': c_ubyte, 'short': c_short, 'ushort': c_ushort, 'int': c_int, 'uint': c_uint,
          'long': c_long, 'ulong': c_ulong, 'float': c_float, 'double': c_double, 'bool': c_bool, 'char': c_char,
          'wchar': c_wchar}


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
    for arguments, keywords in (((1, 2), {'x': 1}), ((1,), {'b': 2}), ((), {'a': 1, 'b': 2}), ((1, 2), {'': 1}),
                                ((), {'x': 1})):
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
