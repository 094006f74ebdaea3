"""A specialized function is the same function: to `inspect`, to pickle, to whoever reads or sets its attributes."""

import copy
import functools
import inspect
import pickle
import sys
import types
import typing
import weakref

import typedcall
from functions import IN_PLACE, ByPython, Compiled, plain, specialized


@typedcall.specialize
def documented(a: int, b: 'str' = 'x', *args: float, k: list = None, **kw) -> typing.Any:
    """Says what it does."""
    return a, b


def bare(a, b=2):
    return a + b


def test_the_object():
    function = specialized(bare)
    assert function is typedcall.specialize(function) is typedcall.specialize(bare)
    assert callable(function) and hash(function) == hash(function) and function == function and function != len
    if IN_PLACE:
        assert type(function) is types.FunctionType and inspect.isfunction(function)
    assert inspect.isroutine(function) or not IN_PLACE
    assert weakref.ref(function)() is function
    assert {function: 1}[function] == 1
    assert 'bare' in repr(function) and hex(id(plain(function))) in repr(function)


def test_pickles_name_it():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(documented, protocol)) is documented
        data = pickle.dumps(documented, protocol)
        assert b'documented' in data and b'typedcall' not in data
    assert copy.copy(documented) is documented and copy.deepcopy(documented) is documented
    assert copy.deepcopy([documented])[0] is documented


def test_inspect():
    def same(a: int, b: 'str' = 'x', *args: float, k: list = None, **kw) -> typing.Any: ...

    assert inspect.signature(documented) == inspect.signature(same)
    assert inspect.getdoc(documented) == 'Says what it does.'
    assert 'def documented' in inspect.getsource(documented)
    assert inspect.getsourcefile(inspect.unwrap(documented)) == __file__
    assert inspect.getmodule(documented) is sys.modules[__name__]
    assert inspect.unwrap(documented) is plain(documented)
    assert typing.get_type_hints(documented)['b'] is str
    if IN_PLACE:
        assert inspect.getfullargspec(documented).args == ['a', 'b']
        assert inspect.getclosurevars(documented)


def test_the_attributes():
    function = documented
    assert (function.__name__, function.__qualname__, function.__module__) == ('documented', 'documented', __name__)
    assert function.__doc__ == 'Says what it does.' and function.__defaults__ == ('x',)
    assert function.__kwdefaults__ == {'k': None} and function.__closure__ is None
    assert function.__globals__ is globals() and function.__code__.co_name == 'documented'
    assert function.__annotations__['a'] is int
    assert '__wrapped__' not in vars(function)


def test_attributes_can_be_set():
    function = specialized(lambda x: x)
    function.note = 5
    function.__doc__ = 'new'
    function.__name__ = 'renamed'
    function.__qualname__ = 'a.renamed'
    assert function.note == 5 == plain(function).note and function.__doc__ == 'new'
    assert (function.__name__, function.__qualname__) == ('renamed', 'a.renamed')
    assert function.__dict__ == {'note': 5} == vars(plain(function))
    del function.note
    assert not hasattr(function, 'note')
    for name, value in (('__code__', 5), ('__defaults__', 5), ('__globals__', {}), ('__class__', int)):
        try:
            setattr(function, name, value)
        except (TypeError, AttributeError):
            continue
        raise AssertionError(name)
    assert function(4) == 4


def test_wraps_copies_from_it_and_to_it():
    @functools.wraps(documented)
    def outer(*args, **kw):
        return documented(*args, **kw)

    assert outer.__name__ == 'documented' and outer.__wrapped__ is documented
    assert inspect.signature(outer) == inspect.signature(documented)

    @functools.wraps(bare)
    @typedcall.specialize
    def inner(*args):
        return bare(*args)

    assert inner.__name__ == 'bare' and inner.__wrapped__ is bare
    with Compiled(0.99, calls=2):
        assert inner(1) == 3 and inner(1, 5) == 6


def test_partial_and_other_holders():
    with Compiled(0.99, calls=6):
        assert functools.partial(documented, 1)(b=3) == (1, 3)
        assert functools.reduce(specialized(lambda a, b: a + b), range(5)) == 10
        assert functools.lru_cache(specialized(lambda a: a))(3) == 3


def test_generic_functions_are_dispatched():
    @functools.singledispatch
    def describe(value):
        return 'object'

    @describe.register
    @typedcall.specialize
    def of_int(value: int):
        return 'int'

    assert describe(1) == 'int' and describe('') == 'object' and describe.dispatch(int) is of_int


def test_weak_references_are_few():
    def function(): ...

    function = specialized(function)
    first = weakref.ref(function)
    assert weakref.ref(function) is first
    # From 3.12 on the package has one of its own.
    assert weakref.getweakrefcount(function) == 1 + IN_PLACE


def test_it_is_given_back():
    function = specialized(lambda x: x + 1)
    with Compiled(0.99, calls=1):
        assert function(1) == 2
    name = f'{__name__}.{function.__qualname__}'
    assert typedcall.uninstall(function) == [name]
    with ByPython():
        assert function(1) == 2
    assert typedcall.uninstall(function) == ([] if IN_PLACE else [name])
    again = typedcall.specialize(plain(function))
    with Compiled(0.99, calls=1):
        assert again(2) == 3
    assert typedcall.original(again) is plain(again)
    with ByPython():
        assert plain(again)(2) == 3
