"""Stubs of every kind, at the top of a module, as programs have them: `KINDS` lists them.

It is imported by the tests and by the processes that they start.
"""

import ctypes
import functools

import typedcall
from support import extension, fixture, prototype

typed = extension()
library = fixture()


@functools.total_ordering
class Number(typed.Thing):
    """A thing with a state, by which it is known after it was pickled."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(other) is Number and self.value == other.value

    def __lt__(self, other):
        return self.value < other.value

    def __hash__(self):
        return hash(self.value)

    def __repr__(self):
        return f"Number({self.value})"


class Kind:
    """A stub, what it stands for (None where that is no object), and arguments for both."""

    def __init__(self, original, stub, *arguments):
        self.original, self.stub, self.arguments = original, stub, arguments


@typedcall.specialize(library=library)
def add_long(a: ctypes.c_long, b: ctypes.c_long) -> ctypes.c_long:
    """The sum.

    >>> add_long(2, 3)
    5
    """


class Sums:
    """A class with a definition in it."""

    @staticmethod
    @typedcall.specialize(library=library)
    def add_double(a: ctypes.c_double, b: ctypes.c_double) -> ctypes.c_double:
        """The sum.

        >>> Sums.add_double(2.0, 3.0)
        5.0
        """


def local_definition():
    """A definition that cannot be found by its name."""
    @typedcall.specialize(library=library)
    def add_double(a: ctypes.c_double, b: ctypes.c_double) -> ctypes.c_double: ...
    return add_double


answer = typedcall.specialize(ctypes.CFUNCTYPE(ctypes.c_int))(("answer", library))

added = typedcall.bind(ctypes.cast(library.add_long, ctypes.c_void_p).value, "(i64, b: i64) -> i64", "added",
                       doc="The sum.")

plain = prototype(library.add_long, ctypes.c_long, ctypes.c_long, ctypes.c_long)
number = Number(5)


def _kind(original, *arguments):
    stub = typedcall.specialize(original, strict=True)
    assert stub is not original
    return Kind(original, stub, *arguments)


KINDS = {
    "function": _kind(typed.inc, 41),
    "function that raises": _kind(typed.half, 42),
    "class method": _kind(typed.Thing.made, 4),
    "class method of a subclass": _kind(Number.made, 4),
    "static method": _kind(typed.Thing.inc, 41),
    "bound method": _kind(number.paired, 7),
    "bound method with its class": _kind(number.twice, 7),
    "method descriptor": _kind(typed.Thing.paired, number, 7),
    "method descriptor with its class": _kind(typed.Thing.twice, number, 7),
    "ctypes function": _kind(plain, 2, 3),
    "definition": Kind(None, add_long, 2, 3),
    "definition in a class": Kind(None, Sums.add_double, 2.0, 3.0),
    "definition in a function": Kind(typedcall.original(local_definition()), local_definition(), 2.0, 3.0),
    "function of a function type": Kind(None, answer),
    "bound": Kind(None, added, 2, 3),
}
