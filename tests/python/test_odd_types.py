"""Classes that answer for themselves, or change after a stub has met them: ctypes asks each time, so must the stub."""

import ctypes
import gc
import weakref
from ctypes import (CFUNCTYPE, POINTER, Array, Structure, byref, c_byte, c_char_p, c_int, c_long, c_ulong, c_void_p,
                    pointer)

import typedcall
from support import agree, fixture, outcome, prototype

library = fixture()


def both(kind):
    """The function with an argument of the kind, and its stub or itself."""
    function = prototype(library['address_of'], c_ulong, kind)
    return function, typedcall.specialize(function)


def answering(base, answer):
    """A metaclass whose classes claim all instances, or none."""
    return type('Answering', (type(base),), {'__instancecheck__': lambda cls, value: answer})


def test_a_metaclass_that_claims_or_disclaims_instances():
    for answer in (True, False):
        Meta = answering(Structure, answer)
        Item = Meta('Item', (Structure,), {'_fields_': [('x', c_int)]})

        class Other(Structure):
            _fields_ = [('x', c_int)]

        function, stub = both(POINTER(Item))
        item = Item()
        values = [item, byref(item), pointer(item), (Item * 2)(), None, 5, b'x', object()]
        if not answer:
            # A wrong claim crashes ctypes itself.
            values += [Other(), byref(Other())]
        for value in values:
            assert outcome(function, value) == outcome(stub, value), (answer, value)


def test_a_metaclass_of_an_argument_type():
    for answer in (True, False):
        for base, namespace, make in ((Array, {'_type_': c_int, '_length_': 2}, lambda cls: cls()),
                                      (c_void_p, {'_type_': 'P'}, lambda cls: cls(0)),
                                      (c_char_p, {'_type_': 'z'}, lambda cls: cls(None))):
            kind = answering(base, answer)('Kind', (base,), namespace)
            function, stub = both(kind)
            for value in (make(kind), None, 5.5, []) if not answer else (make(kind), None):
                assert outcome(function, value) == outcome(stub, value), (answer, base, value)


def test_an_object_that_pretends_to_be_of_another_class():
    class Pretending:
        def __init__(self, kind):
            self.kind = kind

        @property
        def __class__(self):
            return self.kind

    for kind in (c_void_p, c_char_p, c_int * 3, POINTER(c_int), ctypes.py_object):
        function, stub = both(kind)
        for claimed in (int, str, list, ctypes.py_object, c_int):
            value = Pretending(claimed)
            agree(function, stub, value)
            proxy = weakref.proxy(value)
            assert outcome(function, proxy)[:2] == outcome(stub, proxy)[:2]


def test_c_data_that_pretends_to_be_what_it_points_at():
    class Pretending(POINTER(c_int)):
        _type_ = c_int
        __class__ = property(lambda self: c_int)

    class Asked(POINTER(c_int)):
        _type_ = c_int

        def __getattribute__(self, name):
            return c_int if name == '__class__' else super().__getattribute__(name)

    function, stub = both(POINTER(c_int))
    number = c_int(5)
    for value in (Pretending(number), Asked(number), Pretending(number)):
        agree(function, stub, value)


def test_a_type_whose_attributes_come_later():
    class Late(Structure):
        _fields_ = [('x', c_int)]

    for kind in (c_void_p, POINTER(c_int), c_char_p):
        function, stub = both(kind)
        value = Late()
        for _ in range(3):
            agree(function, stub, value)
        Late._as_parameter_ = None
        for _ in range(3):
            agree(function, stub, value)
        del Late._as_parameter_
        agree(function, stub, value)


def test_a_type_whose_bases_change():
    class First(Structure):
        _fields_ = [('x', c_int)]

    class Second(Structure):
        _fields_ = [('x', c_int)]

    class Changing(First):
        pass

    functions = [both(POINTER(First)), both(POINTER(Second))]
    value = Changing()
    for base in (First, Second, First):
        Changing.__bases__ = (base,)
        for _ in range(3):
            kinds = [agree(function, stub, value)[0] for function, stub in functions]
            assert kinds == (['returns', 'raises'] if base is First else ['raises', 'returns'])


def test_an_object_whose_class_changes():
    class Number:
        pass

    class Other:
        _as_parameter_ = 5

    function, stub = both(c_void_p)
    value = Number()
    for kind in (Number, Other, Number, Other):
        value.__class__ = kind
        assert agree(function, stub, value)[0] == ('raises' if kind is Number else 'returns')


def test_a_function_type_of_the_same_prototype_is_another_type():
    class Own(ctypes._CFuncPtr):
        _flags_ = 1
        _restype_ = c_int
        _argtypes_ = c_int,

    function, stub = both(Own)
    for value in (Own(abs), CFUNCTYPE(c_int, c_int)(abs), ctypes.PYFUNCTYPE(c_int, c_int)(abs), Own(), None):
        agree(function, stub, value)


def test_from_param_that_is_set_and_taken_away_later():
    class Kind(c_void_p):
        pass

    function, stub = both(Kind)
    value = Kind(7)
    agree(function, stub, value)
    Kind.from_param = classmethod(lambda cls, given: c_void_p(9))
    agree(function, stub, value)
    function.argtypes = [Kind]
    assert agree(function, stub, value)[1] == (int, '9')
    assert agree(function, typedcall.specialize(function), value)[1] == (int, '9')
    del Kind.from_param
    assert agree(function, stub, value)[1] == (int, '9')
    function.argtypes = [Kind]
    assert agree(function, stub, value)[1] == (int, '7')


def test_a_pointer_type_that_is_told_to_point_at_something_else():
    class First(Structure):
        _fields_ = [('x', c_int)]

    class Second(Structure):
        _fields_ = [('x', c_int)]

    class Own(POINTER(First)):
        _type_ = First

    first, second = First(), Second()
    given = Own(first)
    function, stub = both(POINTER(First))
    for target in (First, Second, First):
        Own.set_type(target)
        for _ in range(3):
            for value in (given, pointer(first), byref(first)):
                agree(function, stub, value)
    function, stub = both(Own)
    for target in (First, Second, First):
        Own.set_type(target)
        for _ in range(3):
            for value in (first, byref(first), second, byref(second), given):
                agree(function, stub, value)


def test_new_argument_types_where_dead_ones_were_are_not_taken_for_them():
    """Their tuple, or a type, may get the same address as what the stub was made for."""
    function = prototype(library['echo_long'], c_long, c_long)
    stub = typedcall.specialize(function, strict=True)
    for step in range(200):
        function.argtypes = None
        function.argtypes = [c_byte if step % 2 else c_int]
        agree(function, stub, 2**33 + 300)


def test_a_new_result_type_where_a_dead_one_was_is_not_taken_for_it():
    function = library['echo_long']
    function.argtypes = [c_long]
    for _ in range(20):
        function.restype = type('Own', (c_long,), {})
        stub = typedcall.specialize(function, strict=True)
        dead = id(function.restype)
        function.restype = c_long
        gc.collect()
        made = []
        for _ in range(50):
            made.append(type('Own', (c_long,), {'_check_retval_': lambda result: ('checked', result.value)}))
            if id(made[-1]) == dead:
                break
        function.restype = made[-1]
        agree(function, stub, 2**40 + 7)
