"""`install` and `uninstall`: a module's or a library's functions replaced in place, and put back."""

import copy
import ctypes
import math
import types
from ctypes import c_char_p, c_int, c_long

import typedcall
from support import Hits, extension, fixture, prototype, raises

typed = extension()


def library():
    found = fixture()
    prototype(found.add_long, c_long, c_long, c_long)
    prototype(found.name_of, c_char_p, c_int)
    prototype(found.answer, c_int).errcheck = lambda result, function, arguments: result
    return found


def test_the_functions_of_a_library_are_replaced():
    found = library()
    originals = dict(vars(found))
    names = typedcall.install(found)
    assert sorted(names) == ['add_long', 'name_of']
    assert type(found.add_long) is types.BuiltinFunctionType
    assert typedcall.original(found.add_long) is originals['add_long'] and found.answer is originals['answer']
    with Hits(2):
        assert found.add_long(2**40, 1) == 2**40 + 1 and found.name_of(1) == b'one'
    assert sorted(typedcall.uninstall(found)) == ['add_long', 'name_of']
    assert {name: vars(found)[name] for name in originals} == originals


def test_a_function_that_is_looked_up_later_is_not_replaced_until_asked_again():
    found = library()
    typedcall.install(found)
    prototype(found.add_double, ctypes.c_double, ctypes.c_double, ctypes.c_double)
    assert type(found.add_double) is not types.BuiltinFunctionType
    assert typedcall.install(found) == ['add_double']
    assert found.add_double(1, 2) == 3.0
    assert sorted(typedcall.uninstall(found)) == ['add_double', 'add_long', 'name_of']
    assert type(found.add_double) is not types.BuiltinFunctionType


def test_installing_twice_replaces_nothing_twice():
    found = library()
    assert typedcall.install(found) and typedcall.install(found) == []
    original = typedcall.original(found.add_long)
    assert typedcall.original(original) is original
    assert typedcall.uninstall(found) and typedcall.uninstall(found) == []
    assert found.add_long is original


def test_a_name_that_was_bound_anew_is_left_alone():
    found = library()
    typedcall.install(found)
    found.add_long = 'mine'
    assert typedcall.uninstall(found) == ['name_of']
    assert found.add_long == 'mine'


def test_a_name_that_was_deleted_is_left_alone():
    found = library()
    typedcall.install(found)
    del found.add_long
    assert typedcall.uninstall(found) == ['name_of']
    assert 'add_long' not in vars(found)


def test_the_prototype_of_an_installed_function_is_reached_through_its_original():
    found = library()
    typedcall.install(found)
    typedcall.original(found.add_long).restype = ctypes.c_byte
    assert found.add_long(255, 3) == 2
    typedcall.uninstall(found)


def test_the_gil_is_kept_where_it_is_asked():
    found = library()
    assert sorted(typedcall.install(found, release_gil=False)) == ['add_long', 'name_of']
    assert found.add_long(1, 2) == 3
    typedcall.uninstall(found)


def test_asked_for_another_release_gil_it_replaces_its_stubs():
    found = library()
    original = found.add_long
    releasing = {name: vars(found)[name] for name in typedcall.install(found)}
    assert sorted(typedcall.install(found, release_gil=False)) == ['add_long', 'name_of']
    keeping = {name: vars(found)[name] for name in releasing}
    assert all(keeping[name] is not releasing[name] for name in releasing)
    assert typedcall.original(found.add_long) is original and found.add_long(1, 2) == 3
    assert typedcall.install(found, release_gil=False) == [] and found.add_long is keeping['add_long']
    # True means the same as None.
    assert sorted(typedcall.install(found, release_gil=True)) == ['add_long', 'name_of']
    assert typedcall.install(found) == []
    # Functions that others put there stay.
    own = found.name_of = typedcall.specialize(typedcall.original(found.name_of))
    assert typedcall.install(found, release_gil=False) == ['add_long'] and found.name_of is own
    assert typedcall.uninstall(found) == ['add_long'] and found.add_long is original


def test_another_release_gil_replaces_the_stubs_of_methods():
    method = vars(typed.Thing)['inc']
    first = typedcall.install(typed)
    stub = vars(typed.Thing)['inc']
    try:
        assert sorted(typedcall.install(typed, release_gil=False)) == sorted(first)
        assert vars(typed.Thing)['inc'] is not stub and typed.Thing.inc(1) == 2
    finally:
        typedcall.uninstall(typed)
    assert vars(typed.Thing)['inc'] is method


