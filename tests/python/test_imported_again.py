"""Modules that are imported more than once: each import has types and functions of its own, which die with it, and nothing of
an earlier one is taken for a later one's, whatever addresses are used again."""

import ctypes
import gc
import importlib
import pickle
import resource
import sys
import weakref

import typedcall
from support import Hits, NoHits, child, extension, raises

KINDS = ['plus', 'exactly', 'in_tuple', 'with_class', 'made', 'made_in_tuple']


def fresh(name='twice'):
    """The module, newly imported."""
    extension(name, source='twice.c')
    del sys.modules[name]
    return importlib.import_module(name)


def test_a_second_import_is_seen_by_both_stubs():
    first = fresh()
    old = typedcall.specialize(first.size)
    with Hits(1):
        assert old(first.Box()) == 7
    second = fresh()
    new = typedcall.specialize(second.size)
    assert first.Box is not second.Box and old != new
    # The originals do the same: their variable has the newest type.
    for original in (first.size, second.size):
        assert original(second.Box()) == 7
        raises(TypeError, original, first.Box())
    for stub in (old, new):
        with Hits(1):
            assert stub(second.Box()) == 7
        with NoHits():
            error = raises(TypeError, stub, first.Box())
        assert str(error) == str(raises(TypeError, second.size, first.Box()))


def test_an_address_that_is_used_again_is_no_type_of_the_first_import():
    met = 0
    for _ in range(20):
        first = fresh()
        old, where = typedcall.specialize(first.size), id(first.Box)
        assert old(first.Box()) == 7
        second = fresh()
        del first.Box
        gc.collect()
        foreign = [type('X', (), {'__slots__': ()}) for _ in range(50)]
        for stranger in foreign:
            met += id(stranger) == where
            raises(TypeError, old, stranger())
            raises(TypeError, second.size, stranger())
        with Hits(1):
            assert old(second.Box()) == 7
    # Without this the test proves nothing.
    assert met, 'no address was used again'


def test_subclasses_and_overloads_follow_the_variable():
    first = fresh()
    any_size, either = typedcall.specialize(first.any_size), typedcall.specialize(first.either)
    second = fresh()

    class Sub(second.Box):
        pass

    class Old(first.Box):
        pass

    with Hits(4):
        assert any_size(second.Box()) == any_size(Sub()) == 7
        assert either(second.Box()) == 7 and either(1) == 2
    for call, original in ((any_size, second.any_size), (either, second.either)):
        for box in (first.Box(), Old(), None):
            assert str(raises(TypeError, call, box)) == str(raises(TypeError, original, box))


def test_defaults_follow_their_variable():
    first = fresh()
    described = typedcall.specialize(first.described)
    with Hits(1):
        assert described(1)[1] is first.fallback
    second = fresh()
    with Hits(1):
        assert described(1)[1] is second.fallback


def test_signatures_are_those_of_the_newest_import():
    first = fresh()
    assert typedcall.signature(first.size) == '(b: type:twice.Box) -> i64 [no_python]'
    typedcall.adopt(first)
    second = fresh()
    assert typedcall.adopt(second)['size'] == typedcall.signature(second.size)
    with Hits(1):
        assert typedcall.specialize(second.size)(second.Box()) == 7


def test_methods_of_each_import():
    first = fresh()
    old = {name: typedcall.specialize(vars(first.Box)[name]) for name in KINDS}
    second = fresh()
    new = {name: typedcall.specialize(vars(second.Box)[name]) for name in KINDS}
    for name in KINDS:
        original = vars(second.Box)[name]
        assert type(new[name]) is type(original) and new[name] is not old[name]
        assert typedcall.original(new[name]) is original
        assert typedcall.original(old[name]) is vars(first.Box)[name]
        assert typedcall.specialize(original) is new[name]
        assert (new[name].__objclass__, new[name].__name__) == (second.Box, name)
        assert repr(new[name]) == repr(original)
        is_class_method = name.startswith('made')
        receiver, other = (second.Box, first.Box) if is_class_method else (second.Box(), first.Box())
        with Hits(1):
            assert new[name].__get__(None if is_class_method else receiver, second.Box)(5) == 6
        # Each accepts the receivers of its own type.
        assert str(raises(TypeError, new[name], other, 5)) == str(raises(TypeError, original, other, 5))
        for wrong in ((), (5, 6), ('x',)):
            assert str(raises(TypeError, new[name], receiver, *wrong)) == str(raises(TypeError, original, receiver, *wrong))


