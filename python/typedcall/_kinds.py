"""What kind of object something is."""

import sys

from typedcall import _native

#: The types of stubs, and of what has a C function in CPython's own way.
BUILTINS: "tuple[type, ...]" = (type(len), type(str.upper))


def is_stub(object):
    """Whether an object was made by `specialize` or by `bind`."""
    return _native.is_bound(object) or _native.original(object) is not object


def is_foreign_class(object):
    """Whether an object is a type of ctypes functions."""
    # Whoever has one has imported this module: the package does without. What an object says of its class may be wrong.
    ctypes = sys.modules.get("_ctypes")
    return ctypes is not None and issubclass(type(object), type) and issubclass(object, ctypes.CFuncPtr)
