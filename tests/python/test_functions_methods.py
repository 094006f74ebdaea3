"""Methods, class methods, static methods, properties, whole classes, closures and nested decorators."""

import contextlib
import dataclasses
import enum
import functools
import types

import typedcall
from functions import IN_PLACE, ByPython, Compiled, plain, specialized


def make_class(decorator=lambda cls: cls):
    @decorator
    class Base:
        kind = 'base'

        def __init__(self, value, /, extra=0):
            self.value = value + extra

        def method(self, x, *args, k=1):
            return self.kind, self.value, x, args, k

        @classmethod
        def made(cls, value):
            return cls(value, extra=1)

        @staticmethod
        def plain(a, b=2):
            return a, b

        @property
        def double(self):
            return self.value * 2

        @double.setter
        def double(self, value):
            self.value = value // 2

        def __eq__(self, other):
            return self.value == other.value

        def __hash__(self):
            return hash(self.value)

        def __repr__(self):
            return f'{type(self).__name__}({self.value})'

        def __call__(self, x=5):
            return x

        def __getitem__(self, index):
            return self.value + index

        def __enter__(self):
            return self

        def __exit__(self, *exc):
            return True

        def generator(self):
            yield self.value

    class Derived(Base):
        kind = 'derived'

        def method(self, x, *args, k=1):
            return ('super', *super().method(x, *args, k=k))

    return Base, Derived


def use(cls):
    """All that can be done with an instance."""
    thing = cls(3)
    other = cls.made(3)
    results = [thing.method(1), thing.method(1, 2, 3, k=4), cls.method(thing, 1), other.value, cls.plain(1), thing.plain(b=1, a=2),
               thing.double, thing == other, hash(thing), repr(thing), thing(), thing(x=1), thing[4], list(thing.generator())]
    thing.double = 20
    results += [thing.value, thing != other, len({thing, other, cls(10)})]
    with thing:
        raise ValueError
    for wrong in (lambda: thing.method(), lambda: cls(), lambda: cls.made(), lambda: thing.plain(), lambda: cls.method(),
                  lambda: thing.method(1, k=2, z=3), lambda: thing(1, 2), lambda: thing[1, 2]):
        try:
            results.append(wrong())
        except Exception as error:
            results.append((type(error), str(error)))
    return results


def test_a_whole_class():
    expected = [use(cls) for cls in make_class()]
    classes = make_class(typedcall.specialize)
    assert isinstance(classes[0], type) and classes[0].__name__ == 'Base'
    with Compiled(0.7, 'of a class', 60):
        assert [use(cls) for cls in classes] == expected
    again = make_class(lambda cls: typedcall.specialize(typedcall.specialize(cls)))
    assert [use(cls) for cls in again] == expected


def test_a_subclass_can_be_specialized_too():
    expected = [use(cls) for cls in make_class()]
    base, derived = make_class()
    assert typedcall.specialize(derived) is derived
    with Compiled(0.5, 'of a subclass', 2):
        assert [use(base), use(derived)] == expected


def test_a_class_is_given_back():
    base, derived = make_class(typedcall.specialize)
    use(base)
    names = typedcall.uninstall(base)
    assert len(names) >= 12 and any(name.endswith('Base.method') for name in names), names
    with ByPython():
        assert use(base) == use(make_class()[0])
    functions = [value for value in vars(base).values() if callable(value)]
    assert all(type(value) in (types.FunctionType, staticmethod) for value in functions), functions


def test_bound_methods():
    base, _ = make_class()
    thing = base(1)
    method = typedcall.specialize(thing.method)
    assert method.__self__ is thing and (method == thing.method) is IN_PLACE
    with Compiled(0.99, calls=1):
        assert method(2) == ('base', 1, 2, (), 1)
    made = typedcall.specialize(base.made)
    with Compiled(0.99, calls=1):
        assert made(2).value == 3
    assert isinstance(method, types.MethodType)


