"""Lets stubs pickle, by reference; they are specialized again where they are loaded.

A stub is a built-in function or a method descriptor, and these types have no subclasses: the reducers stand in for those
of the types, and give everything that is not a stub to them.
"""

import copyreg
import types

from typedcall import _native, specialize

_REDUCIBLE = (types.BuiltinFunctionType, types.MethodDescriptorType)


def load(module, name):
    """The stub of a module's function."""
    import importlib
    value = importlib.import_module(module)
    for part in name.split("."):
        value = getattr(value, part)
    return specialize(value)


def load_attribute(owner, name):
    """The stub of a type's or an object's method."""
    return specialize(getattr(owner, name))


def _reduce(function):
    if _native.is_bound(function):
        # By the name that it has in its module, if it has one: the pickler looks for it there.
        return function.__qualname__
    original = _native.original(function)
    if original is function:
        return function.__reduce__()
    if not isinstance(original, _REDUCIBLE):
        # What ctypes raises, or makes of it.
        return original.__reduce_ex__(2)
    reduced = original.__reduce__()
    if not isinstance(reduced, str):
        # (getattr, (owner, name))
        return load_attribute, reduced[1]
    _check(function, original, reduced)
    return load, (original.__module__, reduced)


def _check(function, original, name):
    """Raises what the pickler raises where a function can't be found by its name."""
    import pickle
    try:
        module = __import__(original.__module__, fromlist=[name])
        found = module
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, TypeError):
        raise pickle.PicklingError(f"Can't pickle {function!r}: it's not found as {original.__module__}.{name}") from None
    if found is not function and _native.original(found) is not original:
        raise pickle.PicklingError(
            f"Can't pickle {function!r}: it's not the same object as {original.__module__}.{name}")


for _class in _REDUCIBLE:
    copyreg.pickle(_class, _reduce)
