"""Typed methods of an extension module through the package: functions, methods, static and class methods."""

import ctypes
import inspect
import types
import warnings

import typedcall
from support import Hits, agree, extension, ints, raises

typed = extension()


class Int(int):
    pass


class Index:
    def __index__(self):
        return 41


VALUES = [*ints(2000, 31), True, False, Int(5), Index(), 1.5, float('nan'), None, 'x', [], object()]


def made(callable_object):
    stub = typedcall.specialize(callable_object, strict=True)
    assert stub is not callable_object and type(stub) is type(callable_object)
    assert typedcall.explain(stub).why_not is None and typedcall.explain(callable_object).why_not is None
    return stub


def test_functions_of_a_module():
    for name in ('inc', 'half'):
        function = getattr(typed, name)
        stub = made(function)
        with Hits(500):
            for value in VALUES:
                agree(function, stub, value)
        for arguments in ((), (1, 2), (1, 2, 3)):
            agree(function, stub, *arguments)
        agree(function, stub, x=1)
    add = made(typed.add)
    with Hits(1):
        assert add(1.5, 2.5) == 4.0
    for value in VALUES[-30:]:
        agree(typed.add, add, value, 2)
        agree(typed.add, add, 0.5, value)


def test_a_method_that_converts_nothing_stays_as_it_is():
    assert typedcall.specialize(typed.same) is typed.same
    assert typedcall.explain(typed.same).why_not.startswith('typed.same: a stub would be no faster')
    raises(typedcall.Error, typedcall.specialize, typed.same, strict=True)


def test_a_stub_looks_like_its_original():
    stub = made(typed.inc)
    for name in ('__name__', '__qualname__', '__doc__', '__module__', '__text_signature__'):
        assert getattr(stub, name) == getattr(typed.inc, name), name
    assert repr(stub) == repr(typed.inc) == '<built-in function inc>'
    assert inspect.signature(stub) == inspect.signature(typed.inc)
    assert inspect.isbuiltin(stub) and stub != typed.inc and typedcall.original(stub) is typed.inc


def test_a_stub_is_specialized_once():
    stub = made(typed.inc)
    assert typedcall.specialize(stub) is stub


def test_methods_of_a_class():
    stub = made(typed.Thing.paired)
    assert type(stub) is types.MethodDescriptorType
    thing = typed.Thing()
    with Hits(1):
        assert stub(thing, 7) == (thing, 7)
    for value in VALUES[-30:]:
        agree(lambda x: typed.Thing.paired(thing, x)[1], lambda x: stub(thing, x)[1], value)
    for arguments in ((), (5,), (object(), 1), (thing,), (thing, 1, 2), (typed.Thing, 1)):
        agree(typed.Thing.paired, stub, *arguments)
    for name in ('__name__', '__qualname__', '__doc__', '__objclass__', '__text_signature__'):
        assert getattr(stub, name) == getattr(typed.Thing.paired, name), name
    assert repr(stub) == repr(typed.Thing.paired)


def test_a_bound_method():
    thing = typed.Thing()
    bound = thing.paired
    stub = typedcall.specialize(bound, strict=True)
    with Hits(1):
        assert stub(7) == (thing, 7)
    assert stub.__self__ == thing and stub.__name__ == 'paired' and stub.__qualname__ == bound.__qualname__
    for value in ('x', None, 2**70):
        agree(lambda x: bound(x)[1], lambda x: stub(x)[1], value)


def test_a_static_method():
    stub = typedcall.specialize(typed.Thing.inc, strict=True)
    with Hits(1):
        assert stub(41) == 42
    for value in VALUES[-30:]:
        agree(typed.Thing.inc, stub, value)
    assert stub.__name__ == 'inc' and stub.__qualname__ == typed.Thing.inc.__qualname__
    assert stub.__doc__ == typed.Thing.inc.__doc__ and inspect.signature(stub) == inspect.signature(typed.Thing.inc)


def test_a_class_method_and_its_subclass():
    class Sub(typed.Thing):
        pass

    for cls in (typed.Thing, Sub):
        stub = typedcall.specialize(cls.made, strict=True)
        with Hits(1):
            assert stub(7) == (cls, 7)
        assert stub.__self__ == cls and stub.__qualname__ == cls.made.__qualname__
        agree(cls.made, stub, 'x')


def test_an_untyped_method_is_returned_as_it_is():
    assert typedcall.specialize(typed.untyped) is typed.untyped
    assert typedcall.explain(typed.untyped).why_not
    raises(typedcall.Error, typedcall.specialize, typed.untyped, strict=True)


def test_adopt_lists_the_signatures():
    found = typedcall.adopt(typed)
    assert {'inc', 'add', 'half', 'same'} <= set(found) and 'untyped' not in found
    assert found['inc'] == typedcall.signature(typed.inc) and 'i64' in found['inc']
    assert found == typedcall.adopt(typed)
    assert typed.inc(1) == 2


def test_damaged_metadata_is_a_warning_that_names_the_field():
    damaged = extension('damaged', '-DDAMAGED')
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        found = typedcall.adopt(damaged)
    assert 'inc' in found and 'damaged' not in found
    texts = [str(warning.message) for warning in caught if issubclass(warning.category, typedcall.MetadataWarning)]
    assert len(texts) == 1 and 'damaged' in texts[0] and 'version' in texts[0], texts
    assert texts[0].startswith('damaged: version: '), texts
    assert damaged.damaged(1) == 2


def test_a_metadata_warning_points_at_the_line_that_asked():
    damaged = extension('damaged', '-DDAMAGED')
    for ask in (typedcall.adopt, typedcall.install):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            ask(damaged)
        assert [warning.filename for warning in caught] == [__file__], caught
    typedcall.uninstall(damaged)


def test_only_a_module_is_adopted():
    for value in (3, ctypes.CDLL(None), int, typed.inc, None):
        error = raises(TypeError, typedcall.adopt, value)
        assert 'a module' in str(error) and repr(value) in str(error)


def test_keeping_the_gil_changes_nothing_for_a_typed_method():
    stub = typedcall.specialize(typed.inc, strict=True, release_gil=False)
    assert stub(1) == 2
