"""The typed metadata of modules, and warnings about what is wrong with it."""

import types
import warnings

from typedcall import MetadataWarning, _native
from typedcall._reasons import rejection


def adopt(module, stacklevel):
    """See `typedcall.adopt`; warnings are about a line so many calls from here."""
    if not isinstance(module, types.ModuleType):
        raise TypeError(f"expected a module, not {module!r}")
    signatures, rejected = _native.adopt(module)
    for name, reason in rejected:
        warnings.warn(f"{name}: {rejection(name, reason)}", MetadataWarning, stacklevel)
    return signatures
