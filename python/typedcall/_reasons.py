"""Reasons why something is not specialized, in words for the author of the callable."""

import sys

from typedcall._kinds import is_foreign_class

DISABLED = "TYPEDCALL_DISABLE is set: everything is left as it is"
#: About a function for which `is_prototype` says yes.
PROTOTYPE = "its annotations are ctypes types: to declare a prototype, give library="


def refusal(callable, error):
    """Why the native module makes no stub of a callable, for which it raised this error."""
    if is_foreign_class(callable):
        return (f"{name_of(callable)} is a type of ctypes functions: typedcall.specialize returns a callable that makes "
                "specialized functions of the type")
    if issubclass(type(callable), type):
        return (f"{name_of(callable)} is a class: typedcall.specialize specializes the Python functions in it, if there are "
                "some, and typedcall.explain explains each of them")
    return str(error)


def rejection(name, reason):
    """The field of a method's metadata and why it was rejected, without the method's name, which comes before it."""
    return reason.removeprefix(f"{name.rpartition('.')[2]}: ")


def name_of(object):
    """The qualified name of a callable, with its module unless that is `builtins`."""
    name = getattr(object, "__qualname__", None) or getattr(object, "__name__", None)
    if type(name) is not str:
        return repr(object)
    module = getattr(object, "__module__", None)
    return f"{module}.{name}" if isinstance(module, str) and module != "builtins" else name


def is_prototype(function):
    """Whether an annotation of a Python function is a ctypes type."""
    # If there is such a type, this module is imported already.
    ctypes = sys.modules.get("_ctypes")
    if ctypes is None:
        return False
    data = ctypes._SimpleCData.__base__
    return any(isinstance(value, type) and issubclass(value, data) for value in _annotations(function))


def _annotations(function):
    try:
        # From 3.14 on this evaluates them.
        values = list(function.__annotations__.values())
    except Exception:
        return
    for value in values:
        if isinstance(value, str):
            # The annotation is text, or the module has `from __future__ import annotations`.
            try:
                value = eval(value, function.__globals__)
            except Exception:
                continue
        yield value