def test_a_subclass_is_a_receiver():
    module = fresh()
    plus, made = (typedcall.specialize(vars(module.Box)[name]) for name in ('plus', 'made'))

    class Sub(module.Box):
        pass

    with Hits(2):
        assert plus(Sub(), 1) == 2
        assert made.__get__(None, Sub)(1) == 2
    Sub.own = plus
    assert Sub().own(3) == 4
    with NoHits():
        assert typedcall.specialize(vars(module.Box)['exactly'])(Sub(), 1) == 2


def test_what_a_descriptor_bound_outlives_it():
    module = fresh()
    plus, made, with_class = (typedcall.specialize(vars(module.Box)[name]) for name in ('plus', 'made', 'with_class'))
    # CPython 3.11 crashes if a METH_METHOD method is bound without the second argument.
    bound = [plus.__get__(module.Box(), module.Box), made.__get__(None, module.Box),
             with_class.__get__(module.Box(), module.Box)]
    del plus, made, with_class, module
    sys.modules.pop('twice')
    gc.collect()
    for function in bound:
        assert function(1) == 2
        raises(TypeError, function, 1, 2)
        raises(TypeError, function, 'x')

    # Not even the type need live, since the receiver may get another class.
    module = fresh()

    class Sub(module.Box):
        pass

    receiver = Sub()
    bound = typedcall.specialize(vars(module.Box)['plus']).__get__(receiver)

    class Twin(module.Box):
        pass

    receiver.__class__ = Twin
    del module, Sub
    sys.modules.pop('twice')
    gc.collect()
    assert bound(1) == 2


def alive_after(count, use):
    """How many of so many modules, each imported and used, live when all are dropped: modules, types and functions."""
    modules = []
    for _ in range(count):
        module = fresh()
        modules.append([weakref.ref(module), weakref.ref(module.Box), weakref.ref(module.size)])
        use(module)
        del module
    sys.modules.pop('twice', None)
    gc.collect()
    return [sum(found() is not None for found in kind) for kind in zip(*modules)]


def resident_bytes():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def use(module):
    assert typedcall.specialize(module.size)(module.Box()) == 7
    for name in KINDS:
        typedcall.specialize(vars(module.Box)[name], release_gil=False)
    typedcall.explain(vars(module.Box)['plus'])
    typedcall.adopt(module)
    typedcall.signature(module.size)


def installed(module):
    names = typedcall.install(module)
    assert {'size', 'Box.plus', 'Box.exactly'} <= set(names), names
    assert module.Box().plus(1) == 2 and module.size(module.Box()) == 7


def installed_and_not(module):
    installed(module)
    typedcall.uninstall(module)
    assert typedcall.original(module.Box.plus) is module.Box.plus


def test_nothing_that_is_gone_is_kept():
    for what in (use, installed, installed_and_not):
        assert alive_after(50, what) == [0, 0, 0], what


def test_a_thousand_imports_leave_nothing():
    alive_after(200, installed_and_not)
    before, resident = typedcall.stats(), resident_bytes()
    found = alive_after(1000, installed_and_not)
    assert found == [0, 0, 0], found
    after = typedcall.stats()
    assert after['permanent'] == before['permanent'] >= len(KINDS)
    # A few shapes are in limbo.
    assert after['stubs'] == before['stubs'] and after['shapes'] <= before['shapes'] + 8, (before, after)
    assert after['code_bytes'] <= before['code_bytes'] + 8 * 4096
    grown = resident_bytes() - resident
    # A type alone is larger than a kilobyte, so 1,000 that stay would be seen.
    assert grown < 1_000_000, f'{grown} bytes'


