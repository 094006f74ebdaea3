"""Calls C functions from Python at the speed of C.

    import ctypes, typedcall
    libc = ctypes.CDLL(None)
    libc.labs.argtypes, libc.labs.restype = [ctypes.c_long], ctypes.c_long
    labs = typedcall.specialize(libc.labs)

`labs` does what `libc.labs` does, with the same results and the same exceptions, in a fraction of the time: it is native
code for the prototype, and whatever that code does not expect is called as before. The same goes for methods of
extensions that declare their C signatures (METH_TYPED), and for whole modules and libraries (`install`).

The environment: TYPEDCALL_DISABLE=1 leaves everything as it is; TYPEDCALL_VERIFY=1 checks what typed methods promise, at
each call; TYPEDCALL_LOG=warn, info, debug or trace writes to stderr. They are read once, at the first import.
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
    """A method's typed metadata is not as it must be: the method works, but not faster."""


def specialize(callable=None, /, *, strict=False, release_gil=None, library=None):
    """Returns a built-in that behaves as `callable`, a C function, and is faster.

    `callable` is a typed method, a function of a ctypes library with `argtypes` and `restype`, a method descriptor, or a
    bound or static method. What has no stub is returned as it is, and `explain` says why; with `strict` that raises
    `Error`. A stub is returned as it is, unless its prototype has changed since. Of a ctypes function type, such as
    `CFUNCTYPE(c_long, c_long)`, it is a callable that makes functions of the type and specializes them.

    `release_gil=False` keeps the GIL during calls that would release it: faster, where the C function returns soon. None
    and True leave it to ctypes and to the signature: True makes no function release the GIL that would keep it, such as
    one of a PyDLL.

    Without `callable` it is a decorator. With `library`, a ctypes library, that decorates a function without a body,
    whose name and annotations are the prototype:

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

    Clears the flag in their definitions that makes the interpreter's own calls slow. A method whose metadata is rejected
    is left as it is, with a `MetadataWarning` that names the field.

    `dialect` names another layout than that of typedcall.h: "pypy", "cinder" or "issue546". Nothing in these tells them
    apart: what looks good in the dialect that is named is believed. For "issue546" `types` says what each number means:
    a signature of the method itself, which takes and returns objects, or a tuple of a signature and the addresses of the C
    functions behind its overloads, which must be there, with that signature, for as long as they may be called.
    """
    return _adoption.adopt(module, 3, dialect, types)


def ready_cinder_table(address, /):
    """Makes working callables of Cinder's typed definitions in the `PyMethodDef[]` at `address`; returns their names.

    Extensions that were compiled with typedcall_cinder.h do this by themselves when they are imported. The table must end
    with a null name, stay there, say the truth, and not have been seen by CPython; else the process crashes.
    """
    return _native.ready_cinder_table(address)


def install(target, /, *, release_gil=None):
    """Replaces the functions of a module or of a ctypes library by their stubs, and returns the names of those replaced.

    Of a module: the functions among its names and the methods of the types that it defines, where these have typed
    metadata, and its ctypes functions with `argtypes`. Of a ctypes library: the functions looked up so far that have
    `argtypes`. A second call replaces what came since, and with another `release_gil` also the stubs made before.
    """
    return _install.install(target, release_gil)


def uninstall(target, /):
    """Puts back what `install` replaced, and returns the names; a name that was bound anew meanwhile is left alone."""
    return _install.uninstall(target)


def bind(address, signature, name, *, module=None, doc=None, text_signature=None):
    """Returns a built-in that calls the C function at `address`, which has no wrapper: `bind(a, "(f64) -> f64", "j0")`.

    The function must be there, with that signature, for as long as the built-in is used; else the process crashes. Its
    module is that of the caller unless `module` names another: give it, under its name, to that module, and it pickles.
    `text_signature` is what `inspect.signature` reads, such as "(x, /)"; without it that follows from the signature.
    """
    if text_signature is not None:
        _kinds.check_text_signature(text_signature)
    if module is None:
        module = _caller.module()
    return _native.bind(address, signature, name, module, doc, text_signature)


def signature(callable, /):
    """Returns the C signature of a callable as text; raises `Error` where it has none."""
    return _native.signature(callable)


def original(object, /):
    """Returns what a stub stands for, and any other object as it is."""
    return _native.original(object)


def explain(callable, /):
    """Returns what was made of a callable, or why nothing was: print it, or look at its attributes."""
    return Explanation(callable)


def stats():
    """Returns what was compiled and called so far: the keys are shapes, stubs, permanent, code_bytes, hits
    and fallbacks.

    A shape is code that similar stubs share; both are counted while they live. Permanent is how many of the stubs live as long
    as the process. Hits are calls that were made directly,
    fallbacks those that were made by the original, by reason; both since the process began.
    """
    return _native.stats()


def get_include():
    """Returns the folder of typedcall.h, for extensions that declare typed methods."""
    return os.path.join(os.path.dirname(__file__), "include")


def __getattr__(name):
    if name == "cell":
        # Picklers that put the class of a stub's __self__ into what they make look for it here.
        return _native.cell_type()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# All of them now, though these need the names above: a function that imports its module at its first call would leave a
# child that is forked meanwhile waiting for the import's lock for ever.
from typedcall import _adoption, _install, _pickling, _prototypes, _reasons
from typedcall._explain import Explanation
