"""Replaces functions of modules and libraries by their stubs, and puts them back.

The stubs themselves know what they replaced (`original`), and so do the wrappers of static and class methods. The record
only says which stubs are in which places. It is kept outside of the target, where neither `help` nor `dir` shows it, and has
only weak references, so it keeps nothing alive.

There is no lock. Other people's code may run in between: when stubs are made, when a warning is shown, in the target's own
`__setattr__`. That code may wait for another thread, or fork, so a lock that is held meanwhile could make a thread hang. Each
step on a record is a single operation of a dict, which neither another thread nor a forked child sees half done. Three rules
do the rest:

- An entry is made before its stub is put in place. So the record knows every stub in place, whatever raises and wherever a
  thread was when the process forked.
- An entry is removed when its stub is gone, and not when `uninstall` finds something else in its place: the stub may come
  back later, as `unittest.mock` restores it. An entry without a weak reference is removed when its original is found in place.
- An entry whose `install` is still running is not removed.
"""

import types
from _weakref import ref

from typedcall import _native, specialize
from typedcall._adoption import adopt
from typedcall._kinds import BUILTINS, CLASS_METHOD, check_release_gil, is_foreign_class, is_library, is_stub

#: The types of values that `specialize` may make a stub of, besides functions of ctypes.
_SPECIALIZED = (*BUILTINS, CLASS_METHOD)
#: Wrappers around a function in a type's namespace. Subclasses of these may do anything, so they are left alone.
_WRAPPERS = (staticmethod, classmethod)
#: The attribute of a wrapper of a stub that has the wrapper that it replaced.
_REPLACED = "__typedcall_replaced__"


def install(target, release_gil):
    """See `typedcall.install`."""
    _check(target)
    check_release_gil(release_gil)
    if _native.disabled:
        return []
    if isinstance(target, types.ModuleType):
        # A warning is about the line that calls `typedcall.install`.
        adopt(target, stacklevel=4)
    entries = _record(target).entries
    _forget_what_is_over(target, entries)
    keeps_gil = release_gil is False
    earlier = {}
    for entry in list(entries):
        earlier.setdefault(entry.name, []).append(entry)
    replaced = []
    for name, owner, attribute, found in _members(target):
        same_name = earlier.get(name, ())
        # Made by an earlier call with another `release_gil`.
        is_other = any(entry.stands_as(found) and entry.keeps_gil is not keeps_gil for entry in same_name)
        stub = _stub(_replaced_by(found) if is_other else found, release_gil)
        if stub is None:
            continue
        entry = _Entry(name, owner, attribute, stub, keeps_gil)
        entries[entry] = None
        place = target if owner is None else owner
        # The attribute may have been changed since the names were listed.
        if vars(place).get(attribute) is found and _is_set(place, attribute, stub):
            replaced.append(name)
            for old in same_name:
                if old.stub is None:
                    entries.pop(old, None)
        elif entry.stub is None:
            entries.pop(entry, None)
        entry.is_done = True
    return replaced


def uninstall(target):
    """See `typedcall.uninstall`."""
    _check(target)
    record = _records.get(id(_key(target)))
    if record is None:
        return []
    restored, errors = [], []
    for entry in list(record.entries):
        try:
            if _is_restored(entry, target):
                restored.append(entry.name)
        except Exception as error:
            # Go on and put the others back.
            errors.append(error)
    _forget_what_is_over(target, record.entries)
    if errors:
        raise errors[0]
    return restored


class _Record(ref):
    """A weak reference to a target of `install`, with its entries (a dict, to keep their order)."""

    __slots__ = "key", "entries"

    def __init__(self, object, callback):
        super().__init__(object, callback)
        self.key, self.entries = id(object), {}


#: By the address of the target. A record is removed before its target dies, so before another object has that address.
_records: "dict[int, _Record]" = {}


def _record(target):
    key = _key(target)
    return _records.setdefault(id(key), _Record(key, lambda record: _records.pop(record.key, None)))


def _key(target):
    """The object that identifies a target; for a library a class of its own, which copies of the library share."""
    return target if isinstance(target, types.ModuleType) else vars(target).get("_FuncPtr", target)


