"""The module of the caller."""

import sys


def module():
    """The name of the module that called the caller of this; None if there is none, as in code that C runs."""
    try:
        return sys._getframe(2).f_globals.get("__name__")
    except ValueError:
        return None
