"""Pickles stubs by reference; they are specialized again where they are loaded.

A stub is a built-in function or a method descriptor. These types have no subclasses. They reduce a function of a module to
its name, which leads to the original. So the package puts reducers of its own into the tables of picklers. A reducer that an
application had put there is called for every object that is not a stub.
"""

import copyreg
import importlib
import sys

import typedcall
from typedcall import _native
from typedcall._kinds import BUILTINS


class Reducer:
    """The reducer of a type. It reduces stubs, and leaves other objects to the reducer before it, or to the type itself."""

    __slots__ = ("before",)

    def __init__(self, before=None):
        self.before = before

    def __call__(self, function):
        if _is_made_by_specialize(function):
            return _reduce(function)
        if self.before is not None:
            return self.before(function)
        # Without a reducer, every protocol comes to this.
        return function.__reduce__()


def load(module, name, release_gil=None):
    """The stub of a module's function."""
    return typedcall.specialize(_find(module, name), release_gil=release_gil)


def load_attribute(owner, name, release_gil=None):
    """The stub of a type's or an object's method."""
    return typedcall.specialize(getattr(owner, name), release_gil=release_gil)


def load_owner(module, name, *identity):
    """Raises: a function that `bind` made was not found by its name when it was pickled. Such a pickle is only for hashing."""
    import pickle
    raise pickle.UnpicklingError(f"{name} was bound, and when it was pickled not found by this name in its module, {module}: "
                                 "let it be found there")


def register(stub):
    """Registers the reducer for a stub in the common tables. Functions that `bind` made need none.

    If an application has put a reducer of its own in the place of ours, ours then chains to it.
    """
    if not _is_made_by_specialize(stub):
        return
    kind = type(stub)
    _chain(copyreg.dispatch_table, kind)
    # multiprocessing looks into a table of its own first. It may be imported after this.
    forking_pickler = getattr(sys.modules.get("multiprocessing.reduction"), "ForkingPickler", None)
    reducers = getattr(forking_pickler, "_extra_reducers", {})
    if kind in reducers:
        _chain(reducers, kind)


def _chain(table, kind):
    before = table.setdefault(kind, Reducer())
    if type(before) is not Reducer:
        # A new one each time: a reducer that was registered later may call the one before it, an earlier one of ours.
        table[kind] = Reducer(before)


def _is_made_by_specialize(function):
    return _native.original(function) is not function


def _reduce(stub):
    original = _native.original(stub)
    if not isinstance(original, BUILTINS):
        # A decorated definition is found by its name. All others raise what ctypes raises.
        return _own_name(stub, original) or original.__reduce_ex__(2)
    reduced = original.__reduce__()
    # The default is left out, so that earlier versions can load it.
    options = (False,) if _native.keeps_gil(stub) else ()
    if not isinstance(reduced, str):
        # (getattr, (owner, name))
        return load_attribute, (*reduced[1], *options)
    return load, (_module(stub, original, reduced), reduced, *options)


def _own_name(stub, original):
    """The qualified name by which the stub itself is found in its module; None if it is not found."""
    name = getattr(original, "__qualname__", stub.__name__)
    try:
        found = sys.modules[stub.__module__]
        for part in name.split("."):
            found = getattr(found, part)
    except Exception:
        return None
    return name if found is stub else None


def _module(function, original, name):
    """The module where the function is found by its name; raises PicklingError, as the pickler does, if there is none."""
    import pickle
    # From 3.14 on `whichmodule` also looks into the module, where the stub may be in the place of the original.
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
