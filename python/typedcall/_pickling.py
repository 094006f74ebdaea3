"""Lets stubs pickle, by reference; they are specialized again where they are loaded.

A stub is a built-in function or a method descriptor. These types have no subclasses, and reduce a function of a module to
its name, which leads to the original: so picklers find reducers of ours in their tables. What an application had put there
is asked for everything that is no stub.
"""

import copyreg
import importlib
import sys

import typedcall
from typedcall import _native
from typedcall._kinds import BUILTINS


class Reducer:
    """The reducer of a type: reduces stubs, and leaves all else to what was in its place before, or to the type itself."""

    __slots__ = ("before",)

    def __init__(self, before=None):
        self.before = before

    def __call__(self, function):
        if _is_made_by_specialize(function):
            return _reduce(function)
        if self.before is not None:
            return self.before(function)
        # What every protocol comes to where there is no reducer.
        return function.__reduce__()


def load(module, name, release_gil=None):
    """The stub of a module's function."""
    return typedcall.specialize(_find(module, name), release_gil=release_gil)


def load_attribute(owner, name, release_gil=None):
    """The stub of a type's or an object's method."""
    return typedcall.specialize(getattr(owner, name), release_gil=release_gil)


def load_owner(module, name, *identity):
    """Raises, for what `bind` made and what was not found by its name when it was taken apart: others may hash it only."""
    import pickle
    raise pickle.UnpicklingError(f"{name} was bound, and when it was pickled not found by this name in its module, {module}: "
                                 "let it be found there")


def register(stub):
    """Lets what pickles by the common tables know of a stub; what `bind` made pickles by itself.

    Where an application has put a reducer of its own in the place of ours, this chains to it.
    """
    if not _is_made_by_specialize(stub):
        return
    kind = type(stub)
    _chain(copyreg.dispatch_table, kind)
    # multiprocessing looks into a table of its own first. It may be imported later than this.
    forking_pickler = getattr(sys.modules.get("multiprocessing.reduction"), "ForkingPickler", None)
    reducers = getattr(forking_pickler, "_extra_reducers", {})
    if kind in reducers:
        _chain(reducers, kind)


def _chain(table, kind):
    before = table.setdefault(kind, Reducer())
    if type(before) is not Reducer:
        # A new one each time: what was registered later may call the one before it, which is an earlier one of ours.
        table[kind] = Reducer(before)


def _is_made_by_specialize(function):
    return _native.original(function) is not function


def _reduce(stub):
    original = _native.original(stub)
    if not isinstance(original, BUILTINS):
        # A definition that a decorator made a stub of is found where it stands. All others raise what ctypes raises.
        return _own_name(stub, original) or original.__reduce_ex__(2)
    reduced = original.__reduce__()
    # The default is left out: what earlier versions load.
    options = (False,) if _native.keeps_gil(stub) else ()
    if not isinstance(reduced, str):
        # (getattr, (owner, name))
        return load_attribute, (*reduced[1], *options)
    return load, (_module(stub, original, reduced), reduced, *options)


def _own_name(stub, original):
    """The qualified name by which the stub itself is found in its module; None where it is not."""
    name = getattr(original, "__qualname__", stub.__name__)
    try:
        found = sys.modules[stub.__module__]
        for part in name.split("."):
            found = getattr(found, part)
    except Exception:
        return None
    return name if found is stub else None


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
