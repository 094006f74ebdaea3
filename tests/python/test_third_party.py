"""Stubs in the hands of other projects' picklers and documentation tools, as they are installed.

`picklers.py` does the same as these projects with the standard library alone; these tests use the projects themselves.
A missing project is skipped unless the environment variable TESTS_NEED names it. Each has a process of its own, because
dill changes how all others pickle.
"""

import importlib.util
import os
import pickle
import subprocess
import sys
import tempfile
import unittest

import typedcall
from support import HERE, child, describe

#: Of ctypes' functions, these are found under no name.
NOT_PICKLED = ("ctypes function", "definition in a function")


def need(name):
    """Skips the test where another project is not installed."""
    if importlib.util.find_spec(name) is None:
        assert name not in os.environ.get("TESTS_NEED", "").split(), f"{name} is not installed"
        raise unittest.SkipTest(f"{name} is not installed")


def in_a_process(function, name, **environment):
    """The output of a function of this file in a process of its own; the function gets a project's module."""
    need(name)
    code = "import importlib, sys, test_third_party as file\ngetattr(file, sys.argv[1])(importlib.import_module(sys.argv[2]))"
    return child(code, function.__name__, name, **environment).stdout


def outcome(call, *arguments):
    try:
        return describe(call(*arguments))
    except Exception as error:
        return type(error)


def round_trips(project):
    from stubs import KINDS, number, typed

    failed = []
    for name, kind in KINDS.items():
        def round_trip(function):
            return project.loads(project.dumps(function))(*kind.arguments)

        # A definition is an object of its own, found by its name.
        expected = outcome(round_trip, kind.original) if kind.original else describe(kind.stub(*kind.arguments))
        found = outcome(round_trip, kind.stub)
        assert found == expected, (name, found, expected)
        if isinstance(found, type):
            failed.append(name)
    assert failed == list(NOT_PICKLED), failed
    for original in (typed.inc, typed.Thing.made, typed.Thing.inc, number.paired, typed.Thing.paired):
        again = project.loads(project.dumps(typedcall.specialize(original, strict=True)))
        # dill pickles a method descriptor as the attribute that its class has under its name.
        is_stub = project.__name__ != "dill" or original is not typed.Thing.paired
        assert typedcall.explain(again).is_stub is is_stub, original
    data = project.dumps(typedcall.specialize(typed.inc))
    assert pickle.loads(data) == typedcall.specialize(typed.inc)


def by_value(project):
    from stubs import KINDS

    for name, kind in KINDS.items():
        if name not in NOT_PICKLED:
            around = eval("lambda *arguments: stub(*arguments)", {"stub": kind.stub, "__builtins__": __builtins__})
            again = project.loads(project.dumps(around))
            assert describe(again(*kind.arguments)) == describe(kind.stub(*kind.arguments)), name


def test_what_cloudpickle_and_dill_pickle_and_load_again():
    for name in ("cloudpickle", "dill"):
        in_a_process(round_trips, name)


def test_a_function_around_a_stub_is_pickled_by_value():
    for name in ("cloudpickle", "dill"):
        in_a_process(by_value, name)


def hashes(joblib):
    from stubs import KINDS

    found = {}
    for name, kind in KINDS.items():
        originals = [outcome(joblib.hash, kind.original)] if kind.original else []
        found[name] = outcome(joblib.hash, kind.stub)
        failures = [each for each in originals if isinstance(each, type)]
        if failures or name == "definition in a class":
            # It is not found by the name of its module.
            assert found[name] == (failures or [ValueError])[0], (name, found)
        else:
            assert found[name][0] is str, (name, found)
    different = {value for value in found.values() if not isinstance(value, type)}
    assert len(different) == 12, found
    print(found)


def test_joblibs_hash_is_the_same_in_every_process():
    # Each process has another hash of strings.
    first, second = (in_a_process(hashes, "joblib", PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert first == second and "'function': (<class 'str'>" in first, (first, second)


def memory(joblib):
    import warnings

    from stubs import KINDS

    # It says that it can't tell whether a function without a source was changed.
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        store = joblib.Memory(folder, verbose=0)
        for name, kind in KINDS.items():
            cached = store.cache(kind.stub)
            first, second = cached(*kind.arguments), cached(*kind.arguments)
            assert describe(first) == describe(second) == describe(kind.stub(*kind.arguments)), name
            assert cached.check_call_in_cache(*kind.arguments), name

        calls = []

        @store.cache
        def applied(function, *arguments):
            calls.append(function)
            return function(*arguments)

        for _ in range(2):
            for name, kind in KINDS.items():
                if name not in (*NOT_PICKLED, "definition in a class"):
                    assert describe(applied(kind.stub, *kind.arguments)) == describe(kind.stub(*kind.arguments)), name
        assert len(calls) == 12, calls


def test_joblibs_memory_of_stubs_and_with_stubs_as_arguments():
    in_a_process(memory, "joblib")


def processes(joblib):
    from stubs import KINDS

    for name, kind in KINDS.items():
        if name not in NOT_PICKLED:
            found = joblib.Parallel(n_jobs=2)(joblib.delayed(kind.stub)(*kind.arguments) for _ in range(2))
            assert list(map(str, found)) == [str(kind.stub(*kind.arguments))] * 2, (name, found)


def test_joblibs_processes_get_stubs():
    in_a_process(processes, "joblib")


def test_sphinx_documents_what_is_defined():
    need("sphinx")
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
