"""Every kind of stub through every way to pickle, copy and hash functions: if the original works, so does the stub."""

import copy
import ctypes
import pickle
import sys
import types

import picklers
import typedcall
from stubs import KINDS, Number, library, number, typed
from support import child, describe, raises

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

#: Without the common table, CPython pickles a function of a module as its name. The name leads to the original, or to
#: nothing.
NEEDS_THE_COMMON_TABLE = {
    (way, kind)
    for way in ("a table of its own", "a table of its own, in Python")
    for kind in ("function", "function that raises", "ctypes function", "definition in a class", "definition in a function")
}
#: What takes a function apart finds no class by the name of a definition's module.
NOT_TAKEN_APART = {(way, "definition in a class") for way in ("reducer_override", "dispatch")}


def outcome(dumps, value, protocol, arguments):
    """The result of a call of the loaded object, or the type of the exception."""
    try:
        return describe(pickle.loads(dumps(value, protocol))(*arguments))
    except Exception as error:
        return type(error)


def expected(way, dumps, name, kind, protocol):
    if (way, name) in NEEDS_THE_COMMON_TABLE:
        return pickle.PicklingError
    if (way, name) in NOT_TAKEN_APART:
        return ValueError
    if kind.original is None:
        # A definition is an object of its own, found by its name.
        return describe(kind.stub(*kind.arguments))
    return outcome(dumps, kind.original, protocol, kind.arguments)


def test_stubs_pickle_where_their_originals_do():
    seen = set()
    for way, dumps in picklers.PICKLERS.items():
        for name, kind in KINDS.items():
            for protocol in PROTOCOLS:
                right = expected(way, dumps, name, kind, protocol)
                found = outcome(dumps, kind.stub, protocol, kind.arguments)
                assert found == right, (way, name, protocol, right, found)
                seen.add((way, name, isinstance(right, type) and issubclass(right, Exception)))
    # Some fail and some work.
    assert {failed for _, _, failed in seen} == {True, False}


def test_what_the_common_table_reduces_loads_as_an_equal_stub():
    for way in ("C", "Python", "a table before the common one", "a copy of the common table"):
        for name, kind in KINDS.items():
            if name in ("ctypes function", "definition in a function"):
                continue
            for protocol in PROTOCOLS:
                try:
                    pickle.dumps(kind.original, protocol)
                except Exception:
                    continue
                again = pickle.loads(picklers.PICKLERS[way](kind.stub, protocol))
                assert typedcall.explain(again).is_stub, (way, name, protocol)
                if name.startswith("bound method"):
                    assert again.__self__ == kind.stub.__self__ and again.__name__ == kind.stub.__name__
                else:
                    assert again == kind.stub, (way, name, protocol)


def test_a_stub_that_was_installed_needs_no_table():
    names = typedcall.install(typed)
    try:
        assert "inc" in names and typedcall.explain(typed.inc).is_stub
        for way, dumps in picklers.PICKLERS.items():
            for protocol in PROTOCOLS:
                assert pickle.loads(dumps(typed.inc, protocol))(41) == 42, (way, protocol)
    finally:
        typedcall.uninstall(typed)


def test_a_pickled_stub_keeps_the_gil_where_it_did():
    function = typed.inc_nogil
    for release_gil in (None, False, True):
        stub = typedcall.specialize(function, strict=True, release_gil=release_gil)
        again = pickle.loads(pickle.dumps(stub))
        assert again == stub and (again == typedcall.specialize(function)) is (release_gil is not False)


def test_an_object_and_its_methods_stub_stay_together():
    stub = typedcall.specialize(number.paired, strict=True)
    for way, dumps in picklers.PICKLERS.items():
        for protocol in PROTOCOLS[2:]:
            again, method = pickle.loads(dumps((number, stub), protocol))
            assert again == number and again is not number and method(7)[0] is again, (way, protocol)
    # In a cycle too.
    for way, dumps in picklers.PICKLERS.items():
        ring = Number(6)
        ring.method = typedcall.specialize(ring.paired, strict=True)
        again = pickle.loads(dumps(ring, pickle.HIGHEST_PROTOCOL))
        assert again.method(7)[0] is again, way


def test_copies_of_stubs():
    for name, kind in KINDS.items():
        for make in (copy.copy, copy.deepcopy):
            again = make(kind.stub)
            assert typedcall.explain(again).is_stub, name
            if name == "bound method with its class" and make is copy.deepcopy:
                # `copy` does not know the type of such functions, and copies the object that they are bound to.
                assert make(kind.original) != kind.original and again.__self__ == number
            else:
                assert again == kind.stub, name


