"""What is assigned to a specialized function, or to a global that it uses, takes effect at the next call."""

import typedcall
from functions import ByPython, Compiled, made, outcome, plain, specialized, twins


def test_defaults_assigned_later():
    reference, function = twins('def function(a, b=2, *, c=3): return a, b, c')
    for defaults in ((5,), None, (1, 2), (1, 2, 3, 4), (), ([],), (7,)):
        for each in (reference, function):
            each.__defaults__ = defaults
        for arguments in ((), (1,), (1, 2), (1, 2, 3)):
            assert outcome(function, *arguments) == outcome(reference, *arguments), (defaults, arguments)
    for defaults in ({'c': 9}, None, {}, {'d': 1}, {1: 2}, {'c': 8, 'x': 9}):
        for each in (reference, function):
            each.__kwdefaults__ = defaults
        for keywords in ({}, {'c': 1}):
            assert outcome(function, 0, **keywords) == outcome(reference, 0, **keywords), (defaults, keywords)
    function.__kwdefaults__['c'] = 10
    assert function(1) == (1, 7, 10)
    del function.__kwdefaults__, reference.__kwdefaults__, function.__defaults__, reference.__defaults__
    assert outcome(function, 1) == outcome(reference, 1)
    with Compiled(0.99):
        assert function(1, 2, c=3) == (1, 2, 3)


def test_defaults_that_a_call_replaces():
    source = '''
def function(a, b=[1, 2, 3]):
    a()
    return b
'''
    reference, function = twins(source)

    def replacing(each):
        def replace():
            each.__defaults__ = ([4, 5, 6],)
        return replace

    assert function(replacing(function)) == reference(replacing(reference)) == [1, 2, 3]
    assert function(lambda: 0) == [4, 5, 6]


def test_code_assigned_later():
    function = specialized(lambda a: ('first', a))
    with Compiled(0.99, calls=2):
        assert function(1) == ('first', 1)
        function.__code__ = (lambda a, b=0, *args: ('second', a, args)).__code__
        assert function(1, 2, 3) == ('second', 1, (3,))
    for number in range(40):
        function.__code__ = made(f'def function(a): return {number}, a').__code__
        assert function(5) == (number, 5)
    # It is left to CPython after a while.
    assert 'replaced too often' in typedcall.explain(function).why_not
    with ByPython():
        assert function(6) == (39, 6)


def test_code_assigned_in_a_call():
    source = '''
def function(a, change=None):
    if change is not None:
        change()
    return 'old', a
'''
    _, function = twins(source)
    new = made("def function(a): return 'new', a").__code__

    def change():
        function.__code__ = new

    assert function(1) == ('old', 1)
    assert function(2, change) == ('old', 2)
    assert function(3) == ('new', 3)


def test_code_assigned_before_the_first_call():
    function = specialized(lambda: 1)
    function.__code__ = (lambda: 2).__code__
    with Compiled(0.99):
        assert function() == 2


SOURCE = 'def function(x): return helper(x) + constant'


def rebind(functions, number):
    for each in functions:
        each.__globals__['helper'] = (abs, float, lambda x: x + number, str.__len__)[number % 3]
        each.__globals__['constant'] = number


def test_globals_rebound_now_and_then():
    reference, function = twins(SOURCE, helper=abs, constant=1)
    with Compiled(0.99, 'with globals rebound now and then', 100):
        for number in range(5):
            rebind((reference, function), number)
            for x in range(20):
                assert function(-x) == reference(-x)


def test_globals_rebound_all_the_time():
    reference, function = twins(SOURCE, helper=abs, constant=1)
    for number in range(50):
        rebind((reference, function), number)
        assert function(-number) == reference(-number)
    for each in (reference, function):
        del each.__globals__['constant']
    assert outcome(function, 1) == outcome(reference, 1)


def test_builtins_replaced():
    reference, function = twins(SOURCE, helper=abs, constant=1)
    assert function(-1) == reference(-1)
    for each in (reference, function):
        each.__globals__['__builtins__'] = {}
    assert outcome(function, 1) == outcome(reference, 1)
    reference, function = twins('def function(x): return len(x)')
    assert function([]) == 0
    for each in (reference, function):
        each.__globals__['len'] = lambda x: 5
    assert function([]) == reference([]) == 5
    del function.__globals__['len']
    assert function([]) == 0


def test_the_closure_changes():
    def counter():
        count = 0

        def increase(by):
            nonlocal count
            count += by
            return count

        def reset():
            nonlocal count
            count = 0
        return increase, reset

    increase, reset = counter()
    increase = specialized(increase)
    with Compiled(0.99, calls=3):
        assert [increase(1), increase(2), increase(3)] == [1, 3, 6]
        reset()
        assert increase(1) == 1


def test_what_cannot_be_compiled_runs_as_before():
    sources = ['def function(a):\n    yield a', 'async def function(a): return a',
               'def function(a):\n    exec("b = 1")\n    return locals()']
    for source in sources:
        function = made(source)
        assert plain(typedcall.specialize(function)) is function
        try:
            typedcall.specialize(function, strict=True)
        except typedcall.Error as error:
            assert 'line' in str(error) and str(error) == typedcall.explain(function).why_not, str(error)
        result = function(1)
        getattr(result, 'close', int)()


def test_strict_compiles_at_once():
    function = typedcall.specialize(made('def function(a): return a'), strict=True)
    assert typedcall.explain(function).state == 'compiled'
    assert typedcall.explain(specialized(made('def function(a): return a'))).state == 'waiting'
    assert typedcall.specialize(strict=True)(lambda: 5)() == 5