class _Entry:
    """A stub that `install` puts somewhere."""

    __slots__ = "name", "owner", "attribute", "kind", "stub", "keeps_gil", "is_done"

    def __init__(self, name, owner, attribute, value, keeps_gil):
        self.name, self.attribute, self.keeps_gil = name, attribute, keeps_gil
        #: A weak reference to the type that has the attribute; None for the target itself.
        self.owner = None if owner is None else ref(owner)
        self.kind = type(value)
        #: A weak reference to the stub; None if it can't have one.
        self.stub = None
        try:
            self.stub = ref(_unwrapped(value))
        except TypeError:
            # A descriptor. There is one for each function, shared by all.
            pass
        #: Whether `install` is finished with this entry.
        self.is_done = False

    def place(self, target):
        """The object that has the attribute; None if it is gone."""
        return target if self.owner is None else self.owner()

    def stands_as(self, value):
        """Whether a value is this stub, or a wrapper of it."""
        if type(value) is not self.kind or not _is_installed(value):
            return False
        return self.stub is None or self.stub() is _unwrapped(value)

    def is_over(self, target):
        """Whether the stub will never be in place again."""
        place = self.place(target)
        if place is None:
            return True
        if self.stub is not None:
            return self.stub() is None
        value = vars(place).get(self.attribute)
        return self.is_done and type(value) is self.kind and not _is_installed(value)


def _is_restored(entry, target):
    """Puts back what a stub replaced, if it is where `install` put it."""
    place = entry.place(target)
    value = None if place is None else vars(place).get(entry.attribute)
    if not entry.stands_as(value):
        return False
    _set(place, entry.attribute, _replaced_by(value))
    return True


def _forget_what_is_over(target, entries):
    for entry in list(entries):
        if entry.is_over(target):
            entries.pop(entry, None)


def _is_installed(value):
    """Whether a value is a stub, or a wrapper that `install` made."""
    return _REPLACED in vars(value) if type(value) in _WRAPPERS else is_stub(value)


def _replaced_by(value):
    """What an installed value replaced."""
    return vars(value)[_REPLACED] if type(value) in _WRAPPERS else _native.original(value)


def _unwrapped(value):
    return value.__func__ if type(value) in _WRAPPERS else value


def _check(target):
    if not isinstance(target, types.ModuleType) and not is_library(target):
        raise TypeError(f"expected a module or a ctypes library, not {target!r}; functions are for typedcall.specialize")


def _members(target):
    """The values that may be replaced: for each its full name, the type that has it or None, the attribute, the value."""
    module = vars(target).get("__name__")
    for name, value in list(vars(target).items()):
        if not _is(value, type):
            yield name, None, name, value
        elif not is_foreign_class(value) and vars(value).get("__module__") == module:
            # An imported type belongs to another module and is left alone.
            for method, value_in_type in list(vars(value).items()):
                # A special method has a slot of the type, which is faster than any attribute.
                if not (method.startswith("__") and method.endswith("__")):
                    yield f"{name}.{method}", value, method, value_in_type


def _stub(value, release_gil):
    """The stub that replaces a value; None if the value stays."""
    kind = type(value)
    if kind in _WRAPPERS:
        stub = _stub(value.__func__, release_gil)
        if stub is None:
            return None
        # A wrapper calls its function according to the wrapper's type, so the type must be the original's.
        wrapper = kind(stub)
        vars(wrapper).update(vars(value))
        vars(wrapper)[_REPLACED] = value
        return wrapper
    if not _is(value, _SPECIALIZED) and not _has_prototype(value) or is_stub(value):
        return None
    stub = specialize(value, release_gil=release_gil)
    return None if stub is value else stub


def _has_prototype(value):
    """Whether a value is a ctypes function with `argtypes`. One without may still get some."""
    try:
        return is_foreign_class(type(value)) and value.argtypes is not None
    except Exception:
        # A class with an `argtypes` of its own.
        return False


def _is(value, kind):
    """`isinstance` without running code of the value's class."""
    return issubclass(type(value), kind)


def _is_set(place, attribute, value):
    """Sets an attribute if that is possible, and returns whether it was."""
    try:
        _set(place, attribute, value)
    except Exception:
        # A type that can't be changed, or a library that forbids it.
        return False
    return True


def _set(place, attribute, value):
    if isinstance(place, type):
        type.__setattr__(place, attribute, value)
    else:
        setattr(place, attribute, value)
