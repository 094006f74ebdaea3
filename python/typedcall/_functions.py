"""Python functions: which callables hold some, and how they are specialized and given back.

From 3.12 on a specialized function is the same object as before. On 3.11 a dispatcher stands for it, and methods and classes
get the dispatcher in the function's place.
"""

import opcode  # noqa: F401  The native part takes the numbers of instructions from it, and must not import.
import os
import types

from typedcall import _native
from typedcall._native import Error

#: The functions that may be specialized, as `module.qualname`; None for all.
ONLY: "frozenset[str] | None" = frozenset(os.environ.get("TYPEDCALL_ONLY", "").replace(",", " ").split()) or None
#: Set in the flags of a code object whose call makes a generator or a coroutine.
_SUSPENDS = 0x20 | 0x80 | 0x200
#: Descriptors that hold functions. Subclasses of these may do anything, so they are left alone.
_WRAPPERS = (staticmethod, classmethod)
#: The flag of types that are made at run time (`Py_TPFLAGS_HEAPTYPE`).
_HEAP_TYPE = 1 << 9


def function_of(object):
    """The Python function that a function, a dispatcher, a method, a static or a class method is; None for others."""
    if type(object) in (types.MethodType, *_WRAPPERS):
        object = object.__func__
    object = _native.wrapped(object)
    return object if type(object) is types.FunctionType else None


def is_class(object):
    """Whether an object is a class with functions of its own that are written in Python."""
    if not issubclass(type(object), type) or not type.__dict__["__flags__"].__get__(object) & _HEAP_TYPE:
        return False
    return any(_holds(value) for value in _namespace(object).values())


def takes(object):
    """Whether `specialize` treats an object as Python code."""
    return function_of(object) is not None or is_class(object)


def specialize(object, strict):
    """Specializes the functions in what `takes` accepts; returns what stands for it."""
    result = _replaced(object, _specialized)
    if strict:
        for function in _functions(object):
            _check(function)
    return result


def give_back(object):
    """Lets CPython run the functions in what `takes` accepts; returns what stands for it, and the names of those given back."""
    names = []

    def plain(function):
        if _native.give_back(function):
            names.append(name_of(function))
        return function

    return _replaced(object, plain), names


def why_not(function):
    """Why a function is not specialized when it is asked for; None if it is."""
    if ONLY is not None and name_of(function) not in ONLY:
        return f"TYPEDCALL_ONLY does not name {name_of(function)}: it is left as it is"
    return None


def suspends(function):
    """Whether calls of a function make a generator or a coroutine."""
    return bool(function.__code__.co_flags & _SUSPENDS)


def name_of(function):
    """The name by which TYPEDCALL_ONLY chooses a function."""
    return f"{function.__module__}.{function.__qualname__}"


def _specialized(function):
    # A generator runs later, in a frame of its own; `inspect` has to find that out about the function itself.
    if why_not(function) is not None or suspends(function):
        return function
    try:
        return _native.python_function(function, False)
    except Error:
        return function


def _check(function):
    """Raises Error if a function can't be compiled."""
    reason = why_not(function)
    if reason is None and suspends(function):
        reason = _native.describe_function(function)["why_not"]
    if reason is not None:
        raise Error(reason)
    _native.python_function(function, True)


def _namespace(cls):
    return type.__dict__["__dict__"].__get__(cls)


def _holds(value):
    """Whether a value in a class's namespace holds a function."""
    return type(value) is property or type(value) is not types.MethodType and function_of(value) is not None


def _functions(object):
    """The Python functions in what `takes` accepts."""
    if is_class(object):
        return [function for value in _namespace(object).values() if _holds(value) for function in _functions(value)]
    if type(object) is property:
        accessors = map(function_of, (object.fget, object.fset, object.fdel))
        return [function for function in accessors if function is not None]
    return [function_of(object)]


def _replaced(object, replace):
    """What stands for an object when each Python function in it is replaced: the object itself if none is another one."""
    if is_class(object):
        for name, value in list(_namespace(object).items()):
            if _holds(value):
                new = _replaced(value, replace)
                # The class may have changed meanwhile.
                if new is not value and _namespace(object).get(name) is value:
                    type.__setattr__(object, name, new)
        return object
    kind = type(object)
    if kind is property:
        old = object.fget, object.fset, object.fdel
        new = tuple(each if function_of(each) is None else _replaced(each, replace) for each in old)
        return object if new == old else property(*new, object.__doc__)
    if kind in (types.MethodType, *_WRAPPERS):
        new = _replaced(object.__func__, replace)
        if new is object.__func__:
            return object
        if kind is types.MethodType:
            return types.MethodType(new, object.__self__)
        wrapper = kind(new)
        vars(wrapper).update(vars(object))
        return wrapper
    return replace(_native.wrapped(object))
