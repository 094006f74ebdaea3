"""Attributes and methods, of every sort of object."""

import math

from objects import *

OBJECTS = ['Point(1, 2)', 'Point("a", "b")', 'Slots(1, 2)', 'Noisy()', 'Raises()', 'Raises(AttributeError)', 'None', '5', 'type(math)("m")',
           'Point', 'type("Local", (), {"x": 1})()']


def read(a):
    return a.x


def read_chain(a):
    return a.x.real, a.y.imag


def write(a, value):
    a.x = value
    return a.x


def write_new(a, value):
    a.fresh = value
    return a.fresh


def delete(a):
    del a.x
    return a.x


def augmented(a, value):
    a.x += value
    a.y *= 2
    return a.x, a.y


def computed(a):
    return a.sum


def method(a, b):
    return a.move(b).x


def method_with_keywords(a, b):
    return a.move(b, dy=b), a.move(dx=b), a.move(dy=1, dx=b)


def class_and_static_methods(a, b):
    return a.origin().x, a.distance(b, 1), type(a).distance(1, b)


def text_methods(a):
    return a.upper(), a.replace('t', 'T'), a.split('x'), a.startswith('te'), a.encode()


def list_methods(a, b):
    a.append(b)
    a.extend([b, 1])
    a.insert(0, b)
    return a.pop(), a.index(b), a.count(b), a.copy()


def dict_methods(a, b):
    return a.get(b), a.setdefault(b, 1), a.pop(b, None), a.items(), list(a.keys())


def method_of_module(a):
    return math.sqrt(a), math.floor(a)


def method_as_value(a, b):
    f = a.move
    g = 'x'.join
    return f(b).x, g(['a', 'b']), f.__self__ is a


def attribute_that_is_called(a, b):
    a.x = lambda c: note('called', c)
    return a.x(b)


def no_such_method(a):
    return a.no_such_method(1, k=2)


def method_of_type(a):
    return str.upper(a), list.__len__([a]), int.bit_length(5)


CASES = {
    read: each(OBJECTS),
    read_chain: each(OBJECTS),
    write: grid([case for case in OBJECTS if case != 'Point'], FEW) + ['object(), 1', 'int, 1'],
    write_new: grid([*OBJECTS[:6], '5'], FEW[:3]),
    delete: each([*OBJECTS[:8], 'object()']),
    augmented: grid(OBJECTS[:8], FEW),
    computed: each(OBJECTS),
    method: grid(OBJECTS, FEW),
    method_with_keywords: grid(OBJECTS, FEW),
    class_and_static_methods: grid(OBJECTS, FEW),
    text_methods: each(ANY, ['"t"', '"äx\\udc80"', 'Str("text")']),
    list_methods: grid(['[]', '[1, 2]', 'List([1])', '()', 'None', 'Noisy()'], FEW),
    dict_methods: grid(['{}', '{3: 4}', 'Dict()', 'MissingDict()', 'None', 'Noisy()'], [*FEW, '[]']),
    method_of_module: each(ANY),
    method_as_value: grid(OBJECTS, FEW),
    attribute_that_is_called: grid(OBJECTS[:6], FEW[:4]),
    no_such_method: each(OBJECTS),
    method_of_type: each(ANY),
}