def test_copies_of_what_a_stub_is_bound_to_are_copies_of_the_objects():
    stub = typedcall.specialize(number.paired, strict=True)
    for make in (copy.copy, copy.deepcopy):
        assert make(stub.__self__) == number
    assert copy.copy(KINDS["class method"].stub.__self__) is typed.Thing
    assert copy.copy(KINDS["function"].stub.__self__) is typed
    for protocol in PROTOCOLS:
        assert pickle.loads(pickle.dumps(KINDS["function"].stub.__self__, protocol)) is typed
        assert pickle.loads(pickle.dumps(KINDS["class method"].stub.__self__, protocol)) is typed.Thing


def test_hash_and_equality_of_stubs():
    for name, kind in KINDS.items():
        assert {kind.stub: 1}[kind.stub] == 1, name
        if kind.original is not None and name not in ("ctypes function", "definition in a function"):
            assert typedcall.specialize(kind.original) == kind.stub, name
            assert hash(typedcall.specialize(kind.original)) == hash(kind.stub), name


def digests():
    found = {}
    for name, kind in KINDS.items():
        try:
            found[name] = picklers.digest(kind.stub)
        except Exception as error:
            found[name] = type(error).__name__
    return found


def test_a_digest_is_the_same_in_every_process():
    code = """
import stubs, test_picklers
print(test_picklers.digests())
"""
    # Each process has another hash of strings.
    others = [child(code, PYTHONHASHSEED=seed).stdout for seed in ("1", "2")]
    assert others == [f"{digests()}\n"] * 2, (others, digests())


def test_a_digest_is_there_where_that_of_the_original_is():
    for name, kind in KINDS.items():
        found = digests()[name]
        if kind.original is None:
            assert (found == "ValueError") is (name == "definition in a class"), (name, found)
            continue
        try:
            picklers.digest(kind.original)
        except Exception as error:
            assert found == type(error).__name__, (name, found)
        else:
            assert len(found) == 64, (name, found)


def test_digests_of_different_functions_differ():
    found = [value for value in digests().values() if value != "ValueError"]
    assert len(found) == len(set(found)) == 12, digests()


def unfound():
    """Functions that are bound, by their names, and found by none of these."""
    address = ctypes.cast(library.add_long, ctypes.c_void_p).value
    other = ctypes.cast(library.add_double, ctypes.c_void_p).value
    return {
        "another of that name": typedcall.bind(address, "(i64, b: i64) -> i64", "added", module="stubs"),
        "of another signature": typedcall.bind(address, "(i64, i64) -> i64", "added", module="stubs"),
        "of another name": typedcall.bind(address, "(i64, b: i64) -> i64", "sum", module="stubs"),
        "in another place": typedcall.bind(other, "(i64, b: i64) -> i64", "added", module="stubs"),
        "in another module": typedcall.bind(address, "(i64, b: i64) -> i64", "added", module="nowhere.at.all"),
    }


def unfound_digests():
    return {name: picklers.digest(bound) for name, bound in unfound().items()}


def test_a_bound_function_that_is_not_found_is_not_taken_for_another():
    for name, bound in unfound().items():
        for dumps in (pickle.dumps, picklers.PICKLERS["a table of its own"]):
            assert "added" in str(raises(pickle.PicklingError, dumps, bound, 4)) or name == "of another name"
        for way in ("dispatch", "reducer_override"):
            error = raises(pickle.UnpicklingError, pickle.loads, picklers.PICKLERS[way](bound, 4))
            assert bound.__name__ in str(error) and bound.__module__ in str(error), error


def test_a_bound_function_that_is_not_found_has_a_digest_of_its_own():
    found = unfound_digests()
    assert len({*found.values(), picklers.digest(KINDS["bound"].stub)}) == 6, found
    code = "import test_picklers\nprint(test_picklers.unfound_digests())"
    assert {child(code, PYTHONHASHSEED=seed).stdout for seed in ("1", "2")} == {f"{found}\n"}, found
    # Code that is in no library.
    error = raises(pickle.PicklingError, picklers.digest, typedcall.bind(1, "(i64) -> i64", "added", module="stubs"))
    assert "added" in str(error), error


def test_the_class_of_what_a_functions_stub_is_bound_to_is_found():
    cell = KINDS["function"].stub.__self__
    assert pickle.loads(pickle.dumps(cell.__class__)) is type(cell)
    assert isinstance(cell, types.ModuleType) and cell == sys.modules["typed"]
