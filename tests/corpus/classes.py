"""Classes that functions make: the bodies run in CPython, what they are made of and the methods need not."""

from objects import *


def simple(a):
    class C:
        x = a

        def get(self):
            return self.x, a

    return C().get(), C


def inheritance(a):
    class A:
        def m(self, x):
            return ['A', x]

    class B(A):
        def m(self, x):
            return ['B', *super().m(x)]

    class C(B):
        def m(self, x):
            return ['C', *super(C, self).m(x), super().m]

    return B().m(a), C().m(a)[:-1]


def constructor(a, b):
    class C(Point):
        def __init__(self, x, *, y=b):
            super().__init__(x, y)
            self.z = x

        def __eq__(self, other):
            return self.x == other.x

        __hash__ = None

    return C(a), C(a) == C(a, y=1), vars(C(b))


def with_keywords(a):
    class Meta(type):
        def __new__(mcs, name, bases, namespace, **kwargs):
            note(name, sorted(kwargs.items()))
            return super().__new__(mcs, name, bases, namespace)

        def __init__(cls, *args, **kwargs):
            super().__init__(*args)

    class C(Point, metaclass=Meta, key=a):
        pass

    return type(C).__name__, C(1).x


def bases_unpacked(bases):
    class C(*bases):
        pass

    return C.__bases__


def properties(a):
    class C:
        def __init__(self):
            self._x = a

        @property
        def x(self):
            return note('get', self._x)

        @x.setter
        def x(self, value):
            note('set')
            self._x = value

        @staticmethod
        def s(x):
            return x

        @classmethod
        def c(cls, x):
            return cls.__name__, x

    c = C()
    c.x = [c.x]
    c.x += [1]
    return c.x, c.s(a), C.c(a), c.c(1)


def class_cell():
    class C:
        def m(self):
            return __class__

    return C().m() is C


def body_that_raises(a):
    class C:
        x = 1
        if a:
            fail(Trouble, a)

    return C.x


def operators(a):
    class Vector:
        def __init__(self, *items):
            self.items = items

        def __add__(self, other):
            return Vector(*[x + y for x, y in zip(self.items, other.items)])

        def __mul__(self, factor):
            return Vector(*(x * factor for x in self.items))

        def __iter__(self):
            return iter(self.items)

        def __len__(self):
            return len(self.items)

    v = Vector(1, a) + Vector(2, a)
    return list(v * 2), len(v), [*v], bool(Vector())


def exception_class(a):
    class Custom(Exception):
        def __init__(self, value):
            super().__init__('custom', value)
            self.value = value

    try:
        raise Custom(a)
    except Custom as e:
        return e.args, e.value


def private_names(a):
    class C:
        __x = a

        def get(self):
            self.__y = a
            return self.__x, self.__y

    return C().get(), sorted(name for name in vars(C()) or vars(C) if 'x' in name)


CASES = {
    simple: each(FEW),
    inheritance: each(FEW),
    constructor: grid(FEW, FEW),
    with_keywords: each(FEW),
    bases_unpacked: ['()', '[Point]', '(Point, int)', '(int, str)', 'None', '[5]', '[bool]', '[Point, Point]'],
    properties: each(FEW),
    class_cell: [''],
    body_that_raises: each(FEW),
    operators: each(FEW),
    exception_class: each(FEW),
    private_names: each(FEW),
}