def test_types_of_other_names_share_what_was_made():
    # A generated module may give its type another name each time.
    def renamed(module):
        module.Box.__name__ = f'Box{len(seen)}'
        seen.append(module.Box.__name__)
        installed_and_not(module)

    seen = []
    alive_after(20, renamed)
    before = typedcall.stats()
    assert alive_after(100, renamed) == [0, 0, 0] and len(set(seen)) == 120
    after = typedcall.stats()
    assert after['permanent'] == before['permanent'], (before, after)
    assert after['shapes'] <= before['shapes'] + 8, (before, after)


def test_a_collection_in_the_middle_makes_no_second_stub():
    # Up to 3.11 making any container may collect garbage, and so run code that specializes another method of the type.
    class Finalizer:
        def __init__(self, module):
            self.box, self.cycle = module.Box, self

        def __del__(self):
            made.append(typedcall.specialize(vars(self.box)['exactly']))

    threshold = gc.get_threshold()
    for allocations in range(1, 12):
        module, made = fresh(), []
        alive = weakref.ref(module.Box)
        Finalizer(module)
        gc.set_threshold(allocations, 0, 0)
        try:
            stub = typedcall.specialize(vars(module.Box)['plus'])
        finally:
            gc.set_threshold(*threshold)
        gc.collect()
        assert len(made) == 1
        for one, name in ((stub, 'plus'), (made.pop(), 'exactly')):
            original = vars(module.Box)[name]
            assert typedcall.original(one) is original and typedcall.specialize(original) is one, (allocations, name)
        del module, stub, one, original
        sys.modules.pop('twice')
        gc.collect()
        assert alive() is None, allocations


def test_a_stub_keeps_its_type():
    module = fresh()
    stub, alive = typedcall.specialize(vars(module.Box)['plus']), weakref.ref(module.Box)
    del module
    sys.modules.pop('twice')
    gc.collect()
    assert alive() is not None and typedcall.original(stub) is vars(alive())['plus']
    assert stub(alive()(), 1) == 2
    del stub
    gc.collect()
    assert alive() is None


def test_the_collector_finds_stubs_of_methods_through_their_type():
    module = fresh()
    stub = typedcall.specialize(vars(module.Box)['plus'])
    original = vars(module.Box)['plus']
    found, seen = [module.Box], set()
    while found:
        value = found.pop()
        for value in gc.get_referents(value):
            if id(value) not in seen and type(value) in (dict, tuple, type(stub)):
                seen.add(id(value))
                found.append(value)
    assert {id(stub), id(original)} <= seen
    assert [name for name in dir(module.Box) if 'typedcall' in name] == []


def test_pickles_of_methods_find_the_newest_import():
    fresh()
    second = sys.modules['twice']
    stub = typedcall.specialize(vars(second.Box)['plus'])
    assert pickle.loads(pickle.dumps(stub)) is stub


def test_types_that_bind_names_are_owned():
    module = fresh()
    alive = weakref.ref(module.Box)
    # Any C function that ignores its arguments will do.
    address = ctypes.cast(ctypes.pythonapi.PyObject_IsTrue, ctypes.c_void_p).value
    is_true = typedcall.bind(address, '(type:twice.Box) -> i32', 'is_true')
    where = id(module.Box)
    assert is_true(module.Box()) == 1
    del module
    sys.modules.pop('twice')
    gc.collect()
    assert alive() is not None and id(alive()) == where
    assert is_true(alive()()) == 1
    raises(TypeError, is_true, object())
    del is_true
    gc.collect()
    assert alive() is None


TESTS = """
import test_imported_again as tests
tests.test_an_address_that_is_used_again_is_no_type_of_the_first_import()
tests.test_a_second_import_is_seen_by_both_stubs()
tests.test_methods_of_each_import()
tests.test_what_a_descriptor_bound_outlives_it()
tests.test_nothing_that_is_gone_is_kept()
tests.test_types_that_bind_names_are_owned()
"""


def test_with_memory_that_is_checked():
    child(TESTS, PYTHONMALLOC='debug')
    child(TESTS, PYTHONDEVMODE='1')
