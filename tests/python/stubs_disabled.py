"""A definition, in a process where the package is switched off."""

import ctypes

import typedcall
from support import fixture


@typedcall.specialize(library=fixture())
def add_long(a: ctypes.c_long, b: ctypes.c_long) -> ctypes.c_long:
    """The sum.

    >>> add_long(2, 3)
    5
    """


assert typedcall.specialize(add_long) is add_long
