"""References are counted as in CPython, and a function that dies takes its code with it."""

import gc
import sys
import weakref

import typedcall
from functions import Compiled, made, plain, specialized, twins


class Thing:
    pass


def test_reference_counts_after_calls():
    # The first one checks the interpreter, with frames of callers among the garbage.
    specialized(made('def function(): return 1'))()
    gc.collect()
    sources = ['def function(a, b=2, *args, k=3, **kw): return a', 'def function(a, *args, **kw): return args, kw',
               'def function(a): return None', 'def function(a, b=None): raise KeyError(a)',
               'def function(a, b=None): return [a, b, a]', 'def function(a, b=None): return a.missing']
    for source in sources:
        counted = []
        for function in twins(source):
            thing, other = Thing(), Thing()
            gc.collect()
            before = sys.getrefcount(thing), sys.getrefcount(other), sys.getrefcount(plain(function))
            for _ in range(50):
                for arguments, keywords in (((thing,), {}), ((thing, other), {}), ((thing, other, other), {'x': thing}),
                                            ((), {'a': thing}), ((), {'z': thing}), ((thing,), {'b': other})):
                    try:
                        function(*arguments, **keywords)
                    except Exception:
                        pass
            del arguments, keywords
            after = sys.getrefcount(thing), sys.getrefcount(other), sys.getrefcount(plain(function))
            counted.append(tuple(now - then for now, then in zip(after, before)))
        assert counted == [(0, 0, 0)] * 2, (source, counted)


def test_reference_counts_of_defaults():
    default, keyword = Thing(), Thing()
    for function in twins('def function(a=default, *, k=keyword): return None', default=default, keyword=keyword):
        before = sys.getrefcount(default), sys.getrefcount(keyword)
        for _ in range(100):
            function()
            function(k=1)
        assert (sys.getrefcount(default), sys.getrefcount(keyword)) == before


def test_arguments_die_after_the_call():
    for function in twins('def function(a, *args, **kw): return 5'):
        dead = []

        class Dying:
            def __del__(self):
                dead.append(1)

        assert function(Dying(), Dying(), k=Dying()) == 5
        assert dead == [1, 1, 1]


def count():
    stats = typedcall.stats()
    return stats['functions'] + stats['left_functions'], stats['function_code_bytes']


def test_a_thousand_functions_come_and_go():
    gc.collect()
    before = count()
    watched = []

    def make(number):
        def function(x, y=number):
            return x + y
        return function

    with Compiled(0.99, 'of functions that come and go', 1000):
        for number in range(1000):
            function = specialized(make(number))
            watched.append(weakref.ref(plain(function)))
            assert function(1) == 1 + number
    del function
    gc.collect()
    assert [each for each in watched if each() is not None] == []
    assert count() == before


def test_functions_of_namespaces_of_their_own_come_and_go():
    gc.collect()
    before = count()
    watched = []
    for number in range(200):
        function = specialized(made('def function(x): return x, Thing, len', Thing=Thing))
        watched.append(weakref.ref(plain(function)))
        assert function(number) == (number, Thing, len)
    del function
    gc.collect()
    alive = [each for each in watched if each() is not None]
    assert alive == [], f'{len(alive)} live'
    assert count() == before


def test_functions_in_cycles_come_and_go():
    gc.collect()
    before = count()
    watched = []
    for number in range(200):
        def make():
            def function(x):
                return x if x < 1 else function(x - 1)
            function = specialized(function)
            return function

        function = make()
        watched.append(weakref.ref(plain(function)))
        assert function(3) == 0
    del function
    gc.collect()
    alive = [each for each in watched if each() is not None]
    assert alive == [], f'{len(alive)} live'
    assert count() == before


def test_classes_come_and_go():
    gc.collect()
    before = count()
    watched = []
    for number in range(100):
        @typedcall.specialize
        class Made:
            def me(self):
                return __class__, self

            def text(self):
                return super().__repr__()

        thing = Made()
        assert thing.me() == (Made, thing) and 'Made' in thing.text()
        watched.append(weakref.ref(Made))
    del Made, thing
    gc.collect()
    alive = [each for each in watched if each() is not None]
    assert alive == [], f'{len(alive)} live'
    assert count() == before


def test_a_function_that_dies_while_it_runs():
    names = {}

    def function(forget):
        forget()
        return 'done'

    names['function'] = specialized(function)
    del function
    assert names["function"](names.clear) == "done"
    assert names == {}


def test_a_function_that_is_given_back_while_it_runs():
    function = specialized(made('def function(do, n):\n    do()\n    return n + 1'))
    function(int, 1)
    for number in range(20):
        function = typedcall.specialize(plain(function))
        assert function(lambda: typedcall.uninstall(function), number) == number + 1
        assert function(int, number) == number + 1


def test_a_dying_function_is_called_by_a_destructor():
    results = []

    class Caller:
        def __del__(self):
            results.append(self.function(20))

    for _ in range(3):
        caller = Caller()

        def function(x):
            return x + 1, kind.__name__

        kind = type(caller)
        caller.function = specialized(function)
        assert caller.function(1) == (2, 'Caller')
        caller.cycle = caller
        del caller, function
        gc.collect()
    assert results == [(21, 'Caller')] * 3, results


def test_addresses_are_reused():
    for number in range(300):
        function = eval('lambda x: x * number', {'number': number})
        if number % 2:
            function = specialized(function)
        assert function(2) == 2 * number and function(3) == 3 * number
