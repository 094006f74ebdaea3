"""Adoption of the typed metadata of modules, and warnings about metadata that is rejected."""

import types
import warnings

from typedcall import MetadataWarning, _native
from typedcall._reasons import rejection


#: The layouts of metadata that `dialect=` can name.
_DIALECTS = "pypy", "issue546", "cinder"


def adopt(module, stacklevel, dialect=None, types_by_number=None):
    """See `typedcall.adopt`; warnings name the line that is `stacklevel` calls up from here."""
    if not isinstance(module, types.ModuleType):
        raise TypeError(f"expected a module, not {module!r}")
    if dialect is not None and dialect not in _DIALECTS:
        raise ValueError(f"dialect= expects one of {', '.join(_DIALECTS)}, or None for typedcall.h's own, not {dialect!r}")
    if (dialect == "issue546") is not (types_by_number is not None):
        raise ValueError("types= says what the numbers of dialect=\"issue546\" mean: give both, or neither")
    table = tuple(_row(number, meaning) for number, meaning in (types_by_number or {}).items())
    signatures, rejected = _native.adopt(module, dialect or "version1", table)
    for name, reason in rejected:
        warnings.warn(f"{name}: {rejection(name, reason)}", MetadataWarning, stacklevel)
    return signatures


def _row(number, meaning):
    """A number's row of the table: the signature, and the addresses of C functions, if any."""
    if isinstance(meaning, str):
        return number, meaning
    if not isinstance(meaning, tuple):
        raise TypeError(f"types= expects a signature for each number, or a tuple of a signature and addresses, not {meaning!r}")
    return number, *meaning
