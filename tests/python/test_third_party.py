"""Stubs in the hands of other projects' picklers and documentation tools, as they are installed.

`picklers.py` does what these do with the standard library alone; here it is they themselves. What is missing is skipped,
but not where the environment's TESTS_NEED names it.
"""

import importlib
import os
import pickle
import subprocess
import sys
import tempfile
import unittest
import warnings

import typedcall
from stubs import KINDS, number, typed
from support import HERE, child, describe


def third_party(name):
    """A module of another project."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if name in os.environ.get("TESTS_NEED", "").split():
            raise
        raise unittest.SkipTest(f"{name} is not installed") from error


def outcome(call, *arguments):
    try:
        return describe(call(*arguments))
    except Exception as error:
        return type(error)


def through(project, name, kind):
    """Asserts that what this project pickles and loads does what it did."""
    def round_trip(function):
        return project.loads(project.dumps(function))(*kind.arguments)

    if kind.original is None:
        # A definition is a thing of its own: it is found under its name.
        expected = describe(kind.stub(*kind.arguments))
    else:
        expected = outcome(round_trip, kind.original)
    found = outcome(round_trip, kind.stub)
    assert found == expected, (project.__name__, name, found, expected)
    return found


def test_cloudpickle_and_dill():
    for project in map(third_party, ("cloudpickle", "dill")):
        outcomes = [through(project, name, kind) for name, kind in KINDS.items()]
        assert sum(isinstance(each, type) for each in outcomes) == 2, outcomes


def test_a_function_around_a_stub_is_pickled_by_value():
    for project in map(third_party, ("cloudpickle", "dill")):
        for name, kind in KINDS.items():
            if name in ("ctypes function", "definition in a function"):
                continue
            stub = kind.stub
            around = eval("lambda *arguments: stub(*arguments)", {"stub": stub, "__builtins__": __builtins__})
            again = project.loads(project.dumps(around))
            assert describe(again(*kind.arguments)) == describe(stub(*kind.arguments)), (project.__name__, name)


def joblib_hashes():
    joblib = third_party("joblib")
    found = {}
    for name, kind in KINDS.items():
        try:
            found[name] = joblib.hash(kind.stub)
        except Exception as error:
            found[name] = type(error).__name__
    return found


def test_joblibs_hash():
    joblib = third_party("joblib")
    found = joblib_hashes()
    for name, kind in KINDS.items():
        original = typedcall.original(kind.stub)
        works = kind.original is None and name != "definition in a class"
        if not works:
            try:
                joblib.hash(original)
                works = True
            except Exception as error:
                assert found[name] == type(error).__name__, (name, found)
        if works:
            assert len(found[name]) == 32, (name, found)
    hashes = [value for value in found.values() if len(value) == 32]
    assert len(set(hashes)) == len(hashes) >= 12, found
    code = "import test_third_party\nprint(test_third_party.joblib_hashes())"
    # Importing dill changes what others make of method descriptors: here it may be imported, there it is not.
    others = {child(code, PYTHONHASHSEED=seed).stdout for seed in ("1", "2")}
    assert len(others) == 1 and "'method descriptor': '" in others.pop(), others


def test_joblibs_memory():
    joblib = third_party("joblib")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # Of functions without a source it says that it can't tell whether they were changed.
        warnings.simplefilter("ignore")
        memory = joblib.Memory(folder, verbose=0)
        for name, kind in KINDS.items():
            cached = memory.cache(kind.stub)
            first, second = cached(*kind.arguments), cached(*kind.arguments)
            assert describe(first) == describe(second) == describe(kind.stub(*kind.arguments)), name
            assert cached.check_call_in_cache(*kind.arguments), name

        calls = []

        @memory.cache
        def applied(function, *arguments):
            calls.append(function)
            return function(*arguments)

        applied(KINDS["function"].stub, 41), applied(KINDS["bound"].stub, 2, 3)
        assert (applied(KINDS["function"].stub, 41), applied(KINDS["bound"].stub, 2, 3)) == (42, 5)
        assert len(calls) == 2


def test_joblibs_processes():
    third_party("joblib")
    code = """
import stubs
from joblib import Parallel, delayed
for name, kind in stubs.KINDS.items():
    if name in ("ctypes function", "definition in a function"):
        continue
    found = Parallel(n_jobs=2)(delayed(kind.stub)(*kind.arguments) for _ in range(2))
    assert list(map(str, found)) == [str(kind.stub(*kind.arguments))] * 2, (name, found)
"""
    child(code)


def test_sphinx_documents_what_is_defined():
    third_party("sphinx")
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "conf.py"), "w") as file:
            file.write("extensions = ['sphinx.ext.autodoc']\n")
        with open(os.path.join(folder, "index.rst"), "w") as file:
            file.write("Page\n====\n\n.. automodule:: stubs\n   :members:\n   :undoc-members:\n")
        path = os.pathsep.join([HERE, *sys.path])
        done = subprocess.run([sys.executable, "-m", "sphinx", "-q", "-b", "text", folder, os.path.join(folder, "out")],
                              capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": path})
        assert done.returncode == 0 and "autodoc" not in done.stderr, done.stderr
        with open(os.path.join(folder, "out", "index.txt"), encoding="utf-8") as file:
            text = file.read()
    for shown in ("stubs.add_long(a, b, /)", "stubs.added(arg1, /, b)", "stubs.answer()", "static add_double(a, b, /)",
                  ">>> add_long(2, 3)", ">>> Sums.add_double(2.0, 3.0)"):
        assert shown in text, (shown, text)


def test_what_is_loaded_is_specialized_again():
    for project in map(third_party, ("cloudpickle", "dill")):
        for original in (typed.inc, typed.Thing.made, typed.Thing.inc, number.paired, typed.Thing.paired):
            again = project.loads(project.dumps(typedcall.specialize(original, strict=True)))
            # Method descriptors are for dill what their class has under their name.
            is_stub = project.__name__ != "dill" or original is not typed.Thing.paired
            assert typedcall.explain(again).is_stub is is_stub, (project.__name__, original)
        data = project.dumps(typedcall.specialize(typed.inc))
        assert pickle.loads(data) == typedcall.specialize(typed.inc)
