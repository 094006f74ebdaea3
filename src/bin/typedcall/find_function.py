"""Finds the function that `typedcall explain FILE.py:FUNCTION` is about.

Runs with `path`, the file's absolute path, and `dotted`, the function's name in it; leaves `function`, and in `aside` what
is to be said about it, if anything. `Unknown` is raised with a message for the user.
"""

import functools
import importlib
import importlib.util
import os
import sys
import types


class Unknown(Exception):
    pass


def module_of(path):
    folder, stem = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
    names = [] if stem == "__init__" else [stem]
    if not os.path.isfile(os.path.join(folder, "__init__.py")):
        # The file's own imports are first looked for in its folder, as when it is run.
        sys.path.insert(0, folder)
        # The module of that name, such as `sys`, stays in its place.
        name = f"_explained_{stem}" if stem in sys.modules else stem
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None:
            raise Unknown("not a Python file, whose name would end with .py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    # A file in a package is imported as part of it; otherwise its relative imports would fail.
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        names.insert(0, package)
    sys.path.insert(0, folder)
    return importlib.import_module(".".join(names))


def inner(function, name):
    """A function in a function, made of its code: there is none before the outer one runs. Its cells are empty."""
    for code in function.__code__.co_consts:
        if isinstance(code, types.CodeType) and code.co_name == name:
            cells = tuple(types.CellType() for _ in code.co_freevars)
            made = types.FunctionType(code, function.__globals__, name, None, cells)
            made.__qualname__ = f"{function.__qualname__}.<locals>.{name}"
            return made
    return None


def attribute(owner, name):
    try:
        return getattr(owner, name)
    except AttributeError:
        found = inner(owner, name) if isinstance(owner, types.FunctionType) else None
        if found is None:
            raise
        return found


def function_behind(found):
    """The function that runs where something is called or read that is none itself, and what to say of that."""
    if isinstance(found, types.MethodType):
        return function_behind(found.__func__)[0], "bound method: its function is shown"
    if isinstance(found, property):
        return found.fget, "property: its getter is shown"
    if isinstance(found, functools.cached_property):
        return found.func, "cached property: its getter is shown"
    if isinstance(found, functools.partial):
        return function_behind(found.func)[0], "partial call: the function that it calls is shown"
    wrapped = getattr(found, "__wrapped__", None)
    if isinstance(found, types.FunctionType):
        if wrapped is None:
            return found, ""
        return found, f"decorated function: the decorated function is shown; the original is {dotted}.__wrapped__"
    if wrapped is not None:
        return function_behind(wrapped)[0], f"{type(found).__name__}: the function that it wraps is shown"
    return found, ""


module = module_of(path)
found = module
try:
    for part in dotted.replace(".<locals>.", ".").split("."):
        found = attribute(found, part)
    function, aside = function_behind(found)
except AttributeError as missing:
    advice = "the name is FILE.py:FUNCTION or FILE.py:TYPE.METHOD"
    raise Unknown(f"the file has no {dotted} ({type(missing).__name__}: {missing}); {advice}") from None
except Exception as raised:
    raise Unknown(f"{dotted} cannot be looked up: {type(raised).__name__}: {raised}") from None
if isinstance(found, type):
    raise Unknown(f"{dotted} is a class: name a method, FILE.py:TYPE.METHOD")
