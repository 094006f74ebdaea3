"""Calls C functions from Python at the speed of C."""

from typedcall import _native
from typedcall._native import Error, __version__

__all__ = ["Error", "__version__"]
