"""What kind of object something is."""

import sys

from typedcall import _native
from typedcall._native import Error

#: The types of stubs, and of what has a C function in CPython's own way.
BUILTINS: "tuple[type, ...]" = (type(len), type(str.upper))
#: The type of what a type's namespace has for a class method in C.
CLASS_METHOD: type = type(vars(dict)["fromkeys"])


def is_stub(object):
    """Whether an object was made by `specialize` or by `bind`."""
    return _native.is_bound(object) or _native.original(object) is not object


def is_library(object):
    """Whether an object is a ctypes library."""
    ctypes = sys.modules.get("ctypes")
    return ctypes is not None and isinstance(object, ctypes.CDLL)


def check_library(object):
    """Raises TypeError where an object is no ctypes library."""
    if not is_library(object):
        raise TypeError(f"library= expects a ctypes library, such as ctypes.CDLL(\"libm.so.6\"), not {object!r}")


def check_release_gil(object):
    """Raises TypeError for what is no value of `release_gil`."""
    if object is not None and object is not True and object is not False:
        raise TypeError(f"release_gil= expects True, False or None, not {object!r}")


def check_text_signature(text):
    """Raises Error where `inspect` could not read a text signature."""
    if not isinstance(text, str):
        raise TypeError(f"text_signature= expects a str or None, not {text!r}")
    try:
        # Nothing of it runs. What `inspect` takes besides is a mark at the receiver.
        compile(f"def f{text.replace('($', '(', 1)}:\n 0", "text_signature", "exec", dont_inherit=True)
        is_one = text.startswith("(") and text.endswith(")") and "->" not in text and "\n" not in text
    except (SyntaxError, ValueError):
        is_one = False
    if not is_one:
        raise Error(f"text_signature={text!r} is nothing that inspect.signature could read: write the parameters in "
                    "parentheses, as in \"(x, y=1.0, /)\"")


def is_foreign_class(object):
    """Whether an object is a type of ctypes functions."""
    # Whoever has one has imported this module: the package does without. What an object says of its class may be wrong.
    ctypes = sys.modules.get("_ctypes")
    return ctypes is not None and issubclass(type(object), type) and issubclass(object, ctypes.CFuncPtr)