def test_descriptors_in_a_class_body():
    class Thing:
        @typedcall.specialize
        def method(self, x):
            return self, x

        @typedcall.specialize
        @classmethod
        def of_class(cls, x):
            return cls, x

        @classmethod
        @typedcall.specialize
        def of_class_inside(cls, x):
            return cls, x

        @typedcall.specialize
        @staticmethod
        def static(x):
            return x

        @staticmethod
        @typedcall.specialize
        def static_inside(x):
            return x

        @property
        @typedcall.specialize
        def value(self):
            return self

        @functools.cached_property
        @typedcall.specialize
        def cached(self):
            return self

    thing = Thing()
    assert type(vars(Thing)['of_class']) is classmethod and type(vars(Thing)['static']) is staticmethod
    with Compiled(0.99, calls=9):
        assert thing.method(1) == (thing, 1) == Thing.method(thing, 1)
        assert thing.of_class(1) == (Thing, 1) == Thing.of_class(1) == thing.of_class_inside(1)
        assert thing.static(1) == 1 == Thing.static(1) == thing.static_inside(1)
        assert thing.value is thing is thing.cached


def test_classes_of_other_kinds():
    @typedcall.specialize
    @dataclasses.dataclass(order=True)
    class Point:
        x: int
        y: int = 0

        def sum(self):
            return self.x + self.y

    @typedcall.specialize
    class Color(enum.Enum):
        RED = 1

        def shout(self):
            return self.name + '!'

    @typedcall.specialize
    class Pair(tuple):
        __slots__ = ()

        def __new__(cls, a, b):
            return tuple.__new__(cls, (a, b))

        def __add__(self, other):
            return Pair(self[0] + other[0], self[1] + other[1])

    @typedcall.specialize
    class Meta(type):
        def __call__(cls, *args):
            return super().__call__(*args), 'made'

    class Made(metaclass=Meta):
        pass

    with Compiled(0.8, 'of classes of other kinds', 9):
        assert Point(1).sum() == 1 and Point(1, 2) < Point(2) and repr(Point(3)).endswith('(x=3, y=0)')
        assert Color.RED.shout() == 'RED!' and Color(1) is Color.RED
        assert Pair(1, 2) + Pair(3, 4) == (4, 6)
        assert Made()[1] == 'made'


def test_built_in_classes_and_instances_are_left_alone():
    for value in (int, dict, object, type, 5, 'text'):
        assert typedcall.specialize(value) is value


def test_functions_that_are_wrapped():
    def traced(function):
        @functools.wraps(function)
        def wrapper(*args, **kw):
            return 'wrapped', function(*args, **kw)
        return wrapper

    @typedcall.specialize
    @traced
    @typedcall.specialize
    def inner(a, b=2):
        return a, b

    @traced
    @typedcall.specialize
    @traced
    def outer(a, b=2):
        return a, b

    assert plain(inner).__name__ == 'inner' == inner.__name__
    with Compiled(0.99, calls=4):
        assert inner(1) == ('wrapped', (1, 2)) and inner(b=1, a=0) == ('wrapped', (0, 1))
        assert outer(1) == ('wrapped', ('wrapped', (1, 2)))


def test_a_context_manager_of_a_generator():
    @contextlib.contextmanager
    @typedcall.specialize
    def manager(value):
        yield value

    with manager(5) as value:
        assert value == 5


def test_closures_of_one_code_are_functions_of_their_own():
    def adder(by):
        def add(x):
            return x + by
        return specialized(add)

    adders = [adder(by) for by in range(20)]
    with Compiled(0.99, calls=20):
        assert [add(100) for add in adders] == [100 + by for by in range(20)]


def test_super_and_class_cells():
    class Base:
        def value(self):
            return 1

    @typedcall.specialize
    class Derived(Base):
        def value(self):
            return super().value() + 1

        def me(self):
            return __class__

    with Compiled(0.4, calls=2):
        assert Derived().value() == 2 and Derived().me() is Derived
