"""Callables without a stub run as before, and `explain` and `strict=True` say why there is none."""

import ctypes
import functools
import math
from ctypes import (BigEndianStructure, CFUNCTYPE, POINTER, Structure, Union, c_char_p, c_double, c_int, c_long,
                    c_longdouble,
                    c_void_p)

import typedcall
from support import Hits, agree, fixture, prototype, raises, refused, specialized

library = fixture()


class Point(Structure):
    _fields_ = [('x', c_int), ('y', c_int)]


class Number(Union):
    _fields_ = [('i', c_int)]


class Big(BigEndianStructure):
    _fields_ = [('x', c_int)]


def test_an_errcheck():
    function = prototype(library['answer'], c_int)
    function.errcheck = lambda result, function, arguments: result + 1
    refused(function, 'errcheck')
    assert function() == 43


def test_use_errno():
    function = prototype(ctypes.CDLL(None, use_errno=True).abs, c_int, c_int)
    refused(function, 'errno')
    refused(CFUNCTYPE(c_int, c_int, use_errno=True)(('abs', ctypes.CDLL(None))), 'errno')


def test_use_last_error():
    refused(prototype(ctypes.CDLL(None, use_last_error=True).abs, c_int, c_int), 'last_error')


def test_a_callback_made_of_a_python_function():
    callback = CFUNCTYPE(c_int, c_int)(lambda x: x + 1)
    refused(callback, 'callback')
    assert callback(1) == 2


def test_parameter_flags():
    kind = CFUNCTYPE(c_int, c_int)
    function = kind(('echo_int', library), ((1, 'x', 5),))
    refused(function, 'paramflags')
    assert function() == 5 and function(x=6) == 6
    divide = CFUNCTYPE(None, c_int, c_int, POINTER(c_int), POINTER(c_int))
    function = divide(('divide', library), ((1, 'a'), (1, 'b'), (2, 'quotient'), (2, 'remainder')))
    refused(function, 'paramflags')
    quotient, remainder = function(17, b=5)
    assert (quotient, remainder) == (3, 2)


def test_structures_and_unions_by_value():
    function = prototype(library['swapped'], Point, Point)
    refused(function, 'Point')
    result = function(Point(1, 2))
    assert (result.x, result.y) == (2, 1)
    refused(prototype(library['echo_int'], c_int, Number), 'Number')
    refused(prototype(library['echo_int'], c_int, Big), 'Big')


def test_long_double():
    refused(prototype(library['echo_double'], c_longdouble, c_double), 'longdouble')
    refused(prototype(library['echo_double'], c_double, c_longdouble), 'longdouble')


def test_a_swapped_byte_order():
    function = prototype(library['echo_int'], c_int.__ctype_be__, c_int)
    refused(function, 'byte order')
    assert function(1) == 1 << 24
    # As an argument it is an ordinary one for ctypes.
    function = prototype(library['echo_int'], c_int, c_int.__ctype_be__)
    agree(function, typedcall.specialize(function), 1)


def test_an_array_as_result():
    # ctypes refuses the call.
    function = library['numbers']
    try:
        prototype(function, c_int * 4)
    except TypeError:
        return
    typedcall.specialize(function)
    agree(function, typedcall.specialize(function))


def test_a_result_that_a_python_function_makes():
    function = prototype(library['answer'], lambda value: value + 1)
    refused(function, 'restype')
    assert function() == 43


def test_a_result_that_is_checked():
    class Status(c_int):
        @staticmethod
        def _check_retval_(value):
            return 'checked', value.value

    function = prototype(library['answer'], Status)
    refused(function, '_check_retval_')
    assert function() == ('checked', 42)


def test_argument_types_that_convert_for_themselves():
    class Twice(c_int):
        @classmethod
        def from_param(cls, value):
            return c_int(2 * value)

    class Anything:
        @classmethod
        def from_param(cls, value):
            return c_int(7)

    for kind, wanted in ((Twice, 8), (Anything, 7)):
        function = prototype(library['echo_int'], c_int, kind)
        refused(function, 'from_param')
        assert function(4) == wanted


def test_no_argtypes():
    for name, arguments in (('add_long', (1, 2)), ('answer', ())):
        function = library[name]
        function.restype = c_long
        refused(function, 'its argtypes are not set', '[] where it takes none')
        agree(function, typedcall.specialize(function), *arguments)


def test_with_empty_argtypes_a_call_without_arguments_is_specialized():
    function = library['answer']
    function.argtypes = []
    stub = specialized(function)
    with Hits(1):
        assert stub() == 42


def test_a_variadic_function_is_called_as_ctypes_calls_it():
    function = prototype(library['sum_all'], c_long, c_int)
    stub = typedcall.specialize(function)
    agree(function, stub, 0)
    agree(function, stub, 3, c_long(1), c_long(2), c_long(3))
    agree(function, stub, 2, 5, 6)


def test_a_class_that_overrides_call():
    class Function(ctypes._CFuncPtr):
        _flags_ = 1
        _restype_ = c_int

        def __call__(self, *arguments):
            return 'overridden', super().__call__(*arguments)

    function = Function(('answer', library))
    refused(function, '__call__')
    assert function() == ('overridden', 42)


def test_a_null_function():
    refused(CFUNCTYPE(c_int, c_int)(), 'null')


def test_other_callables_are_returned_as_they_are():
    class Callable:
        __call__ = len

    instance = Callable()
    for callable_object in (instance, Callable, functools.lru_cache(lambda: 0), int, math.sqrt, len, [].append,
                            str.join, dict.fromkeys, print, functools.partial(len)):
        assert typedcall.specialize(callable_object) is callable_object
        error = raises(typedcall.Error, typedcall.specialize, callable_object, strict=True)
        assert str(error) == typedcall.explain(callable_object).why_not
        assert typedcall.original(callable_object) is callable_object


def test_a_python_function_with_ctypes_annotations_is_explained_as_a_prototype_too():
    def plain(x: int) -> None: ...

    def declared(x: c_int, y: POINTER(c_int)) -> None: ...

    def written(x: 'c_int', y: 'no_such_type'): ...  # noqa: F821

    hint = 'to declare a prototype, give library='
    for function in (plain, lambda x: x):
        assert hint not in str(typedcall.explain(function))
    for function in (declared, written):
        assert hint in str(typedcall.explain(function))


def test_a_type_of_functions_is_explained_as_what_makes_them():
    assert 'callable that makes' in typedcall.explain(CFUNCTYPE(c_int)).why_not


def test_what_is_no_callable_is_a_type_error_or_returned():
    for value in (5, 'text', math, object()):
        try:
            assert typedcall.specialize(value) is value
        except TypeError:
            pass


def test_every_reason_is_a_sentence_that_names_no_internals():
    functions = [prototype(library['swapped'], Point, Point), CFUNCTYPE(c_int)(lambda: 0), c_char_p, c_void_p, len]
    for function in functions:
        reason = typedcall.explain(function).why_not
        assert len(reason) > 10 and '::' not in reason and 'Some(' not in reason, reason


def test_explain_shows_what_was_made():
    explanation = typedcall.explain(specialized(prototype(library['add_long'], c_long, c_long, c_long)))
    text = str(explanation)
    assert explanation.name == 'add_long' and 'add_long' in text
    assert explanation.signature == typedcall.signature(specialized(prototype(library['add_long'], c_long, c_long,
                                                                              c_long)))
    assert 'i64' in explanation.signature
    assert 'add_long' in explanation.ir and 'call' in explanation.clif and 'ret' in explanation.asm
    assert explanation.entry and explanation.why_not is None
