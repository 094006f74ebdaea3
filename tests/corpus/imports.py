"""Imports in functions."""

from objects import *


def import_module():
    import math

    return math.sqrt(4), math.__name__


def import_from(a):
    from math import sqrt, floor as down

    return sqrt(a), down(a)


def import_submodule():
    import os.path
    from os import path as p

    return os.path is p, p.join('a', 'b')


def import_as():
    import collections.abc as abc

    return abc.Iterable, abc.__name__


def import_missing():
    import there_is_no_such_module

    return there_is_no_such_module


def import_missing_name():
    from math import there_is_no_such_name

    return there_is_no_such_name


def import_missing_submodule():
    import math.there_is_none

    return math


def import_in_branch(a):
    if a:
        import math
    return math.pi


def import_in_try():
    try:
        import there_is_no_such_module as m
    except ImportError as e:
        m = e.name
    return m


def import_relative():
    from . import sibling

    return sibling


def import_global():
    global json
    import json

    return json.loads('[1]')


def import_captured():
    import math as m

    return (lambda x: m.sqrt(x))(9)


CASES = {function: [''] for function in (import_module, import_submodule, import_as, import_missing, import_missing_name,
                                         import_missing_submodule, import_in_try, import_relative, import_global,
                                         import_captured)}
CASES |= {import_from: each(NUMBERS, OTHERS), import_in_branch: each(FEW)}
