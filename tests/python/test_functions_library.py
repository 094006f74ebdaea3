"""Modules of the standard library pass their own tests when all their functions and classes are specialized."""

import importlib
import io
import types
import unittest

import typedcall
from functions import Compiled

#: Modules, each with the module of its tests. On 3.11 functions that are pickled by name must be left out, if others hold them.
SUITES = {'textwrap': 'test_textwrap', 'heapq': 'test_heapq', 'bisect': 'test_bisect', 'string': 'test_string', 'copy': 'test_copy',
          'csv': 'test_csv', 'shlex': 'test_shlex', 'difflib': 'test_difflib', 'colorsys': 'test_colorsys',
          'fractions': 'test_fractions', 'html.parser': 'test_htmlparser'}


def specialize(module):
    for name, value in list(vars(module).items()):
        if isinstance(value, (types.FunctionType, type)) and value.__module__ == module.__name__:
            setattr(module, name, typedcall.specialize(value))


def outcomes(suite):
    result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0).run(
        unittest.defaultTestLoader.loadTestsFromModule(suite))
    return result.testsRun, [(str(test), text) for test, text in result.failures + result.errors]


def test_the_suites():
    try:
        suites = {name: importlib.import_module(f'test.{suite}') for name, suite in SUITES.items()}
    except ImportError as error:
        raise unittest.SkipTest(f'there are no tests of the standard library: {error}')
    expected = {name: outcomes(suite) for name, suite in suites.items()}
    for name in suites:
        specialize(importlib.import_module(name))
    with Compiled(0.95, 'in suites of the standard library', 10_000):
        for name, suite in suites.items():
            assert outcomes(suite) == expected[name], (name, outcomes(suite), expected[name])
