"""Functions of modules and libraries replaced by their stubs, and put back."""

import types

from typedcall import _native, specialize
from typedcall._adoption import adopt
from typedcall._kinds import BUILTINS, check_release_gil, is_foreign_class, is_library, is_stub

# Where a module or a library has what was replaced in it: the record lives and dies with it.
_RECORD = "__typedcall_installed__"


def install(target, release_gil):
    """See `typedcall.install`."""
    _check(target)
    check_release_gil(release_gil)
    if _native.disabled:
        return []
    if isinstance(target, types.ModuleType):
        # A warning is about the line that calls `typedcall.install`.
        adopt(target, stacklevel=4)
    record = vars(target).setdefault(_RECORD, {})
    keeps_gil = release_gil is False
    replaced = []
    for name, owner, attribute, value in _members(target):
        if name in record and record[name][3] is value and record[name][4] is not keeps_gil:
            # Made by an earlier call that was asked for something else.
            value = record[name][2]
        stub = _stub(value, release_gil)
        if stub is None:
            continue
        try:
            _set(owner or target, attribute, stub)
        except Exception:
            # A type that can't be changed, or a library that forbids it.
            continue
        record[name] = owner, attribute, value, stub, keeps_gil
        replaced.append(name)
    return replaced


def uninstall(target):
    """See `typedcall.uninstall`."""
    _check(target)
    restored = []
    for name, (owner, attribute, value, stub, _) in vars(target).pop(_RECORD, {}).items():
        if vars(owner or target).get(attribute) is stub:
            _set(owner or target, attribute, value)
            restored.append(name)
    return restored


def _check(target):
    if not isinstance(target, types.ModuleType) and not is_library(target):
        raise TypeError(f"expected a module or a ctypes library, not {target!r}; functions are for typedcall.specialize")


def _members(target):
    """What may be replaced: its name, the type that it is in or None, by which name, and what it is."""
    module = vars(target).get("__name__")
    for name, value in list(vars(target).items()):
        if not _is(value, type):
            # Not the target itself: a copy of it shares the record.
            yield name, None, name, value
        elif not is_foreign_class(value) and vars(value).get("__module__") == module:
            # A type that was imported is another module's to change.
            for method, value_in_type in list(vars(value).items()):
                # Behind these is a slot of the type, faster than any attribute.
                if not (method.startswith("__") and method.endswith("__")):
                    yield f"{name}.{method}", value, method, value_in_type


def _stub(value, release_gil):
    """What replaces a value; None for those that stay."""
    if _is(value, staticmethod):
        stub = _stub(value.__func__, release_gil)
        return stub and staticmethod(stub)
    if not _is(value, BUILTINS) and not _has_prototype(value) or is_stub(value):
        return None
    stub = specialize(value, release_gil=release_gil)
    return None if stub is value else stub


def _has_prototype(value):
    """Whether a value is a ctypes function whose calls are the prototype's. Without `argtypes` it may yet get some."""
    try:
        return is_foreign_class(type(value)) and value.argtypes is not None
    except Exception:
        # A class with an `argtypes` of its own.
        return False


def _is(value, kind):
    """`isinstance` that asks no code of the value's."""
    return issubclass(type(value), kind)


def _set(owner, attribute, value):
    if isinstance(owner, type):
        type.__setattr__(owner, attribute, value)
    else:
        setattr(owner, attribute, value)
