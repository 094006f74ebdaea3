"""Calls C functions from Python at the speed of C.

    import ctypes, typedcall
    libc = ctypes.CDLL(None)
    libc.labs.argtypes, libc.labs.restype = [ctypes.c_long], ctypes.c_long
    labs = typedcall.specialize(libc.labs)

`labs` does what `libc.labs` does, with the same results and the same exceptions, in a fraction of the time. It is native
code for the prototype; calls that this code does not take go to `libc.labs`. Methods of extensions that declare their C
signatures (METH_TYPED), and whole modules and libraries (`install`), are made faster in the same way. A Python function that
is specialized runs as machine code, in which calls of such functions are direct.

Environment variables, read once at the first import: TYPEDCALL_DISABLE=1 switches everything off; TYPEDCALL_ONLY=module.name
leaves all Python functions but the named ones as they are; TYPEDCALL_VERIFY=1 checks at each call what typed methods promise;
TYPEDCALL_LOG=warn, info, debug or trace logs to stderr.
"""

import os

from typedcall import _caller, _kinds, _native
from typedcall._native import Error, __version__, _cinder

__all__ = [
    "Error",
    "Explanation",
    "MetadataWarning",
    "adopt",
    "bind",
    "explain",
    "get_include",
    "install",
    "original",
    "ready_cinder_table",
    "signature",
    "specialize",
    "stats",
    "uninstall",
]


class MetadataWarning(UserWarning):
    """A method's typed metadata is invalid: the method works, but is not faster."""


def specialize(callable=None, /, *, strict=False, release_gil=None, library=None):
    """Makes calls of `callable` faster, and returns what to call.

    For a C function that is a stub: a built-in that behaves as `callable`. A Python function runs as machine code, compiled
    at its next call, with exactly the same behaviour. From 3.12 on it stays the same object; on 3.11 the result is another
    one, with the function as `__wrapped__`. Methods, class methods, static methods and classes are specialized as the Python
    functions that they hold. A function that can't be compiled runs as before, and `explain` says why; with `strict` that
    raises `Error`, with the line.

    C functions are typed methods, functions of a ctypes library with `argtypes` and `restype`, method descriptors, and bound
    and static methods of these. A callable that can have no stub is returned unchanged, and `explain` says why; with
    `strict` that raises `Error` instead. A stub is returned unchanged, unless its prototype has changed since. For a ctypes
    function type, such as `CFUNCTYPE(c_long, c_long)`, the result is a callable that makes functions of the type and
    specializes them.

    `release_gil=False` keeps the GIL during calls that would release it, which is faster if the C function returns soon.
    None and True leave the GIL to ctypes and to the signature. So True does not release it for a function that keeps it,
    such as one of a PyDLL. It changes nothing for Python functions.

    Without `callable`, `specialize` is a decorator. With `library`, a ctypes library, it decorates a function without a
    body, whose name and annotations are the prototype:

        @typedcall.specialize(library=libc)
        def labs(x: c_long) -> c_long: ...
    """
    _kinds.check_release_gil(release_gil)
    if library is not None:
        _kinds.check_library(library)
    if callable is None:
        def decorator(function):
            return specialize(function, strict=strict, release_gil=release_gil, library=library)
        return decorator
    if library is not None:
        callable = _prototypes.declared(callable, library)
    elif _functions.takes(callable):
        return callable if _native.disabled else _functions.specialize(callable, strict)
    elif _kinds.is_foreign_class(callable):
        return _prototypes.maker(callable, strict=strict, release_gil=release_gil)
    if _native.disabled:
        return callable
    if release_gil is None and _kinds.is_stub(callable) and not _native.is_stale(callable):
        _pickling.register(callable)
        return callable
    try:
        stub = _native.function(callable, release_gil)
    except Error as error:
        if strict:
            raise Error(_reasons.refusal(callable, error)) from None
        return callable
    _pickling.register(stub)
    return stub


