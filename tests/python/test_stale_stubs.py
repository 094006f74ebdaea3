"""The description of a stub matches what it does, also after changes."""

from ctypes import c_int, c_long, c_short

import typedcall
from typedcall import _native
from support import Hits, agree, fixture, prototype, raises, specialized

RELEASES = 'nogil'
CHANGED = 'its prototype was changed after it was specialized'


def pair(**options):
    function = prototype(fixture().add_long, c_long, c_long, c_long)
    return function, specialized(function, **options)


def test_a_stub_is_described_with_what_it_does_about_the_gil():
    function, plain = pair()
    kept = typedcall.specialize(function, release_gil=False)
    for callable, releases in ((function, True), (plain, True), (kept, False)):
        explanation = typedcall.explain(callable)
        assert (RELEASES in explanation.plan) is releases, explanation.plan
    assert _native.compiled(kept) != _native.compiled(plain) == _native.compiled(function)
    assert typedcall.explain(kept).asm != typedcall.explain(plain).asm


def test_a_stub_whose_prototype_changed_says_so():
    function, stub = pair()
    assert not _native.is_stale(stub)
    argtypes = function.argtypes
    for name, value in (('restype', c_short), ('argtypes', [c_long]), ('errcheck', lambda result, *others: result)):
        setattr(function, name, value)
        assert _native.is_stale(stub), name
        why_not = typedcall.explain(stub).why_not
        assert CHANGED in why_not and 'typedcall.original(f)' in why_not and 'add_long' in why_not, why_not
        assert why_not in str(raises(typedcall.Error, _native.describe, stub))
        assert CHANGED in str(raises(typedcall.Error, _native.compiled, stub))
        assert CHANGED in str(typedcall.explain(stub))
        # The function itself has its present prototype.
        assert CHANGED not in str(typedcall.explain(function))
        if name == 'errcheck':
            del function.errcheck
        function.restype, function.argtypes = c_long, argtypes


def test_a_stale_stub_makes_a_new_one():
    function, stub = pair()
    prototype(function, c_int, c_int, c_int)
    assert typedcall.original(stub) is function
    new = typedcall.specialize(stub)
    assert new is not stub and typedcall.specialize(new) is new and not _native.is_stale(new) and _native.is_stale(stub)
    with Hits(1):
        assert agree(function, new, 2**31 - 1, 1) == ('returns', (int, str(-2**31)))
    assert typedcall.explain(new).why_not is None


def test_only_stubs_of_what_changes_are_stale():
    bound = typedcall.bind(1, '(i64) -> i64', 'never_called')
    for callable in (len, str.upper, 5, None, pair, bound, fixture().add_long):
        assert _native.is_stale(callable) is False, callable
