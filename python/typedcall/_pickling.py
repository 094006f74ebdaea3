"""Lets stubs pickle, by reference; they are specialized again where they are loaded.

A stub is a built-in function or a method descriptor, and these types have no subclasses: the reducers stand in for those
of the types, and give everything that is not a stub to them.
"""

import copyreg
import importlib
import sys

from typedcall import _native, specialize
from typedcall._kinds import BUILTINS


def load(module, name):
    """The stub of a module's function."""
    return specialize(_find(module, name))


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
    if not isinstance(original, BUILTINS):
        # What ctypes raises, or makes of it.
        return original.__reduce_ex__(2)
    reduced = original.__reduce__()
    if not isinstance(reduced, str):
        # (getattr, (owner, name))
        return load_attribute, reduced[1]
    return load, (_module(function, original, reduced), reduced)


def _module(function, original, name):
    """The module where the function is found by its name; raises what the pickler raises where it is in none."""
    import pickle
    # From 3.14 on this looks into the module as well, where the stub may stand in the place of the original.
    module = getattr(original, "__module__", None) or pickle.whichmodule(original, name)
    try:
        found = _find(module, name)
    except (ImportError, AttributeError):
        raise pickle.PicklingError(f"Can't pickle {function!r}: it's not found as {module}.{name}") from None
    if _native.original(found) is not original:
        raise pickle.PicklingError(f"Can't pickle {function!r}: it's not the same object as {module}.{name}")
    return module


def _find(module, name):
    value = importlib.import_module(module)
    for part in name.split("."):
        value = getattr(value, part)
    return value


def register():
    """Lets everything that pickles know of stubs. multiprocessing has a reducer of its own for method descriptors."""
    reduction = sys.modules.get("multiprocessing.reduction")
    for kind in BUILTINS:
        copyreg.pickle(kind, _reduce)
        if reduction is not None:
            reduction.ForkingPickler.register(kind, _reduce)