def adopt(module, /, *, dialect=None, types=None):
    """Reads the typed metadata of a module's functions and of its types' methods, and returns {name: signature}.

    Clears the flag in their definitions, which slows the interpreter's own calls down. A method whose metadata is rejected
    is left unchanged, with a `MetadataWarning` that names the field.

    `dialect` names another layout than that of typedcall.h: "pypy", "cinder" or "issue546". Nothing in the metadata tells
    these apart: metadata that looks valid in the named dialect is believed. For "issue546" `types` maps each number to its
    meaning. That is a signature of the method itself, which takes and returns objects; or a tuple of a signature and the
    address of the C function of each of its overloads. These functions must exist, with that signature, for as long as
    they may be called.
    """
    return _adoption.adopt(module, 3, dialect, types)


def ready_cinder_table(address, /):
    """Makes working callables of Cinder's typed definitions in the `PyMethodDef[]` at `address`; returns their names.

    Extensions that were compiled with typedcall_cinder.h do this by themselves when they are imported. The table must end
    with a null name, be correct, and stay in memory, and CPython must not have seen it yet; otherwise the process crashes.
    """
    return _native.ready_cinder_table(address)


def install(target, /, *, release_gil=None):
    """Replaces the functions of a module or of a ctypes library by their stubs, and returns the names of those replaced.

    In a module it replaces the functions with typed metadata, the typed methods of the types that the module defines, and
    the ctypes functions with `argtypes`. In a ctypes library it replaces the functions looked up so far that have
    `argtypes`. A second call also replaces functions added since, and with another `release_gil` the earlier stubs too.
    """
    return _install.install(target, release_gil)


def uninstall(target, /):
    """Puts back the functions that `install` replaced, and returns their names. A name that was rebound is left alone.

    For a specialized Python function, or a method or class with some, it lets CPython run them again.
    """
    if _functions.takes(target):
        return _functions.give_back(target)[1]
    return _install.uninstall(target)


def bind(address, signature, name, *, module=None, doc=None, text_signature=None):
    """Returns a built-in that calls the C function at `address`, which has no wrapper: `bind(a, "(f64) -> f64", "j0")`.

    The C function must exist, with that signature, for as long as the built-in is used; otherwise the process crashes. The
    built-in's module is that of the caller, unless `module` names another. It pickles if it is found in that module under
    its name. `text_signature` is for `inspect.signature`, such as "(x, /)"; by default it is made from the signature.
    """
    if text_signature is not None:
        _kinds.check_text_signature(text_signature)
    if module is None:
        module = _caller.module()
    return _native.bind(address, signature, name, module, doc, text_signature)


def signature(callable, /):
    """Returns the C signature of a callable as text; raises `Error` if it has none."""
    return _native.signature(callable)


def original(object, /):
    """Returns the original of a stub, and any other object unchanged.

    A specialized Python function is its own original: it is given back to CPython, as by `uninstall`.
    """
    if _functions.takes(object):
        return _functions.give_back(object)[0]
    return _native.original(object)


def explain(callable, /):
    """Returns an `Explanation` of how a callable is specialized, or why it is not. Print it, or read its attributes."""
    if _functions.function_of(callable) is not None:
        return FunctionExplanation(callable)
    return Explanation(callable)


def stats():
    """Returns counts of compiled code and of calls.

    Of stubs: shapes, stubs, permanent, code_bytes, hits and fallbacks. A shape is code that similar stubs share. Shapes and
    stubs are counted while they live; permanent is how many of the stubs live as long as the process. Hits are calls that
    went directly to the C function, fallbacks are calls that went to the original, by reason.

    Of Python functions: functions are those that are specialized, compiled_functions those of them that are compiled,
    left_functions those that CPython runs for good; versions and function_code_bytes are those of the compiled ones. Since the
    process began, compiled_calls ran compiled code, original_calls ran the original, and exits left compiled code.
    """
    return _native.stats()


def get_include():
    """Returns the folder of typedcall.h, for extensions that declare typed methods."""
    return os.path.join(os.path.dirname(__file__), "include")


def __getattr__(name):
    if name == "cell":
        # Picklers that pickle the class of a stub's __self__ look for it here.
        return _native.cell_type()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# These need the names above. All are imported now: if a function imported its module at its first call, a child that is
# forked meanwhile would wait for the import's lock for ever.
from typedcall import _adoption, _functions, _install, _pickling, _prototypes, _reasons
from typedcall._explain import Explanation
from typedcall._explain_function import FunctionExplanation
