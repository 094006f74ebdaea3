"""Functions of modules and libraries replaced by their stubs, and put back."""

import sys
import types

from typedcall import Error, _native, adopt, specialize
from typedcall._kinds import BUILTINS, is_foreign_class, is_stub

# Where a module or a library has what was replaced in it: the record lives and dies with it.
_RECORD = "__typedcall_installed__"


def install(target, release_gil):
    """See `typedcall.install`."""
    _check(target)
    if _native.disabled:
        return []
    if isinstance(target, types.ModuleType):
        adopt(target)
    record = vars(target).setdefault(_RECORD, {})
    replaced = []
    for name, owner, attribute, value in _members(target):
        stub = _stub(value, release_gil)
        if stub is None:
            continue
        try:
            _set(owner, attribute, stub)
        except TypeError:
            # A type that can't be changed.
            continue
        record[name] = owner, attribute, value, stub
        replaced.append(name)
    return replaced


def uninstall(target):
    """See `typedcall.uninstall`."""
    _check(target)
    restored = []
    for name, (owner, attribute, value, stub) in vars(target).pop(_RECORD, {}).items():
        if vars(owner).get(attribute) is stub:
            _set(owner, attribute, value)
            restored.append(name)
    return restored


def _check(target):
    ctypes = sys.modules.get("ctypes")
    if not isinstance(target, types.ModuleType) and not (ctypes and isinstance(target, ctypes.CDLL)):
        raise Error(f"{target!r} is neither a module nor a ctypes library: give one of these, or specialize the function")


def _members(target):
    """What may be replaced: its name, where it is, by which name, and what it is."""
    for name, value in list(vars(target).items()):
        if not isinstance(value, type):
            yield name, target, name, value
        elif not is_foreign_class(value):
            for method, value_in_type in list(vars(value).items()):
                # Behind these is a slot of the type, faster than any attribute.
                if not (method.startswith("__") and method.endswith("__")):
                    yield f"{name}.{method}", value, method, value_in_type


def _stub(value, release_gil):
    """What replaces a value; None for those that stay."""
    if isinstance(value, staticmethod):
        stub = _stub(value.__func__, release_gil)
        return stub and staticmethod(stub)
    if not isinstance(value, BUILTINS) and not _has_prototype(value) or is_stub(value):
        return None
    stub = specialize(value, release_gil=release_gil)
    return None if stub is value else stub


def _has_prototype(value):
    """Whether a value is a ctypes function whose calls are the prototype's. Without `argtypes` it may yet get some."""
    return is_foreign_class(type(value)) and value.argtypes is not None


def _set(owner, attribute, value):
    if isinstance(owner, type):
        type.__setattr__(owner, attribute, value)
    else:
        setattr(owner, attribute, value)