def test_release_gil_is_true_false_or_none():
    for wrong in (0, 1, 'no'):
        assert 'True, False or None' in str(raises(TypeError, typedcall.install, library(), release_gil=wrong))


def test_the_functions_of_a_module_are_replaced():
    originals = {name: getattr(typed, name) for name in ('inc', 'add', 'half', 'same', 'untyped')}
    method = vars(typed.Thing)['paired']
    names = typedcall.install(typed)
    try:
        assert {'inc', 'add', 'half'} <= set(names) and not {'same', 'untyped'} & set(names)
        assert typed.untyped is originals['untyped'] and typed.same is originals['same']
        with Hits(1):
            assert typed.inc(41) == 42
        raises(TypeError, typed.inc, 'x')
        thing = typed.Thing()
        assert thing.paired(7) == (thing, 7)
        assert typed.Thing.inc(1) == 2 and typed.Thing.made(5) == (typed.Thing, 5)
    finally:
        typedcall.uninstall(typed)
    assert {name: getattr(typed, name) for name in originals} == originals
    assert vars(typed.Thing)['paired'] is method
    assert typed.inc(41) == 42


def test_the_class_methods_of_a_type_are_replaced():
    method = vars(typed.Thing)['made']
    assert type(method) is types.ClassMethodDescriptorType

    class Sub(typed.Thing):
        pass

    for release_gil in (None, False):
        names = typedcall.install(typed, release_gil=release_gil)
        try:
            assert 'Thing.made' in names, names
            stub = vars(typed.Thing)['made']
            assert type(stub) is type(method) and stub is not method and typedcall.original(stub) is method
            with Hits(4):
                assert typed.Thing.made(5) == typed.Thing().made(5) == (typed.Thing, 5)
                assert Sub.made(5) == Sub().made(5) == (Sub, 5)
            assert typedcall.install(typed, release_gil=release_gil) == []
        finally:
            assert 'Thing.made' in typedcall.uninstall(typed)
        assert vars(typed.Thing)['made'] is method


def test_a_reference_that_was_taken_before_is_not_replaced():
    inc = typed.inc
    typedcall.install(typed)
    assert inc is not typed.inc and typedcall.original(typed.inc) is inc
    typedcall.uninstall(typed)
    assert inc is typed.inc


def test_the_foreign_functions_in_a_module_are_replaced():
    module = types.ModuleType('holder')
    module.add = prototype(fixture()['add_long'], c_long, c_long, c_long)
    module.unready = fixture()['add_long']
    module.other = len
    module.number = 5
    original = module.add
    assert typedcall.install(module) == ['add']
    assert module.add(2, 3) == 5 and typedcall.original(module.add) is original
    assert typedcall.uninstall(module) == ['add'] and module.add is original


def test_a_type_that_was_imported_is_left_alone():
    module = types.ModuleType('importer')
    module.Thing, module.inc = typed.Thing, typed.inc
    before = dict(vars(typed.Thing))
    assert typedcall.install(module) == ['inc']
    assert dict(vars(typed.Thing)) == before and module.inc is not typed.inc
    assert typedcall.uninstall(module) == ['inc']


def test_a_module_without_anything_to_replace():
    before = dict(vars(math))
    assert typedcall.install(math) == []
    assert typedcall.uninstall(math) == []
    assert {name: vars(math)[name] for name in before} == before


def test_what_is_neither_module_nor_library_is_refused():
    for value in (None, 5, object(), len, {}, ctypes.c_int):
        for function in (typedcall.install, typedcall.uninstall):
            error = raises(TypeError, function, value)
            assert 'a module or a ctypes library' in str(error) and repr(value) in str(error)


def test_a_copy_of_a_library_is_uninstalled_by_itself():
    found = library()
    plain = found.add_long
    typedcall.install(found)
    copied = copy.copy(found)
    assert typedcall.uninstall(copied) and copied.add_long is plain
    assert found.add_long is not plain
    assert typedcall.uninstall(found) and found.add_long is plain


def test_odd_attributes_are_left_alone():
    class Odd:
        @property
        def __class__(self):
            raise LookupError('asked for its class')

    found = library()
    found.odd = Odd()
    names = typedcall.install(found)
    assert names and 'odd' not in names
    assert typedcall.uninstall(found) == names
